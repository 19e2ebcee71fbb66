"""People come under treatment, and what is known of them changes."""

from __future__ import annotations

from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from clinic.actions.audit import record
from clinic.actions.constraints import constraint_of
from clinic.errors import Conflict, Invalid
from clinic.models import Patient, Site, User
from clinic.rules.identifiers import normalise_record_number

# What a person may say of a patient; the site and the keys are not among it.
FIELDS: Final = frozenset(
    {
        "record_number",
        "given_name",
        "family_name",
        "birth_date",
        "sex",
        "email",
        "phone",
        "consents_to_email",
        "consents_to_sms",
        "language",
        "deceased_on",
        "transferred_on",
        "transferred_to",
        "consent_withdrawn_on",
    }
)


@transaction.atomic
def register_patient(*, site: Site, by: User | None, **fields: Any) -> Patient:
    """A new patient of a site.

    Raises Invalid naming the first field that is wrong, Conflict `record_number_taken` where
    somebody else registered the number at the same moment.
    """
    _require_known(fields)
    patient = Patient(site=site, **fields)
    patient.record_number = normalise_record_number(patient.record_number)
    _save(patient)
    record("patient.added", by=by, subject=patient, patient_id=patient.pk)
    return patient


@transaction.atomic
def change_patient(*, patient: Patient, by: User | None, **fields: Any) -> Patient:
    """Change what is known. A death or transfer needs `courses.actions.monitoring` afterwards.

    Raises as `register_patient`.
    """
    _require_known(fields)
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


def _require_known(fields: dict[str, Any]) -> None:
    unknown = sorted(fields.keys() - FIELDS)
    if unknown:
        raise Invalid("unknown_field", f"“{unknown[0]}” cannot be set.", unknown[0])


def _save(patient: Patient) -> None:
    try:
        patient.full_clean()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise Invalid("invalid", messages[0], "" if field == "__all__" else field) from None
    try:
        with transaction.atomic():
            patient.save()
    except IntegrityError as error:
        if constraint_of(error) != "record_number_once_a_site":
            raise
        words = f"{patient.record_number} belongs to another patient of this site."
        raise Conflict("record_number_taken", words, "record_number") from None
