"""The rows of a trial of reminders: seeded by SQL, counted by SQL, whatever the product says."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psycopg

# What is due is told by the wall clock of its site: these are awake whenever the trial runs.
SEED: Final = """
INSERT INTO clinic_site (id, created_at, updated_at, name, slug, time_zone, phone, crisis_text,
                         patients_per_nurse, language)
SELECT gen_random_uuid(), now(), now(), 'Site ' || n, 'site-' || n, %(zone)s, '', '', 2, 'en'
  FROM generate_series(1, 5) n
    ON CONFLICT DO NOTHING;
INSERT INTO clinic_patient (id, created_at, updated_at, site_id, record_number, given_name,
                            family_name, birth_date, sex, email, phone, consents_to_email,
                            consents_to_sms, transferred_to, language)
SELECT gen_random_uuid(), now(), now(), s.id, md5(%(mark)s || n), 'Given', %(mark)s, '1980-01-01',
       'unknown', md5(%(mark)s || n) || '@mail.example', '', true, false, '', ''
  FROM generate_series(1, %(count)s) n
  JOIN (SELECT id, row_number() OVER (ORDER BY slug) AS place FROM clinic_site) s
    ON s.place = 1 + n %% 5;
ANALYZE clinic_site, clinic_patient;
INSERT INTO labs_requirement (id, created_at, updated_at, site_id, patient_id, kind, rule_id,
                              policy_version, subject_id, subject_state, cycle, status,
                              next_due_on, soon_on, overdue_on, notify_on, revision, blocks_when,
                              why)
SELECT gen_random_uuid(), now(), now(), p.site_id, p.id, rule.code, rule.id, 0, p.id, 'active', '',
       'open', today + 7, today, today + 15, NULL, 0, 'overdue', '{}'
  FROM clinic_patient p
  CROSS JOIN (SELECT (now() AT TIME ZONE %(zone)s)::date AS today) clock
  CROSS JOIN (SELECT id, code FROM labs_requirementrule WHERE code = 'lft_periodic'
               ORDER BY version DESC LIMIT 1) rule
 WHERE p.family_name = %(mark)s;
ANALYZE labs_requirement;
"""
RELEASE: Final = """
UPDATE labs_requirement SET notify_on = soon_on, updated_at = now()
 WHERE id IN (SELECT r.id FROM labs_requirement r
                JOIN clinic_patient p ON p.id = r.patient_id
               WHERE p.family_name = %(mark)s AND r.notify_on IS NULL
               ORDER BY random() LIMIT %(count)s)
"""
LEFT: Final = """
SELECT (SELECT count(*) FROM labs_reminder WHERE state IN ('scheduled', 'leased', 'sending'))
     + (SELECT count(*) FROM labs_requirement WHERE notify_on <= soon_on)
"""
ROWS: Final = """
SELECT m.id::text, r.dedup_key, r.state, r.attempts, r.provider_ref,
       EXISTS (SELECT 1 FROM labs_task t
                WHERE t.status = 'open' AND t.site_id = r.site_id
                  AND t.dedup_key = 'reminder:' || r.id || '|' || r.state)
  FROM labs_requirement m
  JOIN clinic_patient p ON p.id = m.patient_id
  LEFT JOIN labs_reminder r ON r.requirement_id = m.id
 WHERE p.family_name = %(mark)s
"""
CALLS_CUT: Final = """
SELECT count(*) FROM labs_reminderattempt a
  JOIN labs_reminder r ON r.id = a.reminder_id
  JOIN clinic_patient p ON p.id = r.patient_id
 WHERE p.family_name = %(mark)s AND a.ended_at IS NULL
"""
# Each must find no row.
INVARIANTS: Final = {
    "due_and_left": """
        SELECT id FROM labs_reminder
         WHERE state = 'scheduled' AND next_at < now() - interval '10 minutes'""",
    "held_and_left": """
        SELECT id FROM labs_reminder
         WHERE state IN ('leased', 'sending') AND lease_until < now() - interval '10 minutes'""",
    "accepted_without_reference": """
        SELECT id FROM labs_reminder
         WHERE state IN ('accepted', 'delivered') AND provider_ref = ''""",
    "accepted_without_attempt": """
        SELECT id FROM labs_reminder r
         WHERE state IN ('accepted', 'delivered')
           AND NOT EXISTS (SELECT 1 FROM labs_reminderattempt a WHERE a.reminder_id = r.id)""",
    "two_for_one_step": """
        SELECT requirement_id FROM labs_reminder WHERE state <> 'cancelled'
         GROUP BY requirement_id, requirement_due_on, step, channel HAVING count(*) > 1""",
    "two_attempts_accepted": """
        SELECT reminder_id FROM labs_reminderattempt WHERE outcome = 'accepted'
         GROUP BY reminder_id HAVING count(*) > 1""",
    "bad_end_without_task": """
        SELECT r.id FROM labs_reminder r
         WHERE r.state IN ('dead', 'expired', 'bounced', 'in_doubt')
           AND NOT EXISTS (SELECT 1 FROM labs_task t
                            WHERE t.site_id = r.site_id AND t.status = 'open'
                              AND t.dedup_key = 'reminder:' || r.id || '|' || r.state)""",
    "other_site_than_its_parent": """
        SELECT r.id FROM labs_reminder r
          JOIN labs_requirement m ON m.id = r.requirement_id
          JOIN clinic_patient p ON p.id = r.patient_id
          LEFT JOIN labs_reminderattempt a ON a.reminder_id = r.id
         WHERE r.site_id <> m.site_id OR r.site_id <> p.site_id OR r.site_id <> a.site_id""",
    "told_and_not_written": """
        SELECT m.id FROM labs_requirement m
         WHERE m.notify_on = m.next_due_on
           AND NOT EXISTS (SELECT 1 FROM labs_reminder r WHERE r.requirement_id = m.id)""",
}
BAD_ENDS: Final = ("dead", "expired", "bounced", "in_doubt")


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one due day: its reminder, blank fields where none was written."""

    requirement: str
    key: str
    state: str
    attempts: int
    ref: str
    has_task: bool


class Rows:
    """The trial's own look into the database, by the driver alone."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn

    def ask(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        """One connection a question: the server is being killed meanwhile."""
        with psycopg.connect(self.dsn, autocommit=True, connect_timeout=5) as link:
            cursor = link.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def seed(self, mark: str, count: int) -> None:
        """Patients with a due day that nobody tells yet."""
        for part in filter(str.strip, SEED.split(";")):
            self.ask(part, mark=mark, count=count, zone=awake_zone())

    def release(self, mark: str, count: int) -> None:
        """Let `count` of them, drawn at random, be told today."""
        self.ask(RELEASE, mark=mark, count=count)

    def left(self) -> int:
        """How many are on their way."""
        [(count,)] = self.ask(LEFT)
        return int(count)

    def told(self, mark: str) -> list[Told]:
        """Each due day and its reminder; a due day with two reminders stands there twice."""
        return [
            Told(one, key or "", state or "", attempts or 0, ref or "", has_task)
            for one, key, state, attempts, ref, has_task in self.ask(ROWS, mark=mark)
        ]

    def calls_cut(self, mark: str) -> int:
        """Tries whose end nobody wrote down: their sender was gone."""
        [(count,)] = self.ask(CALLS_CUT, mark=mark)
        return int(count)

    def broken(self) -> dict[str, int]:
        """Invariants that do not hold, and for how many rows."""
        found = {name: len(self.ask(statement)) for name, statement in INVARIANTS.items()}
        return {name: count for name, count in found.items() if count}


def awake_zone() -> str:
    """A zone in whose wall clock it is between 13 and 14 now."""
    ahead = (13 - datetime.now(UTC).hour + 10) % 24 - 10
    return f"Etc/GMT{-ahead:+d}"


def digest(key: str) -> str:
    """What the gateway sees of a key, and in half of it the mail server."""
    return hashlib.sha256(key.encode()).hexdigest()


def words_of(file: Path) -> list[str]:
    """The first word of each line; none where nothing was ever written."""
    if not file.exists():
        return []
    return [line.split()[0] for line in file.read_text().splitlines() if line.strip()]


def lost(told: Sequence[Told], arrived: Counter[str]) -> int:
    """Due days that neither arrived nor ended badly where somebody sees it.

    `arrived`: how often the provider took each key. “Accepted” without the provider's knowing of
    it is lost as well.
    """
    safe = {
        one.requirement
        for one in told
        if (one.state in ("accepted", "delivered") and arrived[one.key])
        or (one.state in BAD_ENDS and one.has_task)
    }
    return len({one.requirement for one in told} - safe)


def states(told: Sequence[Told]) -> Counter[str]:
    """How many ended how."""
    return Counter(one.state or "unwritten" for one in told)
