"""Answers of the ground floor."""

from __future__ import annotations

from typing import Final, TypeVar
from uuid import UUID

from django.db import models
from django.db.models import QuerySet
from django.http import Http404

from clinic.errors import NotFound
from clinic.models import Chair, Patient, User
from clinic.models.base import CatalogueRow
from clinic.querysets import SiteScopedQuerySet, Viewer

C = TypeVar("C", bound=CatalogueRow)
M = TypeVar("M", bound=models.Model)
MOST_LISTED: Final = 100


def current(model: type[C], code: str) -> C:
    """The newest version of a piece of clinical content. Raises NotFound, naming the code."""
    row = model._default_manager.filter(code=code).order_by("-version").first()
    if row is None:
        kind = model._meta.verbose_name
        raise NotFound("unknown_code", f"There is no {kind} “{code}”. Run load_catalogue.", "code")
    return row


def find(rows: SiteScopedQuerySet[M], *, user: Viewer, pk: UUID, may: str) -> M:
    """The one row that `user` may see under `may`. Raises Http404 for a foreign or absent one."""
    row = rows.visible_to(user, may).filter(pk=pk).first()
    if row is None:
        raise Http404
    return row


def find_patient(*, user: Viewer, pk: UUID, may: str = "patients.view") -> Patient:
    """One patient with the site, or Http404."""
    return find(Patient.objects.select_related("site"), user=user, pk=pk, may=may)


def patients_named(*, user: Viewer, site_id: UUID, words: str) -> list[Patient]:
    """Patients of a site whose names begin with the words; everybody when there are none."""
    rows = Patient.objects.visible_to(user, "patients.view").of_site(site_id).named(words)
    return list(rows[:MOST_LISTED])


def staff_of(site_id: UUID, *roles: str) -> QuerySet[User]:
    """Active people of a site in one of `roles`."""
    return User.objects.filter(
        is_active=True,
        memberships__site=site_id,
        memberships__is_active=True,
        memberships__role__in=roles,
    )


def chairs_of(site_id: UUID) -> QuerySet[Chair]:
    """Chairs in use at a site."""
    return Chair.objects.of_site(site_id).filter(is_active=True)


def newest(model: type[C], *codes: str) -> QuerySet[C]:
    """The newest version of each piece of content, or of those with one of `codes`."""
    rows = model._default_manager.order_by("code", "-version").distinct("code")
    chosen = rows.filter(code__in=codes) if codes else rows
    return model._default_manager.filter(pk__in=chosen.values("pk")).order_by("title")
