"""The worklist: what it shows, in which order, how it is sifted and counted, for whom."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic.models import Patient, Site, User
from clinic.queries import current
from labs.models import FollowUp, Reminder, Requirement, RequirementRule
from labs.queries_tasks import open_tasks
from labs.queries_worklist import WorkPage, work_page
from labs.rules.due import Dates, blocks, state_of
from labs.rules.worklist import Filters, is_put_off
from tests.factories import PatientFactory, TaskFactory, member
from tests.integration.labs.due_rows import requirement

SignIn = Callable[[User], Client]
pytestmark = pytest.mark.django_db
# A Monday; London keeps winter time.
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
TODAY = NOW.date()


def days(count: int) -> date:
    return TODAY + timedelta(days=count)


def owed(patient: Patient, due: int = 0, **fields: Any) -> Requirement:
    """Due `due` days from today; soon a week before, overdue after a week of grace."""
    values = {"next_due_on": days(due), "subject_id": uuid4(), "blocks_when": "never"}
    return requirement(patient, **values | fields)


def of_kind(kind: str) -> dict[str, Any]:
    return {"kind": kind, "rule": current(RequirementRule, kind)}


def followed(row: Requirement, by: User, kind: str, **fields: Any) -> FollowUp:
    values = {"reason": "The patient is away.", "requirement_due_on": row.next_due_on, "at": NOW}
    return FollowUp.objects.create(
        site_id=row.site_id, patient_id=row.patient_id, requirement=row, kind=kind, by=by,
        **values | fields,
    )  # fmt: skip


def sent(row: Requirement, **fields: Any) -> Reminder:
    values: dict[str, Any] = {
        "dedup_key": f"req:{uuid4()}", "step": "overdue", "recipient": "patient",
        "channel": "email", "state": "accepted", "provider": "smtp", "provider_ref": "ref",
        "local_date": TODAY, "local_time": NOW.time(), "time_zone": "Europe/London",
        "due_at": NOW, "next_at": NOW, "not_after": NOW, "ended_at": NOW,
        "requirement_due_on": row.next_due_on,
    }  # fmt: skip
    return Reminder.objects.create(
        site_id=row.site_id, patient_id=row.patient_id, requirement=row, **values | fields
    )


def page(user: User, site: Site, **filters: Any) -> WorkPage:
    return work_page(user=user, site=site, on=TODAY, filters=Filters(**filters))


def cycles(found: WorkPage) -> list[str]:
    return [row.cycle for row in found.rows]


def test_risk_comes_first_then_the_days_then_the_name(patient: Patient, nurse: User) -> None:
    other = PatientFactory.create(site=patient.site, family_name="Adeyemi")
    owed(patient, 3, cycle="soon")
    owed(patient, -30, cycle="late")
    owed(patient, -40, cycle="later")
    owed(other, -30, cycle="late, earlier name")
    owed(patient, -1, cycle="due since yesterday")
    owed(patient, 0, cycle="due today, blocks", blocks_when="due")
    owed(patient, -9, cycle="overdue, blocks", blocks_when="overdue")
    owed(patient, 8, cycle="not yet")
    owed(patient, -60, cycle="closed", status="closed", notify_on=None)
    found = page(nurse, patient.site)
    assert cycles(found) == [
        "overdue, blocks", "due today, blocks", "later", "late, earlier name", "late",
        "due since yesterday", "soon",
    ]  # fmt: skip
    assert (found.total, found.pages, found.first, found.last) == (7, 1, 1, 7)
    top = found.rows[0]
    assert (top.patient_name, top.title) == ("Okafor, Ngozi", "Liver panel during treatment")
    assert (top.state, top.blocks_dose, top.lateness_days) == ("overdue", True, 9)
    assert top.record_number == patient.record_number
    assert found.rows[-1].lateness_days == 0


@pytest.mark.parametrize("blocks_when", ["due", "overdue", "never"])
@pytest.mark.parametrize("due", [-9, -8, -7, -1, 0, 1, 7])
def test_the_database_says_what_the_rule_says(
    patient: Patient, nurse: User, blocks_when: str, due: int
) -> None:
    owed(patient, due, blocks_when=blocks_when)
    [row] = page(nurse, patient.site).rows
    state = state_of(Dates(days(due - 7), days(due), days(due + 8)), TODAY)
    assert (row.state, row.blocks_dose) == (state, blocks(state, blocks_when))  # type: ignore[arg-type]


@pytest.mark.parametrize("due", [-9, -8, -3, 0, 2])
@pytest.mark.parametrize("made", [-10, -3, -1, 0])
@pytest.mark.parametrize("until", [0, 1, 5])
def test_what_is_put_off_is_hidden_as_the_rule_says(
    patient: Patient, nurse: User, due: int, made: int, until: int
) -> None:
    row = owed(patient, due)
    followed(row, nurse, "snooze", until=days(until), at=NOW + timedelta(days=made))
    hidden = is_put_off(
        made_on=days(made), until=days(until), due_on=days(due), overdue_on=days(due + 8),
        today=TODAY,
    )  # fmt: skip
    shown, away = page(nurse, patient.site), page(nurse, patient.site, view="snoozed")
    assert (shown.total, away.total) == ((0, 1) if hidden else (1, 0))
    assert [r.put_off_until for r in (*shown.rows, *away.rows)] == [days(until) if hidden else None]


def test_the_latest_putting_off_counts(patient: Patient, nurse: User) -> None:
    row = owed(patient, -20)
    followed(row, nurse, "snooze", until=days(9), at=NOW - timedelta(hours=2))
    followed(row, nurse, "snooze", until=TODAY, at=NOW)
    assert page(nurse, patient.site).total == 1
    assert page(nurse, patient.site, view="snoozed").total == 0


def test_a_due_day_that_moved_ends_what_was_said_of_the_old_one(
    patient: Patient, nurse: User
) -> None:
    row = owed(patient, -20)
    for kind, more in (("snooze", {"until": days(9)}), ("declined", {})):
        followed(row, nurse, kind, **more)
    assert page(nurse, patient.site).total == 0
    Requirement.objects.filter(pk=row.pk).update(next_due_on=days(-19))
    [shown] = page(nurse, patient.site).rows
    assert (shown.put_off_until, shown.declined, shown.followed) == (None, False, None)


@pytest.fixture
def mixed(patient: Patient, nurse: User) -> dict[str, Requirement]:
    """One row for each thing that a filter tells apart."""
    late = {"done_late_days": 12, "last_done_on": days(-30)}
    rows = {
        "liver": owed(patient, -20, blocks_when="overdue"),
        "urinary": owed(patient, 0, **of_kind("gu_periodic"), blocks_when="due"),
        "scale": owed(patient, -2, **of_kind("scale_weekly")),
        "screener": owed(patient, 3, **of_kind("cssrs")),
        "weight": owed(patient, 0, **of_kind("weight")),
        "away": owed(patient, -20, cycle="away"),
        "no": owed(patient, -20, cycle="no"),
        "rests": owed(patient, -20, cycle="rests", status="suspended", notify_on=None),
        "late": owed(patient, 40, cycle="late", **late),
        "long ago": owed(patient, 40, cycle="long", **late | {"last_done_on": days(-31)}),
    }
    followed(rows["away"], nurse, "snooze", until=days(3))
    followed(rows["no"], nurse, "declined")
    return rows


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({}, {"liver", "urinary", "scale", "screener", "weight", "no"}),
        ({"kind": "liver"}, {"liver", "no"}),
        ({"kind": "urinary"}, {"urinary"}),
        ({"kind": "scales"}, {"scale", "screener"}),
        ({"kind": "visit"}, {"weight"}),
        ({"state": "overdue"}, {"liver", "no"}),
        ({"state": "due"}, {"urinary", "scale", "weight"}),
        ({"state": "due_soon"}, {"screener"}),
        ({"state": "blocks"}, {"liver", "urinary"}),
        ({"view": "snoozed"}, {"away"}),
        ({"view": "declined"}, {"no"}),
        ({"view": "suspended"}, {"rests"}),
        ({"view": "done_late"}, {"late"}),
        ({"state": "due", "kind": "scales"}, {"scale"}),
        ({"state": "blocks", "kind": "urinary", "view": "declined"}, set()),
        ({"words": "oka"}, {"liver", "urinary", "scale", "screener", "weight", "no"}),
        ({"words": "oka zz"}, set()),
        ({"words": "oka", "view": "snoozed"}, {"away"}),
    ],
)
def test_each_filter_alone_and_together(
    mixed: dict[str, Requirement],
    patient: Patient,
    nurse: User,
    filters: dict[str, str],
    names: set[str],
) -> None:
    found = page(nurse, patient.site, **filters)
    wanted = {mixed[name].pk for name in names}
    assert {row.requirement_id for row in found.rows} == wanted
    assert found.total == len(names)


def test_a_chip_says_what_it_would_show(
    mixed: dict[str, Requirement], patient: Patient, nurse: User
) -> None:
    found = page(nurse, patient.site, state="overdue")
    counts = {(chip.facet, chip.value): chip.count for chip in found.chips}
    assert counts == {
        ("state", ""): 6, ("state", "blocks"): 2, ("state", "overdue"): 2, ("state", "due"): 3,
        ("state", "due_soon"): 1,
        ("kind", ""): 2, ("kind", "liver"): 2, ("kind", "urinary"): 0, ("kind", "scales"): 0,
        ("kind", "visit"): 0,
        ("view", ""): 2, ("view", "snoozed"): 1, ("view", "declined"): 1, ("view", "suspended"): 0,
        ("view", "done_late"): 0,
    }  # fmt: skip
    for chip in found.chips:
        assert chip.count == page(nurse, patient.site, **chosen(chip.query)).total


def chosen(query: str) -> dict[str, str]:
    return dict(part.split("=") for part in query.split("&") if part)


def test_what_rests_is_not_late_and_no_dose_may_be_given(
    mixed: dict[str, Requirement], patient: Patient, nurse: User
) -> None:
    [row] = page(nurse, patient.site, view="suspended").rows
    assert (row.state, row.lateness_days, row.blocks_dose) == ("suspended", 0, True)


def test_what_was_done_latest_stands_first(patient: Patient, nurse: User) -> None:
    for late in (3, 20, 9):
        owed(patient, 40, cycle=str(late), done_late_days=late, last_done_on=days(-1))
    owed(
        patient, -60, cycle="closed", status="closed", notify_on=None, done_late_days=11,
        last_done_on=TODAY,
    )  # fmt: skip
    found = page(nurse, patient.site, view="done_late")
    assert cycles(found) == ["20", "closed", "9", "3"]
    assert found.rows[0].done_late_days == 20


def test_a_search_finds_the_record_number(patient: Patient, nurse: User) -> None:
    other = PatientFactory.create(site=patient.site, record_number="MRN-7", family_name="Duarte")
    owed(patient)
    owed(other, cycle="theirs")
    assert cycles(page(nurse, patient.site, words="mrn-7")) == ["theirs"]
    assert cycles(page(nurse, patient.site, words="Duarte")) == ["theirs"]


def test_a_row_tells_what_staff_did_and_what_was_sent(patient: Patient, nurse: User) -> None:
    row = owed(patient, -9)
    reached = {"way": "phone", "answer": "no_answer", "reason": ""}
    for hours in (5, 3):
        followed(row, nurse, "contact", at=NOW - timedelta(hours=hours), **reached)
    followed(row, nurse, "contact", requirement_due_on=days(-99), **reached)
    sent(row, step="due", due_at=NOW - timedelta(days=9), dedup_key="old")
    delivered = NOW - timedelta(hours=1)
    sent(row, state="delivered", delivered_at=delivered)
    sent(row, state="cancelled", due_at=NOW + timedelta(days=1), provider_ref="")
    sent(row, requirement_due_on=days(-99), due_at=NOW + timedelta(days=2), step="escalated")
    [found] = page(nurse, patient.site).rows
    assert found.contacts == 2
    assert found.followed is not None
    assert found.told is not None
    said = found.followed
    assert (said.way, said.answer, said.by) == ("Telephone", "No answer", "Nils Nurse")
    assert said.at == NOW - timedelta(hours=3)
    assert (found.told.step, found.told.state, found.told.at) == ("overdue", "delivered", delivered)
    assert (found.told.recipient, found.told.channel) == ("Patient", "E-mail")


def test_pages_of_fifty(patient: Patient, nurse: User) -> None:
    for late in range(51):
        owed(patient, -late, cycle=f"{late:02}")
    first, second = page(nurse, patient.site), page(nurse, patient.site, page=2)
    assert (first.total, first.pages, first.first, first.last) == (51, 2, 1, 50)
    assert cycles(first)[:2] == ["50", "49"]
    assert (cycles(second), second.first, second.last) == (["00"], 51, 51)
    beyond = page(nurse, patient.site, page=99)
    assert (beyond.page, cycles(beyond)) == (2, ["00"])


def test_an_empty_list(site: Site, nurse: User) -> None:
    found = page(nurse, site)
    assert (found.rows, found.total, found.pages, found.first, found.last) == ((), 0, 1, 0, 0)


def test_another_sites_staff_and_the_auditor_see_nothing(
    patient: Patient, stranger: User, auditor: User, nurse: User
) -> None:
    row = owed(patient)
    followed(row, nurse, "contact", way="phone", answer="reached")
    TaskFactory.create(patient=patient)
    for user in (stranger, auditor):
        found = page(user, patient.site)
        assert (found.rows, found.total) == ((), 0)
        assert {chip.count for chip in found.chips} == {0}
        assert open_tasks(user=user, site_id=patient.site_id).rows == ()


def test_rows_of_another_site_stay_there(patient: Patient, other_site: Site, nurse: User) -> None:
    owed(PatientFactory.create(site=other_site), -20)
    owed(patient, cycle="ours")
    assert cycles(page(nurse, patient.site)) == ["ours"]


def test_tasks_the_urgent_first_and_at_most_twenty(patient: Patient, nurse: User) -> None:
    calm = TaskFactory.create(patient=patient, title="Ring them")
    urgent = TaskFactory.create(patient=patient, title="Safety answer", is_urgent=True)
    own = TaskFactory.create(patient=None, site=patient.site, subject_id=uuid4(), title="Count")
    TaskFactory.create(patient=patient, status="done", done_by=nurse, done_at=calm.due_at)
    found = open_tasks(user=nurse, site_id=patient.site_id)
    assert [task.task_id for task in found.rows] == [urgent.pk, calm.pk, own.pk]
    assert (found.rows[0].patient_name, found.rows[2].patient_name) == ("Okafor, Ngozi", "")
    assert (found.rows[0].role, found.rows[0].kind, found.total) == (
        "prescriber", "safety_answer", 3,
    )  # fmt: skip
    for _ in range(20):
        TaskFactory.create(patient=patient)
    found = open_tasks(user=nurse, site_id=patient.site_id)
    assert (len(found.rows), found.total) == (20, 23)
    assert len(open_tasks(user=nurse, site_id=patient.site_id, most=None).rows) == 23


# --- The page -------------------------------------------------------------------------------


def text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


@pytest.fixture
def on_the_day() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.mark.usefixtures("on_the_day")
def test_the_page_says_how_late_in_words(patient: Patient, nurse: User, as_user: SignIn) -> None:
    owed(patient, -14, blocks_when="overdue")
    owed(patient, -2)
    owed(patient, 3)
    said = text(as_user(nurse).get(reverse("worklist")))
    assert "overdue 14 days (since Mon 9 Nov)" in said
    assert "due for 2 days (since Sat 21 Nov)" in said
    assert "due in 3 days (Thu 26 Nov)" in said
    assert "stands against it" in said
    assert "3 checks due or overdue: 1 stand against the next dose, 1 overdue, 1 due" in said
    assert "All 3 shown, risk first" in said


@pytest.mark.usefixtures("on_the_day")
def test_nothing_due_and_nothing_found_are_two_things(
    site: Site, nurse: User, as_user: SignIn
) -> None:
    client = as_user(nurse)
    assert "Nothing is due. What falls due appears here" in text(client.get(reverse("worklist")))
    found = text(client.get(reverse("worklist"), {"state": "overdue"}))
    assert "Nothing matches these filters." in found


@pytest.mark.usefixtures("on_the_day")
@pytest.mark.parametrize(
    ("query", "word"),
    [
        ({"state": "worst"}, "worst"),
        ({"kind": "<b>"}, "&lt;b&gt;"),
        ({"view": "everything"}, "everything"),
        ({"page": "-1"}, "-1"),
        ({"page": "two"}, "two"),
        ({"page": "²"}, "²"),
        ({"page": "9" * 40}, "9" * 40),
    ],
)
def test_what_is_no_filter_is_left_out_with_a_word(
    patient: Patient, nurse: User, as_user: SignIn, query: dict[str, str], word: str
) -> None:
    owed(patient)
    answer = as_user(nurse).get(reverse("worklist"), query)
    assert answer.status_code == 200
    assert f"“{word}” is no filter of this list and was left out." in text(answer)
    assert "1 shown, risk first" in text(answer)


@pytest.mark.usefixtures("on_the_day")
@pytest.mark.parametrize("words", ["\x00", "%", "O'Brien", "a" * 500, "Okafor\x00"])
def test_any_words_may_be_searched_for(
    patient: Patient, nurse: User, as_user: SignIn, words: str
) -> None:
    owed(patient)
    answer = as_user(nurse).get(reverse("worklist"), {"q": words})
    assert answer.status_code == 200
    assert ("Okafor" in text(answer)) is (words in {"\x00", "Okafor\x00"})


@pytest.mark.usefixtures("on_the_day")
def test_a_link_to_all_tasks(patient: Patient, nurse: User, as_user: SignIn) -> None:
    for _ in range(21):
        TaskFactory.create(patient=patient)
    client = as_user(nurse)
    assert "Show all 21 tasks" in text(client.get(reverse("worklist")))
    everything = client.get(reverse("worklist"), {"tasks": "all"})
    assert text(everything).count("Safety answer to review</td>") == 21
    assert "Show all" not in text(everything)


@pytest.mark.usefixtures("on_the_day")
def test_who_may_act_and_who_only_looks(
    site: Site, patient: Patient, nurse: User, as_user: SignIn
) -> None:
    row = owed(patient)
    followed(row, nurse, "contact", way="phone", answer="reached")
    for role, acts in (("coordinator", True), ("prescriber", True), ("integration", False)):
        said = text(as_user(member(site, role)).get(reverse("worklist")))
        assert "Liver panel during treatment" in said
        assert (f"/requirements/{row.pk}/contact/" in said) is acts
        assert (reverse("worklist_months") in said) is acts


@pytest.mark.usefixtures("on_the_day")
def test_the_row_links_keep_the_filters(patient: Patient, nurse: User, as_user: SignIn) -> None:
    row = owed(patient, -20)
    said = text(as_user(nurse).get(reverse("worklist"), {"state": "overdue", "kind": "liver"}))
    assert f"/requirements/{row.pk}/snooze/?state=overdue&amp;kind=liver" in said


# --- Many rows ------------------------------------------------------------------------------

MANY = """
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE clinic_patient DISABLE TRIGGER USER;
ALTER TABLE labs_requirement DISABLE TRIGGER USER;
INSERT INTO clinic_patient (id, created_at, updated_at, site_id, record_number, given_name,
                            family_name, birth_date, sex, email, phone, consents_to_email,
                            consents_to_sms, transferred_to, language)
SELECT gen_random_uuid(), now(), now(), %(site)s, 'M' || n, 'Given', 'Family' || n, '1980-01-01',
       'unknown', '', '', false, false, '', ''
  FROM generate_series(1, %(patients)s) n;
ANALYZE clinic_patient;
INSERT INTO labs_requirement (id, created_at, updated_at, site_id, patient_id, kind, rule_id,
                              policy_version, subject_id, subject_state, cycle, status,
                              next_due_on, soon_on, overdue_on, revision, blocks_when, why)
SELECT gen_random_uuid(), now(), now(), p.site_id, p.id, rule.code, rule.id, 0, p.id, 'active', n,
       'open', due, due - 7, due + 8, 0, (ARRAY['overdue', 'due', 'never'])[1 + n %% 3], '{}'
  FROM clinic_patient p
 CROSS JOIN (SELECT DISTINCT ON (code) id, code FROM labs_requirementrule
              WHERE code IN ('lft_periodic', 'gu_periodic') ORDER BY code, version DESC) rule
 CROSS JOIN generate_series(1, 10) n
 CROSS JOIN LATERAL (SELECT %(today)s::date - (n * 7 + length(p.record_number)) AS due) d
 WHERE p.site_id = %(site)s AND p.record_number LIKE 'M%%';
INSERT INTO labs_followup (id, created_at, updated_at, site_id, patient_id, requirement_id,
                           requirement_due_on, kind, way, answer, reason, until, at, by_id)
SELECT gen_random_uuid(), now(), now(), site_id, patient_id, id, next_due_on,
       (ARRAY['contact', 'snooze'])[1 + n], 'phone', 'no_answer', 'why',
       CASE n WHEN 1 THEN %(today)s::date + 3 END, %(now)s, %(by)s
  FROM labs_requirement CROSS JOIN generate_series(0, 1) n
 WHERE cycle = '7';
ALTER TABLE clinic_patient ENABLE TRIGGER USER;
ALTER TABLE labs_requirement ENABLE TRIGGER USER;
ANALYZE clinic_patient, labs_requirement, labs_followup;
"""


def seed(site: Site, by: User, patients: int) -> None:
    """Twenty open rows for each patient, a tenth of them put off after a call."""
    values: dict[str, Any] = {
        "site": site.pk, "patients": patients, "today": TODAY, "now": NOW, "by": by.pk,
    }  # fmt: skip
    with connection.cursor() as cursor:
        for part in filter(str.strip, MANY.split(";")):
            cursor.execute(part, values)


@pytest.mark.usefixtures("on_the_day")
@pytest.mark.parametrize(("patients", "rows"), [(1, 18), (556, 10_008)])
def test_the_number_of_queries_does_not_grow_with_the_rows(
    site: Site, nurse: User, as_user: SignIn, patients: int, rows: int
) -> None:
    seed(site, nurse, patients)
    client = as_user(nurse)
    client.get(reverse("worklist"))
    with CaptureQueriesContext(connection) as seen:
        answer = client.get(reverse("worklist"))
    assert answer.context["page"].total == rows
    assert len(answer.context["page"].rows) == min(rows, 50)
    if rows > 50:
        assert "1 to 50 of 10008 shown, risk first" in text(answer)
    assert len(seen) <= 12, [query["sql"][:120] for query in seen]
    assert sum(float(query["time"]) for query in seen) < 1.5
