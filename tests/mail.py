"""A real mail server of one test, that takes, refuses or hangs up as it is told."""

from __future__ import annotations

import socket
from asyncio import WriteTransport
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from pytest_django.fixtures import Settings


@dataclass
class Mailbox:
    """What arrived, and how the server behaves. An answer is a line such as `550 no`."""

    arrived: list[Envelope] = field(default_factory=list)
    answer_to_sender: str = ""
    answer_to_recipient: str = ""
    answer_to_text: str = ""
    hangs_up_before_text: bool = False
    hangs_up_after_text: bool = False

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if not self.answer_to_sender:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return self.answer_to_sender or "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        if self.hangs_up_before_text:
            hang_up(server)
            return "250 OK"
        if self.answer_to_recipient:
            return self.answer_to_recipient
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.answer_to_text:
            return self.answer_to_text
        self.arrived.append(envelope)
        if self.hangs_up_after_text:
            hang_up(server)
        return "250 OK"

    @property
    def letters(self) -> list[Message]:
        return [message_from_bytes(bytes(one.original_content or b"")) for one in self.arrived]

    @property
    def recipients(self) -> list[list[str]]:
        return [list(map(str, envelope.rcpt_tos)) for envelope in self.arrived]


def hang_up(server: SMTP) -> None:
    assert isinstance(server.transport, WriteTransport)
    server.transport.abort()


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port


@pytest.fixture
def mailbox(settings: Settings) -> Iterator[Mailbox]:
    """A mail server that runs, and settings that point at it."""
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=free_port())
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", controller.port
    settings.EMAIL_TIMEOUT = 3
    controller.start()
    yield box
    controller.stop()


@pytest.fixture
def no_mail_server(settings: Settings) -> None:
    """Settings that point at a port where nobody listens."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
