"""What waits urgently, shown on every page of those who may act on it."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from clinic.access import current_membership
from clinic.rules.access import allows
from labs.models import Task


def alarms(request: HttpRequest) -> dict[str, object]:
    """`alarms`: open urgent tasks at the current site; asked for only where a page shows it."""
    if not getattr(request, "user", None) or not request.user.is_authenticated:
        return {"alarms": 0}
    membership = current_membership(request)
    if membership is None or not allows(membership.role, "tasks.view"):
        return {"alarms": 0}
    count = Task.objects.visible_to(request.user, "tasks.view").of_site(membership.site_id)
    return {"alarms": SimpleLazyObject(lambda: count.urgent().count())}
