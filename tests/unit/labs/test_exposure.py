"""Which facts count, and in which order they lie."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from labs.rules.exposure import (
    Completion,
    CourseFacts,
    Infusion,
    PlannedSession,
    effective_last,
    infusion_days_after,
)


def done(day: int, **more: object) -> Completion:
    return Completion("lft", date(2026, 3, day), **more)  # type: ignore[arg-type]


def infusion(day: int, hour: int = 10, **more: object) -> Infusion:
    at = datetime(2026, 3, day, hour, tzinfo=UTC)
    return Infusion(f"s{day}", date(2026, 3, day), at, **more)  # type: ignore[arg-type]


def facts(**more: object) -> CourseFacts:
    return CourseFacts(ZoneInfo("UTC"), "active", date(2026, 3, 1), 3, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "counts"),
    [
        ("final", True),
        ("corrected", True),
        ("amended", True),
        ("preliminary", False),
        ("cancelled", False),
        ("superseded", False),
        ("entered_in_error", False),
        ("entered-in-error", False),
        ("registered", False),
    ],
)
def test_only_settled_results_count(status: str, counts: bool) -> None:
    assert done(1, status=status).counts is counts


def test_the_latest_that_counts() -> None:
    results = [done(10), done(20, status="entered_in_error"), done(15, is_complete=False), done(2)]
    assert effective_last(results) == done(10)
    assert effective_last(reversed(results)) == done(10)
    assert effective_last([]) is None
    assert effective_last([done(1, status="preliminary")]) is None


def test_two_on_one_day_the_later_hour_then_the_key() -> None:
    morning = done(10, done_at=datetime(2026, 3, 10, 8, tzinfo=UTC), key="b")
    noon = done(10, done_at=datetime(2026, 3, 10, 12, tzinfo=UTC), key="a")
    noon_again = done(10, done_at=datetime(2026, 3, 10, 12, tzinfo=UTC), key="c")
    unknown = done(10, key="z")
    assert effective_last([noon, morning, unknown]) == noon
    assert effective_last([noon_again, noon]) == noon_again


def test_infusions_count_where_drug_went_in() -> None:
    course = facts(
        infusions=(
            infusion(9),
            infusion(2),
            infusion(5, drug_given=False),
            infusion(6, entered_in_error=True),
        )
    )
    assert [one.session for one in course.given] == ["s2", "s9"]


def test_infusions_after_a_collection_by_the_hour() -> None:
    course = facts(
        infusions=(infusion(2), infusion(5), infusion(9)),
        sessions=(PlannedSession("s12", date(2026, 3, 12)), PlannedSession("s9", date(2026, 3, 9))),
    )
    before_dose = done(5, done_at=datetime(2026, 3, 5, 9, tzinfo=UTC))
    after_dose = done(5, done_at=datetime(2026, 3, 5, 11, tzinfo=UTC))
    days = [date(2026, 3, day) for day in (5, 9, 12)]
    assert infusion_days_after(before_dose, course) == tuple(days)
    assert infusion_days_after(after_dose, course) == tuple(days[1:])
    assert infusion_days_after(done(5), course) == tuple(days)
    assert infusion_days_after(done(12), course) == (date(2026, 3, 12),)
    assert infusion_days_after(done(13), course) == ()


def test_the_first_infusion_given_booked_or_planned() -> None:
    booked = (PlannedSession("b", date(2026, 3, 8)), PlannedSession("a", date(2026, 3, 4)))
    assert facts().first_infusion_on == date(2026, 3, 1)
    assert facts(sessions=booked).first_infusion_on == date(2026, 3, 4)
    assert facts(sessions=booked, infusions=(infusion(3),)).first_infusion_on == date(2026, 3, 3)


def test_when_no_more_infusions_are_expected() -> None:
    three = (infusion(2), infusion(5), infusion(9))
    booked = (PlannedSession("x", date(2026, 3, 12)),)
    assert facts(infusions=three).is_last_infusion_known
    assert not facts(infusions=three[:2]).is_last_infusion_known
    assert not facts(infusions=three, sessions=booked).is_last_infusion_known
    stopped = CourseFacts(ZoneInfo("UTC"), "stopped", date(2026, 3, 1), 3, infusions=three[:1])
    assert stopped.is_last_infusion_known
