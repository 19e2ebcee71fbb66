"""A program of the site, with its token."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from clinic.models import Site, User
from tests.factories import member
from tests.integration.api.scene import with_token


@pytest.fixture
def program(site: Site) -> User:
    return member(site, "integration", email="bridge@clinic.example")


@pytest.fixture
def client(program: User) -> APIClient:
    return with_token(program)
