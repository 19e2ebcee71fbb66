"""The worklist as frozen answers. The database sifts, counts and sorts; a page holds fifty."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import reduce
from math import ceil
from operator import and_, or_
from typing import Any, Final
from uuid import UUID

from django.db.models import (
    Case,
    Count,
    DateField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import TruncDate

from clinic.models import Patient, Site
from clinic.querysets import Viewer
from labs.models import (
    BlocksWhen,
    FollowUp,
    FollowUpKind,
    Requirement,
    RequirementStatus,
)
from labs.queries_told import Followed, Told, followed_up, told_of
from labs.querysets import RequirementQuerySet
from labs.rules.due import State
from labs.rules.worklist import DONE_LATE_DAYS, FACETS, GROUPS, Filters

PAGE: Final = 50
MOST: Final = 1_000_000
_OPEN: Final = Q(status=RequirementStatus.OPEN)
_RESTS: Final = Q(status=RequirementStatus.SUSPENDED)
_READ: Final = (
    "pk", "patient_id", "kind", "cycle", "next_due_on", "last_done_on", "done_late_days",
    "state", "blocks_dose", "put_off_until", "declined",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class WorkRow:
    """One requirement on the list. `lateness_days` counts from the due day.

    `contacts`, `followed`, `told` and `declined` are about the present due day; `put_off_until` is
    set only while it is put off. Suspended rows have no day of their own.
    """

    requirement_id: UUID
    patient_id: UUID
    patient_name: str
    record_number: str
    kind: str
    title: str
    cycle: str
    state: State
    blocks_dose: bool
    due_on: date | None
    lateness_days: int
    last_done_on: date | None
    done_late_days: int | None
    put_off_until: date | None
    declined: bool
    contacts: int = 0
    followed: Followed | None = None
    told: Told | None = None


@dataclass(frozen=True, slots=True)
class Chip:
    """One choice of a facet, and how many rows it would show beside the other choices."""

    facet: str
    value: str
    count: int
    is_chosen: bool
    query: str


@dataclass(frozen=True, slots=True)
class WorkPage:
    """One page of the list. `first` and `last` count from 1; both are 0 on an empty page."""

    rows: tuple[WorkRow, ...]
    chips: tuple[Chip, ...]
    filters: Filters
    total: int
    page: int
    pages: int

    @property
    def first(self) -> int:
        return (self.page - 1) * PAGE + 1 if self.rows else 0

    @property
    def last(self) -> int:
        return (self.page - 1) * PAGE + len(self.rows)

    def count(self, facet: str, value: str) -> int:
        """The number on one chip."""
        return next(c.count for c in self.chips if (c.facet, c.value) == (facet, value))


def work_page(*, user: Viewer, site: Site, on: date, filters: Filters) -> WorkPage:
    """One page of what is due at a site on its local day `on`: four queries at any length.

    A page beyond the last is the last.
    """
    rows = _listed(user, site, on, filters.words)
    shown = _shown(on)
    chips = _counted(rows, filters, shown)
    total = next(c.count for c in chips if c.facet == "view" and c.is_chosen)
    pages = max(ceil(total / PAGE), 1)
    page = min(filters.page, pages)
    wanted = _and(shown[facet][filters.chosen(facet)] for facet in FACETS)
    start = (page - 1) * PAGE
    found = rows.filter(wanted).order_by(*_order(filters))[start : start + PAGE]
    return WorkPage(
        rows=_with_history(user, read_rows(found, on)) if total else (),
        chips=chips,
        filters=filters,
        total=total,
        page=page,
        pages=pages,
    )


def with_standing(rows: RequirementQuerySet[Requirement], site: Site, on: date) -> Any:
    """The rows with `state`, `blocks_dose`, `rank`, `put_off_until`, `is_put_off` and `declined`.

    The same rules as labs.rules.due.state_of and blocks and labs.rules.worklist.is_put_off, here
    as expressions; tests hold the two together.
    """
    reached = {"overdue_on__lte": on}, {"next_due_on__lte": on}, {"soon_on__lte": on}
    overdue, due, soon = (_OPEN & Q(**one) for one in reached)
    of_this_day = FollowUp.objects.filter(
        requirement=OuterRef("pk"), requirement_due_on=OuterRef("next_due_on")
    )
    return rows.annotate(
        state=Case(
            When(_RESTS, then=Value("suspended")),
            When(~_OPEN, then=Value("closed")),
            When(overdue, then=Value("overdue")),
            When(due, then=Value("due")),
            When(soon, then=Value("due_soon")),
            default=Value("not_due"),
        ),
        rank=Case(
            When(overdue, then=0), When(due, then=1), When(_RESTS, then=2), When(soon, then=3),
            default=4,
        ),
        # While a course rests no dose may be given, whatever the requirement.
        blocks_dose=Case(
            When(_RESTS, then=True),
            When(overdue & ~Q(blocks_when=BlocksWhen.NEVER), then=True),
            When(due & Q(blocks_when=BlocksWhen.DUE), then=True),
            default=False,
        ),
        put_off_until=Subquery(_put_off(of_this_day, site, on)),
        # Asked as a truth, not as IS NULL, of which PostgreSQL thinks that hardly a row is.
        is_put_off=Case(When(put_off_until__isnull=False, then=True), default=False),
        declined=Exists(of_this_day.filter(kind=FollowUpKind.DECLINED)),
    )  # fmt: skip


def _put_off(rows: Any, site: Site, on: date) -> Any:
    """The day of the latest one, unless it has come or the requirement got worse since."""
    made_on = rows.filter(kind=FollowUpKind.SNOOZE).annotate(
        made_on=TruncDate("at", tzinfo=site.zone),
        # Handed in, not joined: this runs once a row.
        overdue_on=ExpressionWrapper(OuterRef("overdue_on"), output_field=DateField()),
    )
    got_worse = Q(made_on__lt=F("requirement_due_on"), requirement_due_on__lte=on) | Q(
        made_on__lt=F("overdue_on"), overdue_on__lte=on
    )
    counts = Case(When(Q(until__gt=on) & ~got_worse, then=F("until")), default=None)
    return made_on.order_by("-at", "-pk").annotate(counts=counts).values("counts")[:1]


def read_rows(rows: Any, on: date) -> tuple[WorkRow, ...]:
    """Annotated rows as frozen ones, still without their history: one query."""
    names = {
        "title": F("rule__title"),
        "record_number": F("patient__record_number"),
        "given": F("patient__given_name"),
        "family": F("patient__family_name"),
    }
    return tuple(_row(read, on) for read in rows.values(*_READ, **names))


def _row(read: dict[str, Any], on: date) -> WorkRow:
    due_on: date | None = read.pop("next_due_on")
    is_running = read["state"] not in {"suspended", "closed"}
    return WorkRow(
        requirement_id=read.pop("pk"),
        patient_name=f"{read.pop('family')}, {read.pop('given')}",
        due_on=due_on,
        lateness_days=max((on - due_on).days, 0) if due_on and is_running else 0,
        **read,
    )


def _listed(user: Viewer, site: Site, on: date, words: str) -> Any:
    """Everything that one of the views may show."""
    rows = Requirement.objects.visible_to(user, "requirements.view").of_site(site.pk)
    if words:
        named = Patient.objects.of_site(site.pk).named(words)
        rows = rows.filter(patient__in=named.values("pk"))
    return with_standing(rows.filter(_OPEN & Q(soon_on__lte=on) | _RESTS | _late(on)), site, on)


def _late(on: date) -> Q:
    since = on - timedelta(days=DONE_LATE_DAYS)
    return Q(done_late_days__isnull=False, last_done_on__gte=since)


def _shown(on: date) -> dict[str, dict[str, Q]]:
    """What each choice of each facet shows; `""` is the choice of those who chose nothing."""
    come = _OPEN & Q(soon_on__lte=on)
    return {
        "state": {
            "": Q(),
            "blocks": Q(blocks_dose=True),
            **{state: Q(state=state) for state in ("overdue", "due", "due_soon")},
        },
        "kind": {"": Q(), **{group: _begins(codes) for group, codes in GROUPS.items()}},
        "view": {
            "": come & Q(is_put_off=False),
            "snoozed": come & Q(is_put_off=True),
            "declined": come & Q(declined=True),
            "suspended": _RESTS,
            "done_late": _late(on),
        },
    }


def _begins(codes: tuple[str, ...]) -> Q:
    return reduce(or_, (Q(kind__startswith=code) for code in codes))


def _and(parts: Iterable[Q]) -> Q:
    return reduce(and_, parts, Q())


def _counted(rows: Any, filters: Filters, shown: dict[str, dict[str, Q]]) -> tuple[Chip, ...]:
    """Every chip with its number: one query."""
    counts: dict[str, Any] = {}
    for facet, choices in shown.items():
        others = _and(shown[one][filters.chosen(one)] for one in shown if one != facet)
        for value, choice in choices.items():
            counts[f"{facet}_{value}"] = Count("pk", filter=others & choice)
    # Cut, though nothing is cut off: else PostgreSQL works out each annotation anew for each chip.
    found = rows[:MOST].aggregate(**counts)
    return tuple(
        Chip(
            facet=facet,
            value=value,
            count=found[f"{facet}_{value}"],
            is_chosen=filters.chosen(facet) == value,
            query=filters.choosing(facet, value).as_query(),
        )
        for facet, choices in shown.items()
        for value in choices
    )


def _order(filters: Filters) -> tuple[Any, ...]:
    """Risk first, then what is late longest; what was done late, the latest first."""
    names = ("patient__family_name", "patient__given_name", "kind", "cycle", "pk")
    if filters.view == "done_late":
        return ("-done_late_days", "-last_done_on", *names)
    return ("-blocks_dose", "rank", "next_due_on", *names)


def _with_history(user: Viewer, rows: tuple[WorkRow, ...]) -> tuple[WorkRow, ...]:
    """The rows of one page with what staff did and what was sent: two queries."""
    ids = [row.requirement_id for row in rows]
    followed = followed_up(user=user, requirements=ids, only_present=True)
    told = told_of(user=user, requirements=ids, only_present=True)
    return tuple(_joined(row, followed, told) for row in rows)


def _joined(
    row: WorkRow, followed: dict[UUID, list[Followed]], told: dict[UUID, list[Told]]
) -> WorkRow:
    mine = followed.get(row.requirement_id, [])
    sent = told.get(row.requirement_id, [])
    return replace(
        row,
        contacts=sum(one.kind == FollowUpKind.CONTACT for one in mine),
        followed=mine[0] if mine else None,
        told=sent[0] if sent else None,
    )
