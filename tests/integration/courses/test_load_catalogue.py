"""Content of courses that is not whole is refused by file and line, and nothing of it is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from courses.models import CourseRule, Protocol, Scale

pytestmark = pytest.mark.django_db
CATALOGUE = Path(__file__).resolve().parents[3] / "courses" / "catalogue"


def line_of(text: str, words: str, nth: int = 1) -> int:
    """The line of the `nth` line that begins with `words`."""
    found = [n for n, line in enumerate(text.splitlines(), 1) if line.startswith(words)]
    return found[nth - 1]


def refusal(folder: Path, name: str, change: tuple[str, str]) -> tuple[str, str]:
    """What is said of the shipped file `name` after the change, and its text."""
    before = (CATALOGUE / f"{name}.toml").read_text(encoding="utf-8")
    assert before.count(change[0]) >= 1, change[0]
    text = before.replace(*change, 1)
    file = folder / Path(f"{name}.toml").name
    file.write_text(text, encoding="utf-8")
    counts = [model.objects.count() for model in (CourseRule, Protocol, Scale)]
    with pytest.raises(CommandError) as refused:
        call_command("load_catalogue", folder=[folder], verbosity=0)
    assert [model.objects.count() for model in (CourseRule, Protocol, Scale)] == counts
    said = str(refused.value)
    assert said.startswith(f"{file}, line ")
    return said.removeprefix(f"{file}, line "), text


@pytest.mark.parametrize(
    ("name", "change", "at", "words"),
    [
        # a key that nobody reads
        (
            "protocols/trd_standard",
            ("\nminutes = ", "\nminuets = "),
            ("minuets", 1),
            "No rule reads “dose.minuets”.",
        ),
        # another unit
        (
            "protocols/trd_standard",
            ('minutes = { value = "40", unit = "min"', 'minutes = { value = "40", unit = "h"'),
            ("minutes", 1),
            "“dose.minutes” is in h, not in min.",
        ),
        (
            "protocols/trd_standard",
            ('unit = "min"', 'unit = "moments"'),
            ("minutes", 1),
            "“dose.minutes” has the unknown unit “moments”.",
        ),
        # no source
        (
            "protocols/trd_standard",
            (', source = "SEED"', ""),
            ("min_mg_per_kg", 1),
            "“dose.min_mg_per_kg” has no source.",
        ),
        # a range that is turned round
        (
            "protocols/trd_high_dose",
            ('min_mg_per_kg = { value = "0.75"', 'min_mg_per_kg = { value = "1.5"'),
            ("min_mg_per_kg", 1),
            "The range 1.5 to 1 is turned round.",
        ),
        ("protocols/pain_icu", ('"IM"', '"ear"'), ("blocked_routes", 1), "“ear” is not known"),
        (
            "protocols/pain_icu",
            ('indication = "pain"', 'indication = "fun"'),
            ("indication", 1),
            "“fun” is not known here.",
        ),
        # a time below nothing; a default outside what a site may set
        (
            "rules/gate",
            ('valid_minutes = { value = "60"', 'valid_minutes = { value = "-60"'),
            ("valid_minutes", 1),
            "“valid_minutes” is a length of time below nothing.",
        ),
        (
            "rules/gate",
            ('valid_minutes = { value = "60"', 'valid_minutes = { value = "180"'),
            ("valid_minutes", 1),
            "“valid_minutes” does not lie between its own bounds.",
        ),
        (
            "rules/gate",
            (
                'code = "glaucoma"\nclass = { choice = "warn", among = ["warn"',
                'code = "glaucoma"\nclass = { choice = "frown", among = ["frown"',
            ),
            ('class = { choice = "frown"', 1),
            "“frown” is not a class of the gate.",
        ),
        (
            "rules/gate",
            ('code = "glaucoma"', 'code = "porphyria"'),
            ('code = "porphyria"', 2),
            "“conditions” has “porphyria” twice.",
        ),
        (
            "rules/gate",
            ('indications = ["trd"]', 'indications = ["tdr"]'),
            ('indications = ["tdr"]', 1),
            "“tdr” is not an indication.",
        ),
        # bands that leave a gap, overlap, or lie outside the range
        (
            "scales/gad7",
            ('from = { value = "5"', 'from = { value = "6"'),
            ("from", 2),
            "Band “mild” must begin at 5.",
        ),
        (
            "scales/gad7",
            ('from = { value = "5"', 'from = { value = "4"'),
            ("from", 2),
            "Band “mild” must begin at 5.",
        ),
        (
            "scales/gad7",
            ('to = { value = "21"', 'to = { value = "22"'),
            ("to =", 4),
            "Band “severe” must end between its beginning and 21.",
        ),
        # items
        (
            "scales/gad7",
            ('or irritable"\nmin = 0', 'or irritable"\nmin = 4'),
            ("max", 6),
            "Item 6 has no possible answer.",
        ),
        ("scales/gad7", ('id = "2"', 'id = "1"'), ('id = "1"', 2), "“items” has “1” twice."),
        (
            "scales/phq9",
            ('[[alerts]]\nitem = "9"', '[[alerts]]\nitem = "10"'),
            ('item = "10"', 1),
            "There is no item “10”.",
        ),
        (
            "rules/maintenance",
            ('relapse_every_days = { value = "14"', 'relapse_every_days = { value = "0"'),
            ("on_relapse_every_days", 1),
            "A step takes days.",
        ),
        (
            "rules/maintenance",
            ('\nevery_days = { value = "14"', '\nevery_days = { value = "0"'),
            ("[[schedules]]", 2),
            "A stage takes days and comes at least once.",
        ),
    ],
)
def test_refused(
    tmp_path: Path, name: str, change: tuple[str, str], at: tuple[str, int], words: str
) -> None:
    said, text = refusal(tmp_path, name, change)
    number, _, message = said.partition(": ")
    assert words in message
    assert int(number) == line_of(text, *at)
