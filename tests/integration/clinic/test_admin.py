"""Every model in the admin: opens, searches, stays within a constant number of queries."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO

import pytest
from django.contrib import admin
from django.core.management import CommandError, call_command
from django.db import connection, models
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic.access import access_list
from clinic.models import AuditEvent, Membership, OpeningHours, Patient, Policy, Site, User
from clinic.rules.access import allows
from tests.factories import (
    AppointmentFactory,
    AssessmentFactory,
    ChairFactory,
    CourseFactory,
    MembershipFactory,
    PatientFactory,
    ReportFactory,
    SessionFactory,
    TaskFactory,
    member,
)

SignIn = Callable[[User], Client]
MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label_lower)
ROLES = ("coordinator", "nurse", "prescriber", "lead", "site_admin", "auditor", "integration")
MOST_QUERIES = 13


def page(model: type[models.Model], name: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)


def fill(site: Site, count: int) -> None:
    for _ in range(count):
        patient = PatientFactory.create(site=site)
        AppointmentFactory.create(patient=patient)
        SessionFactory.create(course=CourseFactory.create(patient=patient))
        AssessmentFactory.create(patient=patient)
        ReportFactory.create(patient=patient)
        TaskFactory.create(patient=patient)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label_lower)
@pytest.mark.parametrize("role", ROLES)
def test_each_role_opens_exactly_what_the_list_grants(
    site: Site, as_user: SignIn, model: type[models.Model], role: str
) -> None:
    wanted = access_list().models[model._meta.label_lower]["view"]
    answer = as_user(member(site, role)).get(page(model, "changelist"))
    assert answer.status_code == (200 if allows(role, wanted) else 403)


@pytest.mark.parametrize(
    "model",
    [m for m in MODELS if m._meta.app_label in {"clinic", "labs", "courses"}],
    ids=lambda model: model._meta.label_lower,
)
def test_a_list_costs_the_same_at_any_length(
    site: Site, as_user: SignIn, model: type[models.Model]
) -> None:
    role = "site_admin" if model._meta.model_name in {"user", "membership"} else "lead"
    client = as_user(member(site, role))
    counts = []
    for more in (2, 6):
        fill(site, more)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(page(model, "changelist"), {"q": ""}).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
    # The overview of policies reads each of the six tables of clinical content once.
    assert counts[1] <= MOST_QUERIES + (6 if model is Policy else 0)


def test_a_stranger_finds_nothing(site: Site, stranger: User, as_user: SignIn) -> None:
    patient = PatientFactory.create(site=site, family_name="Hidden")
    client = as_user(stranger)
    assert "Hidden" not in client.get(page(Patient, "changelist")).content.decode()
    assert client.get(page(Patient, "change", patient.pk)).status_code == 302
    answer = client.get(
        reverse("admin:autocomplete"),
        {
            "term": "Hidden",
            "app_label": "clinic",
            "model_name": "appointment",
            "field_name": "patient",
        },
    )
    assert answer.json()["results"] == []


def test_nobody_signs_in_past_the_one_door(site: Site) -> None:
    answer = Client().get(reverse("admin:index"))
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("account_login"))
    answer = Client().post(reverse("admin:login"), {"username": "a", "password": "b"})
    assert answer["Location"].startswith(reverse("account_login"))


def test_nothing_is_deleted(site: Site, lead: User, as_user: SignIn) -> None:
    patient = PatientFactory.create(site=site)
    assert as_user(lead).post(page(Patient, "delete", patient.pk)).status_code == 404


def test_a_patient_is_added_and_audited(site: Site, coordinator: User, as_user: SignIn) -> None:
    answer = as_user(coordinator).post(
        page(Patient, "add"),
        {
            "site": site.pk,
            "record_number": "R1",
            "given_name": "Ines",
            "family_name": "Ruiz",
            "birth_date": "1990-02-03",
            "sex": "female",
            "courses-TOTAL_FORMS": "0",
            "courses-INITIAL_FORMS": "0",
        },
    )
    assert answer.status_code == 302, answer.content.decode()
    patient = Patient.objects.get(record_number="R1")
    event = AuditEvent.objects.get(subject_id=patient.pk)
    assert (event.event, event.actor_label) == ("patient.added", coordinator.email)
    assert "Ines" not in str(event.change)


def test_another_sites_choice_is_refused(
    site: Site, other_site: Site, coordinator: User, as_user: SignIn
) -> None:
    answer = as_user(coordinator).post(
        page(Patient, "add"),
        {
            "site": other_site.pk,
            "record_number": "R1",
            "given_name": "Ines",
            "family_name": "Ruiz",
            "birth_date": "1990-02-03",
            "sex": "female",
            "courses-TOTAL_FORMS": "0",
            "courses-INITIAL_FORMS": "0",
        },
    )
    assert answer.status_code == 200
    assert "Select a valid choice" in answer.content.decode()
    assert not Patient.objects.exists()


def test_an_appointment_is_booked_by_the_action(
    site: Site, coordinator: User, as_user: SignIn, patient: Patient
) -> None:
    chair = ChairFactory.create(site=site)
    client = as_user(coordinator)
    session = SessionFactory.create(course=CourseFactory.create(patient=patient))
    data = {
        "patient": patient.pk,
        "chair": chair.pk,
        "session": session.pk,
        "starts_at_0": "2031-03-03",
        "starts_at_1": "10:00",
        "minutes": "180",
        "transitions-TOTAL_FORMS": "0",
        "transitions-INITIAL_FORMS": "0",
    }
    appointment_add = reverse("admin:clinic_appointment_add")
    answer = client.post(appointment_add, data)
    assert answer.status_code == 302, answer.content.decode()
    session.refresh_from_db()
    assert session.appointment is not None
    assert session.appointment.during.lower.isoformat() == "2031-03-03T10:00:00+00:00"
    other = PatientFactory.create(site=site)
    answer = client.post(appointment_add, data | {"patient": other.pk, "session": ""})
    assert answer.status_code == 200
    assert "taken" in answer.content.decode()
    assert patient.appointments.count() == 1
    assert other.appointments.count() == 0


def test_a_colleague_gets_an_account(site: Site, site_admin: User, as_user: SignIn) -> None:
    answer = as_user(site_admin).post(
        page(User, "add"),
        {
            "email": "new@clinic.example",
            "name": "New Nurse",
            "usable_password": "true",
            "password1": "long enough for anybody",
            "password2": "long enough for anybody",
            "site": site.pk,
            "role": "nurse",
        },
    )
    assert answer.status_code == 302, answer.content.decode()
    assert Membership.objects.get(user__email="new@clinic.example").role == "nurse"


def test_a_role_at_one_site_gives_nothing_at_another(
    site: Site, other_site: Site, site_admin: User, as_user: SignIn
) -> None:
    """Administrator here, nurse there: nobody can be let in there."""
    MembershipFactory.create(user=site_admin, site=other_site, role="nurse")
    friend = member(site, "nurse")
    client = as_user(site_admin)
    answer = client.post(
        page(Membership, "add"),
        {"site": other_site.pk, "user": friend.pk, "role": "lead", "is_active": "on"},
    )
    assert answer.status_code == 200
    assert "Select a valid choice" in answer.content.decode()
    assert client.get(page(Site, "change", other_site.pk)).status_code == 302
    there = Membership.objects.get(site=other_site, user=site_admin)
    assert client.get(page(Membership, "change", there.pk)).status_code == 302
    assert Membership.objects.filter(site=other_site).count() == 1


def test_a_site_is_opened_from_the_command_line(db: None) -> None:
    out = StringIO()
    call_command(
        "create_site",
        name="Northgate",
        slug="northgate",
        time_zone="Europe/Paris",
        email="lead@northgate.example",
        person="Lea Lead",
        stdout=out,
    )
    lead = User.objects.get(email="lead@northgate.example")
    password = out.getvalue().split(" with ")[1].split()[0]
    assert lead.check_password(password)
    assert lead.memberships.get().role == "lead"
    assert OpeningHours.objects.filter(site__slug="northgate").count() == 5


def test_a_wrong_time_zone_opens_nothing(db: None) -> None:
    with pytest.raises(CommandError, match=r"time_zone: .*not a time zone"):
        call_command(
            "create_site",
            name="Northgate",
            slug="northgate",
            time_zone="Europe/Atlantis",
            email="lead@northgate.example",
            person="Lea Lead",
        )
    assert not Site.objects.exists()
