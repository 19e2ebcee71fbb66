"""Which words a site's message has."""

from __future__ import annotations

from uuid import UUID

from labs.models import MessageText
from labs.rules.words import Kind, Text, text_for


def text_of(*, site_id: UUID, audience: str, channel: str, language: str) -> Text:
    """The text before its places are filled in: the site's own, else the shipped one."""
    rows = MessageText.objects.of_site(site_id).filter(audience=audience, channel=channel)
    own: dict[Kind, Text] = {
        (row.audience, row.channel, row.language): Text(row.subject, row.body) for row in rows
    }
    return text_for(audience, channel, language, own)
