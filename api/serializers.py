"""The shapes of answers, for the schema; rows themselves go out as the query gave them."""

from __future__ import annotations

from rest_framework import serializers as s


class Patient(s.Serializer[object]):
    id = s.UUIDField()
    site_id = s.UUIDField()
    record_number = s.CharField()
    given_name = s.CharField()
    family_name = s.CharField()
    birth_date = s.DateField()
    sex = s.CharField()
    deceased_on = s.DateField(allow_null=True)
    transferred_on = s.DateField(allow_null=True)
    consent_withdrawn_on = s.DateField(allow_null=True)
    created_at = s.DateTimeField()
    updated_at = s.DateTimeField()


class Infusion(s.Serializer[object]):
    id = s.UUIDField()
    weight_kg = s.DecimalField(5, 1)
    mg_per_kg = s.DecimalField(5, 3)
    dose_mg = s.DecimalField(7, 1)
    given_mg = s.DecimalField(7, 1, allow_null=True)
    concentration_mg_per_ml = s.DecimalField(7, 2)
    drug_volume_ml = s.DecimalField(7, 2)
    total_volume_ml = s.DecimalField(7, 1)
    rate_ml_per_h = s.DecimalField(7, 1)
    started_at = s.DateTimeField()
    ended_at = s.DateTimeField(allow_null=True)
    given_on = s.DateField()
    stop_reason = s.CharField(allow_blank=True)
    entered_in_error_at = s.DateTimeField(allow_null=True)


class Session(s.Serializer[object]):
    id = s.UUIDField()
    number = s.IntegerField()
    status = s.CharField()
    earliest_on = s.DateField()
    ideal_on = s.DateField()
    latest_on = s.DateField()
    appointment_id = s.UUIDField(allow_null=True)
    replaces_id = s.UUIDField(allow_null=True)
    updated_at = s.DateTimeField()
    infusion = Infusion(allow_null=True)


class Course(s.Serializer[object]):
    id = s.UUIDField()
    site_id = s.UUIDField()
    patient_id = s.UUIDField()
    number = s.IntegerField()
    status = s.CharField()
    planned_count = s.IntegerField()
    mg_per_kg = s.DecimalField(5, 3)
    infusion_minutes = s.IntegerField()
    planned_start_on = s.DateField()
    started_on = s.DateField(allow_null=True)
    ended_on = s.DateField(allow_null=True)
    stop_reason = s.CharField(allow_blank=True)
    created_at = s.DateTimeField()
    updated_at = s.DateTimeField()
    protocol_code = s.CharField()
    protocol_version = s.IntegerField()
    primary_scale_code = s.CharField()
    primary_scale_version = s.IntegerField()
    sessions = Session(many=True)


class Alert(s.Serializer[object]):
    item = s.CharField()
    answer = s.IntegerField()
    level = s.CharField()


class Assessment(s.Serializer[object]):
    id = s.UUIDField()
    site_id = s.UUIDField()
    patient_id = s.UUIDField()
    course_id = s.UUIDField(allow_null=True)
    session_id = s.UUIDField(allow_null=True)
    taken_at = s.DateTimeField()
    taken_on = s.DateField()
    items = s.ListField(child=s.IntegerField(allow_null=True))
    functional = s.IntegerField(allow_null=True)
    status = s.CharField()
    total = s.IntegerField(allow_null=True)
    band = s.CharField(allow_blank=True)
    alerts = Alert(many=True)
    hours_since_infusion = s.DecimalField(9, 1, allow_null=True)
    tags = s.ListField(child=s.CharField())
    replaces_id = s.UUIDField(allow_null=True)
    created_at = s.DateTimeField()
    updated_at = s.DateTimeField()
    scale_code = s.CharField()
    scale_version = s.IntegerField()


class Result(s.Serializer[object]):
    id = s.UUIDField()
    site_id = s.UUIDField()
    patient_id = s.UUIDField()
    report_id = s.UUIDField()
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
    observed_at = s.DateTimeField()
    status = s.CharField()
    replaces_id = s.UUIDField(allow_null=True)
    created_at = s.DateTimeField()
    updated_at = s.DateTimeField()
    analyte_code = s.CharField(allow_null=True)
    laboratory = s.CharField()
    collected_on = s.DateField()


class Requirement(s.Serializer[object]):
    id = s.UUIDField()
    site_id = s.UUIDField()
    patient_id = s.UUIDField()
    kind = s.CharField()
    cycle = s.CharField(allow_blank=True)
    status = s.CharField()
    last_done_on = s.DateField(allow_null=True)
    next_due_on = s.DateField(allow_null=True)
    soon_on = s.DateField(allow_null=True)
    overdue_on = s.DateField(allow_null=True)
    blocks_when = s.CharField()
    created_at = s.DateTimeField()
    updated_at = s.DateTimeField()
    title = s.CharField()
    course_id = s.UUIDField()
