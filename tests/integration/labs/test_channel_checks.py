"""What stands in the settings of the channels is looked at before the first message."""

from __future__ import annotations

import pytest
from pytest_django.fixtures import Settings

from labs.checks import channels_are_whole

# 20 bytes.
KEY = "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQ="


def through_the_gateway(settings: Settings) -> None:
    settings.EMAIL_THROUGH, settings.GATEWAY_TOKEN = "gateway", "a-token"
    settings.GATEWAY_URL, settings.GATEWAY_SECRETS = "https://gateway.example", [KEY]


def faults() -> list[str]:
    found = channels_are_whole()
    # What is serious stops the start.
    assert all(one.is_serious() == str(one.id).startswith("daybreak.E") for one in found)
    return [str(one.id) for one in found]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, []),
        ({"EMAIL_THROUGH": "pigeon"}, ["daybreak.E010"]),
        ({"SMS_THROUGH": "pigeon"}, ["daybreak.E011"]),
        ({"EMAIL_THROUGH": "gateway"}, ["daybreak.E012"] * 3),
        (
            {"SMS_THROUGH": "gateway", "GATEWAY_URL": "http://gateway.example",
             "GATEWAY_TOKEN": "t", "GATEWAY_SECRETS": [KEY]},
            ["daybreak.E013"],
        ),
        (
            {"SMS_THROUGH": "gateway", "GATEWAY_URL": "https://gateway.example",
             "GATEWAY_TOKEN": "t", "GATEWAY_SECRETS": [KEY]},
            [],
        ),
        ({"SMS_THROUGH": "apprise", "SMS_URL": "twilio://s:t@from/"}, ["daybreak.E014"]),
        ({"SMS_THROUGH": "apprise", "SMS_URL": "twilio://s:t@from/{to}"}, []),
    ],
)  # fmt: skip
def test_a_channel_that_is_not_whole_is_named(
    settings: Settings, changes: dict[str, object], found: list[str]
) -> None:
    for name, value in changes.items():
        setattr(settings, name, value)
    assert faults() == found


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://gateway.example/v1", []),
        ("http://127.0.0.1:8025", []),
        ("http://localhost", []),
        ("http://[::1]:8025", []),
        ("http://127.0.0.1.gateway.example", ["daybreak.E013"]),
        ("ftp://127.0.0.1", ["daybreak.E013"]),
        ("gateway.example", ["daybreak.E013"]),
        ("https://", ["daybreak.E013"]),
        ("http://[", ["daybreak.E013"]),
    ],
)
def test_an_address_that_others_could_read_along_is_named(
    settings: Settings, url: str, found: list[str]
) -> None:
    through_the_gateway(settings)
    settings.GATEWAY_URL = url
    assert faults() == found


@pytest.mark.parametrize(
    ("secrets", "found"),
    [
        ([KEY], []),
        ([KEY.removeprefix("whsec_")], []),
        ([KEY.rstrip("=")], []),
        (["c2l4dGVlbiBieXRlcyEhIQ=="], []),
        # 15 bytes, none, and no base64, each beside one that is right.
        ([KEY, "ZmlmdGVlbiBieXRlcyEh"], ["daybreak.W015"]),
        ([KEY, "whsec_"], ["daybreak.W015"]),
        ([KEY, "whsec_not base64 at all, though long"], ["daybreak.W015"]),
    ],
)
def test_a_secret_that_signs_nothing_is_named(
    settings: Settings, secrets: list[str], found: list[str]
) -> None:
    through_the_gateway(settings)
    settings.GATEWAY_SECRETS = secrets
    assert faults() == found
