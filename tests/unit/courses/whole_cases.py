"""A whole and sound case for every function, and the keys of its answer, after the contract."""

from __future__ import annotations

from typing import Any

from clinic.rules.errors import RuleError
from courses.rules.contract import CASES

END = "2026-03-02T10:40:00-05:00"
WHOLE: dict[str, dict[str, Any]] = {
    "dose.mg": {"weight_kg": "70", "mg_per_kg": "0.5"},
    "dose.dilute": {
        "stock_mg_per_ml": "100",
        "stock_ml": "1",
        "diluent_ml": "1",
        "diluent": "NS",
    },
    "dose.volume_ml": {"dose_mg": "35.0", "conc_mg_per_ml": "50"},
    "dose.pump_rate": {"total_volume_ml": "100", "minutes": 40},
    "dose.continuous": {
        "weight_kg": "70",
        "rate": "2",
        "unit": "mg/kg/h",
        "conc_mg_per_ml": "1",
        "cap_mg_per_h": "100",
    },
    "dose.total_mg": {"weight_kg": "70", "rate": "0.6", "unit": "mg/kg/h", "hours": 96},
    "dose.check": {
        "protocol": "pain_acute",
        "mg_per_kg": "0.5",
        "minutes": 40,
        "seconds": 60,
        "route": "IV",
        "rate": "2",
        "unit": "ug/kg/min",
    },
    "weight.ibw": {"sex": "M", "height_cm": "177.8"},
    "course.planned_range": {"per_week": 2, "weeks_min": 3, "weeks_max": 5},
    "visit.check_gap": {"prev": ["2026-03-02"], "proposed": "2026-03-05"},
    "assess.due_24h": {"infusion_end": END, "tz": "America/New_York"},
    "scale.phq9": {"items": [0] * 9, "functional": 0},
    "scale.phq9_prorate": {"items": [0] * 9},
    "scale.qids_sr16": {"items": [0] * 16},
    "scale.madrs": {"items": [0] * 10},
    "scale.hamd17": {"items": [0] * 17},
    "scale.gad7": {"items": [0] * 7},
    "scale.cssrs_screener": {
        "q1": True,
        "q2": True,
        "q3": False,
        "q4": False,
        "q5": False,
        "q6_lifetime": True,
        "q6_3months": False,
    },
    "scale.cadss": {"items": [0] * 23},
    "scale.cadss6": {"items23": [0] * 23},
    "scale.bprs_pos4": {
        "conceptual_disorganisation": 1,
        "suspiciousness": 1,
        "hallucinatory_behaviour": 1,
        "unusual_thought_content": 1,
    },
    "outcome.classify": {"scale": "phq9", "baseline": 18, "current": 4},
    "outcome.mcid": {"scale": "phq9", "baseline": 15, "current": 10},
    "ctcae.grade": {"analyte": "ALT", "value": "200", "uln": "40", "baseline": "25"},
    "liver.pattern": {"alt": "200", "alt_uln": "40", "alp": "120", "alp_uln": "120"},
    "liver.hys_law": {
        "alt_x_uln": "3.5",
        "ast_x_uln": "2.0",
        "tbili_x_uln": "2.1",
        "alp_x_uln": "1.2",
    },
    "liver.action": {
        "alt_x": "1.5",
        "ast_x": "1.2",
        "alp_x": "2.4",
        "ggt_x": "4.0",
        "tbili_x": "0.9",
    },
    "gu.evaluate": {"previous": ["dysuria"], "current": ["dysuria", "frequency"]},
    "gate.predose": {
        "indication": "trd",
        "sbp": 128,
        "dbp": 78,
        "spo2": 98,
        "pregnancy": "negative",
        "npo_ok": True,
        "airway_equipment": True,
        "conditions": ["active_psychosis"],
        "medications": ["lorazepam"],
        "lft_baseline_days": 10,
    },
    "monitor.gaps": {
        "mode": "deep_sedation",
        "max_gap_min": 5,
        "start": "10:00",
        "end": "10:20",
        "obs": ["10:00"],
    },
    "discharge.earliest": {"infusion_end": END, "min_observation_min": 120},
    "discharge.prolonged": {"infusion_end": END, "resolved_at": END},
    "due.evaluate": {
        "policy": {
            "period_days": 28,
            "period_infusions": 6,
            "soon_days": 7,
            "grace_days": 7,
            "blocks_when": "overdue",
        },
        "last_done": "2026-02-10",
        "infusions_after_last": ["2026-02-12"],
        "today": "2026-02-20",
        "course": "active",
    },
    "due.add_months": {"anchor": "2026-01-31", "months": 1},
    "due.today_local": {"utc_now": "2026-11-23T02:00:00Z", "tz": "America/New_York"},
    "due.effective_last": {
        "results": [
            {"collected": "2026-03-01", "status": "final"},
            {"collected": "2026-03-20T08:00:00Z", "status": "entered-in-error"},
        ]
    },
    "stats.wilson": {"k": 108, "n": 195},
    "stats.diff_pp": {"k1": 108, "n1": 195, "k2": 70, "n2": 170},
    "unit.convert": {"value": "1.2", "from": "mg/dL", "to": "umol/L", "analyte": "TBILI"},
    "sedation.level": {"moaas": 5},
    "midazolam.check": {"weight_kg": "70", "mg_per_kg": "0.05"},
}
ANSWERS: dict[str, set[str]] = {
    "dose.mg": {"dose_mg"},
    "dose.dilute": {"allowed", "conc_mg_per_ml", "reason"},
    "dose.volume_ml": {"volume_ml"},
    "dose.pump_rate": {"rate_ml_per_h"},
    "dose.continuous": {"mg_per_h", "ml_per_h", "capped"},
    "dose.total_mg": {"total_mg"},
    "dose.check": {"status", "reason"},
    "weight.ibw": {"ibw_kg"},
    "course.planned_range": {"min", "max"},
    "visit.check_gap": {"status", "reason"},
    "assess.due_24h": {"due"},
    "scale.phq9": {"total", "band", "item9_alert", "complete"},
    "scale.phq9_prorate": {"total", "prorated"},
    "scale.qids_sr16": {"total", "band"},
    "scale.madrs": {"total", "band"},
    "scale.hamd17": {"total", "band"},
    "scale.gad7": {"total", "band"},
    "scale.cssrs_screener": {"risk", "complete"},
    "scale.cadss": {"total"},
    "scale.cadss6": {"total"},
    "scale.bprs_pos4": {"total"},
    "outcome.classify": {"pct", "category", "remission"},
    "outcome.mcid": {"change", "meets_mcid"},
    "ctcae.grade": {"grade"},
    "liver.pattern": {"R", "pattern"},
    "liver.hys_law": {"hys_law"},
    "liver.action": {"action"},
    "gu.evaluate": {"level"},
    "gate.predose": {"decision", "blocks", "warns"},
    "monitor.gaps": {"gaps"},
    "discharge.earliest": {"earliest"},
    "discharge.prolonged": {"prolonged"},
    "due.evaluate": {"due", "state", "blocks_dose"},
    "due.add_months": {"date"},
    "due.today_local": {"today"},
    "due.effective_last": {"last_done"},
    "stats.wilson": {"low", "high"},
    "stats.diff_pp": {"diff_pp"},
    "unit.convert": {"value"},
    "sedation.level": {"level", "max_gap_min"},
    "midazolam.check": {"dose_mg", "warns"},
}
# Null is an answer there: not capped, not diluted, never done, not known.
MAY_BE_NULL: dict[str, set[str]] = {
    "dose.dilute": {"diluent"},
    "dose.continuous": {"conc_mg_per_ml", "cap_mg_per_h"},
    "dose.check": {"mg_per_kg", "minutes", "seconds", "route"},
    "scale.phq9": {"functional"},
    "scale.cssrs_screener": {"q1", "q2", "q3", "q4", "q5", "q6_lifetime", "q6_3months"},
    "scale.bprs_pos4": set(WHOLE["scale.bprs_pos4"]),
    "ctcae.grade": {"baseline"},
    "liver.hys_law": {"alp_x_uln"},
    "liver.action": {"ggt_x"},
    "gu.evaluate": {"previous"},
    "gate.predose": {
        "sbp",
        "dbp",
        "pregnancy",
        "npo_ok",
        "airway_equipment",
        "lft_baseline_days",
    },
    "due.evaluate": {"last_done"},
}
# Null is not known there, and not to have the key at all is the same.
MUST_BE_THERE: dict[str, set[str]] = {
    "ctcae.grade": {"baseline"},
    "liver.hys_law": {"alp_x_uln"},
    "liver.action": {"ggt_x"},
    "gu.evaluate": {"previous"},
    "due.evaluate": {"last_done"},
}


def attempt(function: str, case: dict[str, Any]) -> dict[str, Any] | tuple[str, str]:
    """The answer, or code and field of the refusal; any other error is a fault of the rule."""
    refused = None
    try:
        answer = CASES[function](case)
    except RuleError as refusal:
        refused = refusal
    if refused is None:
        assert ANSWERS[function] <= set(answer)
        return answer
    assert refused.code
    assert refused.message
    assert _names([case, WHOLE[function]], refused.field), refused.field
    return refused.code, refused.field


def _names(value: object, field: str) -> bool:
    """Whether the field is a key of the case, or of a table or list within it."""
    parts: list[object] = []
    if isinstance(value, dict):
        if field.split(".", maxsplit=1)[0] in value:
            return True
        parts = list(value.values())
    if isinstance(value, list):
        parts = value
    return any(_names(part, field) for part in parts)
