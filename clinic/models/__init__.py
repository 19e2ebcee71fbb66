"""Models of the ground floor."""

from clinic.models.appointment import (
    OCCUPYING,
    Appointment,
    AppointmentStatus,
    AppointmentTransition,
)
from clinic.models.audit import AuditEvent
from clinic.models.patient import Patient, Sex
from clinic.models.policy import Policy
from clinic.models.site import Chair, Closure, OpeningHours, Site, Weekday
from clinic.models.user import Membership, Role, User

__all__ = [
    "OCCUPYING",
    "Appointment",
    "AppointmentStatus",
    "AppointmentTransition",
    "AuditEvent",
    "Chair",
    "Closure",
    "Membership",
    "OpeningHours",
    "Patient",
    "Policy",
    "Role",
    "Sex",
    "Site",
    "User",
    "Weekday",
]
