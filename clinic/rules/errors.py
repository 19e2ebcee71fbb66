"""The one error a rule raises."""

from __future__ import annotations


class RuleError(ValueError):
    """An input that a rule cannot answer for: a stable code, the field, a sentence for people."""

    def __init__(self, code: str, field: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.field = field
        self.message = message

    def of(self, field: str) -> RuleError:
        """The same refusal, of a field as the caller calls it."""
        return RuleError(self.code, field, self.message)
