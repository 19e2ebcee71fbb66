"""What leaves the house says nothing, and what became of it is known or said to be unknown."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from labs.delivery.mail import MailProvider, message_id
from labs.delivery.port import Message, Outcome
from tests.mail import Mailbox

LETTER = Message(
    key="req:1|due:2026-12-01|rev:0|step:due_soon|chan:email|to:patient",
    recipients=("ngozi@mail.example",),
    subject="A message from your care team",
    body="Please ring us.",
)


def send(**changes: object) -> Outcome:
    provider = MailProvider()
    message = Message(**{name: getattr(LETTER, name) for name in Message.__slots__} | changes)
    outcome = provider.send(message)
    provider.close()
    return outcome


def test_a_letter_arrives_once_with_a_name_that_is_always_the_same(mailbox: Mailbox) -> None:
    outcome = send()
    [letter] = mailbox.letters
    assert outcome == Outcome("accepted", ref=message_id(LETTER.key))  # type: ignore[arg-type]
    assert letter["Message-ID"] == message_id(LETTER.key)
    assert letter["Subject"] == "A message from your care team"
    assert letter["To"] == "ngozi@mail.example"
    assert letter["From"] == "Care team <care-team@clinic.example>"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert str(letter.get_payload()).strip() == "Please ring us."


def test_the_name_of_a_letter_is_a_digest_at_the_senders_domain() -> None:
    # sha256 of the key, worked out with sha256sum.
    assert message_id("abc") == "<ba7816bf8f01cfea414140de5dae2223@clinic.example>"
    assert message_id("abd") != message_id("abc")


def test_several_recipients_do_not_see_each_other(mailbox: Mailbox) -> None:
    assert send(recipients=("a@clinic.example", "b@clinic.example")).verdict == "accepted"
    [letter] = mailbox.letters
    assert mailbox.recipients == [["a@clinic.example", "b@clinic.example"]]
    assert letter["To"] == "undisclosed-recipients:;"
    assert "a@clinic.example" not in str(letter)


def test_letters_share_a_connection_and_survive_its_end(mailbox: Mailbox) -> None:
    provider = MailProvider()
    assert provider.send(LETTER).verdict == "accepted"
    first = provider._backend
    assert provider.send(LETTER).verdict == "accepted"
    assert provider._backend is first
    first.connection.sock.shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]
    assert provider.send(LETTER).verdict == "accepted"
    assert provider._backend is not first
    provider.close()
    provider.close()
    assert len(mailbox.arrived) == 3


def test_nobody_listens_so_it_is_tried_again(no_mail_server: None) -> None:
    assert send() == Outcome("retry", reason="unreachable_ConnectionRefusedError")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("behaviour", "verdict", "reason"),
    [
        ({"answer_to_recipient": "450 later"}, "retry", "recipient_refused_450"),
        ({"answer_to_recipient": "550 unknown"}, "permanent", "recipient_refused_550"),
        ({"answer_to_sender": "451 later"}, "retry", "sender_refused_451"),
        ({"answer_to_sender": "553 never"}, "permanent", "sender_refused_553"),
        ({"answer_to_text": "451 later"}, "retry", "refused_451"),
        ({"answer_to_text": "554 never"}, "permanent", "refused_554"),
        ({"hangs_up_before_text": True}, "retry", "cut_SMTPServerDisconnected"),
        ({"hangs_up_after_text": True}, "unknown", "cut_SMTPServerDisconnected"),
    ],
)
def test_a_refusal_is_told_from_a_doubt(
    mailbox: Mailbox, behaviour: dict[str, object], verdict: str, reason: str
) -> None:
    for name, value in behaviour.items():
        setattr(mailbox, name, value)
    outcome = send()
    assert (outcome.verdict, outcome.reason, outcome.ref) == (verdict, reason, "")


def test_a_cut_before_one_letter_says_nothing_about_the_next(mailbox: Mailbox) -> None:
    provider = MailProvider()
    assert provider.send(LETTER).verdict == "accepted"
    mailbox.hangs_up_before_text = True
    assert provider.send(LETTER).verdict == "retry"
    mailbox.hangs_up_before_text = False
    assert provider.send(LETTER).verdict == "accepted"
    provider.close()


def test_an_address_that_cannot_be_written_is_given_up(mailbox: Mailbox) -> None:
    assert send(recipients=("two words@",)).verdict == "permanent"
    assert mailbox.arrived == []


def test_other_backends_serve_too(settings: Settings, tmp_path: Path) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    provider = MailProvider()
    assert [provider.send(LETTER).verdict for _ in range(2)] == ["accepted", "accepted"]
    provider.close()
    [written] = tmp_path.iterdir()
    assert "To: ngozi@mail.example" in written.read_text()
