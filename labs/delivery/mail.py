"""Mail through SMTP, watched so that a cut connection leaves no doubt that could be avoided."""

from __future__ import annotations

import hashlib
import smtplib
from collections.abc import Callable
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend

from labs.delivery.port import Message, Outcome, Verdict

OK = 250
TEMPORARY_FROM = 400
PERMANENT_FROM = 500
SMTP_BACKEND = "django.core.mail.backends.smtp.EmailBackend"


class WatchedSMTP(smtplib.SMTP):
    """Remembers whether the text of a message may have gone out."""

    data_begun = False

    def data(self, msg: bytes | str) -> tuple[int, bytes]:  # type: ignore[override]
        self.data_begun = True
        return super().data(msg)


class WatchedSMTPOverTLS(WatchedSMTP, smtplib.SMTP_SSL):
    """The same over TLS from the first byte."""


class WatchedBackend(EmailBackend):
    """Django's SMTP backend, on a connection that can be asked how far it got."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return WatchedSMTPOverTLS if self.use_ssl else WatchedSMTP


class MailProvider:
    """Mail through Django's backend.

    SMTP has no idempotency key. What fails before the text is handed over may be tried again;
    what is cut after that may or may not have arrived, and only a person can find out.
    """

    name = "mail"
    keyed = False

    def __init__(self, connect: Callable[[], BaseEmailBackend] | None = None) -> None:
        self._connect = connect or mail_backend
        self._backend: BaseEmailBackend | None = None

    def send(self, message: Message) -> Outcome:
        """One message over the connection that is open, or over a new one."""
        try:
            backend = self._opened()
        except OSError as fault:
            self.close()
            return Outcome(Verdict.RETRY, reason=f"unreachable_{type(fault).__name__}"[:60])
        try:
            backend.send_messages([as_email(message)])
        except ValueError:
            return Outcome(Verdict.PERMANENT, reason="address_unusable")
        except OSError as fault:
            outcome = _judge(fault, may_have_left=_may_have_left(backend))
            self.close()
            return outcome
        return Outcome(Verdict.ACCEPTED, ref=message_id(message.key))

    def close(self) -> None:
        """End the connection; a server that is gone already is no fault."""
        if self._backend is not None:
            backend, self._backend = self._backend, None
            backend.fail_silently = True
            backend.close()

    def _opened(self) -> BaseEmailBackend:
        if self._backend is not None and not _still_open(self._backend):
            self.close()
        if self._backend is None:
            self._backend = self._connect()
            self._backend.open()
        connection = getattr(self._backend, "connection", None)
        if isinstance(connection, WatchedSMTP):
            connection.data_begun = False
        return self._backend


def mail_backend() -> BaseEmailBackend:
    """The configured backend, watched where it speaks SMTP."""
    if settings.EMAIL_BACKEND == SMTP_BACKEND:
        return WatchedBackend()
    backend: BaseEmailBackend = get_connection()
    return backend


def message_id(key: str) -> str:
    """A Message-ID that is the same on every try and tells nothing: a digest of the key."""
    digest = hashlib.sha256(key.encode()).hexdigest()[:32]
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    return f"<{digest}@{domain}>"


def as_email(message: Message) -> EmailMessage:
    """The mail itself. Several recipients are hidden from each other."""
    alone = len(message.recipients) == 1
    headers = {"Message-ID": message_id(message.key), "Auto-Submitted": "auto-generated"}
    if not alone:
        headers["To"] = "undisclosed-recipients:;"
    return EmailMessage(
        subject=message.subject,
        body=message.body,
        to=list(message.recipients) if alone else [],
        bcc=[] if alone else list(message.recipients),
        headers=headers,
    )


def _still_open(backend: BaseEmailBackend) -> bool:
    connection = getattr(backend, "connection", None)
    if not isinstance(connection, smtplib.SMTP):
        return True
    try:
        return connection.noop()[0] == OK
    except OSError:
        return False


def _may_have_left(backend: BaseEmailBackend) -> bool:
    return bool(getattr(getattr(backend, "connection", None), "data_begun", True))


def _judge(fault: OSError, *, may_have_left: bool) -> Outcome:
    match fault:
        case smtplib.SMTPRecipientsRefused():
            codes = [code for code, _ in fault.recipients.values()]
            return _by_code("recipient_refused", min(codes, default=PERMANENT_FROM))
        case smtplib.SMTPSenderRefused():
            return _by_code("sender_refused", fault.smtp_code)
        # An answer to the text is as clear as one to the envelope: the server did not take it.
        case smtplib.SMTPDataError() if fault.smtp_code >= TEMPORARY_FROM:
            return _by_code("refused", fault.smtp_code)
    verdict = Verdict.UNKNOWN if may_have_left else Verdict.RETRY
    return Outcome(verdict, reason=f"cut_{type(fault).__name__}"[:60])


def _by_code(reason: str, code: int) -> Outcome:
    verdict = Verdict.PERMANENT if code >= PERMANENT_FROM else Verdict.RETRY
    return Outcome(verdict, reason=f"{reason}_{code}")
