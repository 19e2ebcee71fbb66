"""Whether a text could reveal why somebody is a patient: asked before it is kept."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from clinic.rules.errors import RuleError
from labs.rules.words import EMAIL, LINK, PHONE, SMS

# Beginnings of words, without accents, in the languages in which messages leave.
REVEALING: Final = (
    # medicines and how they are given
    *("ketamin", "esketamin", "spravato", "infus", "inject", "injekt", "inyec", "dose", "dosis"),
    *("dosage", "drug", "medic", "medik", "droge", "pill", "tablet", "midazolam", "antidepress"),
    # illnesses and specialities
    *("depress", "deprim", "psych", "psiqu", "mental", "mood", "stimmung", "anxi", "angst"),
    *("ansiedad", "suicid", "suizid", "selbstmord", "bipolar", "trauma", "therap", "terap"),
    *("treat", "behandl", "tratam", "trait", "disease", "illness", "krank", "enferm", "malad"),
    *("diagnos", "clinic", "klinik", "hospital", "krankenhaus", "hopital"),
    # tests and answers
    *("liver", "leber", "higado", "foie", "hepat", "urin", "bladder", "blase", "vejiga", "vessie"),
    *("harn", "orina", "blood", "blut", "sangre", "sang ", "lab", "test", "result", "ergebnis"),
    *("panel", "score", "punkt", "puntu", "scale", "skala", "escala", "echelle", "questionn"),
    *("fragebogen", "cuestion", "phq", "gad", "madrs", "qids", "hamd", "cssrs", "c-ssrs"),
    *("pregnan", "schwanger", "embaraz", "enceinte", "grossesse", "weight", "gewicht"),
    *("overdue", "uberfallig", "vencid", "relapse", "ruckfall", "recaid", "rechute"),
)
PLACES: Final = frozenset({PHONE, LINK})
# One text message of the GSM alphabet holds 160 characters; a telephone number takes up to 20.
MOST_IN_SMS: Final = 145
_PLACE: Final = re.compile(r"\{[^{}]*\}?|\}")
_DAY: Final = re.compile(r"\b\d{1,4}[./-]\d{1,2}([./-]\d{1,4})?\b|\b\d{1,2}:\d{2}\b")


def revealing_words(text: str) -> tuple[str, ...]:
    """Every word of the text that begins like one that reveals something, in order, once."""
    plain = _plain(text)
    found = (
        word
        for word in re.findall(r"[\w-]+", plain)
        if any(word.startswith(stem.strip()) for stem in REVEALING)
    )
    return tuple(dict.fromkeys(found))


def require_neutral(subject: str, body: str, *, channel: str) -> None:
    """Raise RuleError for a text that may not leave, naming `subject` or `body`.

    `revealing_words`, `date_in_text` (a day or an hour is one of a visit), `unknown_place` (a
    placeholder that nobody fills in), `subject_missing`, `no_subject_in_sms`, `text_too_long`,
    `nobody_to_ring`.
    """
    for field, text in (("subject", subject), ("body", body)):
        _require_plain(field, text)
    if channel == EMAIL and not subject.strip():
        raise RuleError("subject_missing", "subject", "An e-mail needs a subject.")
    if channel == SMS and subject.strip():
        raise RuleError("no_subject_in_sms", "subject", "A text message has no subject.")
    if channel == SMS and len(body) > MOST_IN_SMS:
        message = f"A text message holds {MOST_IN_SMS} characters; this one has {len(body)}."
        raise RuleError("text_too_long", "body", message)
    if not PLACES & set(_PLACE.findall(body)):
        message = "Say whom to ring with {phone}, or where to sign in with {link}."
        raise RuleError("nobody_to_ring", "body", message)


def _require_plain(field: str, text: str) -> None:
    if words := revealing_words(text):
        said = ", ".join(f"“{word}”" for word in words)
        message = f"This may be read by anybody. Leave out {said}."
        raise RuleError("revealing_words", field, message)
    if _DAY.search(text):
        raise RuleError("date_in_text", field, "A day or an hour reveals a visit. Leave it out.")
    if unknown := sorted(set(_PLACE.findall(text)) - PLACES):
        message = f"Nobody fills in “{unknown[0]}”. There are {{phone}} and {{link}}."
        raise RuleError("unknown_place", field, message)


def _plain(text: str) -> str:
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(one for one in parts if not unicodedata.combining(one))
