"""Shipped clinical content as plain tables that a test may change."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

CATALOGUE = Path(__file__).resolve().parents[3] / "courses" / "catalogue"


def content(name: str) -> dict[str, Any]:
    """A fresh copy of `folder/code`."""
    return tomllib.loads((CATALOGUE / f"{name}.toml").read_text(encoding="utf-8"))


def number(value: str) -> dict[str, str]:
    return {"value": value, "unit": "1", "source": "EXPERT", "confidence": "expert", "dated": "x"}
