"""The cast of the tests: people of each role at one site, and a stranger from another."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django import DjangoDbBlocker

from clinic.models import Chair, Patient, Role, Site, User
from tests.factories import ChairFactory, PatientFactory, SiteFactory, member


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """The shipped clinical content is there in every test, as it is in every installation."""
    with django_db_blocker.unblock():
        call_command("load_catalogue", verbosity=0)


@pytest.fixture
def site(db: None) -> Site:
    return SiteFactory.create(name="Riverside", slug="riverside")


@pytest.fixture
def other_site(db: None) -> Site:
    return SiteFactory.create(name="Hilltop", slug="hilltop", time_zone="America/New_York")


@pytest.fixture
def coordinator(site: Site) -> User:
    return member(site, Role.COORDINATOR, name="Cora Coordinator", email="cora@clinic.example")


@pytest.fixture
def nurse(site: Site) -> User:
    return member(site, Role.NURSE, name="Nils Nurse", email="nils@clinic.example")


@pytest.fixture
def prescriber(site: Site) -> User:
    return member(site, Role.PRESCRIBER, name="Petra Prescriber", email="petra@clinic.example")


@pytest.fixture
def lead(site: Site) -> User:
    return member(site, Role.LEAD, name="Lena Lead", email="lena@clinic.example")


@pytest.fixture
def site_admin(site: Site) -> User:
    return member(site, Role.SITE_ADMIN, name="Ada Admin", email="ada@clinic.example")


@pytest.fixture
def auditor(site: Site) -> User:
    return member(site, Role.AUDITOR, name="Otto Auditor", email="otto@clinic.example")


@pytest.fixture
def stranger(other_site: Site) -> User:
    """A nurse of another site."""
    return member(other_site, Role.NURSE, name="Stella Stranger", email="stella@hill.example")


@pytest.fixture
def patient(site: Site) -> Patient:
    return PatientFactory.create(site=site)


@pytest.fixture
def chair(site: Site) -> Chair:
    return ChairFactory.create(site=site, name="A")


@pytest.fixture
def as_user() -> object:
    """A browser signed in as somebody: `as_user(nurse).get(...)`."""

    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in


@pytest.fixture(autouse=True)
def catalogue_survives(request: pytest.FixtureRequest) -> None:
    """A transactional test empties every table at its end; the next one needs the content back."""
    marker = request.node.get_closest_marker("django_db")
    transactional = {"transactional_db", "live_server"} & set(request.fixturenames)
    if transactional or (marker and marker.kwargs.get("transaction")):
        request.getfixturevalue("transactional_db")
        call_command("load_catalogue", verbosity=0)
