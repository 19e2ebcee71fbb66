"""Every refusal as a problem document (RFC 9457): one table, one handler."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import exception_handler

from api.renderers import Problem
from clinic.errors import Conflict, DomainError, Invalid, NotAllowed, NotFound, Refused
from clinic.rules.errors import RuleError

STATUS_OF: Final[dict[type[Exception], int]] = {
    Invalid: status.HTTP_400_BAD_REQUEST,
    RuleError: status.HTTP_400_BAD_REQUEST,
    NotAllowed: status.HTTP_403_FORBIDDEN,
    NotFound: status.HTTP_404_NOT_FOUND,
    Conflict: status.HTTP_409_CONFLICT,
    Refused: status.HTTP_422_UNPROCESSABLE_ENTITY,
}
CODE_OF: Final[dict[int, str]] = {
    400: "invalid",
    401: "not_signed_in",
    403: "not_allowed",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    415: "unknown_media_type",
    429: "too_many_requests",
}
KEPT_HEADERS: Final = ("WWW-Authenticate", "Retry-After")
Row = dict[str, str]


def problem(error: Exception, context: dict[str, Any]) -> Response | None:
    """The answer to an exception; None lets an unforeseen one be a server error."""
    found = _ours(error) or _frameworks(error, context)
    if found is not None and (request := context.get("request")) is not None:
        # Also where a page or YAML was asked for.
        request.accepted_renderer = Problem()
        request.accepted_media_type = Problem.media_type
    return found


def _ours(error: Exception) -> Response | None:
    if not isinstance(error, DomainError | RuleError):
        return None
    number = next(STATUS_OF[kind] for kind in type(error).__mro__ if kind in STATUS_OF)
    rows = [{"field": error.field, "code": error.code, "message": error.message}]
    return document(number, error.code, error.message, rows if error.field else [])


def _frameworks(error: Exception, context: dict[str, Any]) -> Response | None:
    answer = exception_handler(error, context)
    if answer is None:
        return None
    rows = list(_rows(error.detail)) if isinstance(error, exceptions.ValidationError) else []
    code = CODE_OF.get(answer.status_code, "refused")
    found = document(answer.status_code, code, _detail(error, rows), rows)
    for header in KEPT_HEADERS:
        if header in answer.headers:
            found[header] = answer.headers[header]
    return found


def _detail(error: Exception, rows: list[Row]) -> str:
    if isinstance(error, Http404 | exceptions.NotFound):
        # The same words for a foreign row and for none at all.
        return "There is no such thing, or not for you."
    if isinstance(error, PermissionDenied):
        return "Your role does not open this."
    if rows:
        return rows[0]["message"]
    return str(getattr(error, "detail", "")) or "That is not possible."


def _rows(detail: Any, field: str = "") -> Iterator[Row]:
    if isinstance(detail, dict):
        for name, inner in detail.items():
            yield from _rows(inner, f"{field}.{name}" if field else str(name))
    elif isinstance(detail, list):
        for inner in detail:
            yield from _rows(inner, field)
    else:
        yield {"field": field, "code": getattr(detail, "code", "invalid"), "message": str(detail)}


def document(number: int, code: str, detail: str, rows: list[Row]) -> Response:
    """A problem with its stable code and the fields it is about."""
    content = {
        "type": "about:blank",
        "title": HTTPStatus(number).phrase,
        "status": number,
        "detail": detail,
        "code": code,
        "errors": rows,
    }
    return Response(content, status=number)
