"""How long a property may take."""

from __future__ import annotations

from hypothesis import settings

# Rules are timed by the benchmarks. A busy machine that stalls for a moment is no broken rule.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
