"""Which words a site's messages have."""

from __future__ import annotations

from uuid import UUID

from labs.models import MessageText
from labs.rules.words import Kind, Text, text_for


def text_of(*, site_id: UUID, audience: str, channel: str, language: str) -> Text:
    """The text before its places are filled in: the site's own, else the shipped one."""
    own = {kind: text for kind, (_, text) in texts_of(site_id).items()}
    return text_for(audience, channel, language, own)


def texts_of(site_id: UUID) -> dict[Kind, tuple[UUID, Text]]:
    """The site's own words, each with its row."""
    return {
        (row.audience, row.channel, row.language): (row.pk, Text(row.subject, row.body))
        for row in MessageText.objects.of_site(site_id)
    }
