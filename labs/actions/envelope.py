"""Whom a message goes to, and what it says."""

from __future__ import annotations

from django.conf import settings

from clinic.models import Membership, Patient
from labs.actions.pass_terms import PassTerms
from labs.delivery.port import Message
from labs.ledger import Held
from labs.models import Audience, Channel, Recipient
from labs.rules.words import filled


def addresses_of(patient: Patient, held: Held) -> tuple[str, ...]:
    """The patient's own, or those of everybody who has the role at the site; maybe nobody's."""
    if held.recipient == Recipient.PATIENT:
        return (patient.phone if held.channel == Channel.SMS else patient.email,)
    members = Membership.objects.of_site(patient.site_id).filter(
        role=held.recipient, is_active=True, user__is_active=True
    )
    return tuple(members.order_by("user__email").values_list("user__email", flat=True))


def message_of(
    held: Held, patient: Patient, addresses: tuple[str, ...], terms: PassTerms
) -> Message:
    """In the patient's language, or the site's; it names nobody and nothing."""
    site = patient.site
    to_patient = held.recipient == Recipient.PATIENT
    audience = Audience.PATIENT if to_patient else Audience.STAFF
    language = (patient.language if to_patient else "") or site.language
    words = terms.text(site.pk, (audience, held.channel, language))
    text = filled(words, phone=site.phone, link=settings.PUBLIC_URL)
    return Message(
        key=held.dedup_key,
        recipients=addresses,
        subject=text.subject,
        body=text.body,
        channel=held.channel,
        reminder_id=held.id,
    )
