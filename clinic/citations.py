"""Where clinical numbers come from, in words."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

SOURCES = Path(__file__).parent / "catalogue" / "sources.toml"


@cache
def citations() -> Mapping[str, str]:
    """The citation of each source key."""
    return tomllib.loads(SOURCES.read_text(encoding="utf-8"))
