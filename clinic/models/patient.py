"""The person being treated."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.db import models
from django.db.models import F, Q

from clinic.models.base import ClinicalRow
from clinic.models.constraints import same_site
from clinic.querysets import PatientQuerySet
from clinic.rules.languages import LANGUAGES


class Sex(models.TextChoices):
    """FHIR administrative gender."""

    FEMALE = "female", "Female"
    MALE = "male", "Male"
    OTHER = "other", "Other"
    UNKNOWN = "unknown", "Unknown"


@pghistory.track()
class Patient(ClinicalRow):
    """One person at one site, known by the site's record number."""

    record_number = models.CharField(max_length=40, help_text="Unique at this site.")
    given_name = models.CharField(max_length=80)
    family_name = models.CharField(max_length=80)
    birth_date = models.DateField()
    sex = models.CharField(max_length=10, choices=Sex.choices, default=Sex.UNKNOWN)
    email = models.EmailField("e-mail", blank=True)
    phone = models.CharField(max_length=40, blank=True)
    consents_to_email = models.BooleanField(
        default=False, help_text="May be written to. Withdrawn at any time."
    )
    consents_to_sms = models.BooleanField("consents to text messages", default=False)
    language = models.CharField(
        max_length=10,
        choices=LANGUAGES,
        blank=True,
        help_text="Of messages; blank: the language of the site.",
    )
    deceased_on = models.DateField(null=True, blank=True)
    transferred_on = models.DateField(null=True, blank=True)
    transferred_to = models.CharField(max_length=120, blank=True)
    consent_withdrawn_on = models.DateField(
        null=True, blank=True, help_text="Consent to treatment and monitoring here."
    )

    objects = PatientQuerySet.as_manager()

    class Meta(ClinicalRow.Meta):
        ordering = ("family_name", "given_name")
        constraints: ClassVar = [
            *same_site("patient"),
            models.UniqueConstraint(
                fields=["site", "record_number"], name="record_number_once_a_site"
            ),
            models.CheckConstraint(
                condition=Q(birth_date__gte="1900-01-01"), name="birth_date_possible"
            ),
            models.CheckConstraint(
                condition=Q(deceased_on__isnull=True) | Q(deceased_on__gte=F("birth_date")),
                name="death_after_birth",
            ),
            models.CheckConstraint(
                condition=Q(consents_to_email=False) | ~Q(email=""),
                name="consent_to_email_needs_an_address",
                violation_error_message="Enter an e-mail address, or remove the consent to e-mail.",
            ),
            models.CheckConstraint(
                condition=Q(consents_to_sms=False) | ~Q(phone=""),
                name="consent_to_sms_needs_a_number",
                violation_error_message=(
                    "Enter a telephone number, or remove the consent to text messages."
                ),
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["site", "family_name", "given_name"])]

    def __str__(self) -> str:
        return f"{self.family_name}, {self.given_name}"

    @property
    def standing(self) -> str:
        """`deceased`, `transferred`, `withdrawn`, or `here`: whether anything may still be due."""
        if self.deceased_on:
            return "deceased"
        if self.transferred_on:
            return "transferred"
        return "withdrawn" if self.consent_withdrawn_on else "here"
