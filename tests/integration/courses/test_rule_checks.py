"""Worked cases in the admin: the same verdict as the command's, kept as evidence."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic.errors import Invalid
from clinic.models import AuditEvent, Role, Site, User
from courses.actions.rule_checks import check_vectors, judged_by
from courses.admin import rule_checks
from courses.models import CourseRule, RuleCheck
from labs.models import RequirementRule
from tests.factories import MembershipFactory, member

pytestmark = pytest.mark.django_db

SignIn = Callable[[User], Client]
OURS = Path(__file__).resolve().parents[2] / "unit" / "courses" / "vectors" / "held_out.json"
VECTORS = Path(__file__).resolve().parents[4] / "shared" / "vectors" / "clinical.json"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ADD = "admin:courses_rulecheck_add"
LIST = "admin:courses_rulecheck_changelist"
GOOD = {
    "id": "D-1",
    "fn": "dose.mg",
    "input": {"weight_kg": "70", "mg_per_kg": "0.5"},
    "expected": {"dose_mg": "35.0"},
}
BAD = {**GOOD, "id": "D-2", "expected": {"dose_mg": "36.0"}}


def written(*cases: Any) -> bytes:
    return json.dumps({"vectors": list(cases)}).encode()


def judged(site: Site, by: User, data: bytes, name: str = "ours.json") -> RuleCheck:
    return check_vectors(site=site, name=name, data=data, by=by, at=NOON)


def sent(client: Client, site: Site, data: bytes, name: str = "ours.json") -> Any:
    file = SimpleUploadedFile(name, data, content_type="application/json")
    return client.post(reverse(ADD), {"file": file, "site": str(site.pk)})


def test_a_verdict_is_kept_with_everything_that_made_it(site: Site, lead: User) -> None:
    data = written(GOOD, BAD, {**GOOD, "id": "D-3", "fn": "dose.guess"})
    check = judged(site, lead, data)
    assert (check.passed, check.failed, check.is_good) == (1, 2, False)
    assert check.by_function == {
        "dose.guess": {"passed": 0, "failed": 1},
        "dose.mg": {"passed": 1, "failed": 1},
    }
    assert check.failing[0] == {
        "id": "D-2", "fn": "dose.mg", "expected": {"dose_mg": "36.0"},
        "got": {"dose_mg": "35.0"}, "differs": ["dose_mg"],
    }  # fmt: skip
    assert (check.at, check.by, check.file_name) == (NOON, lead, "ours.json")
    assert (check.cases, check.size, check.passing) == (3, len(data), ["D-1"])
    assert check.sha256 == hashlib.sha256(data).hexdigest()
    assert check.application_version == "0.1.0"
    assert len(check.application_sha256) == 64
    newest = CourseRule.objects.filter(code="gate").order_by("-version")[0]
    assert check.rules["course_rule:gate"] == newest.version
    assert check.rules_sha256 == judged_by().rules_sha256
    event = AuditEvent.objects.get(event="rules.checked")
    assert event.change == {"passed": 1, "failed": 2}


def test_the_rules_named_are_those_that_are_loaded(site: Site, lead: User) -> None:
    check = judged(site, lead, written(GOOD))
    for row in RequirementRule.objects.order_by("code", "-version").distinct("code"):
        assert check.rules[f"requirement:{row.code}"] == row.version


def test_a_failing_case_keeps_what_it_says_of_itself(site: Site, lead: User) -> None:
    said = {"rule": "half a milligram", "confidence": "lit", "note": "ours", "else": "left"}
    (kept,) = judged(site, lead, written({**BAD, **said})).failing
    assert {key: kept[key] for key in set(kept) & set(said)} == {
        "rule": "half a milligram", "confidence": "lit", "note": "ours",
    }  # fmt: skip


def test_what_differs_is_what_was_judged_to_differ(site: Site, lead: User) -> None:
    expected = {"dose_mg": "35", "unheard": None}
    (kept,) = judged(site, lead, written({**GOOD, "expected": expected})).failing
    assert kept["differs"] == ["unheard"]


@pytest.mark.skipif(not VECTORS.exists(), reason="the worked cases are not beside the project")
def test_the_admin_and_the_command_say_the_same_of_all_cases(site: Site, lead: User) -> None:
    check = judged(site, lead, VECTORS.read_bytes(), VECTORS.name)
    assert printed(VECTORS) == [f"{check.passed} passed, {check.failed} failed"]
    assert check.passed > 100


def test_the_admin_and_the_command_say_the_same(site: Site, lead: User, tmp_path: Path) -> None:
    cases = json.loads(OURS.read_bytes())["vectors"]
    spoilt = [{**case, "id": f"{case['id']}-spoilt", "fn": "dose.mg"} for case in cases]
    file = tmp_path / "both.json"
    file.write_bytes(written(*cases, *spoilt))
    check = judged(site, lead, file.read_bytes())
    *failing, total = printed(file)
    assert total == f"{check.passed} passed, {check.failed} failed"
    assert [line.split()[0] for line in failing] == [case["id"] for case in check.failing]
    assert check.passed > len(cases) > 200
    assert check.failed > 200


def printed(file: Path) -> list[str]:
    """The lines of the command."""
    out = StringIO()
    with suppress(CommandError):
        call_command("check_rules", str(file), stdout=out)
    return out.getvalue().splitlines()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xff\xfe", "The file is not UTF-8 text."),
        (b"not json", "The file is not JSON: line 1: Expecting value."),
        (b"{}", "The file has no list “vectors” of cases."),
        (b'{"vectors": []}', "The file has no cases."),
        (b'{"vectors": [NaN]}', "The file has “NaN”, which is not a number of JSON."),
        (b"[" * 100_000, "The file is nested too deeply."),
        (b" " * 2_000_001, "The file is larger than 2 MB."),
        (written({"id": "1", "fn": "dose.mg"}), "In the file, case 1 has no “input”."),
        (written({**GOOD, "fn": ["dose.mg"]}), "In the file, case 1: “fn” is not text."),
        (written(GOOD, BAD, GOOD), "The file has “D-1” twice: case 1 and case 3."),
        (written({**GOOD, "id": "\0"}), "The file has a sign that is no text in '\\x00'."),
        (written(*[{}] * 20_001), "The file has 20001 cases; 20000 at most."),
    ],
)
def test_a_file_that_cannot_be_judged_is_refused_whole(
    site: Site, lead: User, data: bytes, message: str
) -> None:
    with pytest.raises(Invalid) as caught:
        judged(site, lead, data)
    assert (caught.value.code, caught.value.field) == ("file_unreadable", "file")
    assert caught.value.message == message
    assert not RuleCheck.objects.exists()


def test_the_same_file_may_be_judged_again(site: Site, lead: User) -> None:
    for _ in range(2):
        judged(site, lead, written(GOOD))
    assert RuleCheck.objects.count() == 2


def test_a_verdict_never_changes(site: Site, lead: User) -> None:
    check = judged(site, lead, written(BAD))
    for change in (lambda: RuleCheck.objects.update(failed=0), check.delete):
        with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
            change()


# --- in the admin -----------------------------------------------------------------------------
def test_upload_read_and_take_along(site: Site, lead: User, as_user: SignIn) -> None:
    client = as_user(lead)
    assert "at most 2 MB" in client.get(reverse(ADD)).content.decode()
    answer = sent(client, site, written(GOOD, BAD))
    check = RuleCheck.objects.get()
    assert answer["Location"] == reverse("admin:courses_rulecheck_change", args=[check.pk])
    page = client.get(answer["Location"]).content.decode()
    assert "Not every case passed" in page
    assert "1 passed, 1 failed." in page
    assert "dose_mg: 36.0" in page
    assert '<span class="mark stop">dose_mg: 35.0</span>' in page
    listed = client.get(reverse(LIST)).content.decode()
    assert "ours.json" in listed
    assert "not every case passed" in listed
    file = client.get(reverse("admin:courses_rulecheck_evidence", args=[check.pk]))
    assert file["Content-Disposition"] == f'attachment; filename="rule-check-{check.pk}.json"'
    told = json.loads(file.content)
    assert (told["passed"], told["failed"], told["by"]) == (1, 1, lead.email)
    size = len(written(GOOD, BAD))
    assert told["file"] == {"name": "ours.json", "sha256": check.sha256, "bytes": size}
    assert told["application"]["version"] == "0.1.0"
    assert (told["cases"], told["passing"]) == (2, ["D-1"])
    assert told["failing"][0]["id"] == "D-2"


def test_the_example_beside_the_form_passes(site: Site, lead: User) -> None:
    check = judged(site, lead, rule_checks.EXAMPLE.encode())
    assert (check.passed, check.failed) == (1, 0)


def test_every_case_passed_is_said_in_words(site: Site, lead: User, as_user: SignIn) -> None:
    client = as_user(lead)
    page = client.get(sent(client, site, written(GOOD))["Location"]).content.decode()
    assert "Every case passed" in page
    assert "Failing cases" not in page


def test_a_bad_file_is_refused_beside_the_field(site: Site, lead: User, as_user: SignIn) -> None:
    page = sent(as_user(lead), site, b"not json").content.decode()
    assert "The file is not JSON: line 1: Expecting value." in page
    assert not RuleCheck.objects.exists()
    missing = as_user(lead).post(reverse(ADD), {"site": str(site.pk)}).content.decode()
    assert "This field is required." in missing


def test_a_large_file_is_refused_unread(site: Site, lead: User, as_user: SignIn) -> None:
    page = sent(as_user(lead), site, b" " * 2_000_001).content.decode()
    assert "The file is larger than 2 MB." in page
    assert not RuleCheck.objects.exists()


def test_odd_keys_and_odd_values_are_shown(site: Site, lead: User, as_user: SignIn) -> None:
    odd = {"items": 5, "none": None, "list": ["a", "<b>"]}
    check = judged(site, lead, written({**GOOD, "fn": "items", "expected": odd}))
    path = reverse("admin:courses_rulecheck_change", args=[check.pk])
    page = as_user(lead).get(path).content.decode()
    assert "items: 5" in page
    assert "none: null" in page
    assert "list: [&quot;a&quot;, &quot;&lt;b&gt;&quot;]" in page


def test_a_page_shows_so_many_and_says_of_how_many_not(
    site: Site, lead: User, as_user: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rule_checks, "MOST_SHOWN", 2)
    check = judged(site, lead, written(*({**BAD, "id": f"D-{n}"} for n in range(5))))
    path = reverse("admin:courses_rulecheck_change", args=[check.pk])
    page = as_user(lead).get(path).content.decode()
    assert "D-1" in page
    assert "D-2" not in page
    assert "3 more stand in the download." in page


@pytest.mark.parametrize(
    ("role", "view", "add"),
    [
        ("lead", 200, 200), ("auditor", 200, 403), ("prescriber", 403, 403),
        ("nurse", 403, 403), ("site_admin", 403, 403), ("coordinator", 403, 403),
    ],
)  # fmt: skip
def test_who_reads_and_who_uploads(
    site: Site, lead: User, as_user: SignIn, role: str, view: int, add: int
) -> None:
    check = judged(site, lead, written(GOOD))
    client = as_user(member(site, role))
    for name in ("change", "evidence"):
        path = reverse(f"admin:courses_rulecheck_{name}", args=[check.pk])
        assert client.get(path).status_code == view
    assert client.get(reverse(LIST)).status_code == view
    assert client.get(reverse(ADD)).status_code == add
    assert sent(client, site, written(GOOD)).status_code == (302 if add == 200 else 403)


def test_another_sites_verdict_does_not_exist(
    site: Site, other_site: Site, lead: User, as_user: SignIn
) -> None:
    check = judged(site, lead, written(GOOD))
    client = as_user(member(other_site, Role.LEAD))
    for name in ("change", "evidence"):
        path = reverse(f"admin:courses_rulecheck_{name}", args=[check.pk])
        assert client.get(path).status_code == 404
    assert client.get("/admin/courses/rulecheck/made-up/change/").status_code == 404
    assert "ours.json" not in client.get(reverse(LIST)).content.decode()
    sent(client, site, written(GOOD))
    assert RuleCheck.objects.count() == 1


def test_a_lead_of_two_sites_says_for_which(
    site: Site, other_site: Site, lead: User, as_user: SignIn
) -> None:
    MembershipFactory.create(site=other_site, user=lead, role=Role.LEAD)
    client = as_user(lead)
    assert "Hilltop" in client.get(reverse(ADD)).content.decode()
    sent(client, other_site, written(GOOD))
    assert RuleCheck.objects.get().site == other_site


def test_a_verdict_is_stored_only_where_one_may_check(
    site: Site, other_site: Site, lead: User, as_user: SignIn
) -> None:
    MembershipFactory.create(site=other_site, user=lead, role=Role.AUDITOR)
    page = sent(as_user(lead), other_site, written(GOOD)).content.decode()
    assert "Nothing was judged and nothing was kept." in page
    assert not RuleCheck.objects.exists()


def test_the_list_costs_the_same_at_any_length(site: Site, lead: User, as_user: SignIn) -> None:
    client = as_user(lead)

    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            assert client.get(reverse(LIST)).status_code == 200
        return len(found)

    judged(site, lead, written(GOOD))
    first = queries()
    for _ in range(5):
        judged(site, lead, written(GOOD))
    assert queries() == first <= 14
