"""CSV files: whole or not at all, with every fault at its line."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from clinic.models import Patient, Site
from labs.actions import imports, imports_csv
from labs.models import ImportProblem, ImportRun, Report, Result
from tests.factories import PatientFactory
from tests.integration.labs.lab_results import panel, recorded

pytestmark = pytest.mark.django_db
HEADER = (
    "record_number,birth_date,collected_at,analyte,value,unit,lower_limit,upper_limit,laboratory"
)
LINE = "R1,1985-04-12,2026-11-20T09:30,ALT,27,U/L,6,34,North"
AST = LINE.replace("ALT", "AST")


@pytest.fixture
def known(site: Site) -> Patient:
    """Ngozi Okafor, born on 12 April 1985, record number R1."""
    patient: Patient = PatientFactory.create(site=site, record_number="R1")
    return patient


def run(*files: Path, **options: object) -> tuple[int, str, str]:
    """Exit status, what it says, what it complains of."""
    out, err = StringIO(), StringIO()
    try:
        names = [str(file) for file in files]
        call_command("import_results", *names, site="riverside", stdout=out, stderr=err, **options)
    except CommandError as error:
        return error.returncode, out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def table(folder: Path, *lines: str, name: str = "labs.csv", header: str = HEADER) -> Path:
    file = folder / name
    file.write_text("\n".join((header, *lines, "")), encoding="utf-8")
    return file


def counts() -> tuple[int, int, int, int, int]:
    last = ImportRun.objects.order_by("created_at").last()
    assert last is not None
    return last.read, last.stored, last.duplicate, last.refused, last.passed_over


def test_a_file_is_taken(known: Patient, tmp_path: Path) -> None:
    status, said, complained = run(table(tmp_path, LINE, AST))
    assert (status, complained) == (0, "")
    assert said.startswith(
        "labs.csv: 2 read, 2 stored, 0 there already, 0 refused, 0 passed over.\nFiles: 1. 2 read"
    )
    report = Report.objects.get()
    assert (report.patient, report.laboratory) == (known, "North")
    assert (report.identifier, report.collected_precision) == ("R1/2026-11-20T09:30", "minute")
    assert report.results.count() == 2
    assert report.run == ImportRun.objects.get()


def test_a_second_time_stores_nothing(known: Patient, tmp_path: Path) -> None:
    run(table(tmp_path, LINE))
    status, said, complained = run(table(tmp_path, LINE, name="renamed.csv"))
    assert status == 1
    assert "renamed.csv: 1 read, 0 stored, 1 there already" in said
    assert complained.startswith("renamed.csv: This file was taken on ")
    assert Result.objects.count() == 1
    assert run(table(tmp_path, LINE), again=True)[0] == 0
    assert run(table(tmp_path, LINE, "", name="longer.csv"))[0] == 0
    assert counts() == (1, 0, 1, 0, 0)
    assert Result.objects.count() == 1


WRONG = [
    (LINE.replace("R1", "R2"), "record_number", "unknown_patient"),
    (LINE.replace("1985-04-12", "1985-04-13"), "birth_date", "patient_mismatch"),
    (LINE.replace("1985-04-12", ""), "birth_date", "patient_mismatch"),
    (LINE.replace("27", "abc"), "value", "not_a_number"),
    (LINE.replace("27", "NaN"), "value", "not_a_number"),
    (LINE.replace("27", "-1"), "value", "negative"),
    (LINE.replace("27", "300000"), "value", "value_impossible"),
    (LINE.replace("27,U/L", "27,"), "unit", "unit_missing"),
    (LINE.replace("27,U/L", "27,mg/dL"), "unit", "unit_unknown"),
    (LINE.replace(",34,", ",,"), "upper_limit", "limit_missing"),
    (LINE.replace(",34,", ",0,"), "upper_limit", "limit_not_positive"),
    (LINE.replace(",6,", ",60,"), "lower_limit", "limits_reversed"),
    (LINE.replace("2026-11-20", "2126-11-20"), "collected_at", "future_dated"),
    (LINE.replace("2026-11-20", "1985-04-10"), "collected_at", "before_birth"),
    (LINE.replace("North", ""), "laboratory", "laboratory_missing"),
    (LINE.replace("27", "28"), "value", "repeated_code"),
]


@pytest.mark.parametrize(("wrong", "field", "code"), WRONG)
def test_one_wrong_line_refuses_the_file_and_says_where(
    known: Patient, tmp_path: Path, wrong: str, field: str, code: str
) -> None:
    status, said, complained = run(table(tmp_path, LINE, wrong, AST))
    assert status == 1
    problem = ImportProblem.objects.get()
    assert (problem.place, problem.field, problem.code) == ("line 3", field, code)
    assert complained == f"labs.csv: line 3, {field}: {problem.message}\n"
    assert "abc" not in complained
    assert "0 stored, 0 there already, 3 refused" in said
    assert not Report.objects.exists()
    assert counts() == (3, 0, 0, 3, 0)


def test_every_wrong_line_is_named(known: Patient, tmp_path: Path) -> None:
    run(table(tmp_path, LINE.replace("27", "x"), AST, LINE.replace("U/L", "")))
    places = ImportProblem.objects.values_list("place", "code")
    assert list(places) == [("line 2", "not_a_number"), ("line 4", "unit_missing")]


def test_a_refused_file_may_come_again_when_its_patient_is_known(
    site: Site, tmp_path: Path
) -> None:
    file = table(tmp_path, LINE)
    assert run(file)[0] == 1
    PatientFactory(site=site, record_number="R1")
    assert run(file)[0] == 0
    assert counts() == (1, 1, 0, 0, 0)


def test_the_rest_of_a_batch_is_taken(known: Patient, tmp_path: Path) -> None:
    bad = table(tmp_path, LINE.replace("27", "x"), name="bad.csv")
    good = table(tmp_path, LINE, name="good.csv")
    status, said, complained = run(bad, tmp_path / "absent.csv", good)
    assert status == 1
    assert "absent.csv: cannot be opened" in complained
    assert "good.csv: 1 read, 1 stored" in said
    assert "Files: 2. 2 read, 1 stored, 0 there already, 1 refused" in said


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (HEADER.encode(), "no_lines"),
        (b"PK\x03\x04\0\0", "nul_bytes"),
        (HEADER.encode("utf-16"), "not_utf8"),
        (f"{HEADER}\n{LINE}\n".replace("North", "Nörth").encode("latin-1"), "not_utf8"),
        (HEADER.replace("unit", "units").encode(), "column_missing"),
    ],
)
def test_a_file_that_cannot_be_read(
    known: Patient, tmp_path: Path, content: bytes, code: str
) -> None:
    file = tmp_path / "labs.csv"
    file.write_bytes(content)
    assert run(file)[0] == 1
    assert ImportProblem.objects.get().code == code
    assert ImportRun.objects.get().refused == 1
    assert not Report.objects.exists()


def test_bounds(known: Patient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports_csv, "MOST_LINES", 2)
    assert run(table(tmp_path, LINE, AST))[0] == 0
    assert run(table(tmp_path, LINE, AST, LINE.replace("ALT", "GGT")))[0] == 1
    assert ImportProblem.objects.get().code == "too_many_lines"
    monkeypatch.setattr(imports, "LARGEST_BYTES", 10)
    assert run(table(tmp_path, LINE.replace("27", "26")))[0] == 1
    assert ImportProblem.objects.filter(code="too_large").count() == 1
    assert Result.objects.count() == 2


def test_a_patient_of_another_site_is_unknown(other_site: Site, site: Site, tmp_path: Path) -> None:
    PatientFactory(site=other_site, record_number="R1")
    assert run(table(tmp_path, LINE))[0] == 1
    assert ImportProblem.objects.get().code == "unknown_patient"


def test_batches_and_unsorted_lines_end_in_one_report(
    known: Patient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports_csv, "_BATCH", 2)
    other = LINE.replace("T09:30", "T10:30")
    ggt, alp = LINE.replace("ALT", "GGT"), LINE.replace("ALT", "ALP")
    tbili = LINE.replace("ALT,27,U/L,6,34", "BILI,10,umol/L,,20")
    assert run(table(tmp_path, LINE, other, ggt, LINE, alp, tbili))[0] == 0
    assert counts() == (6, 5, 1, 0, 0)
    assert Report.objects.count() == 2
    assert Report.objects.filter(is_complete_liver_panel=True).count() == 1


def test_several_statuses_of_one_result(known: Patient, tmp_path: Path) -> None:
    header = HEADER + ",status"
    file = table(tmp_path, LINE.replace("27", "30") + ",C", LINE + ",F", LINE + ",F", header=header)
    assert run(file)[0] == 0
    assert counts() == (3, 1, 1, 0, 1)
    assert Result.objects.current().get().status == "corrected"


def test_a_day_alone_and_a_report_number(known: Patient, tmp_path: Path) -> None:
    line = LINE.replace("T09:30", "") + ",N7"
    assert run(table(tmp_path, line, header=HEADER + ",report"))[0] == 0
    report = Report.objects.get()
    assert (report.identifier, report.collected_precision) == ("N7", "day")
    assert str(report.collected_on) == "2026-11-20"
    wrong = [line.replace("11-20", "11-19"), line.replace("ALT", "AST")]
    assert run(table(tmp_path, *wrong, name="b.csv", header=HEADER + ",report"))[0] == 1
    assert ImportProblem.objects.get().code == "two_times"


def test_mapping_column_and_laboratory_of_the_command(known: Patient, tmp_path: Path) -> None:
    mapping = tmp_path / "map.toml"
    mapping.write_text(
        'identifiers = ["record_number"]\n[columns]\nrecord_number = "subject"\n'
        '[analytes]\nLEBER = "ALT"\n',
        encoding="utf-8",
    )
    file = table(
        tmp_path,
        "R1,2026-11-20,LEBER,35,U/L,6,34",
        header="subject,collected_at,analyte,RESULT,unit,lower_limit,upper_limit",
    )
    done = run(file, mapping=mapping, column=["value=RESULT"], laboratory="South")
    assert done[0] == 0
    row = Result.objects.get()
    assert (row.code, row.grade, row.report.laboratory) == ("ALT", 1, "South")


@pytest.mark.parametrize(
    "options",
    [
        {"site": "nowhere"},
        {"by": "nobody@clinic.example"},
        {"column": ["value"]},
        {"column": ["vallue=x"]},
        {"mapping": Path("absent.toml")},
    ],
)
def test_wrong_options(site: Site, tmp_path: Path, options: dict[str, object]) -> None:
    with pytest.raises(CommandError):
        call_command("import_results", str(tmp_path), **{"site": "riverside", **options})


def test_who_answers_for_it(known: Patient, tmp_path: Path, prescriber: object) -> None:
    assert run(table(tmp_path, LINE), by="petra@clinic.example")[0] == 0
    assert ImportRun.objects.get().by == prescriber
    assert Report.objects.get().recorded_by == prescriber


def test_a_nurse_may_not_import(known: Patient, tmp_path: Path, nurse: object) -> None:
    assert run(table(tmp_path, LINE), by="nils@clinic.example")[0] == 1
    assert not ImportRun.objects.exists()


def test_what_was_withdrawn_by_hand_does_not_come_back(known: Patient, tmp_path: Path) -> None:
    recorded(known, panel(), laboratory="North", identifier="R1/2026-11-20T09:30")
    recorded(
        known, [], laboratory="North", identifier="R1/2026-11-20T09:30", status="entered_in_error"
    )
    assert run(table(tmp_path, LINE))[0] == 0
    assert counts() == (1, 0, 0, 0, 1)
    assert ImportProblem.objects.get().code == "outranked"
