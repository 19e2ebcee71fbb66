"""Numbers, limits and times as laboratories write them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from labs.intake.claims import ReadError
from labs.intake.moments import Moment, hl7_moment, iso_moment, with_offset
from labs.intake.numbers import Limits, measured, number, reference_range

LONDON = ZoneInfo("Europe/London")


@pytest.mark.parametrize(
    ("text", "value", "comparator"),
    [
        ("27", "27", ""),
        (" 0.2 ", "0.2", ""),
        ("<0.2", "0.2", "<"),
        (">= 2000", "2000", ">="),
        ("≤5", "5", "<="),
        ("0", "0", ""),
        ("-3.1", "-3.1", ""),
    ],
)
def test_values(text: str, value: str, comparator: str) -> None:
    found = measured(text)
    assert (found.value, found.comparator) == (Decimal(value), comparator)


@pytest.mark.parametrize("text", ["abc", "++", "1e3", "5,3", "NaN", "inf", "1.2.3", "<", "٣"])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(ReadError) as refused:
        measured(text)
    assert refused.value.code == "not_a_number"


def test_nothing_is_missing_as_a_value_and_fine_as_a_limit() -> None:
    with pytest.raises(ReadError) as refused:
        measured(" ")
    assert refused.value.code == "value_missing"
    assert number(" ") is None
    assert number("34") == Decimal(34)


def test_a_limit_is_never_a_bound() -> None:
    with pytest.raises(ReadError) as refused:
        number("<34")
    assert refused.value.code == "not_a_number"


@pytest.mark.parametrize(
    ("text", "unit", "limits"),
    [
        ("6-34", "U/L", Limits(Decimal(6), Decimal(34))),
        ("6.5 - 34.25", "U/L", Limits(Decimal("6.5"), Decimal("34.25"))),
        ("6 to 34", "U/L", Limits(Decimal(6), Decimal(34))),
        ("6-34 u/l", "U/L", Limits(Decimal(6), Decimal(34))),
        ("<34", "U/L", Limits(None, Decimal(34))),
        ("≤ 34", "U/L", Limits(None, Decimal(34))),
        (">5", "U/L", Limits(Decimal(5), None)),
        ("6-34 mg/dL", "U/L", Limits()),
        ("negative", "", Limits()),
        ("34", "U/L", Limits()),
        ("", "", Limits()),
    ],
)
def test_reference_ranges(text: str, unit: str, limits: Limits) -> None:
    assert reference_range(text, unit) == limits


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-11-23T09:30", datetime(2026, 11, 23, 9, 30, tzinfo=UTC)),
        ("2026-06-23T09:30", datetime(2026, 6, 23, 8, 30, tzinfo=UTC)),
        ("2026-06-23 09:30:15", datetime(2026, 6, 23, 8, 30, 15, tzinfo=UTC)),
        ("2026-06-23T09:30Z", datetime(2026, 6, 23, 9, 30, tzinfo=UTC)),
        ("2026-06-23T09:30-05:00", datetime(2026, 6, 23, 14, 30, tzinfo=UTC)),
        ("2026-06-23", datetime(2026, 6, 22, 23, 0, tzinfo=UTC)),
    ],
)
def test_iso_times_are_the_sites_own_without_an_offset(text: str, at: datetime) -> None:
    moment = iso_moment(text)
    assert moment is not None
    assert moment.instant(LONDON) == at


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("20141006", Moment(date(2014, 10, 6))),
        ("201410060830", Moment(date(2014, 10, 6), time(8, 30))),
        (
            "20141006083000.1234+0700",
            Moment(date(2014, 10, 6), time(8, 30), timedelta(hours=7)),
        ),
        ("20141006083000-0215", Moment(date(2014, 10, 6), time(8, 30), -timedelta(minutes=135))),
    ],
)
def test_hl7_times(text: str, moment: Moment) -> None:
    assert hl7_moment(text) == moment


@pytest.mark.parametrize(
    "text", ["2014", "201410", "20141306", "20140230", "2014100625", "201410060830+1500", "x", ""]
)
def test_no_hl7_time(text: str) -> None:
    assert hl7_moment(text) is None


@pytest.mark.parametrize("text", ["23.11.2026", "2026-11", "2026-13-01", "2026-11-23T25:00", ""])
def test_no_iso_time(text: str) -> None:
    assert iso_moment(text) is None


def test_precision_and_a_borrowed_offset() -> None:
    day, minute = Moment(date(2026, 11, 23)), Moment(date(2026, 11, 23), time(9))
    assert (day.precision, minute.precision) == ("day", "minute")
    assert with_offset(minute, timedelta(hours=1)).offset == timedelta(hours=1)
    assert with_offset(day, timedelta(hours=1)).offset is None
    own = Moment(date(2026, 11, 23), time(9), timedelta(0))
    assert with_offset(own, timedelta(hours=1)) == own
