"""How staff work through what is due: how it is sifted, how long it may be put off.

Working rules of a page, not clinical numbers: none of them moves what is due.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final
from urllib.parse import urlencode

from clinic.rules.dates import spoken_day
from clinic.rules.errors import RuleError

# Which kinds of requirement stand together, by how their codes begin.
GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "liver": ("lft_",),
    "urinary": ("gu_",),
    "scales": ("scale_", "cssrs", "relapse_"),
    "visit": ("bp_", "weight", "pregnancy", "uds"),
}
STATES: Final = ("blocks", "overdue", "due", "due_soon")
VIEWS: Final = ("snoozed", "declined", "suspended", "done_late")
FACETS: Final[Mapping[str, tuple[str, ...]]] = {
    "state": STATES,
    "kind": tuple(GROUPS),
    "view": VIEWS,
}
# Two weeks are four doses of a twice-weekly course: who puts something off for longer has
# forgotten it.
MOST_DAYS_PUT_OFF: Final = 14
# As long as something that was done too late stays in sight.
DONE_LATE_DAYS: Final = 30
# After this many days what is done is no answer to the message any more.
ANSWER_DAYS: Final = 14
MOST_LETTERS: Final = 80
MOST_DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class Filters:
    """What of the list is wanted. `""` means all; `ignored` holds what nobody understood."""

    state: str = ""
    kind: str = ""
    view: str = ""
    words: str = ""
    page: int = 1
    ignored: tuple[str, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether the whole list is wanted."""
        return not (self.state or self.kind or self.view or self.words)

    def chosen(self, facet: str) -> str:
        """What is wanted of one of FACETS."""
        return {"state": self.state, "kind": self.kind, "view": self.view}[facet]

    def choosing(self, facet: str, value: str) -> Filters:
        """The same with another choice, from its first page."""
        first = replace(self, page=1)
        if facet == "state":
            return replace(first, state=value)
        return replace(first, kind=value) if facet == "kind" else replace(first, view=value)

    def on_page(self, page: int) -> Filters:
        return replace(self, page=page)

    def as_query(self) -> str:
        """The filters as a URL carries them; empty for the whole list."""
        said = {
            "state": self.state,
            "kind": self.kind,
            "view": self.view,
            "q": self.words,
            "page": str(self.page) if self.page > 1 else "",
        }
        return urlencode({name: value for name, value in said.items() if value})


def read_filters(query: Mapping[str, str]) -> Filters:
    """The filters of a URL. What is not a filter is left out and named, never an error."""
    ignored: list[str] = []
    chosen: dict[str, str] = {}
    for facet, known in FACETS.items():
        value = query.get(facet, "")
        chosen[facet] = value if value in known else ""
        if value and value not in known:
            ignored.append(_readable(value))
    wished = query.get("page", "1")
    page = (
        int(wished) if wished.isascii() and wished.isdigit() and len(wished) <= MOST_DIGITS else 0
    )
    if page < 1:
        ignored.append(_readable(wished))
    return Filters(
        **chosen,
        words=_readable(query.get("q", "")),
        page=max(page, 1),
        ignored=tuple(ignored),
    )


def _readable(text: str) -> str:
    """Without what cannot be shown or searched for, and not endless."""
    return "".join(letter for letter in text if letter.isprintable()).strip()[:MOST_LETTERS]


def check_until(until: date, today: date) -> None:
    """Raise RuleError for a day before today or further than MOST_DAYS_PUT_OFF ahead.

    Today itself is allowed: it shows at once what had been put off.
    """
    if until < today:
        raise RuleError("until_past", "until", f"{spoken_day(until)} has passed.")
    latest = today + timedelta(days=MOST_DAYS_PUT_OFF)
    if until > latest:
        raise RuleError(
            "until_too_far",
            "until",
            f"At most {MOST_DAYS_PUT_OFF} days, that is until {spoken_day(latest)}.",
        )


def is_put_off(*, made_on: date, until: date, due_on: date, overdue_on: date, today: date) -> bool:
    """Whether something put off on `made_on` still stays out of sight.

    It comes back early when it became due or overdue since: what was decided, was decided about
    something better.
    """
    got_worse = any(made_on < day <= today for day in (due_on, overdue_on))
    return today < until and not got_worse
