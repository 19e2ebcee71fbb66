"""Which keys the content of labs has and the unit of each number: another key is refused."""

from __future__ import annotations

from typing import Final

from clinic.rules.shape import ANY, TEXT, Shape

_SCORE: Final = "{score}"
# Each unit has a factor of its own name, such as `g/L per g/dL`.
_UNITS: Final[Shape] = {"code": TEXT, "spellings": TEXT, "factor": ANY}
_CLOCK: Final[Shape] = {"period_days": "d", "period_infusions": "infusions"}

ANALYTE: Final[Shape] = {
    "unit": TEXT,
    "loinc": TEXT,
    "synonyms": TEXT,
    "liver_panel": {"mandatory": TEXT},
    "plausible": {"lowest": ANY, "highest": ANY},
    "units": _UNITS,
}

UNITS: Final[Shape] = {"unit": TEXT, "units": _UNITS}

GRADING: Final[Shape] = {
    "analytes": {
        ANY: {
            "normal_floor": "x limit",
            "abnormal_floor": "x baseline",
            "abnormal_floor_included": TEXT,
            "grade_2_above": "x",
            "grade_3_above": "x",
            "grade_4_above": "x",
        }
    }
}

LIVER: Final[Shape] = {
    "pattern": {
        "hepatocellular_from": "R",
        "cholestatic_up_to": "R",
        "cholestatic_bound_included": TEXT,
        "expected": TEXT,
    },
    "hys_law": {
        "transaminase_from": "x limit",
        "bilirubin_above": "x limit",
        "alp_below": "x limit",
    },
    "actions": {
        "imaging_alp_from": "x limit",
        "imaging_ggt_above": "x limit",
        "missing_ggt_counts_as_raised": TEXT,
        "hepatology_transaminase_above": "x limit",
        "repeat_transaminase_above": "x limit",
        "repeat_bilirubin_above": "x limit",
        "watch_above": "x limit",
    },
    "texts": {"code": TEXT, "title": TEXT, "holds_dose": TEXT, "repeat_days": "d"},
}

URINARY: Final[Shape] = {
    "severity": {"highest": "severity", "moderate_from": "severity"},
    "symptoms": {"code": TEXT, "title": TEXT},
    "pain": {"symptoms": TEXT, "dysuria_counts": TEXT},
    "levels": {"several_symptoms_from": "symptoms"},
    "texts": {
        "level": TEXT,
        "code": TEXT,
        "title": TEXT,
        "needs_prescriber": TEXT,
        "holds_dose": TEXT,
    },
    "instruments": {"code": TEXT, "title": TEXT, "highest": _SCORE, "concern_from": _SCORE},
}

REMINDERS: Final[Shape] = {
    "hours": {"from": "h", "until": "h"},
    "recipients": {"due_soon": TEXT, "due": TEXT, "overdue": TEXT, "escalated": TEXT},
    "escalation": {"graces": "grace periods"},
    "expiry": {"days": "d"},
}

REQUIREMENT: Final[Shape] = {
    "trigger": TEXT,
    "measures": TEXT,
    "blocks_when": TEXT,
    "at_the_visit": TEXT,
    "need": TEXT,
    "need_source": TEXT,
    "need_confidence": TEXT,
    "window": {"soon_days": "d", "grace_days": "d"},
    "first": {"within_days": "d", "blocks_when": TEXT},
    "acute": _CLOCK,
    "maintenance": _CLOCK,
    "after_finding": _CLOCK,
    "hours": {"opens": "h", "due": "h", "grace": "h"},
    "freshness": {"minutes": "min"},
    "points": {"cycle": TEXT, "due_days": "d", "due_months": "mo", "opens_days": "d"},
}
