"""Dose arithmetic in exact decimals, each step rounded half up (A9 to A11)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.rules.errors import RuleError
from courses.rules import defaults, dosing

RULES = defaults.preparation()
D = Decimal


@pytest.mark.parametrize(
    ("weight", "per_kg", "dose"),
    [
        ("70", "0.5", "35.0"),
        ("82.4", "0.5", "41.2"),
        # 31.65: half to even would say 31.6.
        ("63.3", "0.5", "31.7"),
        ("63.7", "0.5", "31.9"),
        ("70", "0.75", "52.5"),
        ("70", "1.0", "70.0"),
        ("60", "0.3", "18.0"),
        ("70", "0.05", "3.5"),
    ],
)
def test_dose(weight: str, per_kg: str, dose: str) -> None:
    found = dosing.dose_mg(weight_kg=D(weight), mg_per_kg=D(per_kg), rules=RULES)
    assert str(found) == dose


@pytest.mark.parametrize(
    ("weight", "cap", "dose"),
    [("70", "35", "35.0"), ("70", "34.97", "34.9"), ("70", "35.1", "35.0"), ("70", "20", "20.0")],
)
def test_a_dose_is_never_rounded_above_its_cap(weight: str, cap: str, dose: str) -> None:
    found = dosing.dose_mg(weight_kg=D(weight), mg_per_kg=D("0.5"), cap_mg=D(cap), rules=RULES)
    assert str(found) == dose


@pytest.mark.parametrize(
    ("cap", "code"),
    [
        ("0", "not_positive"),
        ("-1", "not_positive"),
        ("NaN", "not_a_number"),
        ("Infinity", "not_a_number"),
        ("0.09", "out_of_range"),
    ],
)
def test_a_cap_that_leaves_nothing_to_give_is_refused(cap: str, code: str) -> None:
    with pytest.raises(RuleError) as refused:
        dosing.dose_mg(weight_kg=D(70), mg_per_kg=D("0.5"), cap_mg=D(cap), rules=RULES)
    assert (refused.value.code, refused.value.field) == (code, "cap_mg")
    with pytest.raises(RuleError) as refused:
        dosing.continuous(
            weight_kg=D(70),
            rate=D(2),
            unit="mg/kg/h",
            concentration_mg_per_ml=None,
            cap_mg_per_h=D(cap),
            rules=RULES,
        )
    assert (refused.value.code, refused.value.field) == (code, "cap_mg_per_h")


@given(
    st.decimals(30, 250, places=1), st.decimals("0.1", "1", places=2), st.decimals(1, 200, places=2)
)
def test_dose_stays_within_half_a_step_and_the_cap(
    weight: Decimal, per_kg: Decimal, cap: Decimal
) -> None:
    found = dosing.dose_mg(weight_kg=weight, mg_per_kg=per_kg, cap_mg=cap, rules=RULES)
    assert found <= cap
    free = dosing.dose_mg(weight_kg=weight, mg_per_kg=per_kg, rules=RULES)
    assert abs(free - weight * per_kg) <= D("0.05")


@pytest.mark.parametrize(
    ("weight", "per_kg", "code", "field"),
    [
        ("0", "0.5", "not_positive", "weight_kg"),
        ("-70", "0.5", "not_positive", "weight_kg"),
        ("NaN", "0.5", "not_a_number", "weight_kg"),
        ("Infinity", "0.5", "not_a_number", "weight_kg"),
        ("70", "0", "not_positive", "mg_per_kg"),
        ("70", "NaN", "not_a_number", "mg_per_kg"),
        ("1e40", "0.5", "out_of_range", "mg_per_kg"),
        ("0.01", "0.5", "out_of_range", "mg_per_kg"),
    ],
)
def test_what_cannot_be_dosed(weight: str, per_kg: str, code: str, field: str) -> None:
    with pytest.raises(RuleError) as refused:
        dosing.dose_mg(weight_kg=D(weight), mg_per_kg=D(per_kg), rules=RULES)
    assert (refused.value.code, refused.value.field) == (code, field)


@pytest.mark.parametrize(
    ("stock", "stock_ml", "diluent_ml", "diluent", "strength", "reason"),
    [
        ("100", "1", "1", "NS", "50", ""),
        ("100", "0.35", "0.35", "SWFI", "50", ""),
        ("100", "1", "3", "D5W", "25", ""),
        ("100", "1", "0.99", "NS", None, "less_than_equal_volume"),
        ("100", "1", "0", "NS", None, "undiluted_100"),
        ("100", "1", "0", "", None, "undiluted_100"),
        ("100", "1", "1", "LR", None, "diluent_not_listed"),
        ("100", "1", "1", "", None, "diluent_not_listed"),
        # Weaker stocks may be given as they are, but not in just any fluid.
        ("50", "1", "0", "", "50", ""),
        ("10", "2", "2", "NS", "5", ""),
        ("50", "1", "0.5", "NS", "33.33333333333333333333333333", ""),
        ("50", "1", "1", "LR", None, "diluent_not_listed"),
        ("99.9", "1", "0", "", "99.9", ""),
    ],
)
def test_dilution(
    stock: str, stock_ml: str, diluent_ml: str, diluent: str, strength: str | None, reason: str
) -> None:
    found = dosing.dilute(
        stock_mg_per_ml=D(stock),
        stock_ml=D(stock_ml),
        diluent_ml=D(diluent_ml),
        diluent=diluent,
        rules=RULES,
    )
    assert (found.allowed, found.reason) == (reason == "", reason)
    assert found.concentration_mg_per_ml == (None if strength is None else D(strength))


@pytest.mark.parametrize("diluent_ml", ["-0.1", "NaN"])
def test_no_less_than_no_diluent(diluent_ml: str) -> None:
    with pytest.raises(RuleError) as refused:
        dosing.dilute(
            stock_mg_per_ml=D(100),
            stock_ml=D(1),
            diluent_ml=D(diluent_ml),
            diluent="NS",
            rules=RULES,
        )
    assert (refused.value.code, refused.value.field) == ("out_of_range", "diluent_ml")


@pytest.mark.parametrize(
    ("dose", "strength", "volume"),
    [
        ("35.0", "50", "0.70"),
        ("41.2", "50", "0.82"),
        ("41.2", "10", "4.12"),
        ("35.0", "0.35", "100.00"),
    ],
)
def test_volume(dose: str, strength: str, volume: str) -> None:
    found = dosing.volume_ml(dose_mg=D(dose), concentration_mg_per_ml=D(strength), rules=RULES)
    assert str(found) == volume


@pytest.mark.parametrize(
    ("total", "minutes", "rate"),
    [("100", "40", "150.0"), ("50", "40", "75.0"), ("50", "15", "200.0"), ("0.7", "40", "1.1")],
)
def test_pump_rate(total: str, minutes: str, rate: str) -> None:
    found = dosing.pump_rate_ml_per_h(total_volume_ml=D(total), minutes=D(minutes), rules=RULES)
    assert str(found) == rate


@pytest.mark.parametrize(
    ("weight", "rate", "unit", "cap", "mg", "capped"),
    [
        ("70", "0.15", "mg/kg/h", None, "10.5", False),
        ("70", "0.6", "mg/kg/h", None, "42.0", False),
        ("70", "1", "ug/kg/min", None, "4.2", False),
        ("70", "2", "ug/kg/min", None, "8.4", False),
        ("70", "0.5", "mg/kg/h", "100", "35.0", False),
        ("50", "2", "mg/kg/h", "100", "100.0", False),
        ("50.1", "2", "mg/kg/h", "100", "100.0", True),
        ("70", "2", "mg/kg/h", "100", "100.0", True),
        # 99.96 would round to 100.0, above this ceiling.
        ("49.98", "2", "mg/kg/h", "99.97", "99.97", False),
        ("70", "2", "mg/kg/h", "99.97", "99.9", True),
    ],
)
def test_continuous(
    weight: str, rate: str, unit: str, cap: str | None, mg: str, capped: bool
) -> None:
    found = dosing.continuous(
        weight_kg=D(weight),
        rate=D(rate),
        unit=unit,
        concentration_mg_per_ml=D(1),
        cap_mg_per_h=D(cap) if cap else None,
        rules=RULES,
    )
    assert (str(found.mg_per_h), found.capped) == (mg, capped)


@pytest.mark.parametrize(("strength", "ml"), [("2", "17.5"), ("1", "35.0"), (None, None)])
def test_the_pump_follows_the_bag(strength: str | None, ml: str | None) -> None:
    found = dosing.continuous(
        weight_kg=D(70),
        rate=D("0.5"),
        unit="mg/kg/h",
        concentration_mg_per_ml=D(strength) if strength else None,
        cap_mg_per_h=None,
        rules=RULES,
    )
    assert found.ml_per_h == (D(ml) if ml else None)


def test_a_rate_needs_its_unit() -> None:
    with pytest.raises(RuleError) as refused:
        dosing.per_hour_mg_per_kg(D(1), "mg/h")
    assert (refused.value.code, refused.value.field) == ("unit_unknown", "unit")


@pytest.mark.parametrize(
    ("rate", "unit", "total"), [("0.6", "mg/kg/h", "4032.0"), ("1", "ug/kg/min", "403.2")]
)
def test_total_over_96_hours(rate: str, unit: str, total: str) -> None:
    found = dosing.total_mg(weight_kg=D(70), rate=D(rate), unit=unit, hours=D(96), rules=RULES)
    assert str(found) == total


@pytest.mark.parametrize(
    ("per_kg", "dose", "warns", "in_range"),
    [
        ("0.05", "3.5", ("midazolam_above_2_5mg_initial",), True),
        ("0.1", "7.0", ("midazolam_above_2_5mg_initial",), True),
        ("0.101", "7.1", ("midazolam_above_2_5mg_initial",), False),
        ("0.03", "2.1", (), False),
        ("0.0357", "2.5", (), False),
        ("0.0372", "2.6", ("midazolam_above_2_5mg_initial",), False),
    ],
)
def test_midazolam(per_kg: str, dose: str, warns: tuple[str, ...], in_range: bool) -> None:
    found = dosing.midazolam(weight_kg=D(70), mg_per_kg=D(per_kg), rules=RULES)
    assert (str(found.dose_mg), found.warns) == (dose, warns)
    assert found.in_guideline_range is in_range


@pytest.mark.parametrize(
    ("seconds", "too_long"), [(0, False), (30 * 60, False), (30 * 60 + 1, True)]
)
def test_what_is_prepared_is_used_at_once(seconds: int, too_long: bool) -> None:
    prepared = datetime.fromisoformat("2026-03-02T10:00:00-05:00")
    found = dosing.stood_too_long(
        prepared_at=prepared,
        started_at=prepared + timedelta(seconds=seconds),
        limit_minutes=defaults.gate().prepared_minutes,
    )
    assert found is too_long


def test_nothing_starts_before_it_is_prepared() -> None:
    prepared = datetime.fromisoformat("2026-03-02T10:00:00-05:00")
    with pytest.raises(RuleError, match="before it was prepared") as refused:
        dosing.stood_too_long(
            prepared_at=prepared, started_at=prepared - timedelta(seconds=1), limit_minutes=30
        )
    assert (refused.value.code, refused.value.field) == ("impossible_range", "prepared_at")


WHOLE: dict[Callable[..., object], dict[str, Any]] = {
    dosing.dilute: {
        "stock_mg_per_ml": D(100),
        "stock_ml": D(1),
        "diluent_ml": D(1),
        "diluent": "NS",
    },
    dosing.volume_ml: {"dose_mg": D(35), "concentration_mg_per_ml": D(50)},
    dosing.pump_rate_ml_per_h: {"total_volume_ml": D(100), "minutes": D(40)},
    dosing.continuous: {
        "weight_kg": D(70),
        "rate": D("0.5"),
        "unit": "mg/kg/h",
        "concentration_mg_per_ml": D(7),
        "cap_mg_per_h": D(100),
    },
    dosing.total_mg: {"weight_kg": D(70), "rate": D("0.5"), "unit": "mg/kg/h", "hours": D(96)},
}


@pytest.mark.parametrize(
    ("function", "changes", "code", "field"),
    [
        (dosing.dilute, {"stock_mg_per_ml": D(0)}, "not_positive", "stock_mg_per_ml"),
        (dosing.dilute, {"stock_ml": D(0)}, "not_positive", "stock_ml"),
        (dosing.volume_ml, {"dose_mg": D(0)}, "not_positive", "dose_mg"),
        (dosing.volume_ml, {"concentration_mg_per_ml": D(0)}, "not_positive", "conc_mg_per_ml"),
        # Too little for the smallest step of the syringe.
        (dosing.volume_ml, {"dose_mg": D("0.0001")}, "out_of_range", "dose_mg"),
        (dosing.pump_rate_ml_per_h, {"total_volume_ml": D(0)}, "not_positive", "total_volume_ml"),
        (dosing.pump_rate_ml_per_h, {"minutes": D(0)}, "not_positive", "minutes"),
        (
            dosing.pump_rate_ml_per_h,
            {"total_volume_ml": D("0.0001")},
            "out_of_range",
            "total_volume_ml",
        ),
        (dosing.continuous, {"weight_kg": D(0)}, "not_positive", "weight_kg"),
        (dosing.continuous, {"rate": D(0)}, "not_positive", "rate"),
        (dosing.continuous, {"rate": D("0.0001")}, "out_of_range", "rate"),
        (dosing.continuous, {"cap_mg_per_h": D(0)}, "not_positive", "cap_mg_per_h"),
        (dosing.continuous, {"concentration_mg_per_ml": D(0)}, "not_positive", "conc_mg_per_ml"),
        (
            dosing.continuous,
            {"concentration_mg_per_ml": D(100000)},
            "out_of_range",
            "conc_mg_per_ml",
        ),
        (dosing.total_mg, {"weight_kg": D(0)}, "not_positive", "weight_kg"),
        (dosing.total_mg, {"hours": D(0)}, "not_positive", "hours"),
        (dosing.total_mg, {"rate": D("0.000001")}, "out_of_range", "rate"),
    ],
)
def test_the_refusal_names_the_field(
    function: Callable[..., object], changes: dict[str, Any], code: str, field: str
) -> None:
    with pytest.raises(RuleError) as refused:
        function(**WHOLE[function] | changes, rules=RULES)
    assert (refused.value.code, refused.value.field) == (code, field)


def test_where_a_site_asks_for_more_diluent_than_stock() -> None:
    rules = replace(RULES, min_diluent_ratio=D(2))
    whole = WHOLE[dosing.dilute]
    assert dosing.dilute(**whole, rules=rules).reason == "less_than_equal_volume"
    assert dosing.dilute(**whole | {"diluent_ml": D(2)}, rules=rules).allowed
