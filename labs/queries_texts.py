"""Which words a site's messages have."""

from __future__ import annotations

from uuid import UUID

from labs.models import MessageText
from labs.rules.words import Kind, Text


def texts_of(site_id: UUID) -> dict[Kind, tuple[UUID, Text]]:
    """The site's own words, each with its row."""
    return {
        (row.audience, row.channel, row.language): (row.pk, Text(row.subject, row.body))
        for row in MessageText.objects.of_site(site_id)
    }
