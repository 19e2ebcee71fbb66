"""People as rows for those who pull them over REST."""

from __future__ import annotations

from typing import Final

from django.db.models import QuerySet

from clinic.models import Patient
from clinic.queries_json import Feed, JsonObject, Reader, fields


def patients(reader: Reader) -> QuerySet[Patient]:
    """Patients of the sites where the reader may see them."""
    return reader.sees(Patient.objects.all(), "patients.view")


def patient_json(reader: Reader) -> JsonObject:
    """One patient. Contact ways are left out."""
    columns = fields(
        Patient,
        "id", "site_id", "record_number", "given_name", "family_name", "birth_date", "sex",
        "deceased_on", "transferred_on", "consent_withdrawn_on", "created_at", "updated_at",
    )  # fmt: skip
    return JsonObject(columns)


PATIENTS: Final = Feed(rows=patients, body=patient_json)
