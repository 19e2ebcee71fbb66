"""How late something is, in words."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic.rules.dates import spoken_day
from labs.queries_worklist import WorkRow

register = template.Library()


@register.filter
def local_day(value: datetime, zone: ZoneInfo) -> date:
    """The day on the site's wall."""
    return value.astimezone(zone).date()


@register.filter
def near_day(value: date | None, today: date) -> str:
    """`Mon 16 Nov`, with the year where it is another than today's."""
    if value is None:
        return ""
    spoken = spoken_day(value)
    return spoken.removesuffix(f" {value.year}") if value.year == today.year else spoken


@register.filter
def standing(row: WorkRow, today: date) -> str:
    """`overdue 6 days (since Mon 16 Nov)`; `due today`; `due in 3 days (Thu 26 Nov)`."""
    if row.state == "suspended":
        return _("rests with the course")
    if row.due_on is None or row.state == "closed":
        return _("not due any more")
    days = (row.due_on - today).days
    if days == 0:
        return _("overdue since today") if row.state == "overdue" else _("due today")
    said = _coming(days) if days > 0 else _late(-days, is_overdue=row.state == "overdue")
    return said % {"days": abs(days), "day": near_day(row.due_on, today)}


def _coming(days: int) -> str:
    return ngettext("due in %(days)d day (%(day)s)", "due in %(days)d days (%(day)s)", days)


def _late(days: int, *, is_overdue: bool) -> str:
    """Within its grace something is due, not overdue."""
    if is_overdue:
        return ngettext(
            "overdue %(days)d day (since %(day)s)", "overdue %(days)d days (since %(day)s)", days
        )
    return ngettext(
        "due for %(days)d day (since %(day)s)", "due for %(days)d days (since %(day)s)", days
    )
