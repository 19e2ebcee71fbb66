"""The languages in which messages leave the house."""

from __future__ import annotations

from typing import Final

ENGLISH: Final = "en"
LANGUAGES: Final = (
    (ENGLISH, "English"),
    ("de", "Deutsch"),
    ("es", "Español"),
    ("fr", "Français"),
)
