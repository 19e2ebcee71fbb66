"""Which keys the content of courses has and the unit of each number: another key is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from clinic.rules.shape import ANY, TEXT, Shape

_SCORE: Final = "{score}"

PROTOCOL: Final[Shape] = {
    "orderable": TEXT,
    "indication": TEXT,
    "second_prescriber": TEXT,
    "note": TEXT,
    "dose": {
        "mode": TEXT,
        "min_mg_per_kg": "mg/kg",
        "max_mg_per_kg": "mg/kg",
        "minutes": "min",
        "min_seconds": "s",
        "min_mg_per_kg_h": "mg/kg/h",
        "max_mg_per_kg_h": "mg/kg/h",
        "min_ug_per_kg_min": "ug/kg/min",
        "max_ug_per_kg_min": "ug/kg/min",
        "cap_mg_per_h": "mg/h",
        "hours": "h",
        "blocked_routes": TEXT,
    },
    "schedule": {
        "per_week": "1/wk",
        "weeks_min": "wk",
        "weeks_max": "wk",
        "count_default": "sessions",
        "nominal_gap_days": "d",
    },
    "gaps": {
        "min_gap_days": "d",
        "max_in_window": "sessions",
        "window_days": "d",
        "missed_after_days": "d",
        "interrupted_after_days": "d",
        "booking_window_days": "d",
        "grace_weeks": "wk",
    },
    "chair": {"preparation_minutes": "min", "observation_minutes": "min"},
    "limits": {
        "block_below_minutes": "min",
        "warn_below_minutes": "min",
        "warn_above_minutes": "min",
        "second_check_above_mg": "mg",
        "reason_on_change_percent": "%",
    },
    # Decides nothing: what the source says beside the dose.
    "reference": {ANY: ANY},
}

_BAND: Final[Shape] = {"code": TEXT, "title": TEXT, "from": _SCORE, "to": _SCORE}

SCALE: Final[Shape] = {
    "rater": TEXT,
    "method": TEXT,
    "licence": TEXT,
    "form": TEXT,
    "answers": TEXT,
    "preamble": TEXT,
    "attribution": TEXT,
    "domains": TEXT,
    "prorated": TEXT,
    "bands_used": TEXT,
    "subscale_*": TEXT,
    "recall_days": "d",
    "min_days_between": "d",
    "remission_at_most": _SCORE,
    "mcid": _SCORE,
    "max_prorated_missing": "items",
    "response_percent": "%",
    "partial_percent": "%",
    "loinc": {"panel": TEXT, "total": TEXT, "items": TEXT, "functional": TEXT},
    "functional": {"label": TEXT, "answers": TEXT, "max": TEXT},
    "syndrome": {
        "core": TEXT,
        "core_needed": "items",
        "needed": "items",
        "present_at": _SCORE,
        "lower": {"item": TEXT, "at_least": _SCORE},
    },
    "items": {"id": TEXT, "label": TEXT, "min": TEXT, "max": TEXT, "not_assessed": TEXT},
    "bands": _BAND,
    "band_sets": {ANY: _BAND},
    "risks": {"code": TEXT, "title": TEXT, "level": TEXT},
    "alerts": {
        "code": TEXT,
        "item": TEXT,
        "at_least": _SCORE,
        "level": TEXT,
        "never_prorated": TEXT,
    },
}

REFERENCE: Final[Shape] = {
    "decides_nothing": TEXT,
    "note": TEXT,
    "facts": {"code": TEXT, "sentence": TEXT, ANY: ANY},
}

_CHECK: Final[Shape] = {"code": TEXT, "class": TEXT, "sentence": TEXT}
_TWICE: Final[Shape] = {"count": "assessments", "min_days_apart": "d", "max_days_apart": "d"}
_LISTED: Final[Shape] = {"code": TEXT, "title": TEXT}

_GATE: Final[Shape] = {
    "valid_minutes": "min",
    "adult_years": "a",
    "lft_baseline_days": "d",
    "min_spo2_percent": "%",
    "prepared_minutes": "min",
    "blood_pressure": {
        "remeasure_minutes": "min",
        "remeasure_times": "1",
        "warn_above_sbp": "mm[Hg]",
        "warn_above_dbp": "mm[Hg]",
        "hold_from_sbp": "mm[Hg]",
        "hold_from_dbp": "mm[Hg]",
        "block_from_sbp": "mm[Hg]",
        "block_from_dbp": "mm[Hg]",
    },
    "fasting": {"clear_fluids_hours": "h", "light_meal_hours": "h", "fatty_meal_hours": "h"},
    "weight": {
        "first_valid_days": "d",
        "valid_days": "d",
        "confirm_change_percent": "%",
        "confirm_below_kg": "kg",
        "confirm_above_kg": "kg",
        "reject_below_kg": "kg",
        "reject_above_kg": "kg",
        "show_ideal_from_bmi": "kg/m2",
    },
    "checks": _CHECK,
    "conditions": {**_CHECK, "indications": TEXT},
    "medications": {**_CHECK, "indications": TEXT, "matches": TEXT},
}

_PREPARATION: Final[Shape] = {
    "diluents": TEXT,
    "dilution_from_mg_per_ml": "mg/mL",
    "min_diluent_ratio": "1",
    "stocks_ml": "mL",
    "stocks_mg_per_ml": "mg/mL",
    "dose_step_mg": "mg",
    "volume_step_ml": "mL",
    "rate_step_ml_per_h": "mL/h",
    "midazolam": {
        "min_mg_per_kg": "mg/kg",
        "max_mg_per_kg": "mg/kg",
        "warn_initial_above_mg": "mg",
    },
    "ideal_weight": {
        "male_kg": "kg",
        "female_kg": "kg",
        "kg_per_inch": "kg/[in_i]",
        "from_inches": "[in_i]",
        "adjusted_part": "1",
        "min_height_cm": "cm",
        "max_height_cm": "cm",
    },
}

_RESPONSE: Final[Shape] = {
    "baseline_from_days": "d",
    "day_after_hours": "h",
    "day_after_from_hours": "h",
    "day_after_to_hours": "h",
    "sustained_count": "assessments",
    "relapse_definition": TEXT,
    "relapse": {
        "lost_response": {"below_percent": "%", **_TWICE},
        "qids": {"above": _SCORE},
        "madrs": {"at_least": _SCORE, **_TWICE},
    },
    "review": {
        "early_after": "infusions",
        "early_below_percent": "%",
        "decide_after": "infusions",
        "stop_below_percent": "%",
        "finish_from_percent": "%",
    },
}

_MONITORING: Final[Shape] = {
    "baseline_minutes": "min",
    "infusion_interval_minutes": "min",
    "recovery_interval_minutes": "min",
    "deep_interval_minutes": "min",
    "deep_from_moaas": _SCORE,
    "awake_moaas": _SCORE,
    "min_spo2_percent": "%",
    "max_etco2_mmhg": "mm[Hg]",
    "pause_from_sbp": "mm[Hg]",
    "pause_from_dbp": "mm[Hg]",
    "confirm_minutes": "min",
    "urgent_symptoms": TEXT,
    "loinc": {ANY: TEXT},
    "discharge": {
        "max_cadss_above_baseline": _SCORE,
        "vitals_within_percent": "%",
        "observation_minutes": "min",
        "prolonged_after_minutes": "min",
    },
}

_MAINTENANCE: Final[Shape] = {
    "enabled": TEXT,
    "schedules": {
        "code": TEXT,
        "title": TEXT,
        "on_relapse_every_days": "d",
        "stages": {"code": TEXT, "every_days": "d", "times": "1"},
    },
}

_SAFETY: Final[Shape] = {
    "severity": {"lowest": "severity", "highest": "severity"},
    "adverse_events": _LISTED,
    "checklist": {**_LISTED, "when": TEXT},
    "notices": _LISTED,
}

COURSE_RULES: Final[Mapping[str, Shape]] = {
    "gate": _GATE,
    "maintenance": _MAINTENANCE,
    "preparation": _PREPARATION,
    "response": _RESPONSE,
    "session_monitoring": _MONITORING,
    "session_safety": _SAFETY,
}
