"""The whole table of roles and permissions, spelled out a second time."""

from __future__ import annotations

import pytest

from clinic.rules.access import PERMISSIONS, PERMISSIONS_OF, allows, roles_with

EXPECTED = {
    "patients.view": {"coordinator", "nurse", "prescriber", "lead", "integration"},
    "patients.change": {"coordinator", "nurse", "prescriber", "lead"},
    "appointments.view": {"coordinator", "nurse", "prescriber", "lead", "integration"},
    "appointments.change": {"coordinator", "nurse", "prescriber", "lead"},
    "courses.view": {"coordinator", "nurse", "prescriber", "lead", "integration"},
    "courses.change": {"prescriber", "lead"},
    "infusions.give": {"nurse", "prescriber", "lead"},
    "assessments.view": {"nurse", "prescriber", "lead", "integration"},
    "assessments.record": {"nurse", "prescriber", "lead"},
    "results.view": {"nurse", "prescriber", "lead", "integration"},
    "results.record": {"nurse", "prescriber", "lead"},
    "results.review": {"prescriber", "lead"},
    "requirements.view": {"coordinator", "nurse", "prescriber", "lead", "integration"},
    "requirements.follow_up": {"coordinator", "nurse", "prescriber", "lead"},
    "reminders.view": {"coordinator", "nurse", "prescriber", "lead"},
    "settings.view": {"lead", "site_admin"},
    "settings.change": {"lead", "site_admin"},
    "policies.view": {"lead", "auditor"},
    "policies.change": {"lead"},
    "rules.view": {"lead", "auditor"},
    "rules.check": {"lead"},
    "users.view": {"lead", "site_admin"},
    "users.change": {"lead", "site_admin"},
    "audit.view": {"lead", "auditor"},
    "tasks.view": {"coordinator", "nurse", "prescriber", "lead"},
    "tasks.resolve": {"coordinator", "nurse", "prescriber", "lead"},
    "catalogue.view": {"coordinator", "nurse", "prescriber", "lead", "site_admin", "auditor"},
    "api.read": {"nurse", "prescriber", "lead", "integration"},
    "import.run": {"prescriber", "lead", "integration"},
}


@pytest.mark.parametrize("permission", sorted(EXPECTED))
def test_who_carries_a_permission(permission: str) -> None:
    for role in PERMISSIONS_OF:
        assert allows(role, permission) is (role in EXPECTED[permission]), role
    assert roles_with(permission) == EXPECTED[permission]


def test_the_table_holds_nothing_else() -> None:
    assert set(EXPECTED) == PERMISSIONS
    assert set(PERMISSIONS_OF) == {
        "coordinator",
        "nurse",
        "prescriber",
        "lead",
        "site_admin",
        "auditor",
        "integration",
    }


@pytest.mark.parametrize(
    ("role", "permission"),
    [("lead", "patients.delete"), ("surgeon", "patients.view"), ("", ""), ("lead", "")],
)
def test_what_is_not_in_the_table_is_refused(role: str, permission: str) -> None:
    assert allows(role, permission) is False


def test_an_unknown_permission_belongs_to_nobody() -> None:
    assert roles_with("patients.delete") == frozenset()


@pytest.mark.parametrize("role", ["coordinator", "site_admin", "auditor"])
def test_scores_and_results_stay_with_those_who_treat(role: str) -> None:
    for permission in ("assessments.view", "results.view", "infusions.give"):
        assert not allows(role, permission)
