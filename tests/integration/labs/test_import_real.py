"""Files that others wrote: 10,908 results of 254 people, and two HL7 messages."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from clinic.models import Patient, Site
from labs.models import Report, Result
from tests.factories import PatientFactory
from tests.integration.labs.test_import_csv import counts, run

ROOT = Path(__file__).resolve().parents[3]
DATA = ROOT.parent / "shared" / "data"
MAPPING = ROOT / "docs" / "reference" / "import-mapping-example.toml"
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not DATA.is_dir(), reason="the folder of real data is not here"),
]
# CTCAE version 5, typed again from the table: upper bounds of grades 1 to 3 in multiples.
BOUNDS = {
    "ALT": ("3", "5", "20"),
    "AST": ("3", "5", "20"),
    "ALP": ("2.5", "5", "20"),
    "GGT": ("2.5", "5", "20"),
    "BILI": ("1.5", "3", "10"),
}


def expected_grade(line: dict[str, str]) -> int | None:
    """The grade by the line's own limit; a bound below the limit is grade 0."""
    if line["analyte"] not in BOUNDS:
        return None
    value, limit = Decimal(line["value"].lstrip("<")), Decimal(line["upper_limit"])
    if value <= limit:
        return 0
    return 1 + sum(value > Decimal(bound) * limit for bound in BOUNDS[line["analyte"]])


def lines() -> list[dict[str, str]]:
    with (DATA / "liver_panels.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def register(site: Site, read: list[dict[str, str]]) -> None:
    """Everybody of the file, born in the year that their age gives."""
    born = {r["subject"]: int(r["first_dose"][:4]) - int(Decimal(r["age"])) for r in read}
    assert len(born) == 254
    Patient.objects.bulk_create(
        PatientFactory.build(site=site, record_number=number, birth_date=date(year, 1, 1))
        for number, year in born.items()
    )


def test_the_panels_are_taken_whole_and_graded_by_their_own_limits(site: Site) -> None:
    read = lines()
    register(site, read)
    file = DATA / "liver_panels.csv"
    status, said, complained = run(file, mapping=MAPPING, laboratory="Central")
    assert (status, complained) == (0, "")
    assert counts() == (10908, 10908, 0, 0, 0)
    assert "10908 read, 10908 stored" in said
    rows = Result.objects.values_list(
        "patient__record_number", "report__identifier", "code", "comparator", "value", "grade"
    )
    stored = {(p, i, c): (sign, value, grade) for p, i, c, sign, value, grade in rows}
    differing = [
        line
        for line in read
        if stored[
            line["subject"],
            f"{line['subject']}/{line['collected_at']}",
            "TBILI" if line["analyte"] == "BILI" else line["analyte"],
        ]
        != (
            "<" if line["value"].startswith("<") else "",
            Decimal(line["value"].lstrip("<")),
            expected_grade(line),
        )
    ]
    assert differing == []
    assert (Report.objects.count(), len(stored)) == (1828, 10908)
    assert run(file, mapping=MAPPING, laboratory="Central", again=True)[0] == 0
    assert counts() == (10908, 0, 10908, 0, 0)


def test_the_messages_wait_for_their_patients_and_are_taken(site: Site) -> None:
    files = sorted((DATA / "hl7").glob("*.hl7"))
    status, _, complained = run(*files)
    assert status == 1
    assert complained.count("PID-3: No patient of this site has this record number.") == 2
    PatientFactory(
        site=site, record_number="10006579", family_name="Duck", birth_date=date(1924, 10, 10)
    )
    PatientFactory(site=site, record_number="14", family_name="Finn", birth_date=date(1963, 8, 15))
    status, said, _ = run(*files)
    assert status == 0
    assert "LAB-ORU-2.hl7: 10 read, 10 stored, 0 there already, 0 refused, 0 passed over." in said
    assert "ORU-R01-01.hl7: 5 read, 1 stored, 0 there already, 0 refused, 4 passed over." in said
    found = Result.objects.get(code="625-4")
    assert (found.value_text, found.status, found.analyte) == ("Salmonella", "preliminary", None)
    assert set(Report.objects.values_list("identifier", flat=True)) == {
        "890775544",
        "82503246",
        "986",
    }
