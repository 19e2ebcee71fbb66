"""Reports recorded: graded by their own limits, refused by field, replaced and withdrawn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.errors import Conflict, Invalid
from clinic.models import AuditEvent, Patient, Site, User
from labs.actions.requirements import set_subject
from labs.actions.results import review_report, withdraw_report
from labs.models import Report, Result, Task
from labs.queries_results import liver_history, unreviewed_reports
from labs.rules.exposure import CourseFacts, Infusion
from tests.integration.labs.lab_results import AT, COLLECTED, panel, recorded, result

pytestmark = pytest.mark.django_db


def only(**found: Any) -> Result:
    return Result.objects.get(**found)


@pytest.mark.parametrize(
    ("sent", "grade", "times"),
    [
        (("ALT", "34", "34"), 0, "1"),
        (("ALT", "34.1", "34"), 1, "1.0029"),
        (("ALT", "102", "34"), 1, "3"),
        (("ALT", "102.1", "34"), 2, "3.0029"),
        (("ALT", "102.1", "40"), 1, "2.5525"),
        (("GGT", "112.5", "45"), 1, "2.5"),
        (("GGT", "112.6", "45"), 2, "2.5022"),
        (("ALP", "576", "115"), 3, "5.0087"),
        (("TBILI", "201", "20"), 4, "10.05"),
    ],
)
def test_a_result_is_graded_by_its_own_limit(
    patient: Patient, sent: tuple[str, str, str], grade: int, times: str
) -> None:
    code, value, limit = sent
    recorded(patient, [result(code, value, upper_limit=Decimal(limit))])
    row = only(code=code)
    assert (row.grade, row.times_limit, row.graded_against) == (grade, Decimal(times), "limit")
    assert row.grading is not None
    assert row.grading.code == "ctcae5"


def test_two_laboratories_two_limits(patient: Patient) -> None:
    recorded(patient, [result("ALT", "40", upper_limit=Decimal(34))])
    recorded(patient, [result("ALT", "40", upper_limit=Decimal(45))], laboratory="South Laboratory")
    grades = Result.objects.order_by("upper_limit").values_list("grade", flat=True)
    assert list(grades) == [1, 0]


@pytest.mark.parametrize(
    ("comparator", "value", "grade", "reason"),
    [("<", "5", 0, ""), ("<", "50", None, "censored_value"), (">", "2000", None, "censored_value")],
)
def test_a_bound_keeps_its_sign(
    patient: Patient, comparator: str, value: str, grade: int | None, reason: str
) -> None:
    recorded(patient, [result("ALT", value, comparator=comparator)])
    row = only(code="ALT")
    assert (row.comparator, row.value, row.times_limit) == (comparator, Decimal(value), None)
    assert (row.grade, row.ungraded_reason) == (grade, reason)


def test_an_unknown_code_is_kept_ungraded_and_waits(patient: Patient, nurse: User) -> None:
    unknown = result("718-7", "13.4", unit="g/l-1", upper_limit=None)
    recorded(patient, [unknown])
    row = only(code="718-7")
    assert (row.analyte, row.grade, row.ungraded_reason) == (None, None, "analyte_unknown")
    [waiting] = unreviewed_reports(user=nurse, site_id=patient.site_id)
    assert (waiting.unknown_codes, waiting.highest_grade) == (1, None)


@pytest.mark.parametrize(
    ("changed", "field", "code"),
    [
        ({"value": None}, "value", "value_missing"),
        ({"value": None, "value_text": "high"}, "value", "not_a_number"),
        ({"value": Decimal("NaN")}, "value", "not_a_number"),
        ({"value": Decimal("Infinity")}, "value", "not_a_number"),
        ({"value": Decimal(-1)}, "value", "negative"),
        ({"value": Decimal("0.0000001")}, "value", "too_many_digits"),
        ({"value": Decimal(30001)}, "value", "value_impossible"),
        ({"unit": ""}, "unit", "unit_missing"),
        ({"unit": "mg/dL"}, "unit", "unit_unknown"),
        ({"upper_limit": None}, "upper_limit", "limit_missing"),
        ({"upper_limit": Decimal(0)}, "upper_limit", "limit_not_positive"),
        ({"upper_limit": Decimal("NaN")}, "upper_limit", "not_a_number"),
        ({"upper_limit": Decimal("0.0001")}, "upper_limit", "limit_impossible"),
        ({"lower_limit": Decimal(35)}, "lower_limit", "limits_reversed"),
        ({"comparator": "~"}, "comparator", "comparator_unknown"),
        ({"status": "superseded"}, "status", "status_unknown"),
        ({"code": " "}, "code", "code_missing"),
        ({"display": "x" * 201}, "display", "text_too_long"),
        ({"observed_at": AT + timedelta(hours=25)}, "observed_at", "future_dated"),
        ({"observed_at": datetime(2026, 11, 20)}, "observed_at", "zone_missing"),  # noqa: DTZ001
    ],
)
def test_refusals_name_the_result_and_its_field(
    patient: Patient, changed: dict[str, Any], field: str, code: str
) -> None:
    with pytest.raises(Invalid) as refused:
        recorded(patient, [result("AST", "20"), result(**changed)])
    error = refused.value
    assert (error.field, error.code, error.details) == (field, code, {"index": 1})
    assert not Report.objects.exists()


@pytest.mark.parametrize(
    ("collected_at", "code"),
    [
        (AT + timedelta(hours=24, seconds=1), "future_dated"),
        (datetime(1985, 4, 10, tzinfo=UTC), "before_birth"),
        (AT + timedelta(hours=24), ""),
        (datetime(1985, 4, 12, 8, tzinfo=UTC), ""),
    ],
)
def test_collected_not_in_the_future_and_not_before_birth(
    patient: Patient, collected_at: datetime, code: str
) -> None:
    if not code:
        assert recorded(patient, [result()], collected_at=collected_at).stored == 1
        return
    with pytest.raises(Invalid) as refused:
        recorded(patient, [result()], collected_at=collected_at)
    assert (refused.value.field, refused.value.code) == ("collected_at", code)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"laboratory": " "}, "laboratory"),
        ({"identifier": ""}, "identifier"),
        ({"precision": "hour"}, "precision"),
        ({"status": "new"}, "status"),
    ],
)
def test_what_a_report_needs(patient: Patient, changed: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        recorded(patient, [result()], **changed)
    assert refused.value.field == field


def test_the_same_code_with_two_values_is_refused_and_twice_the_same_is_one(
    patient: Patient,
) -> None:
    with pytest.raises(Invalid) as refused:
        recorded(patient, [result(value="27"), result(value="28")])
    assert (refused.value.code, refused.value.details) == ("repeated_code", {"index": 1})
    assert recorded(patient, [result(), result()]).stored == 1


def test_a_whole_panel_needs_alp_ggt_alt_and_bilirubin(patient: Patient) -> None:
    assert recorded(patient, panel()).report.is_complete_liver_panel
    without = [one for one in panel() if one.code != "GGT"]
    assert not recorded(patient, without, identifier="F2").report.is_complete_liver_panel


def test_a_preliminary_panel_is_none_until_it_is_final(patient: Patient) -> None:
    first = recorded(patient, [result(status="preliminary"), *panel()[1:]])
    assert (first.report.status, first.report.is_complete_liver_panel) == ("preliminary", False)
    second = recorded(patient, panel())
    assert (second.stored, second.duplicate, second.replaced) == (1, 4, 1)
    report = Report.objects.get()
    assert (report.status, report.is_complete_liver_panel) == ("final", True)


def test_the_same_again_stores_nothing(patient: Patient) -> None:
    recorded(patient, panel())
    again = recorded(patient, panel())
    assert (again.stored, again.duplicate) == (0, 5)
    assert Result.objects.count() == 5
    assert AuditEvent.objects.filter(event="report.recorded").count() == 1


def test_a_correction_replaces_and_waits_for_review_again(
    patient: Patient, prescriber: User
) -> None:
    first = recorded(patient, [result(value="27")])
    review_report(report=first.report, by=prescriber)
    second = recorded(patient, [result(value="200", status="corrected")])
    assert (second.stored, second.replaced) == (1, 1)
    old, new = Result.objects.order_by("created_at")
    assert (old.status, new.status, new.replaces_id) == ("superseded", "corrected", old.pk)
    assert (old.grade, new.grade) == (0, 3)
    report = Report.objects.get()
    assert (report.status, report.reviewed_at) == ("corrected", None)


SENT = {
    "P": result(value="25", status="preliminary"),
    "F": result(value="27"),
    "C": result(value="30", status="corrected"),
    "X": result(value=None, status="cancelled"),
}


@pytest.mark.parametrize("order", list(permutations("PFC")), ids="".join)
def test_the_order_of_arrival_does_not_matter(patient: Patient, order: tuple[str, ...]) -> None:
    for letter in (*order, *order):
        recorded(patient, [SENT[letter]])
    current = Result.objects.current().get()
    assert (current.value, current.status) == (Decimal(30), "corrected")
    assert Report.objects.get().status == "corrected"


@pytest.mark.parametrize("order", list(permutations("PFCX")), ids="".join)
def test_a_cancelled_result_stays_withdrawn(patient: Patient, order: tuple[str, ...]) -> None:
    for letter in order:
        recorded(patient, [SENT[letter]])
    assert not Result.objects.current().exists()
    assert Report.objects.get().status == "cancelled"


def test_a_value_corrected_back_is_a_correction_and_a_replay_is_none(patient: Patient) -> None:
    recorded(patient, [result(value="27")])
    recorded(patient, [result(value="30", status="corrected")])
    back = recorded(patient, [result(value="27", status="corrected")])
    assert back.stored == 1
    replay = recorded(patient, [result(value="30", status="corrected")])
    assert (replay.stored, replay.duplicate) == (0, 1)
    late = recorded(patient, [result(value="31")])
    assert (late.stored, late.outranked) == (0, 1)
    assert Result.objects.current().get().value == Decimal(27)


def test_a_report_cancelled_as_a_whole_withdraws_all(patient: Patient) -> None:
    recorded(patient, panel())
    recorded(patient, [], status="cancelled")
    report = Report.objects.get()
    assert (report.status, report.is_complete_liver_panel) == ("cancelled", False)
    assert Result.objects.filter(status="cancelled", replaces__isnull=False).count() == 5
    assert liver_history(patient=patient, on=AT.date()) == ()


def test_a_report_cancelled_before_it_came_stays_so(patient: Patient) -> None:
    recorded(patient, [], status="cancelled")
    assert recorded(patient, panel()).outranked == 5
    assert not Result.objects.exists()


def test_possible_hys_law_asks_a_prescriber_now(patient: Patient) -> None:
    recorded(patient, panel(ALT="102", TBILI="40.1"))
    task = Task.objects.get()
    assert (task.kind, task.role, task.is_urgent) == ("stop_hys_law", "prescriber", True)
    assert task.patient_id == patient.pk
    recorded(patient, panel(ALT="102", TBILI="40.1"))
    assert Task.objects.count() == 1


@pytest.mark.parametrize(
    ("values", "kinds"),
    [
        ({"ALT": "101.9", "TBILI": "40"}, []),
        ({"ALT": "102.1"}, ["hold_repeat_7d"]),
        ({"ALT": "170.1"}, ["stop_hepatology"]),
        ({"ALP": "230", "GGT": "46"}, ["hold_imaging"]),
        ({"ALP": "230", "GGT": "45"}, []),
    ],
)
def test_what_holds_the_dose_makes_a_task(
    patient: Patient, values: dict[str, str], kinds: list[str]
) -> None:
    recorded(patient, panel(**values))
    assert list(Task.objects.values_list("kind", flat=True)) == kinds


def test_a_bound_may_hold_the_dose_and_an_old_panel_does_not(patient: Patient) -> None:
    recorded(patient, [*panel()[1:], result("ALT", "2000", comparator=">")])
    assert Task.objects.get().kind == "stop_hepatology"
    recorded(
        patient, panel(ALT="900"), identifier="F0", collected_at=COLLECTED - timedelta(days=30)
    )
    assert Task.objects.count() == 1


def given_infusion(patient: Patient, on: datetime) -> None:
    """One infusion as the course's facts name it."""
    set_subject(
        site_id=patient.site_id,
        patient_id=patient.pk,
        subject_id=uuid4(),
        facts=CourseFacts(
            zone=patient.site.zone,
            state="active",
            planned_start_on=on.date(),
            planned_count=6,
            infusions=(Infusion(session="1", given_on=on.date(), started_at=on),),
        ),
    )


def test_after_an_abnormal_baseline_it_is_the_measure(patient: Patient) -> None:
    """ALT 68 is twice the limit of 34 and becomes the baseline; 102 is 1.5 times it: grade 1."""
    recorded(patient, panel(ALT="68"), identifier="B")
    given_infusion(patient, COLLECTED + timedelta(hours=3))
    for identifier, value in (("1", "101"), ("2", "102"), ("3", "205")):
        later = COLLECTED + timedelta(days=int(identifier) / 4)
        recorded(patient, panel(ALT=value), identifier=identifier, collected_at=later)
    rows = Result.objects.filter(code="ALT").order_by("report__collected_at")
    assert [(row.grade, row.graded_against) for row in rows] == [
        (1, "limit"),
        (0, "baseline"),
        (1, "baseline"),
        (2, "baseline"),
    ]
    assert [row.times_limit for row in rows][1] == Decimal("2.9706")


def test_a_corrected_baseline_grades_what_came_since_anew(patient: Patient) -> None:
    recorded(patient, panel(ALT="68"), identifier="B")
    given_infusion(patient, COLLECTED + timedelta(hours=3))
    recorded(patient, panel(ALT="101"), collected_at=COLLECTED + timedelta(days=1))
    assert only(report__identifier="F1", code="ALT").grade == 0
    recorded(patient, [result(value="20", status="corrected")], identifier="B")
    row = only(report__identifier="F1", code="ALT")
    assert (row.grade, row.graded_against) == (1, "limit")


def test_withdrawn_by_a_person(patient: Patient, prescriber: User) -> None:
    report = recorded(patient, panel()).report
    with pytest.raises(Invalid) as refused:
        withdraw_report(report=report, reason=" ", by=prescriber)
    assert refused.value.field == "reason"
    withdrawn = withdraw_report(report=report, reason="wrong patient", by=prescriber)
    assert (withdrawn.status, withdrawn.is_complete_liver_panel) == ("entered_in_error", False)
    assert not Result.objects.current().exists()
    assert recorded(patient, [result(value="99", status="corrected")]).outranked == 1
    assert recorded(patient, [result("DBILI", "3", unit="umol/L")]).outranked == 1
    with pytest.raises(Conflict):
        withdraw_report(report=report, reason="again", by=prescriber)


def test_review_takes_it_from_the_queue_once(patient: Patient, prescriber: User) -> None:
    report = recorded(patient, panel(ALT="40")).report
    recorded(patient, panel(), identifier="F2")
    queue = unreviewed_reports(user=prescriber, site_id=patient.site_id)
    assert [line.highest_grade for line in queue] == [1, 0]
    assert review_report(report=report, by=prescriber, at=AT).reviewed_at == AT
    assert len(unreviewed_reports(user=prescriber, site_id=patient.site_id)) == 1
    with pytest.raises(Conflict):
        review_report(report=report, by=prescriber)


def test_the_queue_of_another_site_is_empty(
    patient: Patient, stranger: User, other_site: Site
) -> None:
    recorded(patient, panel())
    assert unreviewed_reports(user=stranger, site_id=patient.site_id) == ()
    assert unreviewed_reports(user=stranger, site_id=other_site.pk) == ()


def test_history_reads_pattern_and_action_in_the_same_queries(patient: Patient) -> None:
    recorded(patient, panel(ALP="230", GGT="90"))
    with CaptureQueriesContext(
        connection,
    ) as first:
        [point] = liver_history(patient=patient, on=AT.date())
    assert (point.pattern, point.ratio, point.action) == (
        "cholestatic",
        Decimal("0.40"),
        "hold_imaging",
    )
    assert (point.is_complete, point.holds_dose, point.highest_grade) == (True, True, 1)
    for number in range(3):
        recorded(patient, panel(), identifier=f"G{number}")
    with CaptureQueriesContext(connection) as more:
        assert len(liver_history(patient=patient, on=AT.date())) == 4
    assert len(more) == len(first)
