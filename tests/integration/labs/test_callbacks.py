"""The gateway's later word: believed when signed and fresh, and each word once."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from labs.actions.dispatch import dispatch_once
from labs.actions.reminder_tasks import open_reminder_task
from labs.actions.reminders import wake
from labs.delivery.port import Message, Outcome, Verdict
from labs.models import DeliveryEvent, Reminder, Task
from tests.gateway import callback, signed
from tests.integration.labs.due_rows import (
    Carrier,
    again,
    by_mail,
    lease_ran_out,
    make_due,
    reminder,
    the_task,
)

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/callbacks/messages/"
SECRET = "whsec_" + base64.b64encode(b"a secret of the gateway").decode()
OLD_SECRET = "whsec_" + base64.b64encode(b"the secret before it").decode()
MOMENT = datetime(2026, 11, 23, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def secrets(settings: Settings) -> None:
    settings.GATEWAY_SECRETS = [SECRET, OLD_SECRET]


def post(
    body: bytes, event_id: str = "evt_1", secret: str = SECRET, at: datetime | None = None
) -> int:
    headers = signed(body, secret, event_id, at)
    answer = Client().post(URL, body, content_type="application/json", headers=headers)
    return answer.status_code


def accepted(**changes: Any) -> Reminder:
    row = reminder()
    values = {"state": "accepted", "provider": "gateway", "provider_ref": "msg_1", "attempts": 1}
    Reminder.objects.filter(pk=row.pk).update(**values | {"ended_at": timezone.now()} | changes)
    return again(row)


def test_delivered() -> None:
    row = accepted()
    assert post(callback(row.pk, at=MOMENT)) == 204
    assert (again(row).state, again(row).delivered_at) == ("delivered", MOMENT)
    [event] = DeliveryEvent.objects.all()
    assert (event.event_id, event.state, event.happened_at) == ("evt_1", "delivered", MOMENT)


@pytest.mark.parametrize("before", ["accepted", "delivered"])
def test_what_came_back_is_a_task(before: str) -> None:
    row = accepted(state=before)
    assert post(callback(row.pk, "bounced")) == 204
    assert again(row).state == "bounced"
    the_task(row, "bounced")


def test_the_same_word_twice_counts_once() -> None:
    row = accepted()
    body = callback(row.pk, "bounced")
    assert [post(body), post(body), post(body)] == [204, 204, 204]
    assert DeliveryEvent.objects.count() == Task.objects.count() == 1


def test_a_late_delivered_does_not_hide_that_it_came_back() -> None:
    row = accepted()
    post(callback(row.pk, "bounced"), "evt_1")
    assert post(callback(row.pk, "delivered"), "evt_2") == 204
    assert again(row).state == "bounced"
    assert DeliveryEvent.objects.count() == 2


@pytest.mark.parametrize("state", ["cancelled", "dead", "in_doubt", "expired"])
def test_an_end_of_another_kind_stands(state: str) -> None:
    row = reminder()
    if state in {"dead", "in_doubt", "expired"}:
        open_reminder_task(row.pk, row.site_id, row.patient_id, state)
    Reminder.objects.filter(pk=row.pk).update(state=state)
    assert post(callback(row.pk)) == 204
    assert again(row).state == state


def test_a_word_that_comes_before_the_answer_counts_when_the_answer_is_written() -> None:
    row = reminder()

    class Quick(Carrier):
        def send(self, message: Message) -> Outcome:
            assert post(callback(row.pk, "bounced")) == 204
            assert again(row).state == "sending"
            return super().send(message)

    dispatch_once("w", through=by_mail(Quick(keyed=True, name="gateway")))
    assert (again(row).state, again(row).provider_ref) == ("bounced", "ref-1")
    the_task(row, "bounced")


def test_a_lost_answer_is_proved_by_the_callback_and_nothing_goes_again() -> None:
    row = reminder()
    lost = Carrier(keyed=True, name="gateway", answer=Outcome(Verdict.UNKNOWN, reason="cut"))
    dispatch_once("w", through=by_mail(lost))
    assert again(row).state == "scheduled"
    assert post(callback(row.pk, ref="msg_9", at=MOMENT)) == 204
    assert (again(row).state, again(row).provider_ref) == ("delivered", "msg_9")
    other = Carrier(keyed=True, name="gateway")
    make_due(row)
    dispatch_once("w", through=by_mail(other))
    assert other.given == []


@pytest.mark.parametrize(
    "answer",
    [
        Outcome(Verdict.UNKNOWN, reason="cut_ReadTimeout"),
        Outcome(Verdict.RETRY, reason="http_500"),
        Outcome(Verdict.PERMANENT, reason="http_400"),
    ],
)
@pytest.mark.parametrize("state", ["delivered", "bounced"])
def test_a_callback_in_the_middle_proves_more_than_a_bad_answer(
    answer: Outcome, state: str
) -> None:
    row = reminder()

    class Quick(Carrier):
        def send(self, message: Message) -> Outcome:
            assert post(callback(row.pk, state, ref="msg_9")) == 204
            return super().send(message)

    quick = Quick(keyed=True, name="gateway", answer=answer)
    dispatch_once("w", through=by_mail(quick))
    assert (again(row).state, again(row).provider_ref) == (state, "msg_9")
    assert again(row).state_reason == "proved_by_callback"
    make_due(row)
    dispatch_once("w", through=by_mail(quick))
    assert len(quick.given) == 1
    assert Task.objects.count() == (1 if state == "bounced" else 0)


def test_a_sender_killed_after_the_callback_is_made_good_by_the_next_try() -> None:
    row = reminder()
    Reminder.objects.filter(pk=row.pk).update(
        state="sending", provider="gateway", attempts=7, lease_token=uuid4(),
        lease_until=timezone.now() + timedelta(seconds=30),
    )  # fmt: skip
    assert post(callback(row.pk, at=MOMENT)) == 204
    assert again(row).state == "sending"
    lease_ran_out(row)
    lost = Carrier(keyed=True, name="gateway", answer=Outcome(Verdict.UNKNOWN, reason="cut"))
    dispatch_once("w", through=by_mail(lost))
    assert (again(row).state, again(row).delivered_at) == ("delivered", MOMENT)


def test_a_word_of_the_gateway_says_nothing_of_what_went_by_mail() -> None:
    row = accepted(provider="mail")
    assert post(callback(row.pk, "bounced")) == 204
    assert (again(row).state, Task.objects.count()) == ("accepted", 0)


def test_a_message_that_was_never_tried_is_not_proved_by_anything() -> None:
    row = reminder()
    assert post(callback(row.pk)) == 204
    assert again(row).state == "scheduled"


def test_a_message_of_nobody_here_changes_nothing() -> None:
    assert post(callback(uuid4())) == 204
    assert not DeliveryEvent.objects.exists()


# --- who may speak ------------------------------------------------------------------------------
def test_the_secret_before_is_believed_while_both_are_set(settings: Settings) -> None:
    row = accepted()
    assert post(callback(row.pk), secret=OLD_SECRET) == 204
    settings.GATEWAY_SECRETS = [SECRET]
    assert post(callback(row.pk), "evt_2", secret=OLD_SECRET) == 401


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_word_from_another_time_is_not_believed(minutes: int) -> None:
    row = accepted()
    at = datetime.now(UTC) + timedelta(minutes=minutes)
    assert post(callback(row.pk), at=at) == 401
    assert again(row).state == "accepted"


Spoil = Callable[[dict[str, str]], dict[str, str]]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda headers: {},
        lambda headers: headers | {"webhook-signature": "v1,AAAA"},
        lambda headers: headers | {"webhook-signature": "nonsense"},
        lambda headers: headers | {"webhook-signature": "v1,not base64!"},
        lambda headers: headers | {"webhook-id": "evt_other"},
        lambda headers: headers | {"webhook-timestamp": "yesterday"},
    ],
)
def test_what_is_not_signed_is_not_believed(spoil: Spoil) -> None:
    row = accepted()
    body = callback(row.pk)
    headers = spoil(signed(body, SECRET, "evt_1"))
    answer = Client().post(URL, body, content_type="application/json", headers=headers)
    assert (answer.status_code, answer.content) == (401, b"")
    assert again(row).state == "accepted"


def test_a_changed_body_is_not_believed() -> None:
    row = accepted()
    headers = signed(callback(row.pk), SECRET, "evt_1")
    body = callback(row.pk, "bounced")
    answer = Client().post(URL, body, content_type="application/json", headers=headers)
    assert answer.status_code == 401


@pytest.mark.parametrize("secrets", [[], ["whsec_"], ["no base64"]])
def test_without_a_secret_nobody_is_believed(settings: Settings, secrets: list[str]) -> None:
    settings.GATEWAY_SECRETS = secrets
    assert post(callback(uuid4())) == 401


def test_a_body_whose_length_is_no_number_is_not_believed() -> None:
    headers = signed(b"{}", SECRET, "evt_1")
    answer = Client().post(URL, b"{}", "application/json", headers=headers, CONTENT_LENGTH="x")
    assert answer.status_code == 401


# --- what is said -------------------------------------------------------------------------------
def said(**changes: Any) -> bytes:
    whole = {
        "type": "delivered",
        "reference": str(UUID(int=1)),
        "id": "msg_1",
        "at": "2026-11-23T10:00:00Z",
    }
    return json.dumps(whole | changes).encode()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"not json", ""),
        (b"[1]", ""),
        (said(type="opened"), "type"),
        (said(type=None), "type"),
        (said(reference="7"), "reference"),
        (said(reference=7), "reference"),
        (said(id=""), "id"),
        (said(id="a\0b"), "id"),
        (said(at="yesterday"), "at"),
        (said(at="2026-11-23T10:00:00"), "at"),
        # Ends of the calendar, out of which the offset leads.
        (said(at="0001-01-01T00:00:00+23:59"), "at"),
        (said(at="9999-12-31T23:59:59-23:59"), "at"),
        (b'{"type":"delivered","reference":"7","id":"\\ud800","at":""}', ""),
    ],
)
def test_what_is_not_as_agreed_names_its_field(body: bytes, field: str) -> None:
    headers = signed(body, SECRET, "evt_1")
    answer = Client().post(URL, body, content_type="application/json", headers=headers)
    assert (answer.status_code, answer.json()["field"]) == (400, field)


def test_an_endless_name_and_an_endless_body() -> None:
    assert post(said(), event_id="e" * 121) == 400
    assert post(said(), event_id="e\0") == 400
    assert post(said(id="x" * 70_000)) == 413


def test_only_posts_are_answered_and_nothing_of_them_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert Client().get(URL).status_code == 405
    caplog.set_level("DEBUG")
    row = accepted()
    caplog.clear()
    post(callback(row.pk))
    post(callback(uuid4()), "evt_2")
    assert str(row.pk) not in caplog.text
    assert "msg_1" not in caplog.text
    wake()
