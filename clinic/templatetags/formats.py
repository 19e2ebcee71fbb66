"""How dates, doses and scores are written, everywhere the same."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django import template

from clinic.rules.dates import spoken_day

register = template.Library()


@register.filter
def day(value: date | None) -> str:
    """`Mon 16 Nov 2026`."""
    return spoken_day(value) if value else ""


@register.filter
def clock(value: datetime | None, zone: ZoneInfo) -> str:
    """`14:05` on the site's wall."""
    return f"{value.astimezone(zone):%H:%M}" if value else ""


@register.filter
def moment(value: datetime | None, zone: ZoneInfo) -> str:
    """`Mon 16 Nov 2026 14:05` on the site's wall."""
    return f"{day(value.astimezone(zone).date())} {clock(value, zone)}" if value else ""


@register.filter
def plain(value: Decimal | None) -> str:
    """A decimal without idle zeros: `0.5`, not `0.500`."""
    return f"{value.normalize():f}" if value is not None else ""


@register.filter
def lateness(due_on: date | None, today: date) -> str:
    """`overdue 6 days (since Mon 16 Nov 2026)`, `due today`, `due in 3 days (...)`."""
    if due_on is None:
        return ""
    days = (due_on - today).days
    if days == 0:
        return "due today"
    count = f"{abs(days)} day{'' if abs(days) == 1 else 's'}"
    if days < 0:
        return f"overdue {count} (since {day(due_on)})"
    return f"due in {count} ({day(due_on)})"


@register.filter
def spoken(code: object) -> str:
    """A code as words: `moderately_severe` is `moderately severe`."""
    return str(code).replace("_", " ") if code else ""


@register.filter
def age(day_then: date, today: date) -> str:
    """`12 days ago`."""
    days = (today - day_then).days
    if days == 0:
        return "today"
    return f"{days} day{'' if days == 1 else 's'} ago"
