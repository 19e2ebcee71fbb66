"""Sites, their hours and their chairs."""

from __future__ import annotations

from typing import ClassVar
from zoneinfo import ZoneInfo, available_timezones

import pghistory
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from clinic.models.base import Row, SiteRow
from clinic.models.constraints import same_site
from clinic.querysets import SiteQuerySet, SiteScopedQuerySet
from clinic.rules.languages import ENGLISH, LANGUAGES


def validate_time_zone(value: str) -> None:
    """Refuse what the pinned time zone data does not know."""
    if value not in available_timezones():
        raise ValidationError(
            f"“{value}” is not a time zone. Use a name such as Europe/London.", code="time_zone"
        )


@pghistory.track()
class Site(Row):
    """A clinic: the wall between one house's patients and another's."""

    name = models.CharField(max_length=120, unique=True)
    slug = models.SlugField(max_length=40, unique=True)
    time_zone = models.CharField(
        max_length=60,
        validators=[validate_time_zone],
        help_text="For example Europe/London. Days, hours and reminders follow it.",
    )
    phone = models.CharField(max_length=40, blank=True, help_text="Shown to patients.")
    language = models.CharField(
        max_length=10,
        choices=LANGUAGES,
        default=ENGLISH,
        help_text="Of messages to staff, and to patients who have not chosen another.",
    )
    crisis_text = models.TextField(
        blank=True, help_text="What a patient in crisis should read. Shown with safety answers."
    )
    patients_per_nurse = models.PositiveSmallIntegerField(
        default=2,
        validators=[MinValueValidator(1), MaxValueValidator(10)],
        help_text="How many patients one member of staff may watch at the same time.",
    )

    objects = SiteQuerySet.as_manager()

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class Weekday(models.IntegerChoices):
    """ISO weekdays."""

    MONDAY = 1, "Monday"
    TUESDAY = 2, "Tuesday"
    WEDNESDAY = 3, "Wednesday"
    THURSDAY = 4, "Thursday"
    FRIDAY = 5, "Friday"
    SATURDAY = 6, "Saturday"
    SUNDAY = 7, "Sunday"


@pghistory.track()
class OpeningHours(SiteRow):
    """When the site gives infusions, in its own wall-clock time."""

    weekday = models.PositiveSmallIntegerField(choices=Weekday.choices)
    opens = models.TimeField()
    closes = models.TimeField()

    objects = SiteScopedQuerySet.as_manager()

    class Meta:
        ordering = ("site", "weekday", "opens")
        verbose_name_plural = "opening hours"
        constraints: ClassVar = [
            *same_site("openinghours"),
            models.UniqueConstraint(fields=["site", "weekday", "opens"], name="one_opening"),
            models.CheckConstraint(condition=Q(closes__gt=F("opens")), name="closes_after_opening"),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens:%H:%M} to {self.closes:%H:%M}"


@pghistory.track()
class Closure(SiteRow):
    """Days on which the site is shut, both included."""

    starts_on = models.DateField()
    ends_on = models.DateField()
    reason = models.CharField(max_length=200)

    objects = SiteScopedQuerySet.as_manager()

    class Meta:
        ordering = ("-starts_on",)
        constraints: ClassVar = [
            *same_site("closure"),
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")), name="closure_ends_after_start"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.starts_on} to {self.ends_on}: {self.reason}"


@pghistory.track()
class Chair(SiteRow):
    """A place where an infusion can be given."""

    name = models.CharField(max_length=40)
    is_active = models.BooleanField("in use", default=True)

    objects = SiteScopedQuerySet.as_manager()

    class Meta:
        ordering = ("site", "name")
        constraints: ClassVar = [
            *same_site("chair"),
            models.UniqueConstraint(fields=["site", "name"], name="chair_name_once_a_site"),
        ]

    def __str__(self) -> str:
        return self.name
