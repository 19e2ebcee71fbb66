"""Typed environment readers that fail loudly and name the variable."""

from __future__ import annotations

import os
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

import environ


class EnvironmentFault(SystemExit):
    """A missing or wrong variable: stops the start, names itself and the remedy."""

    def __init__(self, name: str, reason: str, remedy: str) -> None:
        self.name = name
        super().__init__(f"{name}: {reason}. {remedy}")


def text(name: str, default: str | None = None, *, remedy: str = "Set it and start again.") -> str:
    """The variable's value; `default` where it is absent; a fault where neither is there."""
    value = os.environ.get(name, "").strip() or default
    if value is None:
        raise EnvironmentFault(name, "is not set", remedy)
    return value


def optional(name: str) -> str:
    """The variable's value; blank where it is absent."""
    return os.environ.get(name, "").strip()


def flag(name: str, *, default: bool = False) -> bool:
    """A yes or no; anything else is a fault, because a guess may switch a guard off."""
    raw = os.environ.get(name, "").strip().lower()
    if not raw:
        return default
    if raw in {"1", "true", "yes", "on"}:
        return True
    if raw in {"0", "false", "no", "off"}:
        return False
    raise EnvironmentFault(name, f"is '{raw}', not yes or no", "Use 1 or 0.")


def number(name: str, default: float, *, above: float = 0) -> float:
    """A number greater than `above`."""
    return _number(name, text(name, str(default)), above)


def numbers(name: str, default: str, *, above: float = 0) -> tuple[float, ...]:
    """A comma-separated list of at least one number, each greater than `above`."""
    return tuple(_number(name, part, above) for part in names(name, default))


def _number(name: str, raw: str, above: float) -> float:
    try:
        value = float(raw)
    except ValueError:
        value = above
    # Compared this way round, so that “nan” is a fault as well.
    if not above < value < float("inf"):
        raise EnvironmentFault(name, f"is '{raw}'", f"Use a number greater than {above:g}.")
    return value


def names(name: str, default: str) -> list[str]:
    """A comma-separated list."""
    return [part.strip() for part in text(name, default).split(",") if part.strip()]


def url(name: str, schemes: Mapping[str, str], default: str | None = None) -> SplitResult:
    """A URL with one of `schemes` (scheme to example); the fault never prints the value."""
    examples = " or ".join(schemes.values())
    value = text(name, default, remedy=f"Use {examples}, or start with bin/run.")
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        reason = "is not a URL; is each special sign in it percent-encoded?"
        raise EnvironmentFault(name, reason, f"Use {examples}") from None
    if parts.scheme not in schemes:
        raise EnvironmentFault(name, f"has the scheme '{parts.scheme}'", f"Use {examples}.")
    return parts


def database(name: str) -> dict[str, object]:
    """Django's DATABASES entry from a PostgreSQL URL."""
    example = "postgresql://user:password@127.0.0.1:5432/daybreak"
    parts = url(name, {"postgresql": example, "postgres": example})
    if not parts.path.strip("/"):
        raise EnvironmentFault(name, "names no database", f"Use {example}.")
    return dict(environ.Env.db_url_config(parts.geturl()))


def mail(name: str, default: str) -> dict[str, object]:
    """Django's EMAIL_* settings from a mail URL."""
    examples = {
        "smtp": "smtp://127.0.0.1:25",
        "smtp+tls": "smtp+tls://user:password@mail.example:587",
        "smtp+ssl": "smtp+ssl://user:password@mail.example:465",
        "filemail": "filemail:///var/mail/daybreak",
        "consolemail": "consolemail://",
    }
    parts = url(name, examples, default)
    return dict(environ.Env.email_url_config(parts.geturl()))
