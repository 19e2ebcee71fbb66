"""REST v1: its published description, the page to try it, the written guide, tokens."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from jsonschema import (  # type: ignore[import-untyped]
    Draft202012Validator,
    FormatChecker,
)
from knox.models import get_token_model
from rest_framework.test import APIClient

from clinic.models import AuditEvent, Site, User
from tests.factories import member
from tests.integration.api.scene import LISTS, fill, refused, rows

ROOT = Path(__file__).resolve().parents[3]
SignIn = Callable[[User], Client]


@pytest.fixture
def described(client: APIClient) -> dict[str, Any]:
    answer = client.get("/api/schema/?format=json")
    assert answer.status_code == 200
    found: dict[str, Any] = json.loads(answer.content)
    return found


def test_the_schema_is_whole_and_without_warnings(db: None) -> None:
    out = StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=out)
    assert out.getvalue().startswith("openapi: 3.1")


def test_the_schema_comes_as_yaml_too(client: APIClient) -> None:
    answer = client.get("/api/schema/")
    assert answer.status_code == 200
    assert answer.content.startswith(b"openapi: 3.1")
    refused(client.get("/api/schema/?format=pdf"), 404)


def test_every_operation_only_reads_and_may_be_refused(described: dict[str, Any]) -> None:
    paths = described["paths"]
    expected = {f"/api/v1/{name}/{key}" for name in LISTS for key in ("", "{id}/")} | {"/api/v1/"}
    assert {path.replace("{pk}", "{id}") for path in paths} == expected
    for path in paths.values():
        assert set(path) == {"get"}
        told = path["get"]["responses"]["default"]["content"]
        assert told == {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
        }


@pytest.mark.parametrize("name", LISTS)
def test_answers_keep_to_the_schema(
    site: Site, client: APIClient, described: dict[str, Any], name: str
) -> None:
    fill(site, 2)
    shape = described["paths"][f"/api/v1/{name}/"]["get"]["responses"]["200"]
    checked = Draft202012Validator(
        {**shape["content"]["application/json"]["schema"], "components": described["components"]},
        format_checker=FormatChecker(),
    )
    page = json.loads(client.get(f"/api/v1/{name}/?page_size=1").content)
    assert [error.message for error in checked.iter_errors(page)] == []
    assert page["next"]


@pytest.mark.parametrize(
    ("name", "filters"),
    [
        ("patients", {"record_number"}),
        ("courses", {"patient", "status", "protocol"}),
        ("assessments", {"patient", "course", "session", "scale", "status", "taken_since"}),
        ("results", {"patient", "report", "analyte", "status", "observed_since"}),
        ("requirements", {"patient", "course", "kind", "status", "state", "due_before"}),
    ],
)
def test_filters_stand_in_the_schema_and_in_the_guide(
    described: dict[str, Any], name: str, filters: set[str]
) -> None:
    told = described["paths"][f"/api/v1/{name}/"]["get"]["parameters"]
    common = {"updated_since", "cursor", "page_size"}
    assert {parameter["name"] for parameter in told} == filters | common
    guide = (ROOT / "docs/reference/api.md").read_text(encoding="utf-8")
    line = next(line for line in guide.splitlines() if line.startswith(f"| `{name}/`"))
    assert set(re.findall(r"`(\w+)`", line.split("|")[2])) == filters


def test_the_page_has_nothing_that_the_content_policy_forbids(nurse: User, as_user: SignIn) -> None:
    answer = as_user(nurse).get("/api/docs/")
    assert answer.status_code == 200
    text = answer.content.decode()
    assert "<style" not in text
    assert "onclick" not in text
    scripts = re.findall(r"<script(.*?)>(.*?)</script>", text)
    assert len(scripts) == 2
    assert all("src=" in attributes and not body for attributes, body in scripts)
    assert "unsafe" not in answer["Content-Security-Policy"]


def test_the_page_brings_a_stranger_to_the_door_and_back(
    site: Site, auditor: User, as_user: SignIn
) -> None:
    answer = Client().get("/api/docs/")
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/?next=/api/docs/")
    refused(as_user(auditor).get("/api/docs/"), 403)


def test_a_token_is_made_and_shown_once(site: Site) -> None:
    out = StringIO()
    call_command("create_token", "bridge@clinic.example", site="riverside", days=30, stdout=out)
    token = out.getvalue().strip()
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    assert rows(client, "patients") == []
    user = User.objects.get(email="bridge@clinic.example")
    assert (user.has_usable_password(), user.is_staff) == (False, False)
    held = get_token_model().objects.get()
    assert token not in (held.digest, held.token_key)
    assert timedelta(days=29) < held.expiry - timezone.now() <= timedelta(days=30)
    call_command("create_token", "Bridge@clinic.example", site="riverside", stdout=StringIO())
    assert [row.role for row in user.memberships.all()] == ["integration"]
    events = AuditEvent.objects.order_by("at").values_list("event", "change")
    assert list(events) == [
        ("integration.added", {}),
        ("token.issued", {"days": 30}),
        ("token.issued", {"days": 90}),
    ]


@pytest.mark.parametrize(
    ("email", "options", "words"),
    [
        ("a@b.example", {"site": "nowhere"}, "There is no site “nowhere”"),
        ("a@b.example", {"site": "riverside", "days": 91}, "days: From 1 to 90 days"),
        ("a@b.example", {"site": "riverside", "days": 0}, "days: From 1 to 90 days"),
        ("nils@clinic.example", {"site": "riverside"}, "belongs to a person"),
        ("not an address", {"site": "riverside"}, "email: Enter a valid email address"),
        ("bridge@clinic.example", {"site": "riverside"}, "has another role"),
        ("hill@clinic.example", {"site": "riverside"}, "works at another site"),
    ],
)
def test_a_token_is_refused_in_words(
    nurse: User, site: Site, other_site: Site, email: str, options: dict[str, Any], words: str
) -> None:
    for at, role, name in ((site, "auditor", "bridge"), (other_site, "integration", "hill")):
        account = member(at, role, email=f"{name}@clinic.example")
        account.set_unusable_password()
        account.save()
    with pytest.raises(CommandError, match=words):
        call_command("create_token", email, **options)
    assert get_token_model().objects.count() == 0


@pytest.mark.parametrize("name", ["is_active of the account", "is_active of the membership"])
def test_no_token_for_somebody_switched_off(program: User, name: str) -> None:
    program.set_unusable_password()
    program.is_active = "account" not in name
    program.save()
    program.memberships.update(is_active="membership" not in name)
    with pytest.raises(CommandError, match="is switched off"):
        call_command("create_token", program.email, site="riverside")


@pytest.mark.django_db(transaction=True)
def test_the_written_example_runs(live_server: Any, site: Site, program: User) -> None:
    fill(site, 1)
    _, token = get_token_model().objects.create(user=program)
    text = (ROOT / "docs/reference/api.md").read_text(encoding="utf-8")
    found = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert found
    done = subprocess.run(
        [sys.executable, "-c", found.group(1)],
        env={**os.environ, "TOKEN": token, "DAYBREAK": live_server.url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[0].endswith(" active 1 of 6")
