"""Laboratory reports, their results, and the runs that brought them in."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q

from clinic.models.base import ClinicalRow, SiteRow
from clinic.models.constraints import same_site
from clinic.querysets import SiteScopedQuerySet
from labs.models.catalogue import Analyte
from labs.querysets import ReportQuerySet, ResultQuerySet


class ResultStatus(models.TextChoices):
    """FHIR observation status; the first three count."""

    PRELIMINARY = "preliminary", "Preliminary"
    FINAL = "final", "Final"
    CORRECTED = "corrected", "Corrected"
    CANCELLED = "cancelled", "Cancelled"
    SUPERSEDED = "superseded", "Replaced by a correction"
    ENTERED_IN_ERROR = "entered_in_error", "Entered in error"


CURRENT = (ResultStatus.PRELIMINARY, ResultStatus.FINAL, ResultStatus.CORRECTED)


class Source(models.TextChoices):
    """How a fact came in."""

    HAND = "hand", "Entered by hand"
    CSV = "csv", "CSV file"
    HL7 = "hl7", "HL7 message"
    API = "api", "API"


class Precision(models.TextChoices):
    """How exactly the time of collection is known."""

    MINUTE = "minute", "Minute"
    DAY = "day", "Day only"


class ImportRun(SiteRow):
    """One file read: what came of it. Kept also when everything was refused."""

    file_name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    file_format = models.CharField(max_length=10, choices=Source.choices)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True
    )
    read = models.PositiveIntegerField(default=0)
    stored = models.PositiveIntegerField(default=0)
    duplicate = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    passed_over = models.PositiveIntegerField(default=0)

    objects = SiteScopedQuerySet.as_manager()

    class Meta:
        ordering = ("-started_at",)
        constraints: ClassVar = [*same_site("importrun")]

    def __str__(self) -> str:
        return f"{self.file_name}, {self.started_at:%Y-%m-%d %H:%M}"


class ImportProblem(SiteRow):
    """Why something was refused or passed over, and where. Holds no value of the file."""

    run = models.ForeignKey(ImportRun, on_delete=models.PROTECT, related_name="problems")
    place = models.CharField(max_length=60, help_text="Line of a CSV, message and segment of HL7.")
    field = models.CharField(max_length=60, blank=True)
    code = models.CharField(max_length=60)
    message = models.CharField(max_length=400)
    is_refusal = models.BooleanField(default=True)

    objects = SiteScopedQuerySet.as_manager()

    class Meta:
        ordering = ("run", "id")
        constraints: ClassVar = [*same_site("importproblem", "run")]

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


@pghistory.track()
class Report(ClinicalRow):
    """What one laboratory says of one collection (FHIR DiagnosticReport)."""

    patient = models.ForeignKey("clinic.Patient", on_delete=models.PROTECT, related_name="reports")
    laboratory = models.CharField(max_length=120)
    identifier = models.CharField(
        max_length=200, help_text="The laboratory's own number for this report."
    )
    collected_at = models.DateTimeField()
    collected_precision = models.CharField(
        max_length=6, choices=Precision.choices, default=Precision.MINUTE
    )
    collected_on = models.DateField(help_text="The site's local day of collection.")
    status = models.CharField(max_length=20, choices=ResultStatus.choices)
    is_complete_liver_panel = models.BooleanField(default=False)
    source = models.CharField(max_length=10, choices=Source.choices)
    run = models.ForeignKey(
        ImportRun, on_delete=models.PROTECT, related_name="reports", null=True, blank=True
    )
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    reviewed_at = models.DateTimeField(null=True, blank=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )

    objects = ReportQuerySet.as_manager()

    class Meta(ClinicalRow.Meta):
        ordering = ("-collected_at",)
        constraints: ClassVar = [
            *same_site("report", "patient", "run"),
            models.UniqueConstraint(
                fields=["site", "laboratory", "identifier", "patient"], name="report_once"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["site", "patient", "-collected_on"])]

    def __str__(self) -> str:
        return f"{self.laboratory}, collected {self.collected_on}"


@pghistory.track()
class Result(ClinicalRow):
    """One value with its own unit and limits (FHIR Observation). Never changed, only replaced."""

    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="results")
    patient = models.ForeignKey("clinic.Patient", on_delete=models.PROTECT, related_name="results")
    analyte = models.ForeignKey(
        Analyte, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    code = models.CharField(max_length=60, help_text="As the laboratory sent it.")
    code_system = models.CharField(max_length=60, blank=True)
    display = models.CharField(max_length=200, blank=True)
    comparator = models.CharField(max_length=2, blank=True)
    value = models.DecimalField(max_digits=16, decimal_places=6, null=True, blank=True)
    value_text = models.CharField(max_length=400, blank=True)
    unit = models.CharField(max_length=40, blank=True)
    lower_limit = models.DecimalField(max_digits=16, decimal_places=6, null=True, blank=True)
    upper_limit = models.DecimalField(max_digits=16, decimal_places=6, null=True, blank=True)
    times_limit = models.DecimalField(
        "multiple of the upper limit", max_digits=10, decimal_places=4, null=True, blank=True
    )
    grade = models.PositiveSmallIntegerField(null=True, blank=True)
    graded_against = models.CharField(max_length=10, blank=True)
    grading = models.ForeignKey(
        "labs.LabRule", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    ungraded_reason = models.CharField(max_length=60, blank=True)
    policy_version = models.PositiveIntegerField(default=0)
    why = models.JSONField(default=dict, help_text="Why it has this grade, or none.")
    observed_at = models.DateTimeField()
    status = models.CharField(max_length=20, choices=ResultStatus.choices)
    replaces = models.ForeignKey(
        "self", on_delete=models.PROTECT, related_name="replaced_by", null=True, blank=True
    )

    objects = ResultQuerySet.as_manager()

    class Meta(ClinicalRow.Meta):
        ordering = ("-observed_at", "code")
        constraints: ClassVar = [
            *same_site("result", "report", "patient", "replaces"),
            models.UniqueConstraint(
                fields=["site", "report", "code"],
                condition=Q(status__in=CURRENT),
                name="one_current_result_a_code",
            ),
            models.CheckConstraint(
                condition=Q(value__isnull=False) | ~Q(value_text="") | Q(status="cancelled"),
                name="result_has_a_value",
            ),
            models.CheckConstraint(
                condition=Q(grade__isnull=True) | Q(grade__range=(0, 5)), name="grade_possible"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["site", "patient", "-observed_at"])]

    def __str__(self) -> str:
        return f"{self.display or self.code} {self.comparator}{self.value or self.value_text}"


@pghistory.track()
class UrinaryCheck(ClinicalRow):
    """Urinary symptoms on one day. `severities` maps symptom code to 0-3."""

    patient = models.ForeignKey(
        "clinic.Patient", on_delete=models.PROTECT, related_name="urinary_checks"
    )
    checked_at = models.DateTimeField()
    checked_on = models.DateField(help_text="The site's local day.")
    severities = models.JSONField(default=dict)
    visible_haematuria = models.BooleanField(default=False)
    retention = models.BooleanField(default=False)
    infection_suspected = models.BooleanField(default=False)
    level = models.PositiveSmallIntegerField()
    rule = models.ForeignKey("labs.LabRule", on_delete=models.PROTECT, related_name="+")
    policy_version = models.PositiveIntegerField(default=0)
    why = models.JSONField(default=dict, help_text="Why it has this level.")
    status = models.CharField(
        max_length=20, choices=ResultStatus.choices, default=ResultStatus.FINAL
    )
    source = models.CharField(max_length=10, choices=Source.choices, default=Source.HAND)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )

    objects = ReportQuerySet.as_manager()

    class Meta(ClinicalRow.Meta):
        ordering = ("-checked_at",)
        constraints: ClassVar = [
            *same_site("urinarycheck", "patient"),
            models.CheckConstraint(condition=Q(level__range=(0, 4)), name="urinary_level_possible"),
        ]
        indexes: ClassVar = [models.Index(fields=["site", "patient", "-checked_on"])]

    def __str__(self) -> str:
        return f"Urinary check on {self.checked_on}, level {self.level}"
