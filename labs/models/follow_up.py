"""What staff did about something due: rang, put it off, or heard a no."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from clinic.models.base import StepRow
from clinic.models.constraints import same_site
from clinic.querysets import PatientRowQuerySet
from labs.models.requirement import Requirement


class FollowUpKind(models.TextChoices):
    """What the row says. None of them changes what is due."""

    CONTACT = "contact", "Contact attempt"
    SNOOZE = "snooze", "Put off"
    DECLINED = "declined", "Declined"


class Way(models.TextChoices):
    """How the patient was contacted."""

    PHONE = "phone", "Telephone"
    SMS = "sms", "Text message"
    EMAIL = "email", "E-mail"
    LETTER = "letter", "Letter"
    IN_PERSON = "in_person", "In person"


class Answer(models.TextChoices):
    """What came of a contact."""

    REACHED = "reached", "Reached"
    WILL_COME = "will_come", "Reached, will see to it"
    MESSAGE_LEFT = "message_left", "Message left"
    NO_ANSWER = "no_answer", "No answer"
    WRONG_CONTACT = "wrong_contact", "Number or address is wrong"


class FollowUp(StepRow):
    """One thing that staff did about a requirement as it was due then."""

    patient = models.ForeignKey(
        "clinic.Patient", on_delete=models.PROTECT, related_name="follow_ups"
    )
    requirement = models.ForeignKey(
        Requirement, on_delete=models.PROTECT, related_name="follow_ups"
    )
    requirement_due_on = models.DateField(help_text="The due day that it was about.")
    kind = models.CharField(max_length=10, choices=FollowUpKind.choices)
    way = models.CharField(max_length=10, choices=Way.choices, blank=True)
    answer = models.CharField(max_length=15, choices=Answer.choices, blank=True)
    until = models.DateField(
        null=True, blank=True, help_text="First day on which it is shown again."
    )
    reason = models.TextField(blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    objects = PatientRowQuerySet.as_manager()

    class Meta(StepRow.Meta):
        ordering = ("-at",)
        constraints: ClassVar = [
            *same_site("followup", "patient", "requirement"),
            models.CheckConstraint(
                condition=~Q(kind="contact") | (~Q(way="") & ~Q(answer="")),
                name="contact_says_how_and_what",
            ),
            models.CheckConstraint(
                condition=~Q(kind="snooze") | (Q(until__isnull=False) & ~Q(reason="")),
                name="snooze_says_until_and_why",
            ),
            models.CheckConstraint(
                condition=~Q(kind="declined") | ~Q(reason=""), name="declined_says_why"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["requirement", "-at"], name="follow_up_of_requirement")
        ]

    def __str__(self) -> str:
        return self.get_kind_display()
