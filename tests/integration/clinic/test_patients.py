"""Who comes under treatment, and what may be said of a person."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from clinic.actions.patients import change_patient, register_patient
from clinic.errors import Conflict, Invalid
from clinic.models import AuditEvent, Patient, Site, User
from tests.factories import PatientFactory

pytestmark = pytest.mark.django_db

NGOZI: dict[str, Any] = {
    "record_number": " r-10442 ",
    "given_name": "Ngozi",
    "family_name": "Okafor",
    "birth_date": date(1985, 4, 12),
}


def test_a_record_number_is_written_one_way(site: Site, coordinator: User) -> None:
    patient = register_patient(site=site, by=coordinator, **NGOZI)
    assert (patient.record_number, patient.standing) == ("R-10442", "here")
    event = AuditEvent.objects.get(event="patient.added")
    assert (event.actor, event.patient_id, event.change) == (coordinator, patient.pk, {})


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"family_name": ""}, "family_name"),
        ({"birth_date": None}, "birth_date"),
        ({"sex": "unheard of"}, "sex"),
        ({"email": "no address"}, "email"),
        ({"birth_date": date(1899, 12, 31)}, ""),
        ({"consents_to_email": True}, ""),
        ({"deceased_on": date(1980, 1, 1)}, ""),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(
    site: Site, coordinator: User, given: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        register_patient(site=site, by=coordinator, **NGOZI | given)
    assert refusal.value.field == field
    assert refusal.value.message
    assert not Patient.objects.exists()


def test_a_number_is_given_once_a_site(site: Site, other_site: Site, coordinator: User) -> None:
    register_patient(site=site, by=coordinator, **NGOZI)
    with pytest.raises(Invalid):
        register_patient(site=site, by=coordinator, **NGOZI | {"record_number": "R-10442"})
    assert register_patient(site=other_site, by=None, **NGOZI).record_number == "R-10442"


def test_of_two_at_the_same_moment_one_is_told(
    site: Site, coordinator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The form found the number free; before it was saved somebody else had taken it."""
    PatientFactory.create(site=site, record_number="R-10442")
    monkeypatch.setattr(Patient, "full_clean", lambda self: None)
    with pytest.raises(Conflict) as refusal:
        register_patient(site=site, by=coordinator, **NGOZI)
    assert (refusal.value.code, refusal.value.field) == ("record_number_taken", "record_number")


def test_a_change_names_the_fields_and_not_their_values(patient: Patient, nurse: User) -> None:
    changed = change_patient(patient=patient, by=nurse, phone="07700 900123", family_name="Eze")
    assert (changed.family_name, changed.phone) == ("Eze", "07700 900123")
    event = AuditEvent.objects.get(event="patient.changed")
    assert event.change == {"fields": ["family_name", "phone"]}


@pytest.mark.parametrize("field", ["site", "site_id", "id", "pk", "created_at", "nickname"])
def test_nobody_is_moved_to_another_site(
    patient: Patient, other_site: Site, nurse: User, field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        change_patient(patient=patient, by=nurse, **{field: other_site})
    assert (refusal.value.code, refusal.value.field) == ("unknown_field", field)
    patient.refresh_from_db()
    assert patient.site != other_site
