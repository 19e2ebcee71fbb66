"""What counts for a course at its site on a day: its own versions under the site's policies."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.utils import timezone

from clinic.queries_policies import InForce, in_force, site_policies
from clinic.rules.dates import today_local
from courses.models import Course, CourseRule
from courses.models import Protocol as ProtocolRow
from courses.rules.gate_content import GateRules, parse_gate
from courses.rules.protocols import Protocol, parse_protocol


def protocol_of(course: Course, on: date) -> InForce[ProtocolRow]:
    """The course's own version of its protocol, as it counts on the site's day `on`."""
    return site_policies(course.site_id, on).on(course.protocol)


def gate_rules(site_id: UUID, on: date) -> GateRules:
    """What is asked before a dose at the site on its day `on`."""
    return in_force(CourseRule, "gate", site_id=site_id, on=on).parsed(parse_gate)


def protocol_rules(course: Course, at: datetime | None = None) -> Protocol:
    """The same as the rules read it, at a moment (now)."""
    on = today_local(at or timezone.now(), course.site.zone)
    return protocol_of(course, on).parsed(parse_protocol)
