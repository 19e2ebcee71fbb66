"""The reminder ledger: rows are the truth, everything else only says “go and look”."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q

from clinic.models.base import ClinicalRow, SiteRow, StepRow
from clinic.models.constraints import same_site
from clinic.models.user import Role
from clinic.querysets import SiteScopedQuerySet
from labs.models.requirement import Requirement
from labs.querysets import ReminderQuerySet


class ReminderState(models.TextChoices):
    """The life of one message. The last seven are ends."""

    SCHEDULED = "scheduled", "Scheduled"
    LEASED = "leased", "Taken by a sender"
    SENDING = "sending", "Being sent"
    ACCEPTED = "accepted", "Accepted by the provider"
    DELIVERED = "delivered", "Delivered"
    BOUNCED = "bounced", "Came back"
    IN_DOUBT = "in_doubt", "Unknown whether it was sent"
    DEAD = "dead", "Given up"
    EXPIRED = "expired", "Too late to send"
    CANCELLED = "cancelled", "No longer needed"


class Channel(models.TextChoices):
    """How a message travels."""

    EMAIL = "email", "E-mail"
    SMS = "sms", "Text message"


class Recipient(models.TextChoices):
    """Who is told: the patient, or everyone of a role at the site."""

    PATIENT = "patient", "Patient"
    COORDINATOR = Role.COORDINATOR.value, "Coordinators"
    PRESCRIBER = Role.PRESCRIBER.value, "Prescribers"
    LEAD = Role.LEAD.value, "Clinical leads"


# At the end of the transaction, so that row and task may come in either order. Whatever ends a
# reminder badly, the ledger, a script or a hand in psql, must leave somebody something to do.
BAD_END_HAS_A_TASK = pgtrigger.Trigger(
    name="bad_end_has_a_task",
    when=pgtrigger.After,
    timing=pgtrigger.Deferred,
    operation=pgtrigger.Insert | pgtrigger.UpdateOf("state"),  # type: ignore[no-untyped-call]
    condition=pgtrigger.Q(new__state__in=("dead", "expired", "bounced", "in_doubt")),
    func="""
        IF NOT EXISTS (
            SELECT 1 FROM labs_task
             WHERE site_id = NEW.site_id
               AND dedup_key = 'reminder:' || NEW.id || '|' || NEW.state
        ) AND EXISTS (
            SELECT 1 FROM labs_reminder WHERE id = NEW.id AND state = NEW.state
        ) THEN
            RAISE EXCEPTION 'reminder % ended as % without a task', NEW.id, NEW.state;
        END IF;
        RETURN NEW;
    """,
)


class Reminder(ClinicalRow):
    """One message about one requirement. `dedup_key` is unique over all states, for ever."""

    patient = models.ForeignKey(
        "clinic.Patient", on_delete=models.PROTECT, related_name="reminders"
    )
    requirement = models.ForeignKey(Requirement, on_delete=models.PROTECT, related_name="reminders")
    requirement_due_on = models.DateField(help_text="The due day that this message is about.")
    dedup_key = models.CharField(max_length=200)
    step = models.CharField(max_length=20)
    recipient = models.CharField(max_length=20, choices=Recipient.choices)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    state = models.CharField(
        max_length=10, choices=ReminderState.choices, default=ReminderState.SCHEDULED
    )
    state_reason = models.CharField(max_length=60, blank=True)
    local_date = models.DateField()
    local_time = models.TimeField()
    time_zone = models.CharField(max_length=60)
    due_at = models.DateTimeField()
    next_at = models.DateTimeField()
    not_after = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    provider = models.CharField(max_length=20, blank=True)
    provider_ref = models.CharField(max_length=200, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)

    objects = ReminderQuerySet.as_manager()

    class Meta(ClinicalRow.Meta):
        ordering = ("-due_at",)
        constraints: ClassVar = [
            *same_site("reminder", "patient", "requirement"),
            models.UniqueConstraint(fields=["site", "dedup_key"], name="reminder_once"),
            models.CheckConstraint(
                condition=Q(
                    state__in=("leased", "sending"),
                    lease_token__isnull=False,
                    lease_until__isnull=False,
                )
                | (
                    ~Q(state__in=("leased", "sending"))
                    & Q(lease_token__isnull=True, lease_until__isnull=True)
                ),
                name="lease_only_while_held",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=("accepted", "delivered")) | ~Q(provider_ref=""),
                name="accepted_has_a_reference",
            ),
            models.CheckConstraint(condition=Q(attempts__lte=9), name="attempts_bounded"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["next_at"], name="reminder_scheduled", condition=Q(state="scheduled")
            ),
            models.Index(
                fields=["lease_until"],
                name="reminder_held",
                condition=Q(state__in=("leased", "sending")),
            ),
            models.Index(fields=["requirement", "state"], name="reminder_of_requirement"),
            models.Index(fields=["site", "due_at"], name="reminder_by_month"),
            models.Index(
                fields=["ended_at"],
                name="reminder_bad_end",
                condition=Q(state__in=("dead", "expired", "bounced", "in_doubt")),
            ),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            *ClinicalRow.Meta.triggers,
            BAD_END_HAS_A_TASK,
        ]

    def __str__(self) -> str:
        return f"{self.get_recipient_display()}, {self.get_state_display().lower()}"


class DeliveryEvent(StepRow):
    """What a provider told us later about a message. `event_id` is its own, told once."""

    reminder = models.ForeignKey(Reminder, on_delete=models.PROTECT, related_name="delivery_events")
    provider = models.CharField(max_length=20)
    event_id = models.CharField(max_length=120)
    state = models.CharField(
        max_length=10,
        choices=[
            (ReminderState.DELIVERED.value, ReminderState.DELIVERED.label),
            (ReminderState.BOUNCED.value, ReminderState.BOUNCED.label),
        ],
    )
    happened_at = models.DateTimeField()

    objects = SiteScopedQuerySet.as_manager()

    class Meta(StepRow.Meta):
        ordering = ("happened_at",)
        constraints: ClassVar = [
            *same_site("deliveryevent", "reminder"),
            models.UniqueConstraint(fields=["provider", "event_id"], name="delivery_event_once"),
        ]

    def __str__(self) -> str:
        return self.get_state_display()


class ReminderAttempt(SiteRow):
    """Written before the call to the outside, so that a killed sender leaves a trace."""

    reminder = models.ForeignKey(Reminder, on_delete=models.PROTECT, related_name="attempt_rows")
    number = models.PositiveSmallIntegerField()
    lease_token = models.UUIDField()
    worker = models.CharField(max_length=120)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=60, blank=True)

    objects = SiteScopedQuerySet.as_manager()

    class Meta:
        ordering = ("reminder", "number")
        constraints: ClassVar = [
            *same_site("reminderattempt", "reminder"),
            models.UniqueConstraint(
                fields=["site", "reminder", "number"], name="attempt_number_once"
            ),
        ]
        triggers: ClassVar = [pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"Attempt {self.number}: {self.outcome or 'unknown'}"
