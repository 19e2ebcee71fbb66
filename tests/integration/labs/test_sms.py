"""Text messages through a library that knows the services: against a real server here."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from apprise.plugins.custom_json import NotifyJSON
from pytest_django.fixtures import Settings

from labs.delivery import sms
from labs.delivery.channels import has_sms, providers
from labs.delivery.port import Message, Outcome, Verdict
from labs.delivery.sms import SmsProvider, as_e164
from tests.gateway import Gateway, running
from tests.mail import free_port

TEXT = Message(
    key="k", recipients=("020 7946 0000",), subject="", body="Please ring us.", channel="sms"
)


@pytest.fixture
def service() -> Iterator[Gateway]:
    """Any service that takes JSON: apprise's own `json://`."""
    yield from running()


def by(service: Gateway, path: str = "{to}") -> SmsProvider:
    return SmsProvider(f"{service.url.replace('http', 'json')}/{path}", "GB")


def test_a_text_leaves_for_the_number_in_its_international_form(service: Gateway) -> None:
    assert by(service).send(TEXT) == Outcome(Verdict.ACCEPTED, ref="apprise")
    [sent] = service.books.sent
    assert sent["message"] == "Please ring us."
    assert sent["title"] == ""


def test_what_the_service_refuses_is_not_known_to_have_stayed(service: Gateway) -> None:
    service.manners.statuses = [500]
    assert by(service).send(TEXT) == Outcome(Verdict.UNKNOWN, reason="service_said_no")


def test_nobody_listens(settings: Settings) -> None:
    provider = SmsProvider(f"json://127.0.0.1:{free_port()}/{{to}}", "GB")
    assert provider.send(TEXT) == Outcome(Verdict.UNKNOWN, reason="service_said_no")
    provider.close()


@pytest.mark.parametrize("drips", ["headers", "body"])
def test_a_service_that_drips_is_given_up_in_time(
    service: Gateway, monkeypatch: pytest.MonkeyPatch, drips: str
) -> None:
    monkeypatch.setattr(sms, "ANSWER_SECONDS", 0.5)
    service.manners.drips, begun = drips, time.monotonic()
    assert by(service).send(TEXT) == Outcome(Verdict.UNKNOWN, reason="answer_too_slow")
    assert time.monotonic() - begun < 2


def test_what_a_service_raises_is_not_known_to_have_stayed(
    service: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: NotifyJSON, **kwargs: object) -> bool:
        raise RuntimeError("020 7946 0000")

    monkeypatch.setattr(NotifyJSON, "send", broken)
    assert by(service).send(TEXT) == Outcome(Verdict.UNKNOWN, reason="cut_RuntimeError")


@pytest.mark.parametrize("wish", ["retry=3", "retry=3&optional=yes", "redirect=yes"])
def test_a_refused_text_is_asked_for_once_whatever_the_address_wishes(
    service: Gateway, wish: str
) -> None:
    service.manners.statuses = [307, 202]
    outcome = by(service, f"{{to}}?{wish}").send(TEXT)
    assert outcome == Outcome(Verdict.UNKNOWN, reason="service_said_no")
    assert (service.manners.statuses, service.books.delivered) == ([202], 0)


def test_a_number_that_is_none_goes_nowhere(service: Gateway) -> None:
    message = Message(key="k", recipients=("12",), subject="", body="x", channel="sms")
    assert by(service).send(message) == Outcome(Verdict.PERMANENT, reason="number_unusable")
    assert service.books.sent == []


def test_a_service_nobody_knows_is_tried_again_once_it_is_mended() -> None:
    provider = SmsProvider("pigeon://{to}", "GB")
    assert provider.send(TEXT) == Outcome(Verdict.RETRY, reason="service_unknown")


@pytest.mark.parametrize(
    ("number", "region", "written"),
    [
        ("020 7946 0000", "GB", "+442079460000"),
        ("+44 20 7946 0000", "US", "+442079460000"),
        ("(212) 555-0100", "US", "+12125550100"),
        ("0049 30 123456", "GB", "+4930123456"),
        ("12", "GB", ""),
        ("no number", "GB", ""),
        ("", "GB", ""),
    ],
)
def test_numbers(number: str, region: str, written: str) -> None:
    assert as_e164(number, region) == written


def test_the_settings_choose(settings: Settings) -> None:
    assert has_sms() is False
    assert list(providers()) == ["email"]
    settings.SMS_THROUGH, settings.SMS_URL = "apprise", "json://127.0.0.1:1/{to}"
    assert has_sms() is True
    assert providers()["sms"].name == "sms"
    assert providers()["sms"].keyed is False
