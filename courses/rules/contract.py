"""The rules as worked cases ask for them: every function by its name, of both floors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from courses.rules.cases import doses, scales, visits
from labs.rules import contract as labs_contract

CASES: Final[dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]]] = {
    **labs_contract.CASES,
    **doses.CASES,
    **scales.CASES,
    **visits.CASES,
}
