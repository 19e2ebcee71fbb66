"""A site's own words: previewed, refused where they reveal something, and the ones that leave."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from clinic.models import AuditEvent, Role, Site, User
from labs.actions.reminders import wake
from labs.models import MessageText, Reminder
from tests.factories import MembershipFactory, PatientFactory
from tests.integration.labs.due_rows import again, awake_site, reminder
from tests.mail import Mailbox

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
LIST = reverse("admin:labs_messagetext_changelist")
ADD = reverse("admin:labs_messagetext_add")


def sent(site: Site, **changes: str) -> dict[str, str]:
    return {
        "site": str(site.pk),
        "audience": "patient",
        "channel": "email",
        "language": "en",
        "subject": "Riverside has a word for you",
        "body": "Please ring {phone}.",
    } | changes


def test_every_message_is_shown_as_it_leaves(site: Site, lead: User, as_user: SignIn) -> None:
    page = as_user(lead).get(LIST).content.decode()
    assert page.count("As shipped") == 12
    assert "Please ring us on 020 7946 0000." in page
    assert "Bitte rufen Sie uns an: 020 7946 0000." in page
    assert "Votre équipe a un message pour vous." in page
    assert "{phone}" not in page


def test_own_words_begin_with_the_shipped_ones_and_take_their_place(
    site: Site, lead: User, as_user: SignIn
) -> None:
    client = as_user(lead)
    asked = f"{ADD}?site={site.pk}&audience=patient&channel=sms&language=de"
    assert "Ihr Team hat eine Nachricht" in client.get(asked).content.decode()
    assert client.post(ADD, sent(site)).status_code == 302
    page = client.get(LIST).content.decode()
    assert "Riverside has a word for you" in page
    assert page.count("As shipped") == 11
    assert AuditEvent.objects.filter(event="messagetext.added").count() == 1
    [row] = MessageText.objects.all()
    assert row.events.count() == 1  # type: ignore[attr-defined]
    changed = client.post(
        reverse("admin:labs_messagetext_change", args=[row.pk]),
        {"subject": "A word", "body": "Ring {phone}"},
    )
    assert changed.status_code == 302
    row.refresh_from_db()
    assert (row.subject, row.body, row.channel) == ("A word", "Ring {phone}", "email")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"body": "Your liver test. Ring {phone}"}, "Leave out “liver”, “test”."),
        ({"subject": "Your infusion"}, "Leave out “infusion”."),
        ({"body": "Ring {number}"}, "Nobody fills in “{number}”."),
        ({"body": "Ring us"}, "Say whom to ring with {phone}"),
        ({"channel": "sms"}, "A text message has no subject."),
        ({"subject": ""}, "An e-mail needs a subject."),
    ],
)
def test_what_reveals_something_is_refused_beside_the_field(
    site: Site, lead: User, as_user: SignIn, changes: dict[str, str], message: str
) -> None:
    answer = as_user(lead).post(ADD, sent(site, **changes))
    assert answer.status_code == 200
    assert message in answer.content.decode()
    assert not MessageText.objects.exists()


def test_a_second_text_of_a_kind_is_refused(site: Site, lead: User, as_user: SignIn) -> None:
    client = as_user(lead)
    client.post(ADD, sent(site))
    assert "already exists" in client.post(ADD, sent(site)).content.decode()


def test_another_sites_words_are_not_seen_nor_changed(
    site: Site, other_site: Site, lead: User, as_user: SignIn
) -> None:
    row = MessageText.objects.create(
        site=other_site, audience="patient", channel="sms", language="en", body="Ring {phone}"
    )
    client = as_user(lead)
    assert other_site.name not in client.get(LIST).content.decode()
    page = reverse("admin:labs_messagetext_change", args=[row.pk])
    assert client.get(page).status_code == 302
    assert client.post(ADD, sent(other_site)).status_code == 200
    assert MessageText.objects.count() == 1


# --- what leaves ------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_the_sites_own_words_leave_in_the_patients_language(mailbox: Mailbox) -> None:
    site = awake_site(language="fr")
    MessageText.objects.create(
        site=site, audience="patient", channel="email", language="de",
        subject="Ein Wort", body="Rufen Sie an: {phone}",
    )  # fmt: skip
    reminder(PatientFactory.create(site=site, language="de"))
    reminder(PatientFactory.create(site=site))
    wake()
    subjects = sorted(letter["Subject"] for letter in mailbox.letters)
    assert subjects == ["=?utf-8?q?Un_message_de_votre_=C3=A9quipe?=", "Ein Wort"]


@pytest.mark.django_db(transaction=True)
def test_who_says_no_between_planning_and_sending_is_not_written_to_and_somebody_else_is(
    mailbox: Mailbox,
) -> None:
    patient = PatientFactory.create(site=awake_site())
    staff = MembershipFactory.create(site=patient.site, role=Role.COORDINATOR)
    row = reminder(patient)
    patient.consents_to_email = False
    patient.save()
    wake()
    assert (again(row).state, again(row).state_reason) == ("cancelled", "opted_out")
    wake()
    assert mailbox.recipients == [[staff.user.email]]
    assert Reminder.objects.count() == 2
    wake()
    assert len(mailbox.arrived) == 1
