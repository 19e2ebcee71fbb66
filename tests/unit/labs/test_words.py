"""What leaves the house says nothing of why, in any language and through any channel."""

from __future__ import annotations

import pytest

from clinic.rules.errors import RuleError
from clinic.rules.languages import LANGUAGES
from labs.rules.neutral import MOST_IN_SMS, require_neutral, revealing_words
from labs.rules.words import SHIPPED, Kind, Text, filled, text_for

# Independent of the list in the rule: fragments that appear nowhere in what ships.
NEVER = (
    "ketamin", "infusion", "dose", "drug", "medic", "treatment", "therap", "depress", "mood",
    "psych", "mental", "suicid", "liver", "leber", "foie", "blood", "urin", "bladder", "test",
    "result", "score", "scale", "phq", "monitor", "overdue", "session", "appointment", "clinic",
    "klinik", "diagnos", "symptom",
)  # fmt: skip


@pytest.mark.parametrize("kind", SHIPPED, ids="-".join)
def test_shipped_words_reveal_nothing(kind: Kind) -> None:
    text = SHIPPED[kind]
    require_neutral(text.subject, text.body, channel=kind[1])
    said = f"{text.subject} {text.body}".lower()
    assert [word for word in NEVER if word in said] == []


def test_every_language_has_every_kind() -> None:
    kinds = {("patient", "email"), ("patient", "sms"), ("staff", "email")}
    assert set(SHIPPED) == {(*kind, code) for kind in kinds for code, _ in LANGUAGES}


@pytest.mark.parametrize("kind", [kind for kind in SHIPPED if kind[1] == "sms"], ids="-".join)
def test_a_text_message_with_a_long_number_is_one_message(kind: Kind) -> None:
    assert len(filled(SHIPPED[kind], phone="+44 20 7946 0000 1234").body) <= 160


def test_filled_in_with_a_number_and_without() -> None:
    text = text_for("patient", "sms", "en")
    assert filled(text, phone="020 7946 0000").body == (
        "Your care team has a message for you. Please ring us on 020 7946 0000."
    )
    assert filled(text).body == "Your care team has a message for you. Please ring us."


def test_the_link_is_filled_in() -> None:
    text = filled(text_for("staff", "email", "en"), link="https://daybreak.example")
    assert text == Text(
        "Daybreak has an item waiting for you",
        "An item on your worklist is waiting for you. Sign in:\nhttps://daybreak.example\n",
    )


def test_a_sites_own_words_come_first_and_english_last() -> None:
    own = {("patient", "sms", "de"): Text("", "Bitte melden: {phone}")}
    assert text_for("patient", "sms", "de", own).body == "Bitte melden: {phone}"
    assert text_for("patient", "sms", "es", own) == SHIPPED["patient", "sms", "es"]
    assert text_for("patient", "sms", "pl", own) == SHIPPED["patient", "sms", "en"]
    english = {("patient", "sms", "en"): Text("", "Ring {phone}")}
    assert text_for("patient", "sms", "pl", english).body == "Ring {phone}"
    with pytest.raises(LookupError):
        text_for("staff", "sms", "en")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Your ketamine infusion", ("ketamine", "infusion")),
        ("Ihre Leberwerte", ("leberwerte",)),
        ("Prueba de hígado y orina", ("higado", "orina")),
        ("Votre dépression", ("depression",)),
        ("PHQ-9 and PHQ-9 again", ("phq-9",)),
        ("An ANTIDEPRESSANT", ("antidepressant",)),
        ("Please ring us", ()),
        ("a colleague collaborates", ()),
    ],
)
def test_revealing_words(text: str, words: tuple[str, ...]) -> None:
    assert revealing_words(text) == words


@pytest.mark.parametrize(
    ("subject", "body", "channel", "code", "field"),
    [
        ("Liver test", "Ring {phone}", "email", "revealing_words", "subject"),
        ("A message", "Your mood. Ring {phone}", "email", "revealing_words", "body"),
        ("A message", "Ring {phone} by 12/10", "email", "date_in_text", "body"),
        ("A message", "Ring {phone} by 14:30", "email", "date_in_text", "body"),
        ("A message", "Dear {name}, ring {phone}", "email", "unknown_place", "body"),
        ("A message", "Ring {phone", "email", "unknown_place", "body"),
        (" ", "Ring {phone}", "email", "subject_missing", "subject"),
        ("A message", "Ring {phone}", "sms", "no_subject_in_sms", "subject"),
        ("", "x" * (MOST_IN_SMS - 6) + "{phone}", "sms", "text_too_long", "body"),
        ("A message", "Ring us", "email", "nobody_to_ring", "body"),
    ],
)
def test_what_may_not_leave(subject: str, body: str, channel: str, code: str, field: str) -> None:
    with pytest.raises(RuleError) as refused:
        require_neutral(subject, body, channel=channel)
    assert (refused.value.code, refused.value.field) == (code, field)


def test_the_longest_text_message() -> None:
    require_neutral("", "x" * (MOST_IN_SMS - 7) + "{phone}", channel="sms")
