"""The due engine: states at both sides of every threshold, counts, months."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.rules.errors import RuleError
from labs.rules.due import (
    BlocksWhen,
    Dates,
    Due,
    Policy,
    add_months,
    at_once,
    blocks,
    days_late,
    evaluate,
    next_due,
    state_of,
    window,
)

LAST = date(2026, 2, 10)
DUE = date(2026, 3, 10)


def policy(
    days: int | None = 28,
    infusions: int | None = 6,
    blocks_when: BlocksWhen = "overdue",
    soon: int = 7,
    grace: int = 7,
) -> Policy:
    return Policy(days, infusions, soon, grace, blocks_when)


def asked(
    today: date,
    last: date | None = LAST,
    infusions: list[date] | None = None,
    course: str = "active",
    rule: Policy | None = None,
) -> Due:
    return evaluate(
        policy=rule or policy(),
        last_done=last,
        infusions_after_last=infusions or [],
        today=today,
        course=course,
    )


@pytest.mark.parametrize(
    ("today", "state", "blocks_dose"),
    [
        (date(2026, 2, 10), "not_due", False),
        (date(2026, 3, 2), "not_due", False),
        (date(2026, 3, 3), "due_soon", False),
        (date(2026, 3, 9), "due_soon", False),
        (date(2026, 3, 10), "due", False),
        (date(2026, 3, 17), "due", False),
        (date(2026, 3, 18), "overdue", True),
        (date(2027, 3, 18), "overdue", True),
    ],
)
@pytest.mark.parametrize("course", ["active", "planned"])
def test_states_of_a_panel(today: date, state: str, blocks_dose: bool, course: str) -> None:
    due = asked(today, course=course)
    assert (due.due_on, due.state, due.blocks_dose) == (DUE, state, blocks_dose)
    assert (due.soon_on, due.overdue_on) == (date(2026, 3, 3), date(2026, 3, 18))


@pytest.mark.parametrize(
    ("blocks_when", "on_due", "on_overdue"),
    [("due", True, True), ("overdue", False, True), ("never", False, False)],
)
def test_when_a_dose_is_blocked(blocks_when: BlocksWhen, on_due: bool, on_overdue: bool) -> None:
    rule = policy(blocks_when=blocks_when)
    assert asked(date(2026, 3, 9), rule=rule).blocks_dose is False
    assert asked(DUE, rule=rule).blocks_dose is on_due
    assert asked(date(2026, 3, 18), rule=rule).blocks_dose is on_overdue
    assert blocks("due_soon", blocks_when) is False


SIX = [date(2026, 2, day) for day in (12, 16, 19, 23, 26)] + [date(2026, 3, 2)]


@pytest.mark.parametrize(
    ("infusions", "expected"),
    [
        ([], DUE),
        (SIX[:5], DUE),
        (SIX, date(2026, 3, 2)),
        (list(reversed(SIX)), date(2026, 3, 2)),
        ([*SIX, date(2026, 3, 5)], date(2026, 3, 2)),
        ([*SIX[:5], date(2026, 3, 12)], DUE),  # the calendar came first
    ],
)
def test_whichever_comes_first(infusions: list[date], expected: date) -> None:
    assert next_due(policy(), LAST, infusions) == expected


def test_by_infusions_alone_nothing_is_due_before_the_last_of_them() -> None:
    rule = policy(days=None, infusions=2)
    assert asked(date(2026, 6, 1), infusions=SIX[:1], rule=rule) == Due(None, "not_due", False)
    assert asked(date(2026, 2, 16), infusions=SIX[:2], rule=rule).state == "due"


def test_by_days_alone_infusions_do_not_count() -> None:
    assert next_due(policy(infusions=None), LAST, SIX) == DUE


def test_never_done_is_overdue_at_once() -> None:
    today = date(2026, 3, 1)
    assert asked(today, last=None) == Due(today, "overdue", True, today, today)
    assert not asked(today, last=None, rule=policy(blocks_when="never")).blocks_dose


@pytest.mark.parametrize(
    ("course", "state"),
    [
        ("paused", "suspended"),
        ("interrupted", "suspended"),
        ("completed", "closed"),
        ("stopped", "closed"),
        ("deceased", "closed"),
        ("transferred", "closed"),
        ("withdrawn", "closed"),
    ],
)
@pytest.mark.parametrize("last", [LAST, None])
def test_a_course_that_rests_or_is_over_asks_for_nothing(
    course: str, state: str, last: date | None
) -> None:
    assert asked(date(2026, 4, 1), last=last, course=course) == Due(None, state, True)  # type: ignore[arg-type]


def test_the_time_of_a_pause_counts() -> None:
    before = asked(date(2026, 2, 20))
    asked(date(2026, 3, 1), course="paused")
    after = asked(date(2026, 3, 20))
    assert before.due_on == after.due_on == DUE
    assert after.state == "overdue"


def test_what_is_refused() -> None:
    with pytest.raises(RuleError) as refusal:
        asked(date(2026, 2, 9))
    assert (refusal.value.code, refusal.value.field) == ("future_dated", "last_done")
    with pytest.raises(RuleError) as refusal:
        asked(DUE, course="napping")
    assert refusal.value.code == "course_state_unknown"


@pytest.mark.parametrize(
    ("days", "infusions", "soon", "grace", "code"),
    [
        (0, None, 7, 7, "period_not_positive"),
        (28, 0, 7, 7, "period_not_positive"),
        (28, 6, -1, 7, "window_negative"),
        (28, 6, 7, -1, "window_negative"),
    ],
)
def test_impossible_policies(
    days: int | None, infusions: int | None, soon: int, grace: int, code: str
) -> None:
    with pytest.raises(RuleError) as refusal:
        policy(days=days, infusions=infusions, soon=soon, grace=grace)
    assert refusal.value.code == code


def test_how_late() -> None:
    dates = window(DUE, 7, 7)
    assert [days_late(dates, DUE + timedelta(days=n)) for n in (-3, 0, 1, 12)] == [0, 0, 1, 12]


@pytest.mark.parametrize(
    ("anchor", "months", "expected"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2026, 1, 31), 2, date(2026, 3, 31)),
        (date(2026, 1, 31), 3, date(2026, 4, 30)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2028, 2, 29), 48, date(2032, 2, 29)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
        (date(2026, 1, 10), -1, date(2025, 12, 10)),
        (date(2026, 1, 10), 0, date(2026, 1, 10)),
    ],
)
def test_months_clamp_and_stay_anchored(anchor: date, months: int, expected: date) -> None:
    assert add_months(anchor, months) == expected


some_days = st.dates(date(2000, 1, 1), date(2090, 1, 1))


@given(some_days, st.integers(-240, 240))
def test_months_land_in_their_month(anchor: date, months: int) -> None:
    day = add_months(anchor, months)
    assert (day.year * 12 + day.month) - (anchor.year * 12 + anchor.month) == months
    assert day.day == anchor.day or (day + timedelta(days=1)).day == 1


@given(
    last=some_days,
    later=st.lists(st.integers(0, 400), max_size=15),
    days=st.one_of(st.none(), st.integers(1, 120)),
    infusions=st.one_of(st.none(), st.integers(1, 12)),
)
def test_due_is_never_before_last_and_never_after_the_period(
    last: date, later: list[int], days: int | None, infusions: int | None
) -> None:
    given_on = [last + timedelta(days=n) for n in later]
    due_on = next_due(policy(days=days, infusions=infusions), last, given_on)
    if due_on is None:
        assert days is None
    else:
        assert due_on >= last
        assert days is None or due_on <= last + timedelta(days=days)


@given(st.dates(), st.integers(0, 14), st.integers(0, 14), st.integers(-40, 40))
def test_states_only_move_forwards(due_on: date, soon: int, grace: int, offset: int) -> None:
    due_on = min(max(due_on, date(2, 1, 1)), date(9990, 1, 1))
    order = ["not_due", "due_soon", "due", "overdue"]
    dates = window(due_on, soon, grace)
    today = due_on + timedelta(days=offset)
    now, tomorrow = (state_of(dates, day) for day in (today, today + timedelta(days=1)))
    assert order.index(now) <= order.index(tomorrow)


def test_at_once_has_no_grace() -> None:
    assert at_once(DUE) == Dates(DUE, DUE, DUE)
    assert state_of(at_once(DUE), DUE) == "overdue"


def test_the_calendar_reaches_from_its_first_year_to_its_last() -> None:
    assert add_months(date(9999, 11, 30), 1) == date(9999, 12, 30)
    assert add_months(date(1, 2, 1), -1) == date(1, 1, 1)
    for anchor, months in ((date(9999, 12, 1), 1), (date(1, 1, 1), -1)):
        with pytest.raises(RuleError) as refused:
            add_months(anchor, months)
        assert (refused.value.code, refused.value.field) == ("out_of_range", "months")
