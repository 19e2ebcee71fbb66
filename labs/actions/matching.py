"""Whom a file means. One identifier alone is never enough, unless a mapping says so."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from clinic.models import Patient, Site
from clinic.rules.errors import RuleError
from clinic.rules.identifiers import Identity, compare, normalise_record_number
from labs.intake.claims import Claimed, ReadError


class Register:
    """The patients of one site by record number, looked up in bulk."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._known: dict[str, Patient | None] = {}

    def look_up(self, claims: Iterable[Claimed]) -> None:
        """Fetch whoever is named in `claims` and not known yet, in one query."""
        wanted = {number for claim in claims for number in _numbers(claim)} - self._known.keys()
        found = Patient.objects.of_site(self._site.pk).filter(record_number__in=wanted)
        self._known.update(dict.fromkeys(wanted))
        for row in found:
            # The wall between sites: the patient's site is this one, not another fetch away.
            row.site = self._site
            self._known[row.record_number] = row

    def patient(self, claim: Claimed, identifiers: Sequence[str]) -> Patient:
        """The one patient on whom record number and the other identifiers agree.

        Raises ReadError `unknown_patient`, `patient_mismatch`, `patient_ambiguous`; its field is
        the identifier.
        """
        known = [row for number in _numbers(claim) if (row := self._known.get(number)) is not None]
        if not known:
            message = "No patient of this site has this record number."
            raise ReadError("unknown_patient", message, field="record_number")
        matching = [row for row in known if not _disagreeing(claim, row, identifiers)]
        if len({row.pk for row in matching}) > 1:
            message = "The record numbers belong to several patients."
            raise ReadError("patient_ambiguous", message, field="record_number")
        if not matching:
            message = "The record number belongs to somebody else, or too little is said to tell."
            raise ReadError(
                "patient_mismatch", message, field=_disagreeing(claim, known[0], identifiers)
            )
        return matching[0]


def _numbers(claim: Claimed) -> list[str]:
    numbers = []
    for text in claim.record_numbers:
        try:
            numbers.append(normalise_record_number(text))
        except RuleError:
            continue
    return numbers


def _disagreeing(claim: Claimed, row: Patient, identifiers: Collection[str]) -> str:
    """The identifier that speaks against `row`; empty where it is the same person.

    With `identifiers` each of them must agree; without, record number and one more. A date of
    birth that differs is never outweighed by a name, because brothers and sisters share that.
    """
    found = compare(
        Identity(row.record_number, claim.birth_date, claim.family_name),
        Identity(row.record_number, row.birth_date, row.family_name),
    )
    if "birth_date" in found.differing:
        return "birth_date"
    missing = [name for name in identifiers if name not in found.agreeing]
    if missing:
        return missing[0]
    if identifiers or found.is_same_person:
        return ""
    return "family_name" if claim.family_name else "birth_date"
