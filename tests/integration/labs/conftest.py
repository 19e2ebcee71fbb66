"""Fixtures of the laboratory floor."""

from tests.mail import mailbox, no_mail_server

__all__ = ["mailbox", "no_mail_server"]
