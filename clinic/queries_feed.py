"""People as plain rows, for those who pull them over REST."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import QuerySet

from clinic.models import Patient
from clinic.querysets import Viewer

Rows = QuerySet[Any, dict[str, Any]]

PATIENT: Final = (
    "id",
    "site_id",
    "record_number",
    "given_name",
    "family_name",
    "birth_date",
    "sex",
    "deceased_on",
    "transferred_on",
    "consent_withdrawn_on",
    "created_at",
    "updated_at",
)


def patients(user: Viewer) -> Rows:
    """Patients of the sites where `user` may see them. Contact ways are left out."""
    rows: Rows = Patient.objects.visible_to(user, "patients.view").values(*PATIENT)
    return rows
