"""The rules and their sources as pages: who opens them, what they say, what they cost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from clinic.actions.policies import set_policy
from clinic.models import Site, User
from clinic.models.base import CatalogueRow
from clinic.queries import current, newest
from clinic.rules.dates import today_local
from courses.models import CourseRule, Protocol, Scale
from courses.views.reference import reference, reference_entry
from labs.models import LabRule
from tests.factories import MembershipFactory, UserFactory, member

SignIn = Callable[[User], Client]
INDEX_QUERIES, ENTRY_QUERIES = 14, 10


def text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def entry(kind: str, code: str, **query: object) -> str:
    return reverse("reference_entry", args=[kind, code], query=query)


def newer(row: CatalogueRow, **changes: object) -> CatalogueRow:
    """A version after `row`."""
    version = row.version + 1
    return type(row)._default_manager.create(
        code=row.code,
        version=version,
        title=row.title,
        released_on=date(2027, 1, 4),
        content={**row.content, "version": version, **changes},
        sha256=f"{version:064}",
    )


def hold_longer(site: Site, lead: User) -> None:
    set_policy(
        site=site,
        section="course_rule:gate",
        values={"blood_pressure.warn_above_sbp": "135"},
        effective_from=today_local(timezone.now(), site.zone),
        reason="Older people come here.",
        by=lead,
        base_version=0,
    )


@pytest.mark.parametrize(
    ("role", "status"),
    [
        ("coordinator", 200),
        ("nurse", 200),
        ("prescriber", 200),
        ("lead", 200),
        ("site_admin", 200),
        ("auditor", 200),
        ("integration", 403),
    ],
)
def test_who_may_look_things_up(site: Site, as_user: SignIn, role: str, status: int) -> None:
    client = as_user(member(site, role))
    assert client.get(reverse("reference")).status_code == status
    assert client.get(entry("course_rule", "gate")).status_code == status
    header = text(client.get(reverse("admin:index")))
    assert (f'href="{reverse("reference")}"' in header) == (status == 200)


def test_nobody_looks_things_up_without_signing_in(db: None, client: Client) -> None:
    for path in (reverse("reference"), entry("course_rule", "gate")):
        answer = client.get(path)
        assert answer.status_code == 302
        assert answer["Location"].startswith(reverse("account_login"))


def test_every_piece_of_content_is_listed_and_opens(nurse: User, as_user: SignIn) -> None:
    client = as_user(nurse)
    index = text(client.get(reverse("reference")))
    for model in (Protocol, Scale, CourseRule, LabRule):
        for row in newest(model):
            path = entry(row.content["kind"], row.code)
            assert f'href="{path}"' in index, path
            assert client.get(path).status_code == 200, path


def test_values_stand_with_their_sources(nurse: User, as_user: SignIn) -> None:
    page = text(as_user(nurse).get(entry("protocol", "trd_standard")))
    assert "<h1>Standard course, 0.5 mg/kg over 40 minutes</h1>" in page
    assert '<td data-label="What">Lowest</td><td data-label="Value">0.5 mg/kg</td>' in page
    assert "Riverside uses them as they are." in page
    assert "<dt>SINGH</dt><dd>doi 10.1176/appi.ajp.2016.16010037.</dd>" in page


def test_tables_are_in_the_order_in_which_they_were_written(nurse: User, as_user: SignIn) -> None:
    client = as_user(nurse)
    gate = text(client.get(entry("course_rule", "gate")))
    places = [gate.index(f"{word} systolic") for word in ("Warn above", "Hold from", "Block from")]
    assert places == sorted(places)
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("Code", "Title", "From", "To"))
    assert heads in text(client.get(entry("scale", "gad7")))
    index = text(client.get(reverse("reference")))
    shelves = [index.index(f"<h2>{name}</h2>") for name in ("Protocol", "Scale", "Reminders")]
    assert shelves == sorted(shelves)


def test_a_restricted_scale_shows_no_wording(nurse: User, as_user: SignIn) -> None:
    client = as_user(nurse)
    assert "How difficult have these problems" in text(client.get(entry("scale", "phq9")))
    row = current(Scale, "madrs")
    newer(row, preamble="Words of the owner", items=[{**i, "label": "Owned"} for i in items(row)])
    page = text(client.get(entry("scale", "madrs")))
    assert "restricted: scores only, no wording" in page
    assert "Words of the owner" not in page
    assert "Owned" not in page


def items(row: Scale) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = row.content["items"]
    return found


def test_what_the_site_has_set_stands_first(
    site: Site, lead: User, nurse: User, stranger: User, as_user: SignIn
) -> None:
    hold_longer(site, lead)
    page = text(as_user(nurse).get(entry("course_rule", "gate")))
    assert '<strong>135 mmHg</strong> here<br><span class="sub">otherwise 140 mmHg</span>' in page
    assert "Riverside has set 1 of them itself." in page
    assert "1 value set here" in text(as_user(nurse).get(reverse("reference")))
    elsewhere = as_user(stranger)
    assert "135 mmHg" not in text(elsewhere.get(entry("course_rule", "gate")))
    assert "set here" not in text(elsewhere.get(reverse("reference")))


def test_an_older_version_stays_readable(
    site: Site, lead: User, nurse: User, as_user: SignIn
) -> None:
    hold_longer(site, lead)
    old = current(CourseRule, "gate")
    newer(old, valid_minutes={**old.content["valid_minutes"], "value": "45"})
    client = as_user(nurse)
    page = text(client.get(entry("course_rule", "gate")))
    assert f"version {old.version + 1}, released Mon 4 Jan 2027" in page
    assert "45 minutes" in page
    assert f"Version {old.version + 1}, shown here" in page
    assert "An older version." not in page
    older = text(client.get(entry("course_rule", "gate", version=old.version)))
    assert "An older version." in older
    assert "60 minutes" in older
    assert "45 minutes" not in older
    # What the site sets counts on the newest only.
    assert "135 mmHg" not in older
    assert "Riverside uses them" not in older


@pytest.mark.parametrize(
    "path",
    [
        "/reference/course_rule/nothing/",
        "/reference/rumour/gate/",
        # A code of another kind in the same table.
        "/reference/units/ctcae5/",
        "/reference/course_rule/gate/?version=9999",
        "/reference/course_rule/gate/?version=0",
        "/reference/course_rule/gate/?version=two",
        "/reference/course_rule/gate/?version=-1",
        "/reference/course_rule/gate/?version=99999999999999999999",
    ],
)
def test_what_is_not_there_is_not_found(nurse: User, as_user: SignIn, path: str) -> None:
    assert as_user(nurse).get(path).status_code == 404


def test_a_source_that_left_the_list_is_said_to_have_left(nurse: User, as_user: SignIn) -> None:
    row = current(CourseRule, "gate")
    newer(row, valid_minutes={**row.content["valid_minutes"], "source": "GONE-1999"})
    page = text(as_user(nurse).get(entry("course_rule", "gate")))
    assert "<dt>GONE-1999</dt>" in page
    assert "No longer on the list of sources." in page


def test_content_without_a_number_says_so(nurse: User, as_user: SignIn) -> None:
    bare = {"kind": "units", "code": "bare", "version": 1, "title": "Bare", "unit": "kg"}
    LabRule.objects.create(
        code="bare",
        version=1,
        title="Bare",
        released_on=date(2026, 11, 23),
        content=bare,
        sha256="0" * 64,
    )
    page = text(as_user(nurse).get(entry("units", "bare")))
    assert "No number of its own." in page
    assert "<h2>Sources</h2>" not in page


def test_without_content_the_page_says_how_it_comes(
    nurse: User, as_user: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("courses.queries.reference.kinds", dict)
    page = text(as_user(nurse).get(reverse("reference")))
    assert "No clinical content is loaded yet." in page


def test_the_pages_cost_the_same_whatever_is_on_them(
    site: Site, lead: User, nurse: User, as_user: SignIn
) -> None:
    client = as_user(nurse)
    before = [cost(client, path) for path in (reverse("reference"), entry("course_rule", "gate"))]
    hold_longer(site, lead)
    for _ in range(3):
        newer(current(CourseRule, "gate"))
        newer(current(Scale, "phq9"))
    after = [cost(client, path) for path in (reverse("reference"), entry("course_rule", "gate"))]
    assert before == after == [INDEX_QUERIES, ENTRY_QUERIES]


def cost(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as found:
        assert client.get(path).status_code == 200
    return len(found)


def test_somebody_who_works_nowhere_is_told_so(
    site: Site, as_user: SignIn, rf: RequestFactory
) -> None:
    person = UserFactory.create()
    MembershipFactory.create(user=person, site=site, role="nurse", is_active=False)
    assert as_user(person).get(reverse("reference")).status_code == 403
    # Also when the door lets somebody through whose last membership has just ended.
    request = rf.get("/reference/")
    request.user = person
    for answer in (reference(request), reference_entry(request, "course_rule", "gate")):
        assert answer.status_code == 403
