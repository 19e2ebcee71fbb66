"""Text messages through any service that the library apprise knows."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

import phonenumbers
from apprise import Apprise, NotifyFormat

from labs.delivery.deadline import TooSlow, within
from labs.delivery.port import Message, Outcome, Verdict

# Apprise's own words for how long to wait for a connection and for the next byte, and that nothing
# is carried on to another address. Of two that are alike apprise takes the last.
WAITS: Final = "cto=5&rto=15&redirect=no"
# For all of it, well below the lease of a reminder.
ANSWER_SECONDS: Final = 20
TO: Final = "{to}"


class SmsProvider:
    """One text to one number.

    The services have no key that is delivered once, and apprise says only whether all went well:
    whatever did not may have left, and a person finds out.
    """

    name = "sms"
    keyed = False

    def __init__(self, url: str, region: str) -> None:
        self._url = url
        self._region = region

    def send(self, message: Message) -> Outcome:
        """To the first recipient: a text message has one."""
        number = as_e164(message.recipients[0], self._region)
        if not number:
            return Outcome(Verdict.PERMANENT, reason="number_unusable")
        service = Apprise.instantiate(self._for(number), suppress_exceptions=True)
        if service is None:
            return Outcome(Verdict.RETRY, reason="service_unknown")
        try:
            # The service itself, not apprise around it, which would try again by itself.
            went = within(
                ANSWER_SECONDS,
                lambda: service.notify(body=message.body, body_format=NotifyFormat.TEXT),
            )
        except TooSlow:
            return Outcome(Verdict.UNKNOWN, reason="answer_too_slow")
        except Exception as fault:  # a plug-in may raise anything; the message may have left
            return Outcome(Verdict.UNKNOWN, reason=f"cut_{type(fault).__name__}"[:60])
        if not went:
            return Outcome(Verdict.UNKNOWN, reason="service_said_no")
        return Outcome(Verdict.ACCEPTED, ref="apprise")

    def close(self) -> None:
        """Nothing is kept open."""

    def _for(self, number: str) -> str:
        joined = "&" if "?" in self._url else "?"
        return f"{self._url.replace(TO, quote(number, safe=''))}{joined}{WAITS}"


def as_e164(number: str, region: str) -> str:
    """`+442079460000`; blank where it is no number of any country. `region`: two letters."""
    try:
        found = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(found):
        return ""
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)
