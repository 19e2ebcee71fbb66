"""How one result follows another under the same code of the same report."""

from __future__ import annotations

from collections.abc import Sequence

from django.apps import apps

from labs.actions.book import Monitored
from labs.actions.checking import RANK, WITHDRAWN
from labs.intake.claims import NewResult
from labs.models import Report, Result, ResultStatus


def verdict(chain: Sequence[Result], new: NewResult) -> str:
    """`store`, `duplicate`, or `outranked` by a later status."""
    if not chain:
        return "store"
    head, rank = chain[-1], RANK[new.status]
    if rank < RANK[head.status]:
        return "duplicate" if any(_says_the_same(row, new) for row in chain) else "outranked"
    if rank == RANK[head.status] and (new.status in WITHDRAWN or _says_the_same(head, new)):
        return "duplicate"
    return "duplicate" if any(_was_sent(row, new) for row in chain[:-1]) else "store"


def _says_the_same(row: Result, new: NewResult) -> bool:
    return (
        (row.comparator, row.value, row.value_text, row.unit, row.lower_limit, row.upper_limit)
        == (new.comparator, new.value, new.value_text, new.unit, new.lower_limit, new.upper_limit)
    ) and row.observed_at == new.observed_at


def _was_sent(row: Result, new: NewResult) -> bool:
    """Whether a replaced row is this very result: its first status lies in its history only."""
    if not _says_the_same(row, new):
        return False
    history = apps.get_model("labs", "ResultEvent")._default_manager
    inserted = history.filter(pgh_obj_id=row.pk, pgh_label="insert")
    return bool(inserted.filter(status=new.status).exists())


def overall(statuses: set[str], *, is_complete: bool) -> str:
    """A whole settled panel counts even while another result of the report is outstanding."""
    if not statuses:
        return ResultStatus.CANCELLED
    if ResultStatus.PRELIMINARY in statuses and not is_complete:
        return ResultStatus.PRELIMINARY
    is_corrected = ResultStatus.CORRECTED in statuses
    return ResultStatus.CORRECTED if is_corrected else ResultStatus.FINAL


def withdrawal(head: Result, status: str) -> NewResult:
    """The result that withdraws `head`."""
    return NewResult(
        code=head.code,
        code_system=head.code_system,
        display=head.display,
        comparator="",
        value=None,
        value_text="",
        unit="",
        lower_limit=None,
        upper_limit=None,
        status=status,
        observed_at=head.observed_at,
    )


def row_of(report: Report, new: NewResult, known: Monitored | None) -> Result:
    """The row of a result, not graded yet."""
    return Result(
        site_id=report.site_id,
        report=report,
        patient_id=report.patient_id,
        analyte=known.row if known else None,
        code=new.code,
        code_system=new.code_system,
        display=new.display or (known.rule.title if known else ""),
        comparator=new.comparator,
        value=new.value,
        value_text=new.value_text,
        unit=new.unit,
        lower_limit=new.lower_limit,
        upper_limit=new.upper_limit,
        observed_at=new.observed_at,
        status=_kept_status(new),
    )


def _kept_status(new: NewResult) -> str:
    """A result that names no value can only be kept as cancelled; it withdraws just the same."""
    is_empty = new.value is None and not new.value_text
    return ResultStatus.CANCELLED if is_empty else new.status
