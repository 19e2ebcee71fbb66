"""When and to whom a site's reminders go, as its policy says on a day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final
from uuid import UUID

from clinic.models import Policy
from clinic.queries import current
from clinic.queries_policies import InForce, in_force
from clinic.rules.dates import today_local
from labs.models import LabRule
from labs.rules.reminders import ReminderPolicy, parse_reminders

STEPS: Final = "steps"
SECTION: Final = f"reminders:{STEPS}"


def reminder_policy(site_id: UUID, on: date) -> ReminderPolicy:
    """The site's hours, recipients and expiry on its day `on`."""
    return in_force(LabRule, STEPS, site_id=site_id, on=on).parsed(parse_reminders)


def default_reminder_policy() -> ReminderPolicy:
    """What the catalogue says for sites that have set nothing."""
    return InForce(current(LabRule, STEPS)).parsed(parse_reminders)


def own_reminder_policies(at: datetime) -> Mapping[UUID, ReminderPolicy]:
    """Of the sites that have set something which counts on their day at the instant `at`."""
    made = Policy.objects.filter(section=SECTION).select_related("site").order_by("version")
    # Of several that have begun the latest version counts: it comes last.
    begun = {
        one.site_id: one for one in made if one.effective_from <= today_local(at, one.site.zone)
    }
    if not begun:
        return {}
    row = current(LabRule, STEPS)
    return {site: InForce(row, one).parsed(parse_reminders) for site, one in begun.items()}
