"""When what counts at a site changes, what is planned follows."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from clinic.celery import app
from clinic.models import Policy, Site
from clinic.queries_policies import InForce, site_policies
from clinic.rules.dates import today_local
from clinic.rules.errors import RuleError
from labs.actions.requirements import replan
from labs.models import Requirement, RequirementRule, RequirementStatus

log = logging.getLogger(__name__)

TASK: Final = "labs.tasks.follow_policies"
SECTIONS: Final = "requirement:"


def follow_policies(*, at: datetime | None = None, site_ids: Iterable[UUID] | None = None) -> int:
    """Plan anew whoever is planned by another version than counts on the site's day; how many.

    Covers a policy whose day has come and new content alike. What is done is done: a second run
    finds the rest after a crash, and nothing when all is well.
    """
    sites = Site.objects.all() if site_ids is None else Site.objects.filter(pk__in=site_ids)
    return sum(_follow(site, at or timezone.now()) for site in sites)


def _follow(site: Site, at: datetime) -> int:
    policies = site_policies(site.pk, today_local(at, site.zone))
    counting = policies.newest(RequirementRule)
    if not counting:
        return 0
    behind = reduce(or_, (_stands_on_another(kind, one) for kind, one in counting.items()))
    patient_ids = (
        Requirement.objects.of_site(site.pk)
        .exclude(status=RequirementStatus.CLOSED)
        .filter(behind)
        .order_by("patient_id")
        .values_list("patient_id", flat=True)
        .distinct()
    )
    return sum(_planned_anew(patient_id, at) for patient_id in list(patient_ids))


def _stands_on_another(kind: str, counting: InForce[RequirementRule]) -> Q:
    same = Q(rule_id=counting.row.pk, policy_version=counting.policy_version)
    return Q(kind=kind) & ~same


def _planned_anew(patient_id: UUID, at: datetime) -> int:
    try:
        return int(replan(patient_id=patient_id, at=at) > 0)
    except RuleError as fault:
        log.error("Patient %s cannot be planned: %s", patient_id, fault.code)
        return 0


def on_policy_set(policy: Policy, **_: Any) -> None:
    """Tell the workers, once it is committed, that due days may move."""
    if policy.section.startswith(SECTIONS):
        transaction.on_commit(_hint, robust=True)


def _hint() -> None:
    try:
        app.send_task(TASK)
    except Exception as fault:  # whatever the client raises, the policy stands; beat comes by
        log.warning("The workers could not be told (%s); beat finds it", type(fault).__name__)
