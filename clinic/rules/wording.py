"""How keys, units and marks of the clinical content are said to people."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from clinic.rules.policy import Setting
from clinic.rules.reasons import EXPERT, LIT, SEED, SITE

# What is not a plain word; the rest of a key is.
WORDS: Final[Mapping[str, str]] = {
    "alp": "ALP",
    "alt": "ALT",
    "ast": "AST",
    "bmi": "BMI",
    "bp": "blood pressure",
    "bpm": "per minute",
    "cadss": "CADSS",
    "cadss6": "CADSS-6",
    "cssrs": "C-SSRS",
    "d5w": "D5W",
    "dbp": "diastolic",
    "etco2": "end-tidal CO₂",
    "ggt": "GGT",
    "gu": "urinary",
    "hys": "Hy’s",
    "icp": "intracranial pressure",
    "id": "number",
    "kg": "kg",
    "lft": "liver panel",
    "loinc": "LOINC",
    "madrs": "MADRS",
    "max": "highest",
    "mcid": "smallest change that matters",
    "mg": "mg",
    "min": "lowest",
    "ml": "mL",
    "mmhg": "mmHg",
    "moaas": "MOAA/S",
    "phq9": "PHQ-9",
    "qids": "QIDS",
    "sbp": "systolic",
    "spo2": "SpO₂",
    "tbili": "bilirubin",
    "uds": "urine drug screen",
}
# Keys whose words alone would not say what the number is.
LABELS: Final[Mapping[str, str]] = {
    "adult_years": "Adult from",
    "awake_moaas": "Awake at MOAA/S",
    "baseline_minutes": "First reading no older than",
    "confirm_minutes": "Confirmed by a second reading after",
    "count_default": "Usual number of sessions",
    "first_valid_days": "Before the first dose no older than",
    "grace_days": "Days of grace before it is overdue",
    "lft_baseline_days": "Liver panel before the first dose no older than",
    "max_in_window": "Most sessions in the window",
    "need": "Why",
    "nominal_gap_days": "Usual gap",
    "orderable": "May be booked",
    "per_week": "Sessions",
    "prepared_minutes": "Drug prepared no earlier than",
    "remeasure_minutes": "Measured again after",
    "remeasure_times": "Measured again so many times",
    "soon_days": "Said to be due soon before",
    "valid_days": "Later no older than",
    "valid_minutes": "The check is good for",
    "weeks_max": "Longest",
    "weeks_min": "Shortest",
}
# Values that stand as one word in the data.
SAID: Final[Mapping[str, str]] = {"trd": "treatment-resistant depression"}
# Unit of the data: one, several.
UNITS: Final[Mapping[str, tuple[str, str]]] = {
    "": ("", ""),
    "1": ("", ""),
    "{score}": ("point", "points"),
    "a": ("year", "years"),
    "mo": ("month", "months"),
    "wk": ("week", "weeks"),
    "d": ("day", "days"),
    "h": ("hour", "hours"),
    "min": ("minute", "minutes"),
    "s": ("second", "seconds"),
    "1/wk": ("a week", "a week"),
    "mm[Hg]": ("mmHg", "mmHg"),
    "kg/m2": ("kg/m²", "kg/m²"),
    "[in_i]": ("inch", "inches"),
    "kg/[in_i]": ("kg per inch", "kg per inch"),
    "kg per [lb_av]": ("kg per lb", "kg per lb"),
    "x": ("×", "×"),
    "x limit": ("× upper limit", "× upper limit"),
    "x baseline": ("× baseline", "× baseline"),
    "grace periods": ("grace period", "grace periods"),
    "infusions": ("infusion", "infusions"),
    "sessions": ("session", "sessions"),
    "assessments": ("assessment", "assessments"),
    "symptoms": ("symptom", "symptoms"),
    "items": ("item", "items"),
}
# A key that ends in its unit says it twice beside the value.
ENDINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "%": ("percent",),
    "a": ("years",),
    "mo": ("months",),
    "wk": ("weeks",),
    "d": ("days",),
    "h": ("hours",),
    "min": ("minutes",),
    "mm[Hg]": ("mmhg",),
    "kg": ("kg",),
    "mg": ("mg",),
    "mL": ("ml",),
    "mL/h": ("ml", "per", "h"),
    "mg/h": ("mg", "per", "h"),
    "mg/mL": ("mg", "per", "ml"),
    "mg/kg": ("mg", "per", "kg"),
    "mg/kg/h": ("mg", "per", "kg", "h"),
    "ug/kg/min": ("ug", "per", "kg", "min"),
}
CONFIDENCE_WORDS: Final[Mapping[str, str]] = {
    SEED: "guideline",
    LIT: "published source",
    EXPERT: "default to be signed off",
    SITE: "set by the site",
}
YES, NO = "yes", "no"
_CODE: Final = re.compile(r"[a-z0-9]+(_[a-z0-9]+)+$")
_ONE: Final = frozenset({"1", "-1"})


def label_of(key: str, unit: str = "") -> str:
    """A key in words: `warn_above_sbp` is “Warn above systolic”, `valid_minutes` of min “Valid”."""
    if key in LABELS:
        return LABELS[key]
    parts = key.split("_")
    ending = ENDINGS.get(unit, ())
    if ending and len(parts) > len(ending) and tuple(parts[-len(ending) :]) == ending:
        parts = parts[: -len(ending)]
    return _begun(" ".join(WORDS.get(part, part) for part in parts if part))


def spoken(text: str) -> str:
    """A code as words, `lost_response` as “lost response”; any other text as it stands."""
    return SAID.get(text, text.replace("_", " ") if _CODE.match(text) else text)


def path_label(path: Sequence[str], unit: str = "") -> str:
    """A path in words: “Blood pressure: warn above systolic”."""
    *around, last = path
    if not around:
        return label_of(last, unit)
    return f"{path_label(around)}: {_lowered(label_of(last, unit))}"


def quantity(values: Sequence[str], unit: str, joined: str = ", ") -> str:
    """Numbers with their unit in words: `["3", "4"]` and `d` are “3, 4 days”."""
    one, several = UNITS.get(unit, (unit, unit))
    word = one if len(values) == 1 and values[0] in _ONE else several
    return f"{joined.join(values)} {word}".rstrip()


def confidence_words(confidence: str) -> str:
    """What the mark of a number means; an unknown mark is said as it stands."""
    return CONFIDENCE_WORDS.get(confidence, confidence)


def bounds_of(setting: Setting) -> str:
    """What a site may put in the place of a value."""
    if setting.among:
        return one_of(setting.among)
    if setting.between:
        return quantity([_plain(bound) for bound in setting.between], setting.unit, " to ")
    return "any number" if setting.count == 1 else f"any {setting.count} numbers"


def one_of(choices: Sequence[str]) -> str:
    """“warn, hold or block”."""
    *first, last = [spoken(choice) for choice in choices]
    return f"{', '.join(first)} or {last}" if first else last


def _plain(number: Decimal) -> str:
    return format(number.normalize() + 0, "f")


def _begun(words: str) -> str:
    return words[:1].upper() + words[1:]


def _lowered(words: str) -> str:
    """Lower-case unless the first word is a name such as “SpO₂” or “MADRS”."""
    first = words.split(" ", maxsplit=1)[0]
    return words if first[1:] != first[1:].lower() else words[:1].lower() + words[1:]
