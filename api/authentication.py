"""Whose token it is."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from knox.auth import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed

from clinic.queries_tokens import live_token


class Token(TokenAuthentication):  # type: ignore[misc]
    """`Authorization: Token …`. Reading with it writes nothing, not even to tidy up."""

    def authenticate_credentials(self, token: bytes) -> tuple[Any, Any]:
        try:
            found = live_token(token.decode("ascii"))
        except UnicodeDecodeError:
            found = None
        if found is None:
            raise AuthenticationFailed("This token is unknown, has ended or was withdrawn.")
        return found.user, found


class TokenInSchema(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the published description names the token."""

    target_class = Token
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "“Token” and the token, with a space between them.",
        }
