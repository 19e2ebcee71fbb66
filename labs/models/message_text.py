"""The words of a site's messages, by language. Without a row the shipped words go."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.core.exceptions import ValidationError
from django.db import models

from clinic.models.base import SiteRow
from clinic.models.constraints import same_site
from clinic.querysets import SiteScopedQuerySet
from clinic.rules.errors import RuleError
from clinic.rules.languages import LANGUAGES
from labs.models.reminder import Channel
from labs.rules.neutral import require_neutral


class Audience(models.TextChoices):
    """Who reads it."""

    PATIENT = "patient", "Patient"
    STAFF = "staff", "Staff"


@pghistory.track()
class MessageText(SiteRow):
    """What leaves the house: it may not reveal why somebody is a patient here."""

    audience = models.CharField(max_length=10, choices=Audience.choices)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    language = models.CharField(max_length=10, choices=LANGUAGES)
    subject = models.CharField(max_length=100, blank=True, help_text="E-mail only.")
    body = models.TextField(help_text="{phone} stands for the site's telephone number.")

    objects = SiteScopedQuerySet.as_manager()

    class Meta:
        ordering = ("audience", "channel", "language")
        constraints: ClassVar = [
            *same_site("messagetext"),
            models.UniqueConstraint(
                fields=["site", "audience", "channel", "language"], name="one_text_of_a_kind"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_audience_display()}, {self.get_channel_display()}, {self.language}"

    def clean(self) -> None:
        """Refuse words that reveal something, unknown places, and a text that is too long."""
        super().clean()
        try:
            require_neutral(self.subject, self.body, channel=self.channel)
        except RuleError as refusal:
            raise ValidationError({refusal.field: refusal.message}, code=refusal.code) from None
