"""The words that leave the house, as they ship, and how a text is filled in.

They say that something waits and whom to ring. They name no person, medicine, illness, test or
score, because a message is read on lock screens and by whoever shares the address.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from clinic.rules.languages import ENGLISH

PATIENT, STAFF = "patient", "staff"
EMAIL, SMS = "email", "sms"
PHONE: Final = "{phone}"
LINK: Final = "{link}"
# Left out where the site has no number.
_OPTIONAL: Final = re.compile(r"\[([^\[\]]*)\]")


@dataclass(frozen=True, slots=True)
class Text:
    """A subject, blank where the channel has none, and a body with the places to fill in."""

    subject: str
    body: str


Kind = tuple[str, str, str]
"""Audience, channel, language."""

SHIPPED: Final[Mapping[Kind, Text]] = {
    (PATIENT, EMAIL, "en"): Text(
        "A message from your care team",
        "Hello,\n\nYour care team has something waiting for you. Please ring us[ on {phone}].\n\n"
        "If you would rather not get e-mails like this one, tell us when you ring.\n",
    ),
    (PATIENT, SMS, "en"): Text(
        "", "Your care team has a message for you. Please ring us[ on {phone}]."
    ),
    (STAFF, EMAIL, "en"): Text(
        "Daybreak has an item waiting for you",
        "An item on your worklist is waiting for you. Sign in:\n{link}\n",
    ),
    (PATIENT, EMAIL, "de"): Text(
        "Eine Nachricht von Ihrem Team",
        "Guten Tag,\n\nIhr Team hat etwas für Sie. Bitte rufen Sie uns an[: {phone}].\n\n"
        "Wenn Sie solche E-Mails nicht bekommen möchten, sagen Sie es uns dabei.\n",
    ),
    (PATIENT, SMS, "de"): Text(
        "", "Ihr Team hat eine Nachricht für Sie. Bitte rufen Sie uns an[: {phone}]."
    ),
    (STAFF, EMAIL, "de"): Text(
        "In Daybreak wartet etwas auf Sie",
        "Auf Ihrer Arbeitsliste wartet etwas auf Sie. Anmelden:\n{link}\n",
    ),
    (PATIENT, EMAIL, "es"): Text(
        "Un mensaje de su equipo",
        "Hola:\n\nSu equipo tiene algo para usted. Llámenos[ al {phone}], por favor.\n\n"
        "Si prefiere no recibir correos como este, díganoslo cuando llame.\n",
    ),
    (PATIENT, SMS, "es"): Text("", "Su equipo tiene un mensaje para usted. Llámenos[ al {phone}]."),
    (STAFF, EMAIL, "es"): Text(
        "En Daybreak hay algo para usted",
        "Algo de su lista de trabajo le espera. Entre aquí:\n{link}\n",
    ),
    (PATIENT, EMAIL, "fr"): Text(
        "Un message de votre équipe",
        "Bonjour,\n\nVotre équipe a quelque chose pour vous. Appelez-nous[ au {phone}].\n\n"
        "Si vous ne voulez plus recevoir ce genre de message, dites-le-nous en appelant.\n",
    ),
    (PATIENT, SMS, "fr"): Text(
        "", "Votre équipe a un message pour vous. Appelez-nous[ au {phone}]."
    ),
    (STAFF, EMAIL, "fr"): Text(
        "Quelque chose vous attend dans Daybreak",
        "Quelque chose vous attend dans votre liste. Connectez-vous :\n{link}\n",
    ),
}


def text_for(
    audience: str, channel: str, language: str, own: Mapping[Kind, Text] | None = None
) -> Text:
    """The site's own text in the language, else the shipped one, else the same in English."""
    for wished in (language, ENGLISH):
        for texts in (own or {}, SHIPPED):
            if found := texts.get((audience, channel, wished)):
                return found
    raise LookupError((audience, channel, language))


def filled(text: Text, *, phone: str = "", link: str = "") -> Text:
    """The text as it leaves. What stands in square brackets goes where there is no `phone`."""
    kept = r"\1" if phone else ""

    def one(words: str) -> str:
        return _OPTIONAL.sub(kept, words).replace(PHONE, phone).replace(LINK, link)

    return Text(one(text.subject), one(text.body))
