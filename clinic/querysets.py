"""The door to people's rows: every query for a person starts at `visible_to(user)`."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

from django.db import models
from django.db.models import Q

from clinic.rules.access import roles_with

if TYPE_CHECKING:
    from uuid import UUID

M = TypeVar("M", bound=models.Model)


class Viewer(Protocol):
    """Whoever asks: a signed-in user or nobody."""

    @property
    def pk(self) -> Any: ...
    @property
    def is_active(self) -> Any: ...


def _membership(path: str, user: Viewer, may: str) -> dict[str, object]:
    asked: dict[str, object] = {f"{path}user": user.pk, f"{path}is_active": True}
    if may:
        asked[f"{path}role__in"] = roles_with(may)
    return asked


class SiteScopedQuerySet(models.QuerySet[M]):
    """Rows of a site, seen only by its active members."""

    def visible_to(self, user: Viewer, may: str = "") -> Self:
        """Rows of the sites where `user` is an active member; nothing for anybody else.

        With `may`, only sites where the member's role carries that permission, because one person
        can be a nurse here and an administrator there.
        """
        if user.pk is None or not user.is_active:
            return self.none()
        # One filter call: conditions on the same membership, not on any two of them.
        return self.filter(**_membership("site__memberships__", user, may))

    def of_site(self, site_id: UUID) -> Self:
        """Rows of one site, for work that no person asked for."""
        return self.filter(site_id=site_id)


class PolicyQuerySet(SiteScopedQuerySet[M]):
    """Versions of what sites have set."""

    def in_force(self, on: date) -> Self:
        """The version that counts on `on`, one a site and section: the latest begun by then."""
        begun = self.filter(effective_from__lte=on)
        return begun.order_by("site_id", "section", "-version").distinct("site_id", "section")


class SiteQuerySet(models.QuerySet["Any"]):
    """Sites."""

    def visible_to(self, user: Viewer, may: str = "") -> Self:
        """Sites where `user` is an active member, with `may` where the role carries it."""
        if user.pk is None or not user.is_active:
            return self.none()
        return self.filter(**_membership("memberships__", user, may))


class PatientRowQuerySet(SiteScopedQuerySet[M]):
    """Rows that belong to one patient."""

    def for_patient(self, patient_id: UUID) -> Self:
        return self.filter(patient_id=patient_id)


class PatientQuerySet(SiteScopedQuerySet[M]):
    """Patients."""

    def named(self, words: str) -> Self:
        """Every word must begin a name or be the record number."""
        found = self
        for word in words.split():
            found = found.filter(
                Q(family_name__istartswith=word)
                | Q(given_name__istartswith=word)
                | Q(record_number__iexact=word)
            )
        return found

    def here(self) -> Self:
        """Still this site's patients: alive, not transferred, consent not withdrawn."""
        return self.filter(
            deceased_on__isnull=True,
            transferred_on__isnull=True,
            consent_withdrawn_on__isnull=True,
        )

    def born_on(self, day: date) -> Self:
        return self.filter(birth_date=day)


class AppointmentQuerySet(PatientRowQuerySet[M]):
    """Appointments."""

    def overlapping(self, starts_at: datetime, ends_at: datetime) -> Self:
        """Those that share a moment with `[starts_at, ends_at)`."""
        return self.filter(during__overlap=(starts_at, ends_at))

    def occupying(self) -> Self:
        """Those that still take their chair."""
        return self.filter(status__in=("booked", "arrived", "in_treatment", "observing"))

    def upcoming(self, at: datetime) -> Self:
        return self.occupying().filter(during__startswith__gte=at)
