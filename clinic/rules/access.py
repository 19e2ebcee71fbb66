"""Who may do what: one table, default deny, one question asked of it.

| role | in words |
|---|---|
| coordinator | books, keeps contact ways, sees what is due; no scores, no results |
| nurse | gives infusions, records scales, results and checks |
| prescriber | everything a nurse does, starts and stops courses, reviews results |
| lead | everything a prescriber does, settings, users, policies, audit |
| site_admin | users and settings of the site; no scores, no results |
| auditor | the audit only |
| integration | reads and imports through the API |
"""

from __future__ import annotations

from functools import cache
from typing import Final

_BOOKING: Final = frozenset(
    {
        "patients.view",
        "patients.change",
        "appointments.view",
        "appointments.change",
        "courses.view",
        "requirements.view",
        "requirements.follow_up",
        "reminders.view",
        "tasks.view",
        "tasks.resolve",
        "catalogue.view",
    }
)
_NURSING: Final = _BOOKING | {
    "infusions.give",
    "assessments.view",
    "assessments.record",
    "results.view",
    "results.record",
    "api.read",
}
_PRESCRIBING: Final = _NURSING | {"courses.change", "results.review", "import.run"}
_LEADING: Final = _PRESCRIBING | {
    "settings.view",
    "settings.change",
    "policies.view",
    "policies.change",
    "rules.view",
    "rules.check",
    "users.view",
    "users.change",
    "audit.view",
}

PERMISSIONS_OF: Final[dict[str, frozenset[str]]] = {
    "coordinator": _BOOKING,
    "nurse": _NURSING,
    "prescriber": _PRESCRIBING,
    "lead": _LEADING,
    "site_admin": frozenset(
        {"settings.view", "settings.change", "users.view", "users.change", "catalogue.view"}
    ),
    "auditor": frozenset({"audit.view", "catalogue.view", "policies.view", "rules.view"}),
    "integration": frozenset(
        {
            "api.read",
            "patients.view",
            "appointments.view",
            "courses.view",
            "assessments.view",
            "results.view",
            "requirements.view",
            "import.run",
        }
    ),
}
PERMISSIONS: Final = frozenset().union(*PERMISSIONS_OF.values())


def allows(role: str, permission: str) -> bool:
    """Whether `role` carries `permission`; an unknown role or permission carries nothing."""
    return permission in PERMISSIONS_OF.get(role, frozenset())


@cache
def roles_with(permission: str) -> frozenset[str]:
    """Every role that carries `permission`; empty for an unknown one, so nothing is seen."""
    return frozenset(role for role in PERMISSIONS_OF if allows(role, permission))
