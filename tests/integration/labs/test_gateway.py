"""Messages through a real gateway on this machine: delivered once, whatever the line does."""

from __future__ import annotations

import hashlib
import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from labs import ledger
from labs.actions.dispatch import Dispatched, dispatch_once
from labs.actions.reminders import sweep, wake
from labs.delivery import gateway as carrier
from labs.delivery import sms
from labs.delivery.channels import providers
from labs.delivery.gateway import GatewayProvider
from labs.delivery.port import Message, Outcome, Verdict
from labs.models import Reminder
from tests.factories import PatientFactory
from tests.gateway import Gateway, Manners, running
from tests.integration.labs.due_rows import again, awake_site, make_due, reminder, requirement
from tests.mail import free_port

LETTER = Message(
    key="req:1|due:2026-12-01|rev:0|step:due_soon|chan:email|to:patient",
    recipients=("ngozi@mail.example",),
    subject="A message from your care team",
    body="Please ring us.",
    reminder_id=UUID(int=7),
)

# 20 bytes.
KEY = "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQ="


@pytest.fixture
def gateway(settings: Settings) -> Iterator[Gateway]:
    """A gateway that runs, and settings that point at it."""
    for one in running():
        settings.GATEWAY_URL, settings.GATEWAY_TOKEN = one.url, "a-token"
        settings.GATEWAY_SECRETS = [KEY]
        settings.EMAIL_THROUGH = settings.SMS_THROUGH = "gateway"
        yield one


def send(message: Message = LETTER, url: str = "") -> Outcome:
    provider = GatewayProvider(url, "a-token") if url else providers()["email"]
    outcome = provider.send(message)
    provider.close()
    return outcome


# --- what travels -------------------------------------------------------------------------------
def test_what_travels(gateway: Gateway) -> None:
    outcome = send()
    key = hashlib.sha256(LETTER.key.encode()).hexdigest()
    assert outcome == Outcome(Verdict.ACCEPTED, ref=gateway.books.accepted[key])
    assert gateway.books.sent == [
        {
            "channel": "email",
            "to": ["ngozi@mail.example"],
            "subject": "A message from your care team",
            "body": "Please ring us.",
            "reference": "00000000-0000-0000-0000-000000000007",
        }
    ]
    [headers] = gateway.books.headers
    assert headers["Authorization"] == "Bearer a-token"
    assert headers["Idempotency-Key"] == key


def test_the_same_key_is_delivered_once(gateway: Gateway) -> None:
    assert send() == send()
    gateway.manners.conflict_on_repeat = True
    assert send().verdict == Verdict.ACCEPTED
    assert gateway.books.delivered == 1


@pytest.mark.parametrize(
    ("status", "verdict", "reason"),
    [
        (500, Verdict.RETRY, "http_500"),
        (503, Verdict.RETRY, "http_503"),
        (429, Verdict.RETRY, "http_429"),
        (408, Verdict.RETRY, "http_408"),
        (425, Verdict.RETRY, "http_425"),
        (400, Verdict.PERMANENT, "http_400"),
        (401, Verdict.PERMANENT, "http_401"),
        (422, Verdict.PERMANENT, "http_422"),
        (409, Verdict.PERMANENT, "http_409"),
        # Not followed: it would carry the token elsewhere.
        (302, Verdict.PERMANENT, "http_302"),
        (307, Verdict.PERMANENT, "http_307"),
    ],
)
def test_refusals(gateway: Gateway, status: int, verdict: Verdict, reason: str) -> None:
    gateway.manners.statuses = [status]
    assert send() == Outcome(verdict, reason=reason)
    assert gateway.books.delivered == 0


@pytest.mark.parametrize(
    "body",
    [
        b"not json",
        b"[]",
        b'{"id": 7}',
        b'{"id": ""}',
        b"\xff",
        b"",
        # What a database refuses to write down, and what a reader of JSON gives up on.
        b'{"id": "a\\u0000b"}',
        b'{"id": "\\ud800"}',
        b"[" * 60_000,
    ],
)
def test_taken_without_saying_as_what(gateway: Gateway, body: bytes) -> None:
    gateway.manners.body = body
    assert send() == Outcome(Verdict.UNKNOWN, reason="answer_without_id")


def test_an_answer_without_end_is_cut_off(gateway: Gateway) -> None:
    gateway.manners.body = b"x" * 70_000
    assert send() == Outcome(Verdict.UNKNOWN, reason="answer_too_long")


def test_an_answer_that_takes_too_long_is_unknown(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrier, "READ_SECONDS", 0.2)
    gateway.manners = Manners(slow=1.0, slow_seconds=0.6)
    assert send() == Outcome(Verdict.UNKNOWN, reason="cut_ReadTimeout")


@pytest.mark.parametrize("drips", ["headers", "body"])
def test_an_answer_that_drips_in_is_given_up_in_time(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, drips: str
) -> None:
    monkeypatch.setattr(carrier, "ANSWER_SECONDS", 0.5)
    gateway.manners.drips = drips
    provider, begun = GatewayProvider(gateway.url, "a-token"), time.monotonic()
    assert provider.send(LETTER) == Outcome(Verdict.UNKNOWN, reason="answer_too_slow")
    # It would have dripped for ten seconds, each byte well within the timeout of the socket.
    assert time.monotonic() - begun < 2
    gateway.manners.drips = ""
    assert provider.send(LETTER).verdict == Verdict.ACCEPTED
    assert gateway.books.delivered == 1
    provider.close()


def test_the_whole_call_fits_into_the_lease() -> None:
    assert carrier.ANSWER_SECONDS == sms.ANSWER_SECONDS == 20
    assert ledger.START_BEFORE_SECONDS > carrier.ANSWER_SECONDS


@pytest.mark.parametrize("token", ["tök€n", "two\nlines"])
def test_a_token_that_no_header_can_carry_raises_nothing(gateway: Gateway, token: str) -> None:
    outcome = GatewayProvider(gateway.url, token).send(LETTER)
    assert outcome.verdict == Verdict.UNKNOWN
    assert gateway.books.delivered == 0


def test_cut_after_accepting_it_is_unknown_and_the_next_try_is_absorbed(gateway: Gateway) -> None:
    gateway.manners.cut_after_accepting = 1.0
    assert send() == Outcome(Verdict.UNKNOWN, reason="cut_ConnectionError")
    gateway.manners.cut_after_accepting = 0.0
    assert send().verdict == Verdict.ACCEPTED
    assert gateway.books.delivered == 1


def test_nobody_listens_so_nothing_left() -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    assert send(url=nowhere) == Outcome(Verdict.RETRY, reason="cut_ConnectionError")


def test_a_line_that_is_never_taken_up_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carrier, "READ_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        outcome = send(url=f"http://127.0.0.1:{silent.getsockname()[1]}")
    assert outcome == Outcome(Verdict.UNKNOWN, reason="cut_ReadTimeout")


def test_the_line_is_kept_open_between_messages(gateway: Gateway) -> None:
    provider = GatewayProvider(gateway.url, "a-token")
    assert [provider.send(LETTER).verdict for _ in range(3)] == [Verdict.ACCEPTED] * 3
    assert gateway.books.lines == 1
    provider.close()
    provider.close()
    provider.send(LETTER)
    assert gateway.books.lines == 2
    provider.close()


# --- through the ledger -------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_a_reminder_travels_through_the_gateway(gateway: Gateway) -> None:
    row = reminder()
    wake()
    assert (again(row).state, again(row).provider) == ("accepted", "gateway")
    assert again(row).provider_ref in gateway.books.accepted.values()
    assert gateway.books.sent[0]["reference"] == str(row.pk)


@pytest.mark.django_db(transaction=True)
def test_a_text_message_travels_through_the_gateway(gateway: Gateway) -> None:
    patient = PatientFactory.create(
        site=awake_site(), consents_to_email=False, consents_to_sms=True, phone="020 7946 0000"
    )
    reminder(patient)
    wake()
    [sent] = gateway.books.sent
    assert (sent["channel"], sent["to"], sent["subject"]) == ("sms", ["020 7946 0000"], "")
    assert sent["body"] == (
        "Your care team has a message for you. Please ring us on 020 7946 0000."
    )


@pytest.mark.django_db(transaction=True)
def test_a_lost_answer_is_asked_for_again_under_the_same_key(gateway: Gateway) -> None:
    row = reminder()
    gateway.manners.cut_after_accepting = 1.0
    assert dispatch_once("w") == Dispatched(claimed=1, failed=1)
    assert (again(row).state, again(row).state_reason) == ("scheduled", "cut_ConnectionError")
    gateway.manners.cut_after_accepting = 0.0
    make_due(row)
    wake()
    assert (again(row).state, again(row).attempts) == ("accepted", 2)
    assert gateway.books.delivered == 1


@pytest.mark.django_db(transaction=True)
def test_killed_while_sending_through_the_gateway_it_is_sent_again(gateway: Gateway) -> None:
    row = reminder()
    Reminder.objects.filter(pk=row.pk).update(
        state="sending", provider="gateway", attempts=1,
        lease_token=UUID(int=1), lease_until=timezone.now() - timedelta(seconds=1),
    )  # fmt: skip
    wake()
    assert (again(row).state, again(row).attempts) == ("accepted", 2)
    assert gateway.books.delivered == 1


@pytest.mark.django_db(transaction=True)
def test_a_channel_switched_off_since_leaves_a_task(gateway: Gateway, settings: Settings) -> None:
    patient = PatientFactory.create(
        site=awake_site(), consents_to_email=False, consents_to_sms=True, phone="020 7946 0000"
    )
    requirement(patient)
    assert sweep() == 1
    settings.SMS_THROUGH = ""
    wake()
    row = Reminder.objects.get()
    assert (row.state, row.state_reason, row.channel) == ("dead", "channel_off", "sms")
