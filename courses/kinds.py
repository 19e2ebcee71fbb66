"""Clinical content of courses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from clinic.kinds import Kind, shaped
from clinic.rules.content import Content, text_at
from clinic.rules.errors import RuleError
from clinic.rules.shape import require_shape
from courses.models import CourseRule, Protocol, Scale
from courses.rules import shapes
from courses.rules.discharge import parse_discharge
from courses.rules.dosing import parse_preparation
from courses.rules.gate_content import parse_gate
from courses.rules.in_session import parse_session_limits
from courses.rules.maintenance import parse_maintenance
from courses.rules.protocols import parse_protocol
from courses.rules.reference import parse_reference
from courses.rules.response import parse_response
from courses.rules.review import parse_review
from courses.rules.scales import parse_scale
from courses.rules.session_monitoring import parse_monitoring
from courses.rules.session_safety import parse_safety
from courses.rules.weight import parse_ideal_weight, parse_weight

COURSE_RULES: Final[Mapping[str, tuple[Callable[[Content], object], ...]]] = {
    "gate": (parse_gate, parse_weight),
    "maintenance": (parse_maintenance,),
    "preparation": (parse_preparation, parse_ideal_weight),
    "response": (parse_response, parse_review),
    "session_safety": (parse_safety,),
    "session_monitoring": (parse_monitoring, parse_session_limits, parse_discharge),
}


def _course_rule(content: Content) -> tuple[object, ...]:
    """Read by every rule that takes its numbers from there; one that nobody reads is a slip."""
    code = text_at(content, "code")
    if code not in COURSE_RULES:
        raise RuleError("rule_unknown", "code", f"No rule reads “{code}”.")
    require_shape(content, shapes.COURSE_RULES[code])
    return tuple(parse(content) for parse in COURSE_RULES[code])


KINDS: Final[Mapping[str, Kind]] = {
    "protocol": Kind("Protocol", Protocol, shaped(shapes.PROTOCOL, parse_protocol)),
    "scale": Kind("Scale", Scale, shaped(shapes.SCALE, parse_scale)),
    "reference": Kind(
        "Trials and quoted facts", CourseRule, shaped(shapes.REFERENCE, parse_reference)
    ),
    "course_rule": Kind("Rule of the course", CourseRule, _course_rule),
}
