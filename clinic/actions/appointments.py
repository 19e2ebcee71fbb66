"""Chairs, staff and time: booked, moved, cancelled. The database refuses what overlaps."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone

from clinic.actions.audit import record
from clinic.actions.constraints import constraint_of
from clinic.errors import Conflict, Refused
from clinic.models import (
    Appointment,
    AppointmentStatus,
    AppointmentTransition,
    Chair,
    Closure,
    Membership,
    OpeningHours,
    Patient,
    Site,
    User,
)
from clinic.rules.dates import to_utc
from clinic.rules.slots import Slot, free_starts, has_room, nearest_free

STEP: Final = timedelta(minutes=15)
SUGGESTIONS: Final = 3

MOVES: Final[Mapping[str, frozenset[str]]] = {
    "booked": frozenset({"arrived", "in_treatment", "no_show", "cancelled"}),
    "arrived": frozenset({"booked", "in_treatment", "fulfilled", "cancelled"}),
    "in_treatment": frozenset({"observing", "fulfilled"}),
    "observing": frozenset({"fulfilled"}),
    "fulfilled": frozenset({"observing"}),
    "no_show": frozenset({"booked"}),
    "cancelled": frozenset(),
}


@transaction.atomic
def book_appointment(
    *,
    patient: Patient,
    chair: Chair,
    starts_at: datetime,
    ends_at: datetime,
    by: User | None,
    staff: User | None = None,
    replaces: Appointment | None = None,
) -> Appointment:
    """Take a chair from `starts_at` to `ends_at`.

    Raises Refused (`in_past`, `not_here`, `too_short`, `chair_not_in_use`, `closed_day`,
    `outside_hours`, `staff_not_here`, `staff_full`) or Conflict (`chair_taken` with free times,
    `patient_busy`).
    """
    if patient.standing != "here":
        raise Refused("not_here", f"This patient is {patient.standing}.", "patient")
    if starts_at <= timezone.now():
        raise Refused("in_past", "That time has passed.", "starts_at")
    appointment = Appointment(
        site_id=patient.site_id,
        patient=patient,
        chair=chair,
        staff=staff,
        during=_range(starts_at, ends_at),
        replaces=replaces,
    )
    _require_possible(appointment, starts_at, ends_at)
    _write(appointment)
    _step(appointment, "", by=by, at=timezone.now())
    record("appointment.booked", by=by, subject=appointment)
    return appointment


@transaction.atomic
def move_appointment(
    *,
    appointment: Appointment,
    chair: Chair,
    starts_at: datetime,
    ends_at: datetime,
    staff: User | None,
    version: int,
    by: User,
) -> Appointment:
    """To another time, chair or person. Raises as `book_appointment`, and Conflict `stale`."""
    held = _hold(appointment)
    if held.version != version:
        raise Conflict("stale", "Somebody changed this appointment meanwhile. Look again.")
    if held.status != AppointmentStatus.BOOKED:
        raise Refused(
            "not_booked", f"It is {held.get_status_display().lower()} and stays where it is."
        )
    if starts_at <= timezone.now():
        raise Refused("in_past", "That time has passed.", "starts_at")
    held.chair, held.staff, held.during = chair, staff, _range(starts_at, ends_at)
    held.version += 1
    _require_possible(held, starts_at, ends_at)
    _write(held)
    record("appointment.moved", by=by, subject=held)
    return held


@transaction.atomic
def cancel_appointment(*, appointment: Appointment, reason: str, by: User | None) -> Appointment:
    """Free the chair. Raises Refused `reason_missing` or `illegal_move`."""
    if not reason.strip():
        raise Refused("reason_missing", "Say why it is cancelled.", "reason")
    return set_appointment_status(
        appointment=appointment, to=AppointmentStatus.CANCELLED, by=by, reason=reason
    )


@transaction.atomic
def set_appointment_status(
    *,
    appointment: Appointment,
    to: str,
    by: User | None,
    at: datetime | None = None,
    reason: str = "",
) -> Appointment:
    """One step of the visit, by the table of moves. Raises Refused `illegal_move`."""
    held = _hold(appointment)
    before = held.status
    if to not in MOVES[before]:
        words = AppointmentStatus(to).label.lower()
        raise Refused(
            "illegal_move", f"It is {held.get_status_display().lower()} and cannot become {words}."
        )
    held.status = to
    held.status_reason = reason.strip()
    held.version += 1
    _write(held)
    _step(held, before, by=by, at=at or timezone.now(), reason=reason)
    record(f"appointment.{to}", by=by, subject=held)
    appointment.refresh_from_db()
    return held


def _hold(appointment: Appointment) -> Appointment:
    return Appointment.objects.select_for_update(no_key=True).get(pk=appointment.pk)


def _range(starts_at: datetime, ends_at: datetime) -> DateTimeTZRange:
    if ends_at <= starts_at:
        raise Refused("too_short", "It must end after it starts.", "ends_at")
    return DateTimeTZRange(starts_at, ends_at)


def _step(
    appointment: Appointment, before: str, *, by: User | None, at: datetime, reason: str = ""
) -> None:
    AppointmentTransition.objects.create(
        site_id=appointment.site_id,
        appointment=appointment,
        from_status=before,
        to_status=appointment.status,
        at=at,
        by=by,
        reason=reason.strip(),
    )


def _require_possible(appointment: Appointment, starts_at: datetime, ends_at: datetime) -> None:
    if not appointment.chair.is_active:
        raise Refused("chair_not_in_use", f"Chair {appointment.chair} is not in use.", "chair")
    require_open(appointment.site, starts_at, ends_at)
    if appointment.staff:
        _require_staff(appointment, starts_at, ends_at)


def require_open(site: Site, starts_at: datetime, ends_at: datetime) -> None:
    """Raises Refused `closed_day` or `outside_hours` by the site's wall clock."""
    day = starts_at.astimezone(site.zone).date()
    closure = Closure.objects.of_site(site.pk).filter(starts_on__lte=day, ends_on__gte=day).first()
    if closure:
        raise Refused("closed_day", f"The site is closed that day: {closure.reason}.", "starts_at")
    if not any(
        opens <= starts_at and ends_at <= closes for opens, closes in _openings(site, starts_at)
    ):
        raise Refused(
            "outside_hours", "The site is not open for the whole of that time.", "starts_at"
        )


def _openings(site: Site, moment: datetime) -> list[tuple[datetime, datetime]]:
    day = moment.astimezone(site.zone).date()
    hours = OpeningHours.objects.of_site(site.pk).filter(weekday=day.isoweekday())
    return [(to_utc(day, h.opens, site.zone), to_utc(day, h.closes, site.zone)) for h in hours]


def _require_staff(appointment: Appointment, starts_at: datetime, ends_at: datetime) -> None:
    """One member of staff watches several patients, but not more than the site allows."""
    # The lock makes two bookings of one person take turns; counting alone would let both in.
    member = (
        Membership.objects.select_for_update()
        .filter(site_id=appointment.site_id, user=appointment.staff, is_active=True)
        .first()
    )
    if member is None:
        raise Refused("staff_not_here", f"{appointment.staff} does not work here.", "staff")
    others = (
        Appointment.objects.of_site(appointment.site_id)
        .occupying()
        .overlapping(starts_at, ends_at)
        .filter(staff=appointment.staff)
        .exclude(pk=appointment.pk)
    )
    taken = [Slot(other.during.lower, other.during.upper) for other in others]
    most = appointment.site.patients_per_nurse
    if not has_room(Slot(starts_at, ends_at), taken, most):
        raise Refused(
            "staff_full", f"{appointment.staff} already watches {most} patients then.", "staff"
        )


def _write(appointment: Appointment) -> None:
    try:
        with transaction.atomic():
            appointment.save()
    except IntegrityError as error:
        name = constraint_of(error)
        if name == "one_patient_a_chair":
            raise _chair_taken(appointment) from None
        if name == "one_place_a_patient":
            raise Conflict(
                "patient_busy", "This patient has another appointment at that time.", "patient"
            ) from None
        raise


def _chair_taken(appointment: Appointment) -> Conflict:
    zone = appointment.site.zone
    free = [f"{start.astimezone(zone):%H:%M}" for start in nearest_free_starts(appointment)]
    where = f"Chair {appointment.chair} is taken at that time."
    hint = f" Free that day: {', '.join(free)}." if free else " It is full that day."
    return Conflict("chair_taken", where + hint, "starts_at", {"free": free})


def nearest_free_starts(appointment: Appointment) -> tuple[datetime, ...]:
    """The nearest times at which the same chair is free for as long on the same day."""
    wanted, length = (
        appointment.during.lower,
        appointment.during.upper - appointment.during.lower,
    )
    found: list[datetime] = []
    for opens, closes in _openings(appointment.site, wanted):
        others = (
            Appointment.objects.of_site(appointment.site_id)
            .occupying()
            .overlapping(opens, closes)
            .filter(chair=appointment.chair)
            .exclude(pk=appointment.pk)
        )
        taken = [Slot(other.during.lower, other.during.upper) for other in others]
        starts = free_starts(Slot(opens, closes), length, STEP, taken)
        found += islice((s for s in starts if s > timezone.now()), 200)
    return nearest_free(wanted, found, SUGGESTIONS)
