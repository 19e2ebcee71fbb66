"""How the worklist is sifted, and how long something may be put off."""

from __future__ import annotations

from datetime import date

import pytest

from clinic.rules.errors import RuleError
from labs.rules.worklist import Filters, check_until, is_put_off, read_filters

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("made_on", "until", "due_on", "overdue_on", "hidden"),
    [
        # Overdue already when it was put off.
        (date(2026, 11, 20), date(2026, 11, 24), date(2026, 11, 1), date(2026, 11, 9), True),
        (date(2026, 11, 20), date(2026, 11, 23), date(2026, 11, 1), date(2026, 11, 9), False),
        (date(2026, 11, 9), date(2026, 11, 24), date(2026, 11, 1), date(2026, 11, 9), True),
        # Overdue since.
        (date(2026, 11, 20), date(2026, 11, 24), date(2026, 11, 14), date(2026, 11, 22), False),
        (date(2026, 11, 20), date(2026, 11, 24), date(2026, 11, 15), date(2026, 11, 23), False),
        # Overdue tomorrow, before it would be shown again.
        (date(2026, 11, 20), date(2026, 11, 30), date(2026, 11, 16), date(2026, 11, 24), True),
        # Due since.
        (date(2026, 11, 20), date(2026, 11, 24), date(2026, 11, 21), date(2026, 11, 29), False),
        (date(2026, 11, 20), date(2026, 11, 30), date(2026, 11, 25), date(2026, 12, 3), True),
    ],
)
def test_what_is_put_off_comes_back_on_its_day_or_when_it_gets_worse(
    *, made_on: date, until: date, due_on: date, overdue_on: date, hidden: bool
) -> None:
    found = is_put_off(
        made_on=made_on, until=until, due_on=due_on, overdue_on=overdue_on, today=TODAY
    )
    assert found is hidden


@pytest.mark.parametrize(
    ("until", "code"),
    [(date(2026, 11, 22), "until_past"), (date(2026, 12, 8), "until_too_far")],
)
def test_days_beyond_are_refused(until: date, code: str) -> None:
    with pytest.raises(RuleError) as refused:
        check_until(until, TODAY)
    assert (refused.value.code, refused.value.field) == (code, "until")


def test_today_and_fourteen_days_are_not() -> None:
    check_until(TODAY, TODAY)
    check_until(date(2026, 12, 7), TODAY)


def test_filters_are_read_and_written_the_same() -> None:
    query = {"state": "blocks", "kind": "liver", "view": "snoozed", "q": "O'Brien", "page": "3"}
    filters = read_filters(query)
    assert filters == Filters("blocks", "liver", "snoozed", "O'Brien", 3)
    assert filters.as_query() == "state=blocks&kind=liver&view=snoozed&q=O%27Brien&page=3"
    assert not filters.is_plain
    other = filters.choosing("kind", "")
    assert (other.kind, other.state, other.page) == ("", "blocks", 1)


def test_nothing_asked_is_the_whole_list() -> None:
    assert read_filters({}) == Filters()
    assert Filters().is_plain
    assert Filters().as_query() == ""


def test_what_is_no_filter_is_named_and_left_out() -> None:
    filters = read_filters({"state": "worst", "view": "a\x00b", "page": "0", "q": " \x00x\n"})
    assert filters == Filters(words="x", ignored=("worst", "ab", "0"))
