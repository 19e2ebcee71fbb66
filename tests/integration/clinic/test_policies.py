"""Setting a site's own values: what counts when, what is refused, what the catalogue may not do."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from clinic.actions.catalogue import load_entries
from clinic.actions.policies import set_policy
from clinic.errors import Conflict, Invalid, NotFound, Refused
from clinic.models import AuditEvent, Policy, Site, User
from clinic.queries import current
from clinic.queries_policies import in_force, section_of, site_policies, under_version
from clinic.rules.catalogue import Entry
from clinic.rules.content import whole_at
from clinic.signals import policy_set
from courses.models import CourseRule
from courses.rules.gate_content import parse_gate

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
TODAY = date(2026, 11, 23)
GATE = "course_rule:gate"
HOLD = "blood_pressure.hold_from_sbp"
WHY = "Agreed at the clinical meeting."

pytestmark = pytest.mark.django_db


@pytest.fixture
def gate(site: Site) -> CourseRule:
    return current(CourseRule, "gate")


def put(site: Site, by: User, values: dict[str, str], **more: Any) -> Policy:
    given: dict[str, Any] = {
        "section": GATE,
        "effective_from": TODAY,
        "reason": WHY,
        "base_version": 0,
        "at": NOON,
    }
    return set_policy(site=site, by=by, values=values, **(given | more))


def test_without_a_policy_the_catalogue_counts(site: Site, gate: CourseRule) -> None:
    found = in_force(CourseRule, "gate", site_id=site.pk, on=TODAY)
    assert (found.row, found.policy_version) == (gate, 0)
    assert found.content == gate.content


def test_a_policy_counts_at_its_own_site_from_its_day(
    site: Site, other_site: Site, lead: User, gate: CourseRule
) -> None:
    later = TODAY + timedelta(days=7)
    put(site, lead, {HOLD: "165"}, effective_from=later)

    def hold_at(where: Site, on: date) -> int:
        found = in_force(CourseRule, "gate", site_id=where.pk, on=on)
        return found.parsed(parse_gate).hold_from[0]

    assert hold_at(site, later - timedelta(days=1)) == 160
    assert hold_at(site, later) == 165
    assert hold_at(other_site, later) == 160
    assert in_force(CourseRule, "gate", site_id=site.pk, on=later).policy_version == 1


def test_a_later_version_takes_the_place_of_all_earlier_ones(
    site: Site, lead: User, gate: CourseRule
) -> None:
    far, near = TODAY + timedelta(days=20), TODAY + timedelta(days=5)
    put(site, lead, {HOLD: "165"}, effective_from=far)
    put(site, lead, {HOLD: "155"}, effective_from=near, base_version=1)
    for on, version in ((TODAY, 0), (near, 2), (far, 2)):
        assert in_force(CourseRule, "gate", site_id=site.pk, on=on).policy_version == version


def test_a_decision_can_be_read_under_the_version_it_was_made_with(
    site: Site, lead: User, gate: CourseRule
) -> None:
    put(site, lead, {HOLD: "165"})
    put(site, lead, {HOLD: "155"}, base_version=1)
    assert (
        whole_at(under_version(gate, site.pk, 0).content, "blood_pressure", "hold_from_sbp") == 160
    )
    assert (
        whole_at(under_version(gate, site.pk, 1).content, "blood_pressure", "hold_from_sbp") == 165
    )
    assert (
        whole_at(under_version(gate, site.pk, 2).content, "blood_pressure", "hold_from_sbp") == 155
    )


def test_what_equals_the_catalogue_is_left_to_it(site: Site, lead: User, gate: CourseRule) -> None:
    policy = put(site, lead, {HOLD: "165.0", "blood_pressure.warn_above_sbp": "140"})
    assert policy.values == {HOLD: "165"}
    assert policy.catalogue_version == gate.version


def test_setting_is_audited_by_path_and_told_to_those_who_listen(
    site: Site, lead: User, gate: CourseRule
) -> None:
    heard: list[Policy] = []

    def listen(policy: Policy, **_: object) -> None:
        heard.append(policy)

    policy_set.connect(listen)
    try:
        policy = put(site, lead, {HOLD: "165"})
    finally:
        policy_set.disconnect(listen)
    event = AuditEvent.objects.get(event="policy.set")
    assert event.actor == lead
    assert event.change == {"section": GATE, "version": 1, "paths": [HOLD]}
    assert heard == [policy]


@pytest.mark.parametrize(
    ("values", "more", "error", "code", "field"),
    [
        ({HOLD: "500"}, {}, Invalid, "out_of_range", HOLD),
        ({HOLD: "many"}, {}, Invalid, "not_a_number", HOLD),
        ({"adult_years": "16"}, {}, Invalid, "policy_not_open", "adult_years"),
        ({"nothing": "16"}, {}, Invalid, "policy_unknown", "nothing"),
        ({HOLD: "165"}, {"reason": "so"}, Invalid, "reason_missing", "reason"),
        (
            {HOLD: "165"},
            {"effective_from": date(2026, 11, 22)},
            Invalid,
            "in_past",
            "effective_from",
        ),
        ({HOLD: "165"}, {"effective_from": date(2062, 1, 1)}, Invalid, "too_far", "effective_from"),
        ({HOLD: "165"}, {"base_version": 1}, Conflict, "policy_moved", "base_version"),
        ({HOLD: "160"}, {}, Refused, "nothing_changed", ""),
        ({HOLD: "165"}, {"section": "course_rule:none"}, NotFound, "section_unknown", "section"),
        ({HOLD: "165"}, {"section": "poem:gate"}, NotFound, "section_unknown", "section"),
        ({HOLD: "165"}, {"section": "units:gate"}, NotFound, "section_unknown", "section"),
    ],
)
def test_what_is_refused_leaves_nothing_behind(
    site: Site,
    lead: User,
    gate: CourseRule,
    values: dict[str, str],
    more: dict[str, Any],
    error: type[Exception],
    code: str,
    field: str,
) -> None:
    with pytest.raises(error) as caught:
        put(site, lead, values, **more)
    assert caught.value.code == code  # type: ignore[attr-defined]
    assert caught.value.field == field  # type: ignore[attr-defined]
    assert not Policy.objects.exists()


def test_values_that_contradict_each_other_are_refused_by_the_rule_itself(
    site: Site, lead: User, gate: CourseRule
) -> None:
    with pytest.raises(Invalid) as caught:
        put(site, lead, {"blood_pressure.warn_above_sbp": "150", HOLD: "145"})
    assert (caught.value.code, caught.value.field) == ("impossible_range", "blood_pressure")


def test_the_same_again_is_no_new_version(site: Site, lead: User, gate: CourseRule) -> None:
    put(site, lead, {HOLD: "165"})
    with pytest.raises(Refused, match="Nothing differs"):
        put(site, lead, {HOLD: "165.00"}, base_version=1)


def test_a_policy_that_waits_can_be_brought_forward(
    site: Site, lead: User, gate: CourseRule
) -> None:
    put(site, lead, {HOLD: "165"}, effective_from=TODAY + timedelta(days=9))
    put(site, lead, {HOLD: "165"}, base_version=1)
    assert in_force(CourseRule, "gate", site_id=site.pk, on=TODAY).policy_version == 2


def test_a_policy_never_changes(site: Site, lead: User, gate: CourseRule) -> None:
    policy = put(site, lead, {HOLD: "165"})
    for change in (lambda: Policy.objects.update(reason="x"), policy.delete):
        with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
            change()


def test_all_policies_of_a_site_cost_one_query(site: Site, lead: User, gate: CourseRule) -> None:
    put(site, lead, {HOLD: "165"})
    with CaptureQueriesContext(
        connection,
    ) as counted:
        policies = site_policies(site.pk, TODAY)
        assert policies.on(gate).policy_version == 1
    assert len(counted) == 1


@pytest.fixture
def next_gate(gate: CourseRule) -> Entry:
    content = {**gate.content, "version": gate.version + 1}
    pressure = {
        key: leaf for key, leaf in content["blood_pressure"].items() if key != "remeasure_minutes"
    }
    content["blood_pressure"] = pressure | {
        "remeasure_minutes": content["blood_pressure"]["remeasure_minutes"] | {"confidence": "lit"}
    }
    return Entry("course_rule", "gate", gate.version + 1, gate.title, TODAY, content, "f" * 64)


def test_new_content_may_not_drop_what_a_site_has_set(
    site: Site, lead: User, next_gate: Entry
) -> None:
    put(site, lead, {"blood_pressure.remeasure_minutes": "20"})
    with pytest.raises(Conflict) as caught:
        load_entries(model=CourseRule, entries=[next_gate])
    assert caught.value.code == "policy_unfit"
    assert caught.value.field == "blood_pressure.remeasure_minutes"
    assert site.name in caught.value.message


def test_new_content_comes_in_under_policies_that_still_fit(
    site: Site, lead: User, next_gate: Entry
) -> None:
    put(site, lead, {HOLD: "165"})
    assert load_entries(model=CourseRule, entries=[next_gate]).new == 1
    found = in_force(CourseRule, "gate", site_id=site.pk, on=TODAY)
    assert found.row.version == next_gate.version
    assert found.parsed(parse_gate).hold_from[0] == 165
    assert section_of(found.row) == GATE
