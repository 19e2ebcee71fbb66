"""People come under treatment, and what is known of them changes."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from clinic.actions.audit import record
from clinic.errors import Invalid
from clinic.models import Patient, Site, User
from clinic.rules.identifiers import normalise_record_number


@transaction.atomic
def register_patient(*, site: Site, by: User | None, **fields: Any) -> Patient:
    """A new patient of a site. Raises Invalid naming the first field that is wrong."""
    patient = Patient(site=site, **fields)
    patient.record_number = normalise_record_number(patient.record_number)
    _save(patient)
    record("patient.added", by=by, subject=patient, patient_id=patient.pk)
    return patient


@transaction.atomic
def change_patient(*, patient: Patient, by: User | None, **fields: Any) -> Patient:
    """Change what is known. A death or transfer needs `courses.actions.monitoring` afterwards."""
    held = Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)
    for name, value in fields.items():
        setattr(held, name, value)
    held.record_number = normalise_record_number(held.record_number)
    _save(held)
    record(
        "patient.changed",
        by=by,
        subject=held,
        patient_id=held.pk,
        change={"fields": sorted(fields)},
    )
    return held


def _save(patient: Patient) -> None:
    try:
        patient.full_clean()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise Invalid("invalid", messages[0], "" if field == "__all__" else field) from None
    patient.save()
