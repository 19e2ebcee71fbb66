"""A site that moves its clock: days are counted anew, nothing is sent again."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from clinic.models import Patient, Site
from courses.actions.monitoring import sync_patient
from courses.models import Course
from labs.actions.requirements import replan
from labs.actions.rezoning import rezone


@transaction.atomic
def follow_zone(*, site: Site) -> int:
    """Plan everybody of the site by its clock, and move what waits to a decent hour of it.

    How many rows moved. Keys of messages hold no zone, so that what was sent is not sent again.
    """
    moved = rezone(site_id=site.pk)
    patient_ids = Course.objects.of_site(site.pk).values("patient_id")
    for patient_id in (
        Patient.objects.of_site(site.pk)
        .filter(pk__in=patient_ids)
        .order_by("pk")
        .values_list("pk", flat=True)
    ):
        moved += sync_patient(patient_id=patient_id) + replan(patient_id=patient_id)
    return moved


def on_zone_changed(site: Site, **_: Any) -> None:
    """In the transaction that moves the clock."""
    follow_zone(site=site)
