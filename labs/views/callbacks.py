"""Where the gateway tells what became of a message. Nothing of what it sends is logged."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final
from uuid import UUID

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from standardwebhooks.webhooks import (
    EmptyWebhookSecretError,
    Webhook,
    WebhookVerificationError,
)

from labs.actions.deliveries import Told, record_event
from labs.delivery.gateway import MOST_BYTES, GatewayProvider
from labs.models import ReminderState

log = logging.getLogger(__name__)

STATES: Final = frozenset({ReminderState.DELIVERED.value, ReminderState.BOUNCED.value})
LONGEST_ID: Final = 120
EARLIEST_YEAR, LATEST_YEAR = 2000, 2999


class Unreadable(ValueError):
    """A body that is signed but not as agreed: the field and why."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@csrf_exempt
@require_POST
def message_told(request: HttpRequest) -> HttpResponse:
    """204 for what is kept, was kept before, or is of nobody here; 401 for a wrong signature."""
    # The header first: a body that is too large is not read at all.
    if _length(request) > MOST_BYTES:
        return HttpResponse(status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    if not _is_signed(request):
        return HttpResponse(status=HTTPStatus.UNAUTHORIZED)
    try:
        told = _read(request.body, request.headers["webhook-id"])
    except Unreadable as fault:
        refusal = {"field": fault.field, "message": str(fault)}
        return JsonResponse(refusal, status=HTTPStatus.BAD_REQUEST)
    if not record_event(told):
        log.info("A callback changed nothing: told before, or of no message here")
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


def _length(request: HttpRequest) -> int:
    said = str(request.META.get("CONTENT_LENGTH") or "")
    # Of a body whose length is no number nothing is read.
    return int(said) if said.isdecimal() else 0


def _is_signed(request: HttpRequest) -> bool:
    return any(_fits(secret, request) for secret in settings.GATEWAY_SECRETS)


def _fits(secret: str, request: HttpRequest) -> bool:
    try:
        Webhook(secret).verify(request.body, dict(request.headers), json_parse=False)
    except (WebhookVerificationError, EmptyWebhookSecretError, ValueError):
        # Besides its own the library raises what a broken encoding does.
        return False
    return True


def _read(body: bytes, event_id: str) -> Told:
    try:
        sent = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Unreadable("", "The body is not JSON.") from None
    if not isinstance(sent, Mapping):
        raise Unreadable("", "The body is not an object.")
    if len(event_id) > LONGEST_ID or not event_id.isprintable():
        raise Unreadable("webhook-id", f"It is not text of up to {LONGEST_ID} characters.")
    state = _text(sent, "type")
    if state not in STATES:
        raise Unreadable("type", "It is neither “delivered” nor “bounced”.")
    return Told(
        event_id=event_id,
        reminder_id=_reference(_text(sent, "reference")),
        provider=GatewayProvider.name,
        provider_ref=_text(sent, "id")[:200],
        state=state,
        happened_at=_moment(_text(sent, "at")),
    )


def _text(sent: Mapping[str, object], field: str) -> str:
    found = sent.get(field)
    if not isinstance(found, str) or not found or "\0" in found:
        raise Unreadable(field, "It is missing or not text.")
    return found


def _reference(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Unreadable("reference", "It is not a UUID.") from None


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Unreadable("at", "It is not a moment such as 2026-11-23T10:00:00Z.") from None
    if found.tzinfo is None:
        raise Unreadable("at", "It has no offset.")
    # Nearer to the ends of the calendar an offset leads out of it.
    if not EARLIEST_YEAR <= found.year <= LATEST_YEAR:
        raise Unreadable("at", "It is not of these years.")
    return found.astimezone(UTC)
