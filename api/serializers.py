"""The shapes of answers: what is published, and what the database's JSON is tested against."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers as s

from api.filters import STATES
from clinic.models import AppointmentStatus, Sex
from clinic.rules.reasons import EXPERT, LIT, SEED, SITE
from courses.models import (
    AssessmentStatus,
    CourseStatus,
    OutcomeState,
    SessionStatus,
    StopReason,
)
from courses.rules.gate import ALLOW, BLOCK, HOLD, WARN
from labs.models import BlocksWhen, RequirementStatus, ResultStatus

CONFIDENCES = (SEED, LIT, EXPERT, SITE)
VERDICTS = (ALLOW, WARN, HOLD, BLOCK)
CATEGORIES = ("response", "partial", "none", "worse")


class Patient(s.Serializer[object]):
    id = s.UUIDField()
    site_id = s.UUIDField()
    record_number = s.CharField()
    given_name = s.CharField()
    family_name = s.CharField()
    birth_date = s.DateField()
    sex = s.ChoiceField(Sex.choices)
    deceased_on = s.DateField(allow_null=True)
    transferred_on = s.DateField(allow_null=True)
    consent_withdrawn_on = s.DateField(allow_null=True)
    created_at = s.DateTimeField()
    updated_at = s.DateTimeField()


class Reason(s.Serializer[object]):
    """Why something was decided, as the rule wrote it down at the time."""

    code = s.CharField()
    sentence = s.CharField()
    inputs = s.DictField()
    source = s.CharField()  # type: ignore[assignment]  # a key of the reason, not of the field
    confidence = s.ChoiceField(CONFIDENCES)
    rule = s.CharField()
    policy_version = s.IntegerField()

    def to_representation(self, instance: Any) -> dict[str, Any]:
        # Told as it is kept: what was decided then is not put into other words now.
        told: dict[str, Any] = instance
        return told


class Why(Reason):
    """The same, null where nothing was decided."""

    def get_attribute(self, instance: object) -> object:
        return super().get_attribute(instance) or None


class GateLine(Reason):
    """One reason for or against a dose."""

    verdict = s.ChoiceField(VERDICTS)
    overridable = s.BooleanField()


class Gate(s.Serializer[object]):
    id = s.UUIDField()
    at = s.DateTimeField()
    decision = s.ChoiceField(VERDICTS)
    policy_version = s.IntegerField()
    lines = GateLine(many=True)


class Appointment(s.Serializer[object]):
    id = s.UUIDField()
    status = s.ChoiceField(AppointmentStatus.choices)
    starts_at = s.DateTimeField(source="during.lower")
    ends_at = s.DateTimeField(source="during.upper")
    chair = s.CharField(source="chair.name")


class Infusion(s.Serializer[object]):
    id = s.UUIDField()
    given_on = s.DateField()
    started_at = s.DateTimeField()
    ended_at = s.DateTimeField(allow_null=True)
    weight_kg = s.DecimalField(5, 1)
    mg_per_kg = s.DecimalField(5, 3)
    dose_mg = s.DecimalField(7, 1)
    given_mg = s.DecimalField(7, 1, allow_null=True)
    concentration_mg_per_ml = s.DecimalField(7, 2)
    drug_volume_ml = s.DecimalField(7, 2)
    total_volume_ml = s.DecimalField(7, 1)
    rate_ml_per_h = s.DecimalField(7, 1)
    stop_reason = s.CharField(allow_blank=True)
    entered_in_error_at = s.DateTimeField(allow_null=True)


class Session(s.Serializer[object]):
    id = s.UUIDField()
    number = s.IntegerField()
    status = s.ChoiceField(SessionStatus.choices)
    earliest_on = s.DateField()
    ideal_on = s.DateField()
    latest_on = s.DateField()
    replaces_id = s.UUIDField(allow_null=True)
    replaced_by_id = s.UUIDField(allow_null=True)
    updated_at = s.DateTimeField()
    appointment = Appointment(allow_null=True)
    gate = Gate(allow_null=True)
    infusion = Infusion(allow_null=True)


class Score(s.Serializer[object]):
    id = s.UUIDField()
    scale_code = s.CharField(source="scale.code")
    taken_at = s.DateTimeField()
    taken_on = s.DateField()
    status = s.ChoiceField(AssessmentStatus.choices)
    total = s.IntegerField(allow_null=True)
    band = s.CharField(allow_blank=True)
    hours_since_infusion = s.DecimalField(9, 1, allow_null=True)
    session_id = s.UUIDField(allow_null=True)
    outcome = s.ChoiceField(CATEGORIES, allow_blank=True)
    is_remission = s.BooleanField(allow_null=True)
    improvement_percent = s.DecimalField(6, 1, allow_null=True)


class CourseRequirement(s.Serializer[object]):
    id = s.UUIDField()
    kind = s.CharField()
    title = s.CharField(source="rule.title")
    cycle = s.CharField(allow_blank=True)
    status = s.ChoiceField(RequirementStatus.choices)
    state = s.ChoiceField(STATES)
    lateness_days = s.IntegerField()
    last_done_on = s.DateField(allow_null=True)
    soon_on = s.DateField(allow_null=True)
    next_due_on = s.DateField(allow_null=True)
    overdue_on = s.DateField(allow_null=True)
    blocks_when = s.ChoiceField(BlocksWhen.choices)
    policy_version = s.IntegerField()
    why = Why(allow_null=True)


class Outcome(s.Serializer[object]):
    state = s.ChoiceField(OutcomeState.choices)
    baseline_id = s.UUIDField(allow_null=True)
    latest_id = s.UUIDField(allow_null=True)
    improvement_percent = s.DecimalField(6, 1, allow_null=True)
    response_on = s.DateField(allow_null=True)
    remission_on = s.DateField(allow_null=True)
    sustained_on = s.DateField(allow_null=True)
    relapse_on = s.DateField(allow_null=True)
    days_to_response = s.IntegerField(allow_null=True)
    days_followed = s.IntegerField(allow_null=True)
    policy_version = s.IntegerField()
    scale_policy_version = s.IntegerField()
    why = Why(allow_null=True)


class Course(s.Serializer[object]):
    id = s.UUIDField()
    site_id = s.UUIDField()
    patient_id = s.UUIDField()
    number = s.IntegerField()
    status = s.ChoiceField(CourseStatus.choices)
    protocol_code = s.CharField(source="protocol.code")
    protocol_version = s.IntegerField(source="protocol.version")
    primary_scale_code = s.CharField(source="primary_scale.code")
    primary_scale_version = s.IntegerField(source="primary_scale.version")
    planned_count = s.IntegerField()
    mg_per_kg = s.DecimalField(5, 3)
    infusion_minutes = s.IntegerField()
    planned_start_on = s.DateField()
    started_on = s.DateField(allow_null=True)
    ended_on = s.DateField(allow_null=True)
    stop_reason = s.ChoiceField(StopReason.choices, allow_blank=True)
    created_at = s.DateTimeField()
    updated_at = s.DateTimeField()
    outcome = Outcome(allow_null=True)
    sessions = Session(many=True)
    scores = Score(many=True)
    requirements = CourseRequirement(many=True)


class Alert(s.Serializer[object]):
    item = s.CharField()
    level = s.CharField()
    answer = s.IntegerField()


class Assessment(s.Serializer[object]):
    id = s.UUIDField()
    site_id = s.UUIDField()
    patient_id = s.UUIDField()
    course_id = s.UUIDField(allow_null=True)
    session_id = s.UUIDField(allow_null=True)
    scale_code = s.CharField(source="scale.code")
    scale_version = s.IntegerField(source="scale.version")
    taken_at = s.DateTimeField()
    taken_on = s.DateField()
    status = s.ChoiceField(AssessmentStatus.choices)
    items = s.ListField(child=s.IntegerField(allow_null=True))
    functional = s.IntegerField(allow_null=True)
    total = s.IntegerField(allow_null=True)
    band = s.CharField(allow_blank=True)
    alerts = Alert(many=True)
    tags = s.ListField(child=s.CharField())
    hours_since_infusion = s.DecimalField(9, 1, allow_null=True)
    baseline_id = s.UUIDField(allow_null=True)
    improvement_percent = s.DecimalField(6, 1, allow_null=True)
    outcome = s.ChoiceField(CATEGORIES, allow_blank=True)
    is_remission = s.BooleanField(allow_null=True)
    policy_version = s.IntegerField()
    why = Why(allow_null=True)
    replaces_id = s.UUIDField(allow_null=True)
    replaced_by_id = s.UUIDField(allow_null=True)
    created_at = s.DateTimeField()
    updated_at = s.DateTimeField()


class Result(s.Serializer[object]):
    id = s.UUIDField()
    site_id = s.UUIDField()
    patient_id = s.UUIDField()
    report_id = s.UUIDField()
    status = s.ChoiceField(ResultStatus.choices)
    observed_at = s.DateTimeField()
    code = s.CharField()
    code_system = s.CharField(allow_blank=True)
    display = s.CharField(allow_blank=True)
    comparator = s.CharField(allow_blank=True)
    value = s.DecimalField(16, 6, allow_null=True)
    value_text = s.CharField(allow_blank=True)
    unit = s.CharField(allow_blank=True)
    lower_limit = s.DecimalField(16, 6, allow_null=True)
    upper_limit = s.DecimalField(16, 6, allow_null=True)
    times_limit = s.DecimalField(10, 4, allow_null=True)
    grade = s.IntegerField(allow_null=True)
    graded_against = s.CharField(allow_blank=True)
    ungraded_reason = s.CharField(allow_blank=True)
    policy_version = s.IntegerField()
    why = Why(allow_null=True)
    analyte = s.CharField(source="analyte.code", allow_null=True)
    laboratory = s.CharField(source="report.laboratory")
    collected_on = s.DateField(source="report.collected_on")
    replaces_id = s.UUIDField(allow_null=True)
    replaced_by_id = s.UUIDField(allow_null=True)
    created_at = s.DateTimeField()
    updated_at = s.DateTimeField()


class Requirement(s.Serializer[object]):
    id = s.UUIDField()
    site_id = s.UUIDField()
    patient_id = s.UUIDField()
    course_id = s.UUIDField(source="subject_id")
    kind = s.CharField()
    title = s.CharField(source="rule.title")
    cycle = s.CharField(allow_blank=True)
    status = s.ChoiceField(RequirementStatus.choices)
    state = s.ChoiceField(STATES)
    lateness_days = s.IntegerField()
    last_done_on = s.DateField(allow_null=True)
    soon_on = s.DateField(allow_null=True)
    next_due_on = s.DateField(allow_null=True)
    overdue_on = s.DateField(allow_null=True)
    blocks_when = s.ChoiceField(BlocksWhen.choices)
    policy_version = s.IntegerField()
    why = Why(allow_null=True)
    created_at = s.DateTimeField()
    updated_at = s.DateTimeField()
