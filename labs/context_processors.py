"""What waits urgently and whether reminders leave, shown on every page of the staff."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from clinic.access import current_membership
from labs.queries_alarms import ShellAlarms, shell_alarms


def alarms(request: HttpRequest) -> dict[str, object]:
    """`alarms`, asked for only where a page shows it, and once."""
    nothing: dict[str, object] = {"alarms": ShellAlarms()}
    if not getattr(request, "user", None) or not request.user.is_authenticated:
        return nothing
    membership = current_membership(request)
    if membership is None:
        return nothing
    person, site_id = request.user, membership.site_id
    return {"alarms": SimpleLazyObject(lambda: shell_alarms(user=person, site_id=site_id))}
