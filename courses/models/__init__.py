"""Models of courses, sessions and scales."""

from courses.models.assessment import Assessment, AssessmentStatus
from courses.models.catalogue import CourseRule, Protocol, Scale
from courses.models.course import UNDER_WAY, Course, CourseStatus, CourseTransition, StopReason
from courses.models.outcome import CourseOutcome, OutcomeState
from courses.models.rule_check import RuleCheck
from courses.models.session import (
    GateCheck,
    Infusion,
    Session,
    SessionStatus,
    SessionTransition,
)

__all__ = [
    "UNDER_WAY",
    "Assessment",
    "AssessmentStatus",
    "Course",
    "CourseOutcome",
    "CourseRule",
    "CourseStatus",
    "CourseTransition",
    "GateCheck",
    "Infusion",
    "OutcomeState",
    "Protocol",
    "RuleCheck",
    "Scale",
    "Session",
    "SessionStatus",
    "SessionTransition",
    "StopReason",
]
