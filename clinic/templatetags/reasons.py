"""How the reason of a decision is shown: on a page, in a list, on paper."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Final

from django import template
from django.utils.translation import gettext as _

from clinic.citations import citations
from clinic.rules import wording
from clinic.rules.dates import spoken_day
from clinic.rules.reasons import SITE

register = template.Library()

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
# What a person need not be told twice: the sentence has it.
DEFAULT: Final = "EXPERT"
_HIDDEN: Final = frozenset({"phase"})


@register.filter
def citation(why: Mapping[str, object]) -> str:
    """Where the number comes from: the citation, or the site's own policy."""
    if why.get("confidence") == SITE:
        return _("set by this site, policy version %(n)s") % {"n": why.get("policy_version")}
    key = str(why.get("source", ""))
    if key == DEFAULT:
        return _("default of this product")
    return citations().get(key, key)


@register.filter
def confidence(why: Mapping[str, object]) -> str:
    """What the mark of the source means."""
    return wording.confidence_words(str(why.get("confidence", "")))


@register.filter
def facts(why: Mapping[str, object]) -> list[tuple[str, str]]:
    """The facts that a reason rests on, in words; those that are not known are left out."""
    inputs = why.get("inputs")
    if not isinstance(inputs, Mapping):
        return []
    told = (
        (wording.label_of(name), _told(value))
        for name, value in inputs.items()
        if name not in _HIDDEN
    )
    return [(name, text) for name, text in told if text]


def _told(value: object) -> str:
    if value is None or value in ("", [], {}):
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, Mapping):
        return ", ".join(f"{wording.spoken(str(key))} {_told(one)}" for key, one in value.items())
    if isinstance(value, list):
        return ", ".join(_told(one) for one in value)
    text = str(value)
    if _DAY.fullmatch(text):
        return spoken_day(date.fromisoformat(text))
    return wording.WORDS.get(text, wording.spoken(text))


@register.filter
def rule_words(rule: str) -> str:
    """`lft_periodic 2` in words: liver panel periodic, version 2."""
    code, _space, version = rule.rpartition(" ")
    return _("%(rule)s, version %(version)s") % {
        "rule": wording.label_of(code),
        "version": version,
    }
