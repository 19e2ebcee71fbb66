"""What can go wrong in words that a person can act on. No framework here."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass
class DomainError(Exception):
    """A refusal: a stable code for programs, a sentence for people, the field if there is one."""

    code: str
    message: str
    field: str = ""
    details: dict[str, object] = dataclasses.field(default_factory=dict)

    def __str__(self) -> str:
        return self.message


class Invalid(DomainError):
    """The input itself is wrong."""


class Refused(DomainError):
    """A rule of the clinic stands against it now."""


class Conflict(DomainError):
    """Somebody else got there first, or the row changed meanwhile."""


class NotAllowed(DomainError):
    """This person may not do this."""


class NotFound(DomainError):
    """There is no such thing that this person may see."""
