"""Every URL stands on the access list, and the list names nothing that is not there."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.contrib import admin
from django.core.checks import run_checks
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from pytest_socket import SocketConnectBlockedError

from clinic.access import access_list


def names(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    for entry in patterns:
        if isinstance(entry, URLResolver):
            inner = f"{prefix}{entry.namespace}:" if entry.namespace else prefix
            yield from names(entry.url_patterns, inner)
        else:
            yield f"{prefix}{entry.name}" if entry.name else f"{prefix}<{entry.pattern}>"


# Sign-up and address pages of the sign-in library: nobody may open them, so they stand on no list.
NOBODY = {
    "account_signup",
    "account_email",
    "account_set_password",
    "account_email_verification_sent",
    "account_confirm_email",
    "account_request_login_code",
    "account_confirm_login_code",
    "account_signup_by_passkey",
}


def is_nobodys(name: str) -> bool:
    """Deleting in the admin, and a catch-all of the admin that only redirects."""
    return name in NOBODY or name.endswith("_delete") or name.startswith("admin:<")


def all_names() -> set[str]:
    return set(names(get_resolver().url_patterns))


def test_every_url_is_listed() -> None:
    unlisted = {n for n in all_names() if access_list().rule_for(n) is None and not is_nobodys(n)}
    assert {n for n in unlisted if not is_readonly_add(n)} == set()


def is_readonly_add(name: str) -> bool:
    """Adding a row that only its own page may add."""
    stem = name.removeprefix("admin:").removesuffix("_add")
    return name.endswith("_add") and any(
        f"{model._meta.app_label}_{model._meta.model_name}" == stem
        and "add" not in access_list().models.get(model._meta.label_lower, {"add": ""})
        for model in admin.site._registry
    )


def test_the_list_names_nothing_that_is_not_there() -> None:
    assert set(access_list().urls) - all_names() == set()


def test_every_model_of_the_admin_is_listed() -> None:
    registered = {model._meta.label_lower for model in admin.site._registry}
    assert registered == set(access_list().models)


@pytest.mark.django_db
def test_an_unlisted_url_answers_as_if_it_did_not_exist() -> None:
    assert Client().get("/accounts/signup/").status_code == 404


def test_beat_names_exist() -> None:
    assert len(settings.CELERY_BEAT_SCHEDULE) == 5
    assert [m for m in run_checks() if m.id == "daybreak.E002"] == []


def test_the_network_is_blocked() -> None:
    with pytest.raises(SocketConnectBlockedError), socket.socket() as s:
        s.connect(("192.0.2.1", 80))
