"""The policy editor: values, then the difference, then in force; who may, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic.actions.policies import set_policy
from clinic.forms_policies import PolicyForm
from clinic.models import Policy, Role, Site, User
from clinic.queries_policies import section_state
from courses.models import CourseRule
from tests.factories import MembershipFactory, member

pytestmark = pytest.mark.django_db

SignIn = Callable[[User], Client]
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
TODAY = date(2026, 11, 23)
GATE = "course_rule:gate"
HOLD = "blood_pressure.hold_from_sbp"
WARN = "blood_pressure.warn_above_sbp"
WHY = "Agreed at the clinical meeting."
OVERVIEW = "admin:clinic_policy_changelist"


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with time_machine.travel(NOON, tick=False):
        yield


def address(name: str, site: Site, section: str = GATE) -> str:
    return reverse(f"admin:clinic_policy_{name}", args=[site.pk, section])


def wishes(site: Site, section: str = GATE, **changes: str) -> dict[str, str]:
    """The form as the browser sends it, with `changes`."""
    state = section_state(site_id=site.pk, section=section, on=TODAY)
    form = PolicyForm(state=state)
    sent = {path: str(form[path].initial) for path in state.settings}
    sent |= {"effective_from": "2026-11-23", "reason": WHY, "base_version": str(state.base_version)}
    return sent | {name.replace("__", "."): text for name, text in changes.items()}


def put(site: Site, by: User, values: dict[str, str], **more: Any) -> Policy:
    state = section_state(site_id=site.pk, section=GATE, on=TODAY)
    given: dict[str, Any] = {"effective_from": TODAY, "reason": WHY}
    return set_policy(
        site=site, section=GATE, values=values, by=by, base_version=state.base_version,
        **(given | more),
    )  # fmt: skip


def newer_gate(**changes: dict[str, Any]) -> None:
    """A newer version of the gate in which limits of the blood pressure differ by `changes`."""
    now = CourseRule.objects.filter(code="gate").order_by("-version")[0]
    limits = now.content["blood_pressure"]
    newer = limits | {name: limits[name] | change for name, change in changes.items()}
    CourseRule.objects.create(
        code="gate", version=now.version + 1, title=now.title, released_on=now.released_on,
        content=now.content | {"blood_pressure": newer},
    )  # fmt: skip


def words(answer: Any) -> str:
    """What stands on the page, without its tags."""
    text = re.sub(r"<(style|script).*?</\1>", " ", answer.content.decode(), flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


def hidden(answer: Any) -> dict[str, str]:
    """What the page that shows the difference sends on."""
    found = re.findall(
        r'<input type="hidden" name="([^"]+)" value="([^"]*)"', answer.content.decode()
    )
    return {name: unescape(value) for name, value in found}


def blood_pressure(**limits: str) -> dict[str, str]:
    return {f"blood_pressure__{name}": text for name, text in limits.items()}


# --- the way through --------------------------------------------------------------------------
def test_values_then_the_difference_then_in_force(site: Site, lead: User, as_user: SignIn) -> None:
    client = as_user(lead)
    path = address("set", site)
    editor = words(client.get(path))
    assert "follows the catalogue so far" in editor
    assert "Catalogue: 160 mmHg (EXPERT, 2026-11-23)" in editor

    asked = wishes(site, **blood_pressure(hold_from_sbp="155"))
    shown = words(client.post(path, asked | {"step": "preview"}))
    assert "1 value changes from Mon 23 Nov 2026 on." in shown
    line = "Blood pressure: hold from systolic 160 mmHg 155 mmHg 160 mmHg EXPERT, 2026-11-23"
    assert line in shown
    assert "compared with the catalogue" in shown
    assert not Policy.objects.exists()

    answer = client.post(path, asked | {"step": "apply"}, follow=True)
    assert answer.redirect_chain == [(address("versions", site), 302)]
    told = words(answer)
    assert "In force from Mon 23 Nov 2026." in told
    assert "Version 1, from Mon 23 Nov 2026 in force" in told
    assert "“Agreed at the clinical meeting.”" in told
    policy = Policy.objects.get()
    assert (policy.values, policy.made_by) == ({HOLD: "155"}, lead)


def test_back_from_the_difference_keeps_everything(site: Site, lead: User, as_user: SignIn) -> None:
    asked = wishes(site, **blood_pressure(hold_from_sbp="155")) | {"step": "edit"}
    answer = as_user(lead).post(address("set", site), asked)
    assert answer.status_code == 200
    page = answer.content.decode()
    assert 'value="155"' in page
    assert WHY in page
    assert not Policy.objects.exists()


def test_all_back_to_the_catalogue(site: Site, lead: User, as_user: SignIn) -> None:
    put(site, lead, {HOLD: "155"})
    client = as_user(lead)
    page = client.get(address("set", site) + "?catalogue").content.decode()
    field = re.search(r'<input[^>]*name="blood_pressure\.hold_from_sbp"[^>]*>', page)
    assert field is not None
    assert 'value="160"' in field[0]
    asked = wishes(site, **blood_pressure(hold_from_sbp="160"))
    client.post(address("set", site), asked | {"step": "apply"})
    newest = Policy.objects.order_by("-version")[0]
    assert (newest.version, newest.values) == (2, {})
    assert "version 2: back to the catalogue" in words(client.get(reverse(OVERVIEW)))


def test_what_is_set_here_is_marked_with_words(site: Site, lead: User, as_user: SignIn) -> None:
    put(site, lead, {HOLD: "155"})
    page = words(as_user(lead).get(address("set", site)))
    assert "Hold from systolic mmHg set here" in page
    assert "Hold from diastolic mmHg set here" not in page


# --- refusals ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (blood_pressure(hold_from_sbp="high"), "“high” is not a number."),
        (blood_pressure(hold_from_sbp=""), "This field is required."),
        ({"reason": "so"}, "Say why, in at least 10 characters."),
        ({"effective_from": "2026-11-22"}, "choose today or a later day"),
        ({"effective_from": "soon"}, "Enter a valid date."),
        (
            blood_pressure(hold_from_sbp="170", block_from_sbp="165"),
            "The limits are out of order.",
        ),
        ({}, "Nothing differs from the version in place."),
    ],
)
def test_a_refusal_keeps_what_was_typed_and_stores_nothing(
    site: Site, lead: User, as_user: SignIn, changes: dict[str, str], message: str
) -> None:
    asked = wishes(site, **changes)
    answer = as_user(lead).post(address("set", site), asked | {"step": "preview"})
    assert answer.status_code == 200
    page = words(answer)
    assert message in page
    assert "Everything you typed is still here." in page
    assert not Policy.objects.exists()


def test_who_was_quicker_is_named_and_nothing_is_overwritten(
    site: Site, lead: User, as_user: SignIn
) -> None:
    client = as_user(lead)
    asked = wishes(site, **blood_pressure(hold_from_sbp="155"))
    other = member(site, Role.LEAD, name="Otto Other", email="otto@clinic.example")
    put(site, other, {HOLD: "158"}, reason="Decided on the ward round.")
    answer = client.post(address("set", site), asked | {"step": "apply"})
    assert answer.status_code == 200
    page = words(answer)
    told = "Otto Other has set version 1, from Mon 23 Nov 2026, in the meantime: “Decided on the"
    assert f"{told} ward round.”" in page
    theirs = page[page.index("What changed meanwhile") : page.index("What you change")]
    assert "Blood pressure: hold from systolic 160 mmHg 158 mmHg 160 mmHg" in theirs
    mine = page[page.index("What you change") :]
    assert "Blood pressure: hold from systolic 158 mmHg 155 mmHg 160 mmHg" in mine
    assert Policy.objects.count() == 1
    again = client.post(address("set", site), hidden(answer) | {"step": "apply"})
    assert again.status_code == 302
    assert Policy.objects.order_by("-version")[0].values == {HOLD: "155"}


def test_what_the_quicker_one_set_stays_where_nothing_was_touched(
    site: Site, lead: User, as_user: SignIn
) -> None:
    client = as_user(lead)
    put(site, lead, {HOLD: "158"})
    asked = wishes(site, **blood_pressure(warn_above_sbp="135"))
    put(site, lead, {HOLD: "156"})
    answer = client.post(address("set", site), asked | {"step": "preview"})
    page = words(answer)
    mine = page[page.index("What you change") :]
    assert "1 value changes" in mine
    assert "warn above systolic 140 mmHg 135 mmHg" in mine
    client.post(address("set", site), hidden(answer) | {"step": "apply"})
    assert Policy.objects.order_by("-version")[0].values == {HOLD: "156", WARN: "135"}


def test_the_same_wish_as_the_quicker_one_is_nothing_new(
    site: Site, lead: User, as_user: SignIn
) -> None:
    asked = wishes(site, **blood_pressure(hold_from_sbp="155"))
    put(site, lead, {HOLD: "155"}, reason="Decided on the ward round.")
    page = words(as_user(lead).post(address("set", site), asked | {"step": "apply"}))
    assert "in the meantime: “Decided on the ward round.”" in page
    assert "Nothing differs from the version in place." in page
    assert Policy.objects.count() == 1


def test_limits_in_the_wrong_order_stand_at_their_group(
    site: Site, lead: User, as_user: SignIn
) -> None:
    asked = wishes(site, **blood_pressure(hold_from_sbp="170", block_from_sbp="165")) | {
        "step": "preview"
    }
    page = as_user(lead).post(address("set", site), asked).content.decode()
    assert (
        '<a href="#group-blood_pressure">Blood pressure</a>: The limits are out of order.' in page
    )
    assert (
        '<p class="error" id="group-blood_pressure_error">The limits are out of order.</p>' in page
    )
    assert 'aria-describedby="group-blood_pressure_error"' in page


def test_a_slip_is_linked_to_its_field(site: Site, lead: User, as_user: SignIn) -> None:
    asked = wishes(site, reason="so", **blood_pressure(hold_from_sbp="high")) | {"step": "preview"}
    page = as_user(lead).post(address("set", site), asked).content.decode()
    link = '<a href="#id_blood_pressure.hold_from_sbp">Hold from systolic</a>: “high” is not a'
    assert link in page
    assert 'id="id_blood_pressure.hold_from_sbp_error">“high” is not a number.</p>' in page


def test_a_made_up_base_version_is_refused(site: Site, lead: User, as_user: SignIn) -> None:
    asked = wishes(site, **blood_pressure(hold_from_sbp="155")) | {"base_version": "7"}
    answer = as_user(lead).post(address("set", site), asked | {"step": "apply"})
    assert answer.status_code == 200
    assert "Somebody has changed this section in the meantime." in words(answer)


# --- who --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("role", "view", "change"),
    [
        ("lead", 200, 200),
        ("auditor", 200, 403),
        ("site_admin", 403, 403),
        ("prescriber", 403, 403),
        ("nurse", 403, 403),
        ("coordinator", 403, 403),
    ],
)
def test_who_sees_and_who_sets(
    site: Site, as_user: SignIn, role: str, view: int, change: int
) -> None:
    client = as_user(member(site, role))
    assert client.get(reverse(OVERVIEW)).status_code == view
    assert client.get(address("versions", site)).status_code == view
    assert client.get(address("set", site)).status_code == change
    asked = wishes(site, **blood_pressure(hold_from_sbp="155")) | {"step": "apply"}
    assert client.post(address("set", site), asked).status_code == (302 if change == 200 else 403)
    assert Policy.objects.exists() == (role == "lead")


def test_another_site_does_not_exist(site: Site, other_site: Site, as_user: SignIn) -> None:
    client = as_user(member(other_site, Role.LEAD))
    for name in ("set", "versions"):
        assert client.get(address(name, site)).status_code == 404
    assert "Riverside" not in words(client.get(reverse(OVERVIEW)))


def test_a_lead_here_and_an_auditor_there_sets_here_only(
    site: Site, other_site: Site, lead: User, as_user: SignIn
) -> None:
    MembershipFactory.create(site=other_site, user=lead, role=Role.AUDITOR)
    client = as_user(lead)
    assert client.get(address("set", other_site)).status_code == 403
    assert client.get(address("versions", other_site)).status_code == 200
    page = client.get(reverse(OVERVIEW)).content.decode()
    assert address("set", site) in page
    assert address("set", other_site) not in page


def test_a_section_that_is_not_there(site: Site, lead: User, as_user: SignIn) -> None:
    for section in ("course_rule:none", "poem", "units:mass"):
        assert as_user(lead).get(address("set", site, section)).status_code == 404


# --- looking back -----------------------------------------------------------------------------
def test_versions_show_what_each_changed(site: Site, lead: User, as_user: SignIn) -> None:
    put(site, lead, {HOLD: "155"})
    put(site, lead, {HOLD: "155", WARN: "135"}, effective_from=TODAY + timedelta(days=3))
    page = words(as_user(lead).get(address("versions", site)))
    assert "Version 2, from Thu 26 Nov 2026 waits for its day" in page
    assert "Version 1, from Mon 23 Nov 2026 in force" in page
    newest = page[page.index("Version 2") : page.index("Version 1,")]
    assert "warn above systolic 140 mmHg 135 mmHg 140 mmHg" in newest
    assert "hold from systolic" not in newest
    overview = words(as_user(lead).get(reverse(OVERVIEW)))
    assert "1 section differs from the catalogue. 1 version waits for its day." in overview
    assert "version 1: 1 value set here since Mon 23 Nov 2026, set by" in overview
    assert "version 2 from Thu 26 Nov 2026" in overview


def test_a_value_that_the_content_no_longer_has_is_still_shown(
    site: Site, lead: User, as_user: SignIn
) -> None:
    Policy.objects.create(
        site=site, section=GATE, version=1, effective_from=TODAY, values={"gone.value": "3"},
        reason=WHY, catalogue_version=1, made_by=lead,
    )  # fmt: skip
    assert "gone.value – 3 –" in words(as_user(lead).get(address("versions", site)))


def test_a_version_is_shown_against_the_content_it_was_written_for(
    site: Site, lead: User, as_user: SignIn
) -> None:
    put(site, lead, {HOLD: "155"})
    newer_gate(hold_from_sbp={"value": "170"})
    page = words(as_user(lead).get(address("versions", site)))
    assert "hold from systolic 160 mmHg 155 mmHg 160 mmHg" in page
    put(site, lead, {HOLD: "165"})
    page = words(as_user(lead).get(address("versions", site)))
    assert "hold from systolic 155 mmHg 165 mmHg 170 mmHg" in page


def test_any_two_versions_can_be_compared(site: Site, lead: User, as_user: SignIn) -> None:
    put(site, lead, {HOLD: "155"})
    put(site, lead, {HOLD: "156", WARN: "135"})
    put(site, lead, {WARN: "135"})
    client, where = as_user(lead), address("versions", site)

    def compared(earlier: str, later: str) -> str:
        page = words(client.get(where, {"earlier": earlier, "later": later}))
        return page[page.index("Compare ") : page.index("Version 3, from")]

    first = compared("1", "3")
    assert "From version 1 to version 3" in first
    assert "warn above systolic 140 mmHg 135 mmHg 140 mmHg" in first
    assert "hold from systolic 155 mmHg 160 mmHg as in the catalogue 160 mmHg" in first
    assert "hold from systolic 156 mmHg 160 mmHg" in compared("2", "0")
    assert "From the catalogue to version 1" in compared("0", "1")
    assert "No value changes." in compared("2", "2")
    unknown = words(client.get(where, {"earlier": "9", "later": "1"}))
    assert "9 is not one of the available choices." in unknown


def test_of_two_that_wait_the_one_that_is_passed_over_does_not_say_so(
    site: Site, lead: User, as_user: SignIn
) -> None:
    put(site, lead, {HOLD: "155"}, effective_from=TODAY + timedelta(days=5))
    put(site, lead, {HOLD: "156"}, effective_from=TODAY + timedelta(days=2))
    put(site, lead, {HOLD: "157"}, effective_from=TODAY + timedelta(days=3))
    page = words(as_user(lead).get(address("versions", site)))
    assert "Version 3, from Thu 26 Nov 2026 waits for its day" in page
    assert "Version 2, from Wed 25 Nov 2026 waits for its day" in page
    assert "Version 1, from Sat 28 Nov 2026 waits" not in page
    editor = words(as_user(lead).get(address("set", site)))
    assert "Version 3 waits for Thu 26 Nov 2026." in editor


def test_what_is_possible_is_said(site: Site, lead: User, as_user: SignIn) -> None:
    newer_gate(hold_from_sbp={"between": ["140", "170"]})
    client, where = as_user(lead), address("set", site)
    page = words(client.get(where))
    assert "Catalogue: 160 mmHg (EXPERT, 2026-11-23). Possible: 140 to 170 mmHg." in page
    asked = wishes(site, **blood_pressure(hold_from_sbp="171")) | {"step": "preview"}
    assert "171 is not between 140 and 170" in words(client.post(where, asked))


def test_a_value_with_one_possibility_cannot_be_typed_over(
    site: Site, lead: User, as_user: SignIn
) -> None:
    newer_gate(hold_from_sbp={"between": ["160", "160"]}, hold_from_dbp={"between": ["90", "105"]})
    page = as_user(lead).get(address("set", site)).content.decode()
    field = re.search(r'<input[^>]*name="blood_pressure\.hold_from_sbp"[^>]*>', page)
    other = re.search(r'<input[^>]*name="blood_pressure\.hold_from_dbp"[^>]*>', page)
    assert field is not None
    assert other is not None
    assert " readonly" in field[0]
    assert " readonly" not in other[0]
    assert "Catalogue: 160 mmHg (EXPERT, 2026-11-23). Nothing else is possible." in page


def test_sections_stand_under_their_kind(site: Site, lead: User, as_user: SignIn) -> None:
    page = words(as_user(lead).get(reverse(OVERVIEW)))
    assert page.count("Rule of the course") == 1
    assert page.index("Rule of the course") < page.index("Before a dose")
    assert page.index("Protocol") < page.index("Standard course, 0.5 mg/kg")
    assert re.search(r"Before a dose \d+ values may be set follows the catalogue", page)


def test_a_section_nobody_has_set_says_so(site: Site, lead: User, as_user: SignIn) -> None:
    page = words(as_user(lead).get(address("versions", site)))
    assert "Nobody has set anything here" in page


def test_sections_can_be_found_by_words(site: Site, lead: User, as_user: SignIn) -> None:
    client = as_user(lead)
    page = words(client.get(reverse(OVERVIEW), {"q": "before a dose"}))
    assert "Before a dose" in page
    assert "Urinary symptoms" not in page
    assert "No section is called “zzz”." in words(client.get(reverse(OVERVIEW), {"q": "zzz"}))


@pytest.mark.parametrize(("name", "most"), [("overview", 20), ("set", 20), ("versions", 20)])
def test_a_page_costs_the_same_with_many_versions(
    site: Site, lead: User, as_user: SignIn, name: str, most: int
) -> None:
    client = as_user(lead)
    where = reverse(OVERVIEW) if name == "overview" else address(name, site)
    put(site, lead, {HOLD: "155"})
    first = queries(client, where)
    for value in ("156", "157", "158", "159"):
        put(site, lead, {HOLD: value})
    assert queries(client, where) == first <= most


def queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as found:
        assert client.get(path).status_code == 200
    return len(found)
