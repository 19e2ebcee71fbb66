"""What one pass of sending asks for once: the terms and the words of the sites it meets."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from labs.queries_policies import reminder_policy
from labs.queries_texts import texts_of
from labs.rules.reminders import ReminderPolicy
from labs.rules.words import Kind, Text, text_for


@dataclass(slots=True)
class PassTerms:
    """Kept for a pass, which lasts half a minute at most: what changes meanwhile counts next."""

    _policies: dict[tuple[UUID, date], ReminderPolicy] = field(default_factory=dict)
    _texts: dict[UUID, dict[Kind, Text]] = field(default_factory=dict)

    def policy(self, site_id: UUID, on: date) -> ReminderPolicy:
        """The site's hours and ladder on its day `on`."""
        known = self._policies.get((site_id, on))
        if known is None:
            known = self._policies[site_id, on] = reminder_policy(site_id, on)
        return known

    def text(self, site_id: UUID, kind: Kind) -> Text:
        """The site's own words, else the shipped ones."""
        own = self._texts.get(site_id)
        if own is None:
            found = texts_of(site_id).items()
            own = self._texts[site_id] = {kind: text for kind, (_, text) in found}
        return text_for(*kind, own)
