"""What holds of every amount: never above its ceiling, each step within half of its rounding."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from courses.rules import defaults, dosing
from courses.rules.orders import check_order, worst
from courses.rules.protocols import Protocol

D = Decimal
RULES: Final = defaults.preparation()
# Highest amount that the guideline names for each protocol, not read from the catalogue.
MOST_MG_PER_KG: Final = {
    "trd_standard": D("0.5"),
    "trd_high_dose": D("1"),
    "pain_geriatric_ed": D("0.3"),
    "pain_shock": D("0.5"),
    "pain_acute": D("0.5"),
}
MOST_MG_PER_KG_H: Final = {
    "trd_prolonged_96h": D("0.6"),
    "pain_icu": D("2"),
    "pain_acute": D("0.12"),  # 2 ug/kg/min
}

weights = st.decimals("30", "250", places=3)
amounts = st.decimals("0.01", "3", places=3)
caps = st.decimals("0.1", "300", places=3)
strengths = st.decimals("0.1", "100", places=2)
rates = st.decimals("0.1", "5", places=3)
bag_strengths = st.decimals("0.1", "10", places=2)
hourly_caps = st.decimals("10", "300", places=3)


def dose(weight: Decimal, per_kg: Decimal, cap: Decimal | None = None) -> Decimal:
    return dosing.dose_mg(weight_kg=weight, mg_per_kg=per_kg, cap_mg=cap, rules=RULES)


@given(weights, amounts, caps)
@example(D("63.3"), D("0.5"), D("31.65"))
@example(D("70"), D("0.5"), D("0.149"))
def test_a_dose_is_never_rounded_above_its_cap_however_fine(
    weight: Decimal, per_kg: Decimal, cap: Decimal
) -> None:
    found, free = dose(weight, per_kg, cap), dose(weight, per_kg)
    assert 0 < found <= cap
    # The cap takes away no more than it must: less than one step below it.
    assert found == free or cap - found < D("0.1")
    assert found == found.quantize(D("0.1"))


@given(weights, weights, amounts, st.none() | caps)
def test_who_weighs_more_never_gets_less(
    one: Decimal, other: Decimal, per_kg: Decimal, cap: Decimal | None
) -> None:
    light, heavy = sorted((one, other))
    assert dose(light, per_kg, cap) <= dose(heavy, per_kg, cap)


@pytest.mark.parametrize("code", sorted(MOST_MG_PER_KG))
@given(weight=weights, per_kg=amounts)
def test_what_is_not_refused_stays_within_the_protocol(
    code: str, weight: Decimal, per_kg: Decimal
) -> None:
    most = MOST_MG_PER_KG[code]
    found = worst(check_order(defaults.protocol(code), mg_per_kg=per_kg))
    assert (found.status == "block") is (per_kg > most)
    if found.status != "block":
        assert dose(weight, per_kg) <= weight * most + D("0.05")


@pytest.mark.parametrize("code", sorted(MOST_MG_PER_KG_H))
@given(rate=rates)
@example(rate=D("0.12"))
@example(rate=D("0.121"))
def test_no_rate_above_the_protocol(code: str, rate: Decimal) -> None:
    found = worst(check_order(defaults.protocol(code), rate_mg_per_kg_h=rate))
    assert (found.status == "block") is (rate > MOST_MG_PER_KG_H[code])


@given(st.sampled_from(["trd_standard", "trd_high_dose"]), *[st.decimals("1", "200", places=1)] * 2)
def test_a_faster_infusion_is_never_judged_more_mildly(
    code: str, one: Decimal, other: Decimal
) -> None:
    protocol: Protocol = defaults.protocol(code)
    fast, slow = sorted((one, other))
    order = ("ok", "warn", "block")
    if slow <= 60:
        judged = [worst(check_order(protocol, minutes=m)).status for m in (slow, fast)]
        assert order.index(judged[0]) <= order.index(judged[1])
    assert (worst(check_order(protocol, minutes=fast)).status == "block") is (fast < 30)


@given(st.decimals("0.1", "300", places=1), strengths)
def test_volume_times_strength_is_the_dose_within_half_a_step(
    mg: Decimal, strength: Decimal
) -> None:
    if mg / strength < D("0.005"):
        return
    found = dosing.volume_ml(dose_mg=mg, concentration_mg_per_ml=strength, rules=RULES)
    assert abs(found * strength - mg) <= D("0.005") * strength
    assert found == found.quantize(D("0.01"))


@given(st.sampled_from([D(10), D(50), D(100)]), *[st.decimals("0.01", "100", places=2)] * 2)
@example(D(100), D("1"), D("0.99"))
def test_a_mixture_holds_what_went_into_it(
    stock: Decimal, stock_ml: Decimal, diluent_ml: Decimal
) -> None:
    found = dosing.dilute(
        stock_mg_per_ml=stock, stock_ml=stock_ml, diluent_ml=diluent_ml, diluent="NS", rules=RULES
    )
    # 100 mg/mL is halved at least; weaker stocks may be given as they are.
    assert found.allowed is (stock < 100 or diluent_ml >= stock_ml)
    assert found.allowed is not bool(found.reason)
    if found.concentration_mg_per_ml is not None:
        assert found.concentration_mg_per_ml <= min(stock, D(50))
        drug = found.concentration_mg_per_ml * (stock_ml + diluent_ml)
        assert abs(drug - stock * stock_ml) < D("1e-20")
    assert (found.concentration_mg_per_ml is None) is not found.allowed


@given(st.decimals("5", "500", places=2), st.decimals("1", "240", places=1))
def test_the_pump_empties_the_bag_in_time(total_ml: Decimal, minutes: Decimal) -> None:
    rate = dosing.pump_rate_ml_per_h(total_volume_ml=total_ml, minutes=minutes, rules=RULES)
    assert abs(rate * minutes - total_ml * 60) <= D("0.05") * minutes


@given(weights, rates, st.none() | hourly_caps, st.none() | bag_strengths)
@example(D("50"), D("2"), D("100"), D("1"))
# The rounded rate lies above the cap although the exact one does not.
@example(D("33.35"), D("3"), D("100.05"), D("1"))
@example(D("50.001"), D("2"), D("100"), D("1"))
def test_a_running_rate_is_cut_at_the_cap_exactly(
    weight: Decimal, rate: Decimal, cap: Decimal | None, strength: Decimal | None
) -> None:
    found = dosing.continuous(
        weight_kg=weight,
        rate=rate,
        unit="mg/kg/h",
        concentration_mg_per_ml=strength,
        cap_mg_per_h=cap,
        rules=RULES,
    )
    exact = weight * rate
    assert found.capped is (cap is not None and exact > cap)
    if cap is None:
        assert abs(found.mg_per_h - exact) <= D("0.05")
    else:
        assert found.mg_per_h <= cap
        assert not found.capped or cap - found.mg_per_h < D("0.1")
        assert found.mg_per_h <= exact + D("0.05")
    if strength is not None and found.ml_per_h is not None:
        assert abs(found.ml_per_h * strength - found.mg_per_h) <= D("0.05") * strength


@given(weights, rates, st.decimals("0.5", "96", places=1))
def test_a_rate_is_the_same_in_either_unit_and_adds_up_over_its_hours(
    weight: Decimal, rate: Decimal, hours: Decimal
) -> None:
    # 1 ug/kg/min is 0.06 mg/kg/h.
    in_ug, in_mg = (
        dosing.continuous(
            weight_kg=weight,
            rate=amount,
            unit=unit,
            concentration_mg_per_ml=None,
            cap_mg_per_h=D(100),
            rules=RULES,
        )
        for amount, unit in ((rate, "ug/kg/min"), (rate * D("0.06"), "mg/kg/h"))
    )
    assert in_ug == in_mg
    total = dosing.total_mg(weight_kg=weight, rate=rate, unit="mg/kg/h", hours=hours, rules=RULES)
    assert abs(total - weight * rate * hours) <= D("0.05")


@given(weights, st.decimals("0.002", "0.3", places=3))
@example(D("50"), D("0.05"))
def test_midazolam_is_warned_of_above_its_first_dose_and_never_below(
    weight: Decimal, per_kg: Decimal
) -> None:
    found = dosing.midazolam(weight_kg=weight, mg_per_kg=per_kg, rules=RULES)
    assert bool(found.warns) is (found.dose_mg > D("2.5"))
    assert found.in_guideline_range is (D("0.05") <= per_kg <= D("0.1"))
