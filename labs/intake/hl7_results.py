"""One OBX segment: whether it is a result, and what it says."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from labs.intake.claims import Problem, ReadError, ResultClaim
from labs.intake.hl7_segments import Segment
from labs.intake.numbers import measured, reference_range
from labs.rules.readings import Reading

LOINC: Final = "http://loinc.org"
LOCAL: Final = "local"
# HL7 table 0085. R and S are not verified or partial; D deletes, W was for another patient.
STATUSES: Final = {
    "P": "preliminary",
    "R": "preliminary",
    "S": "preliminary",
    "F": "final",
    "U": "final",
    "V": "final",
    "C": "corrected",
    "A": "corrected",
    "B": "corrected",
    "X": "cancelled",
    "D": "cancelled",
    "W": "entered_in_error",
}
_NO_RESULT: Final = frozenset({"I", "O", "N"})
# References to pictures and enclosed documents.
_NO_VALUE: Final = frozenset({"RP", "ED"})
_CODED: Final = frozenset({"CE", "CWE", "CNE", "CF", "IS", "ID"})
_LOINC_CODE: Final = re.compile(r"[0-9]{1,7}-[0-9]")
_LONGEST_TEXT: Final = 400
_LONGEST_CODE: Final = 50


def no_result(segment: Segment, order_status: str) -> Problem | None:
    """Why this OBX is no result, or None where it is one."""
    if segment.component(2, 1).upper() in _NO_VALUE:
        return _passed("OBX-2", "no_value_type", "A reference or an enclosure is no value.")
    status = _status(segment, order_status)
    if status in _NO_RESULT:
        return _passed("OBX-11", "no_result_yet", "Ordered or in progress: there is no result yet.")
    is_empty = not segment.raw(5).strip() or segment.raw(5).strip() == '""'
    if is_empty and not segment.component(3, 1).strip():
        return _passed("OBX-5", "empty", "There is neither a code nor a value.")
    if len(segment.raw(5)) > _LONGEST_TEXT and segment.component(2, 1).upper() not in ("NM", "SN"):
        return _passed("OBX-5", "text_too_long", "A long text is not kept as a result.")
    return None


def read_result(segment: Segment, order_status: str) -> ResultClaim:
    """The result of an OBX. Raises ReadError that names the field."""
    code, system, display = _code(segment)
    status = STATUSES.get(_status(segment, order_status))
    if status is None:
        raise ReadError("status_unknown", "The status of the result is unknown.", field="OBX-11")
    unit = segment.component(6, 1).strip()
    is_withdrawn = status in ("cancelled", "entered_in_error")
    found, text = (None, "") if is_withdrawn else _value(segment)
    limits = reference_range(segment.component(7, 1), unit)
    return ResultClaim(
        place="",
        code=code,
        code_system=system,
        display=display[:200],
        comparator=found.comparator if found else "",
        value=found.value if found else None,
        value_text=text,
        unit=unit,
        lower_limit=limits.lower,
        upper_limit=limits.upper,
        status=status,
    )


def result_identity(
    claim: ResultClaim, segment: Segment, earlier: Iterable[ResultClaim]
) -> ResultClaim:
    """Tell repeats of one code in one order apart by their sub-identifier (OBX-4).

    Raises ReadError `repeated_code` where nothing tells them apart.
    """
    taken = {other.code for other in earlier}
    if claim.code not in taken:
        return claim
    part = segment.component(4, 1).strip()
    told_apart = f"{claim.code}#{part}"
    if not part or told_apart in taken:
        raise ReadError("repeated_code", "The same code stands twice in one order.", field="OBX-3")
    return replace(claim, code=told_apart)


def _status(segment: Segment, order_status: str) -> str:
    return segment.component(11, 1).strip().upper() or order_status


def _code(segment: Segment) -> tuple[str, str, str]:
    """Code, system and name: the LOINC one of the two that OBX-3 may hold."""
    pairs = [
        tuple(segment.component(3, start + step).strip() for step in (0, 2, 1)) for start in (1, 4)
    ]
    for code, system, display in pairs:
        is_loinc = system.upper() in ("LN", "LOINC") or (not system and _LOINC_CODE.fullmatch(code))
        if code and is_loinc:
            return _short(code), LOINC, display
    code, system, display = pairs[0] if pairs[0][0] else pairs[1]
    if not code:
        raise ReadError("code_missing", "The result does not say what was measured.", field="OBX-3")
    return _short(code), (system or LOCAL)[:60], display


def _short(code: str) -> str:
    if len(code) > _LONGEST_CODE:
        raise ReadError("code_too_long", "The code is longer than a code can be.", field="OBX-3")
    return code


def _value(segment: Segment) -> tuple[Reading | None, str]:
    """The number, or else the text."""
    kind = segment.component(2, 1).upper()
    if kind in ("NM", "SN") and segment.repetitions(5) > 1:
        raise ReadError("several_values", "There are several values at once.", field="OBX-5")
    try:
        if kind == "NM":
            return measured(segment.component(5, 1)), ""
        if kind == "SN":
            return _structured(segment), ""
    except ReadError as error:
        error.field = "OBX-5"
        raise
    text = _text(segment, kind)
    if not text:
        raise ReadError("value_missing", "The value is missing.", field="OBX-5")
    try:
        return measured(text), ""
    except ReadError:
        return None, text


def _structured(segment: Segment) -> Reading:
    """`<^5`, `^27`. A ratio or a range is no single value."""
    if segment.component(5, 3).strip() or segment.component(5, 4).strip():
        raise ReadError("not_a_number", "A ratio or a range is no single value.")
    return measured(segment.component(5, 1) + segment.component(5, 2))


def _text(segment: Segment, kind: str) -> str:
    """Every repetition; of a coded one its name, else its code."""
    parts = []
    for repetition in range(segment.repetitions(5)):
        first = segment.component(5, 1, repetition).strip()
        name = segment.component(5, 2, repetition).strip() if kind in _CODED else ""
        parts.append(name or first)
    return "; ".join(part for part in parts if part and part != '""')[:_LONGEST_TEXT]


def _passed(field: str, code: str, message: str) -> Problem:
    return Problem("", field, code, message, is_refusal=False)
