"""Pages on paper: a template drawn as PDF by a library that fetches nothing."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from django.template.loader import render_to_string

from clinic.errors import Refused

STYLE = Path(__file__).parent / "static" / "clinic" / "print.css"


def pdf(template: str, shown: dict[str, Any]) -> bytes:
    """The template as PDF, with the style of paper.

    Raises Refused `no_pdf_here` on a machine without Pango: the page itself can be printed.
    """
    try:
        # It loads the system's libraries when it is imported, and stops the whole start without.
        weasyprint = import_module("weasyprint")
    except OSError:
        message = "This machine cannot draw PDF. Install Debian's libpangoft2-1.0-0."
        raise Refused("no_pdf_here", message) from None
    html = render_to_string(template, shown | {"style": STYLE.read_text(encoding="utf-8")})
    # No protocol is allowed: paper shows what the template says and asks nobody for more.
    nothing = import_module("weasyprint.urls").URLFetcher(allowed_protocols=())
    drawn: bytes = weasyprint.HTML(string=html, url_fetcher=nothing).write_pdf()
    return drawn
