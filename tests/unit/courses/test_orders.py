"""What stands against an order: route, amount, duration, rate, change (A8, A12)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from clinic.rules.errors import RuleError
from courses.rules import defaults
from courses.rules.orders import (
    DoseFinding,
    change_needs_reason,
    check_order,
    needs_second_check,
    worst,
)

D = Decimal
STANDARD = defaults.protocol("trd_standard")


def judged(code: str, **order: object) -> tuple[str, str]:
    given = {key: value if key == "route" else D(str(value)) for key, value in order.items()}
    found = worst(check_order(defaults.protocol(code), **given))  # type: ignore[arg-type]
    return found.status, found.reason


@pytest.mark.parametrize(
    ("code", "per_kg", "expected"),
    [
        ("trd_standard", "0.5", ("ok", "")),
        ("trd_standard", "0.51", ("block", "above_protocol_range")),
        ("trd_standard", "0.49", ("warn", "below_protocol_range")),
        ("trd_high_dose", "0.75", ("ok", "")),
        ("trd_high_dose", "1.0", ("ok", "")),
        ("trd_high_dose", "1.01", ("block", "above_protocol_range")),
        ("trd_high_dose", "0.74", ("warn", "below_protocol_range")),
        ("pain_acute", "0.1", ("ok", "")),
        ("pain_geriatric_ed", "0.3", ("ok", "")),
        ("pain_geriatric_ed", "0.29", ("warn", "below_protocol_range")),
        ("pain_geriatric_ed", "0.31", ("block", "above_protocol_range")),
        ("pain_shock", "0.5", ("ok", "")),
        ("pain_shock", "0.51", ("block", "start_low_in_shock")),
    ],
)
def test_amount(code: str, per_kg: str, expected: tuple[str, str]) -> None:
    assert judged(code, mg_per_kg=per_kg) == expected


@pytest.mark.parametrize(
    ("code", "minutes", "expected"),
    [
        ("trd_standard", "29.9", ("block", "too_fast")),
        ("trd_standard", "30", ("warn", "too_fast")),
        ("trd_standard", "39.9", ("warn", "too_fast")),
        ("trd_standard", "40", ("ok", "")),
        ("trd_standard", "60", ("ok", "")),
        ("trd_standard", "60.1", ("warn", "too_slow")),
        ("pain_geriatric_ed", "14", ("block", "too_fast")),
        ("pain_geriatric_ed", "15", ("ok", "")),
        ("pain_icu", "1", ("ok", "")),
    ],
)
def test_duration(code: str, minutes: str, expected: tuple[str, str]) -> None:
    assert judged(code, minutes=minutes) == expected


@pytest.mark.parametrize(
    ("code", "seconds", "expected"),
    [
        ("pain_acute", "59", ("block", "bolus_under_60s")),
        ("pain_acute", "60", ("ok", "")),
        ("pain_shock", "45", ("block", "bolus_under_60s")),
        ("trd_standard", "1", ("ok", "")),
    ],
)
def test_bolus(code: str, seconds: str, expected: tuple[str, str]) -> None:
    assert judged(code, seconds=seconds) == expected


@pytest.mark.parametrize(
    ("code", "route", "expected"),
    [
        ("pain_acute", "IM", ("block", "route_not_recommended_for_analgesia")),
        ("pain_shock", "IM", ("block", "route_not_recommended_for_analgesia")),
        ("pain_acute", "IV", ("ok", "")),
        ("pain_acute", "SC", ("ok", "")),
        ("trd_standard", "IV", ("ok", "")),
        ("trd_standard", "IM", ("block", "route_not_in_protocol")),
        ("trd_high_dose", "SC", ("block", "route_not_in_protocol")),
    ],
)
def test_route(code: str, route: str, expected: tuple[str, str]) -> None:
    assert judged(code, route=route) == expected


@pytest.mark.parametrize(
    ("code", "rate", "expected"),
    [
        ("trd_prolonged_96h", "0.14", ("warn", "below_protocol_range")),
        ("trd_prolonged_96h", "0.15", ("ok", "")),
        ("trd_prolonged_96h", "0.6", ("ok", "")),
        ("trd_prolonged_96h", "0.61", ("block", "above_protocol_range")),
        ("pain_icu", "2", ("ok", "")),
        ("pain_icu", "2.1", ("block", "above_protocol_range")),
        # 1 to 2 ug/kg/min is 0.06 to 0.12 mg/kg/h.
        ("pain_acute", "0.05", ("warn", "below_protocol_range")),
        ("pain_acute", "0.06", ("ok", "")),
        ("pain_acute", "0.12", ("ok", "")),
        ("pain_acute", "0.13", ("block", "above_protocol_range")),
    ],
)
def test_rate(code: str, rate: str, expected: tuple[str, str]) -> None:
    assert judged(code, rate_mg_per_kg_h=rate) == expected


@pytest.mark.parametrize(
    ("code", "order", "refusal"),
    [
        ("pain_acute", {"route": "im"}, ("unknown_code", "route")),
        ("pain_acute", {"route": ""}, ("unknown_code", "route")),
        ("pain_shock", {"rate_mg_per_kg_h": "0.1"}, ("not_in_protocol", "rate")),
        ("trd_standard", {"rate_mg_per_kg_h": "0.75"}, ("not_in_protocol", "rate")),
        ("pain_icu", {"mg_per_kg": "0.5"}, ("not_in_protocol", "mg_per_kg")),
        ("trd_standard", {"seconds": "-1"}, ("not_positive", "seconds")),
    ],
)
def test_what_the_protocol_cannot_judge(
    code: str, order: dict[str, str], refusal: tuple[str, str]
) -> None:
    with pytest.raises(RuleError) as refused:
        judged(code, **order)
    assert (refused.value.code, refused.value.field) == refusal


def test_an_order_that_says_nothing_has_nothing_against_it() -> None:
    assert check_order(STANDARD) == ()
    assert worst(()) == DoseFinding("ok", "", "")


def test_everything_is_listed_and_the_worst_decides() -> None:
    found = check_order(STANDARD, mg_per_kg=D("0.4"), minutes=D(10))
    assert [(one.status, one.reason) for one in found] == [
        ("warn", "below_protocol_range"),
        ("block", "too_fast"),
    ]
    assert worst(found).sentence == "10 min is too fast; at least 30 min."


@pytest.mark.parametrize("key", ["mg_per_kg", "minutes", "rate_mg_per_kg_h"])
@pytest.mark.parametrize("value", ["0", "-1", "NaN"])
def test_nothing_is_ordered_below_nothing(key: str, value: str) -> None:
    with pytest.raises(RuleError):
        judged("trd_standard", **{key: value})


def test_a_bolus_takes_time() -> None:
    with pytest.raises(RuleError) as refused:
        judged("pain_acute", seconds="0")
    assert refused.value.field == "seconds"


@pytest.mark.parametrize(
    ("dose", "last", "needed"),
    [
        ("35", None, False),
        ("35", "35", False),
        ("41.9", "35", False),
        ("42.0", "35", True),
        ("28.1", "35", False),
        ("28.0", "35", True),
    ],
)
def test_a_fifth_more_or_less_needs_a_reason(dose: str, last: str | None, needed: bool) -> None:
    given = D(last) if last else None
    assert change_needs_reason(STANDARD, dose_mg=D(dose), last_mg=given) is needed


def test_a_protocol_without_a_share_asks_for_no_reason() -> None:
    icu = defaults.protocol("pain_icu")
    assert change_needs_reason(icu, dose_mg=D(1), last_mg=D(100)) is False


@pytest.mark.parametrize(
    ("code", "dose", "needed"),
    [
        ("trd_standard", "100.0", False),
        ("trd_standard", "100.1", True),
        ("pain_icu", "500", False),
    ],
)
def test_a_second_person_looks_above_100_mg(code: str, dose: str, needed: bool) -> None:
    assert needs_second_check(defaults.protocol(code), D(dose)) is needed
