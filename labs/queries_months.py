"""What became of the messages of the last months: one grouped query."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from django.db.models import Count, DateField, Exists, ExpressionWrapper, OuterRef, Q
from django.db.models.functions import TruncDate, TruncMonth

from clinic.models import Site
from clinic.querysets import Viewer
from clinic.rules.dates import local_midnight
from labs.models import (
    Answer,
    Channel,
    FollowUp,
    FollowUpKind,
    Recipient,
    Reminder,
    ReminderState,
    Requirement,
)
from labs.rules.due import add_months
from labs.rules.worklist import ANSWER_DAYS

MONTHS: Final = 6
SENT: Final = Q(state__in=(ReminderState.ACCEPTED, ReminderState.DELIVERED))
LOST: Final = Q(
    state__in=(
        ReminderState.BOUNCED,
        ReminderState.IN_DOUBT,
        ReminderState.DEAD,
        ReminderState.EXPIRED,
    )
)
_REACHED: Final = (Answer.REACHED, Answer.WILL_COME)


@dataclass(frozen=True, slots=True)
class MonthOfMessages:
    """Messages to patients of one month of the site's calendar, and those to staff.

    `received` is known only where a channel gives receipts; `unknown` are those that were taken
    on without one. `lost` came back, were given up, came too late or are in doubt.
    """

    month: date
    sent: int = 0
    received: int = 0
    unknown_email: int = 0
    unknown_sms: int = 0
    answered: int = 0
    lost: int = 0
    to_staff: int = 0


def months_of_messages(*, user: Viewer, site: Site, on: date) -> tuple[MonthOfMessages, ...]:
    """The month of `on` and the five before it, the newest first; a quiet month has zeros."""
    months = [add_months(on.replace(day=1), -ago) for ago in range(MONTHS)]
    begins = local_midnight(months[-1], site.zone)
    rows = (
        Reminder.objects.visible_to(user, "reminders.view")
        .of_site(site.pk)
        .filter(due_at__gte=begins, local_date__gte=months[-1])
        .annotate(
            month=TruncMonth("local_date"),
            answered=Exists(_done()) | Exists(_reached(site)),
        )
    )
    to_patient = Q(recipient=Recipient.PATIENT)
    accepted = to_patient & Q(state=ReminderState.ACCEPTED)
    counts = rows.values("month").annotate(
        sent_count=Count("pk", filter=to_patient & SENT),
        received_count=Count("pk", filter=to_patient & Q(state=ReminderState.DELIVERED)),
        email_count=Count("pk", filter=accepted & Q(channel=Channel.EMAIL)),
        sms_count=Count("pk", filter=accepted & Q(channel=Channel.SMS)),
        answered_count=Count("pk", filter=to_patient & SENT & Q(answered=True)),
        lost_count=Count("pk", filter=to_patient & LOST),
        staff_count=Count("pk", filter=~to_patient & SENT),
    )
    found = {read["month"]: _month(dict(read)) for read in counts}
    return tuple(found.get(month, MonthOfMessages(month)) for month in months)


def _month(read: dict[str, Any]) -> MonthOfMessages:
    return MonthOfMessages(
        month=read["month"],
        sent=read["sent_count"],
        received=read["received_count"],
        unknown_email=read["email_count"],
        unknown_sms=read["sms_count"],
        answered=read["answered_count"],
        lost=read["lost_count"],
        to_staff=read["staff_count"],
    )


def _last_day() -> Any:
    """The last day on which something answers the message."""
    wait = timedelta(days=ANSWER_DAYS)
    return ExpressionWrapper(OuterRef("local_date") + wait, output_field=DateField())


def _done() -> Any:
    """It was done in time, also where it has been done again since: the row's history says so."""
    # Of what comes back, the row itself keeps only the last time.
    history: Any = Requirement.pgh_event_model  # type: ignore[attr-defined]
    return history.objects.filter(
        pgh_obj=OuterRef("requirement"),
        last_done_on__gte=OuterRef("local_date"),
        last_done_on__lte=_last_day(),
    )


def _reached(site: Site) -> Any:
    """Somebody was reached after the message left."""
    return FollowUp.objects.annotate(on=TruncDate("at", tzinfo=site.zone)).filter(
        requirement=OuterRef("requirement"),
        kind=FollowUpKind.CONTACT,
        answer__in=_REACHED,
        at__gte=OuterRef("due_at"),
        on__lte=_last_day(),
    )
