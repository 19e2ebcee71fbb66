"""The words of a site's messages: read as they leave, changed with care."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from clinic.admin_base import SiteScopedAdmin, acting
from clinic.models import Site
from clinic.rules.languages import LANGUAGES
from labs.models import Audience, Channel, MessageText
from labs.queries_texts import texts_of
from labs.rules.words import SHIPPED, Kind, Text, filled, text_for

VIEW, CHANGE = "settings.view", "settings.change"


@dataclass(frozen=True, slots=True)
class Shown:
    """One message as it reads now."""

    audience: str
    channel: str
    language: str
    kind: Kind
    text: Text
    own_id: object


@admin.register(MessageText)
class MessageTextAdmin(SiteScopedAdmin[MessageText]):
    """The overview takes the place of the list: words that nobody has changed stand there too."""

    fields = ("site", "audience", "channel", "language", "subject", "body")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        # Which message it is stays; what it says is changed.
        return ("site", "audience", "channel", "language") if obj else ()

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """The shipped words to begin with, where the overview's link names the message."""
        asked = request.GET
        kind = asked.get("audience", ""), asked.get("channel", ""), asked.get("language", "")
        found = SHIPPED.get(kind)
        start: dict[str, Any] = dict(asked.items())
        return start | ({"subject": found.subject, "body": found.body} if found else {})

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Every message of the visitor's sites, as it leaves today."""
        person = acting(request)
        sites = Site.objects.visible_to(person, VIEW)
        may_change = Site.objects.visible_to(person, CHANGE)
        shown = {
            "shown": [(site, messages_of(site)) for site in sites],
            "may_change": set(may_change.values_list("pk", flat=True)),
        }
        return render(request, "labs/messages.html", shown)


def messages_of(site: Site) -> list[Shown]:
    """All kinds of message that the site may send, its own words where it has some."""
    own = texts_of(site.pk)
    return [_shown(site, kind, own) for kind in sorted(SHIPPED, key=_order)]


def _order(kind: Kind) -> tuple[int, str, str]:
    languages = [code for code, _ in LANGUAGES]
    return languages.index(kind[2]), kind[0], kind[1]


def _shown(site: Site, kind: Kind, own: Mapping[Kind, tuple[object, Text]]) -> Shown:
    own_id, _ = own.get(kind, (None, None))
    text = text_for(*kind, {one: words for one, (_, words) in own.items()})
    return Shown(
        audience=Audience(kind[0]).label,
        channel=Channel(kind[1]).label,
        language=dict(LANGUAGES)[kind[2]],
        kind=kind,
        text=filled(text, phone=site.phone, link=settings.PUBLIC_URL),
        own_id=own_id,
    )
