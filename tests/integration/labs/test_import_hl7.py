"""HL7 files: each message whole or not at all, two identifiers, every fault at its segment."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from clinic.models import Patient, Site
from labs.models import ImportProblem, ImportRun, Report, Result
from tests.factories import PatientFactory
from tests.integration.labs.test_import_csv import counts, run

pytestmark = pytest.mark.django_db
MSH = r"MSH|^~\&|APP|North Lab|DB|CLINIC|202611230900||ORU^R01|C1|P|2.5.1"
PID = "PID|1||R1^^^CLINIC^MR||Okafor^Ngozi||19850412|F"
OBR = "OBR|1|P1|F1|24325-3^Liver panel^LN|||202611200930"
ALT = "OBX|1|NM|1742-6^ALT^LN||27|U/L|6-34|N|||F"
AST = "OBX|2|NM|1920-8^AST^LN||20|U/L|6-34|N|||F"


@pytest.fixture
def known(site: Site) -> Patient:
    """Ngozi Okafor, born on 12 April 1985, record number R1."""
    patient: Patient = PatientFactory.create(site=site, record_number="R1")
    return patient


def file_of(folder: Path, *segments: str, name: str = "labs.hl7") -> Path:
    file = folder / name
    file.write_bytes("\r".join(segments).encode())
    return file


def test_a_message_is_taken_once(known: Patient, tmp_path: Path) -> None:
    file = file_of(tmp_path, MSH, PID, OBR, ALT, AST)
    assert run(file)[0] == 0
    report = Report.objects.get()
    assert (report.patient, report.laboratory, report.identifier) == (known, "North Lab", "F1")
    assert (report.source, report.status) == ("hl7", "final")
    row = Result.objects.get(code="1742-6")
    assert row.analyte is not None
    assert (row.analyte.code, row.grade, row.times_limit) == ("ALT", 0, Decimal("0.7941"))
    assert run(file)[0] == 1
    assert run(file, again=True)[0] == 0
    assert counts() == (2, 0, 2, 0, 0)


@pytest.mark.parametrize(
    ("person", "field", "code"),
    [
        (PID.replace("R1", "R2"), "PID-3", "unknown_patient"),
        (PID.replace("19850412", "19850413"), "PID-7", "patient_mismatch"),
        (PID.replace("Okafor", "Other").replace("19850412", ""), "PID-5", "patient_mismatch"),
        (PID.replace("Okafor", "").replace("19850412", ""), "PID-7", "patient_mismatch"),
    ],
)
def test_two_identifiers_must_agree(
    known: Patient, tmp_path: Path, person: str, field: str, code: str
) -> None:
    assert run(file_of(tmp_path, MSH, person, OBR, ALT))[0] == 1
    problem = ImportProblem.objects.get()
    assert (problem.place, problem.field, problem.code) == ("message 1", field, code)
    assert "Okafor" not in problem.message
    assert not Report.objects.exists()


@pytest.mark.parametrize(
    "person",
    [
        PID.replace("19850412", ""),
        PID.replace("Okafor", "OKAFOR"),
        PID.replace("Okafor", "Married"),
        PID.replace("R1^^^CLINIC^MR", "77^^^X^PI~r1^^^CLINIC^MR"),
    ],
)
def test_one_more_identifier_is_enough(known: Patient, tmp_path: Path, person: str) -> None:
    assert run(file_of(tmp_path, MSH, person, OBR, ALT))[0] == 0


def test_numbers_of_two_patients_are_refused(site: Site, known: Patient, tmp_path: Path) -> None:
    PatientFactory(site=site, record_number="R9")
    assert run(file_of(tmp_path, MSH, PID.replace("R1", "R1~R9"), OBR, ALT))[0] == 1
    assert ImportProblem.objects.get().code == "patient_ambiguous"


@pytest.mark.parametrize(
    ("wrong", "field", "code"),
    [
        (ALT.replace("|27|", "|abc|"), "OBX-5", "not_a_number"),
        (ALT.replace("|27|", "|-2|"), "OBX-5", "negative"),
        (ALT.replace("|U/L|", "||"), "OBX-6", "unit_missing"),
        (ALT.replace("|U/L|", "|mg/dL|"), "OBX-6", "unit_unknown"),
        (ALT.replace("6-34", ""), "OBX-7", "limit_missing"),
        (ALT.replace("6-34", "6-34 mg/dL"), "OBX-7", "limit_missing"),
        (ALT.replace("NM|", "ST|").replace("|27|", "|++|"), "OBX-5", "not_a_number"),
        (ALT + "|||212611200930", "OBX-14", "future_dated"),
    ],
)
def test_a_wrong_result_refuses_its_message(
    known: Patient, tmp_path: Path, wrong: str, field: str, code: str
) -> None:
    ggt = AST.replace("1920-8", "2324-2")
    status, _, complained = run(file_of(tmp_path, MSH, PID, OBR, AST, ggt, wrong))
    assert status == 1
    problem = ImportProblem.objects.get()
    assert (problem.place, problem.field, problem.code) == ("message 1, OBX[3]", field, code)
    assert complained.startswith(f"labs.hl7: message 1, OBX[3], {field}: ")
    assert not Report.objects.exists()
    assert counts() == (3, 0, 0, 3, 0)


@pytest.mark.parametrize(
    ("order", "field", "code"),
    [
        (OBR.replace("20261120", "21261120"), "OBR-7", "future_dated"),
        (OBR.replace("20261120", "19850301"), "OBR-7", "before_birth"),
        (OBR.replace("20261120", "20261320"), "OBR-7", "date_unreadable"),
        (OBR.replace("202611200930", ""), "OBR-7", "date_missing"),
    ],
)
def test_a_wrong_time_refuses_its_message(
    known: Patient, tmp_path: Path, order: str, field: str, code: str
) -> None:
    assert run(file_of(tmp_path, MSH, PID, order, ALT))[0] == 1
    problem = ImportProblem.objects.first()
    assert problem is not None
    assert (problem.place, problem.field, problem.code) == ("message 1, OBR[1]", field, code)


def test_one_refused_message_keeps_no_other_out(known: Patient, tmp_path: Path) -> None:
    stranger = PID.replace("R1", "R2")
    second = OBR.replace("F1", "F2")
    file = file_of(tmp_path, MSH, stranger, OBR, ALT, AST, MSH, OBR, ALT, MSH, PID, second, ALT)
    assert run(file)[0] == 1
    assert counts() == (4, 1, 0, 3, 0)
    places = list(ImportProblem.objects.values_list("place", "code"))
    assert places == [("message 1", "unknown_patient"), ("message 2", "pid_missing")]
    assert Report.objects.get().identifier == "F2"
    PatientFactory(site=known.site, record_number="R2")
    assert run(file)[0] == 1
    assert counts() == (4, 2, 1, 1, 0)


def test_unknown_and_local_codes_wait_ungraded(known: Patient, tmp_path: Path) -> None:
    local = ALT.replace("1742-6^ALT^LN", "ALT^ALT^L")
    unknown = AST.replace("1920-8^AST^LN", "718-7^Haemoglobin^LN").replace("U/L", "g/l-1")
    assert run(file_of(tmp_path, MSH, PID, OBR, local, unknown))[0] == 0
    rows = Result.objects.order_by("code")
    assert [(row.code, row.analyte, row.ungraded_reason) for row in rows] == [
        ("718-7", None, "analyte_unknown"),
        ("ALT", None, "analyte_unknown"),
    ]


def test_a_mapping_names_a_laboratorys_own_codes(known: Patient, tmp_path: Path) -> None:
    mapping = tmp_path / "map.toml"
    mapping.write_text('[analytes]\nGPT7 = "ALT"\n', encoding="utf-8")
    local = ALT.replace("1742-6^ALT^LN", "GPT7^Leber^L")
    assert run(file_of(tmp_path, MSH, PID, OBR, local), mapping=mapping)[0] == 0
    assert Result.objects.get().grade == 0


def test_corrected_before_final_and_cancelled(known: Patient, tmp_path: Path) -> None:
    corrected = ALT.replace("|27|", "|90|")[:-1] + "C"
    assert run(file_of(tmp_path, MSH, PID, OBR, corrected, name="c.hl7"))[0] == 0
    assert run(file_of(tmp_path, MSH, PID, OBR, ALT, name="f.hl7"))[0] == 0
    assert counts() == (1, 0, 0, 0, 1)
    assert Result.objects.get().value == Decimal(90)
    cancelled = "OBX|1|NM|1742-6^ALT^LN||||||||X"
    assert run(file_of(tmp_path, MSH, PID, OBR, cancelled, name="x.hl7"))[0] == 0
    assert Report.objects.get().status == "cancelled"
    assert not Result.objects.current().exists()


def test_an_order_cancelled_as_a_whole(known: Patient, tmp_path: Path) -> None:
    run(file_of(tmp_path, MSH, PID, OBR, ALT, AST))
    assert run(file_of(tmp_path, MSH, PID, OBR + "|" * 18 + "X", name="x.hl7"))[0] == 0
    assert Report.objects.get().status == "cancelled"
    assert Result.objects.filter(status="superseded").count() == 2


def test_what_is_no_hl7(known: Patient, tmp_path: Path) -> None:
    file = tmp_path / "labs.hl7"
    file.write_bytes(b"hello\rMSH|x")
    assert run(file)[0] == 1
    assert ImportProblem.objects.get().code == "not_hl7"
    assert ImportRun.objects.get().refused == 1
