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

from clinic.errors import Conflict, DomainError, Invalid, NotAllowed, NotFound, Refused
from clinic.rules.errors import RuleError

PROBLEM: Final = "application/problem+json"
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
    429: "too_many_requests",
}
Row = dict[str, str]


def problem(error: Exception, context: dict[str, Any]) -> Response | None:
    """The answer to an exception; None lets an unforeseen one be a server error."""
    if isinstance(error, DomainError | RuleError):
        row = {"field": error.field, "code": error.code, "message": error.message}
        return document(STATUS_OF[type(error)], error.code, error.message, [row])
    answer = exception_handler(error, context)
    if answer is None:
        return None
    if isinstance(error, Http404 | exceptions.NotFound):
        # The same words for a foreign row and for none at all.
        detail, rows = "There is no such thing, or not for you.", []
    elif isinstance(error, exceptions.ValidationError):
        rows = list(_rows(error.detail))
        detail = rows[0]["message"] if rows else "That could not be read."
    else:
        detail, rows = _words(error), []
    found = document(answer.status_code, CODE_OF.get(answer.status_code, "refused"), detail, rows)
    for header in ("WWW-Authenticate", "Retry-After", "Allow"):
        if header in answer.headers:
            found[header] = answer.headers[header]
    return found


def _words(error: Exception) -> str:
    if isinstance(error, PermissionDenied):
        return "Your role does not open this."
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
    return Response(content, status=number, content_type=PROBLEM)
