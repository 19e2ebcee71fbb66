"""Whether reminders flow, for monitors: docs/reference/health.md."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict
from hmac import compare_digest
from http import HTTPStatus
from typing import Final

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import Error, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from labs.actions.watch import raise_alarms
from labs.metrics import exposition, figures
from labs.patience import NoAnswer, answered_soon
from labs.queries_health import Health, health

log = logging.getLogger(__name__)

LATE_CHECKS: Final = ("late", "unwritten")


# Without a transaction around it: a database that is away would fail before the view is asked.
@transaction.non_atomic_requests
@require_safe
def deep(request: HttpRequest) -> HttpResponse:
    """Every check with its count: 200 while all are in order, else 503."""
    return _for_monitors(request, _health)


@transaction.non_atomic_requests
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The same as figures, for Prometheus."""
    return _for_monitors(request, _figures)


def _for_monitors(request: HttpRequest, answer: Callable[[], HttpResponse]) -> HttpResponse:
    # Who has a session is no matter here, and to ask would take the database.
    request.user = AnonymousUser()
    response = answer() if _may_ask(request) else _refused()
    response["Cache-Control"] = "no-store"
    return response


def _may_ask(request: HttpRequest) -> bool:
    if not settings.HEALTH_TOKEN:
        return True
    given = request.headers.get("Authorization", "")
    return compare_digest(given.encode(), f"Bearer {settings.HEALTH_TOKEN}".encode())


def _refused() -> HttpResponse:
    return HttpResponse(
        "A bearer token is needed.\n",
        content_type="text/plain",
        status=HTTPStatus.UNAUTHORIZED,
        headers={"WWW-Authenticate": "Bearer"},
    )


def _health() -> HttpResponse:
    try:
        found = answered_soon(_looked_at)
    except NoAnswer:
        silent = {
            "name": "database",
            "ok": False,
            "figure": None,
            "sentence": "The database does not answer.",
        }
        return JsonResponse({"ok": False, "checks": [silent]}, status=503)
    told = {"ok": found.ok, "checks": [asdict(check) for check in found.checks]}
    return JsonResponse(told, status=HTTPStatus.OK if found.ok else HTTPStatus.SERVICE_UNAVAILABLE)


def _looked_at() -> Health:
    """With every sender dead, the outside monitor is the last one to call the staff."""
    found = health()
    if not all(check.ok for check in found.checks if check.name in LATE_CHECKS):
        try:
            raise_alarms()
        except Error as fault:
            # A database that only reads still says how it is.
            log.warning("No alarm could be raised (%s)", type(fault).__name__)
    return found


def _figures() -> HttpResponse:
    try:
        return HttpResponse(
            exposition(answered_soon(figures)), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )
    except NoAnswer:
        return HttpResponse(
            "The database does not answer.\n",
            content_type="text/plain",
            status=HTTPStatus.SERVICE_UNAVAILABLE,
        )
