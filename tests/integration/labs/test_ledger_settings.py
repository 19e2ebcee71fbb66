"""What may be set about the ledger, and what a start says to values that are not safe."""

from __future__ import annotations

import os
import signal

import pytest
from pytest_django.fixtures import Settings

from clinic import env
from labs import failpoints, ledger
from labs.checks_ledger import failpoints_are_off, leases_outlast_calls


def test_without_any_word_the_lease_is_a_minute_and_the_tries_last_fifteen_hours() -> None:
    assert (ledger.LEASE_SECONDS, ledger.START_BEFORE_SECONDS) == (60, 30)
    assert sum(ledger.BACKOFF_MINUTES) == 921
    assert [ledger.backoff_minutes(number) for number in (1, 2, 7, 8)] == [1, 5, 480, 480]


@pytest.mark.parametrize(
    ("seconds", "trial", "said"), [(30, False, []), (29.5, False, ["daybreak.W020"]), (5, True, [])]
)
def test_a_short_lease_is_warned_of_except_in_a_trial(
    settings: Settings, seconds: float, trial: bool, said: list[str]
) -> None:
    settings.REMINDER_LEASE_SECONDS, settings.TRIAL = seconds, trial
    assert [message.id for message in leases_outlast_calls()] == said


@pytest.mark.parametrize(
    ("debug", "trial", "said"),
    [(False, False, ["daybreak.E021"]), (True, False, []), (False, True, [])],
)
def test_no_clinic_starts_with_failpoints(
    settings: Settings, debug: bool, trial: bool, said: list[str]
) -> None:
    settings.DEBUG_FAILPOINTS, settings.DEBUG, settings.TRIAL = True, debug, trial
    assert [message.id for message in failpoints_are_off()] == said
    settings.DEBUG_FAILPOINTS = False
    assert failpoints_are_off() == []


@pytest.mark.parametrize(
    ("allowed", "named", "stops"),
    [
        (True, "after_claim", [signal.SIGSTOP]),
        (True, "before_send", []),
        (True, None, []),
        (False, "after_claim", []),
    ],
)
def test_a_failpoint_stops_once_and_only_where_it_is_both_allowed_and_named(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    allowed: bool,
    named: str | None,
    stops: list[int],
) -> None:
    sent: list[int] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: sent.append(number))
    monkeypatch.setattr(failpoints, "_passed", set())
    monkeypatch.delenv(failpoints.VARIABLE, raising=False)
    if named:
        monkeypatch.setenv(failpoints.VARIABLE, named)
    settings.DEBUG_FAILPOINTS = allowed
    for _ in range(2):
        failpoints.failpoint("after_claim")
    assert sent == stops


@pytest.mark.parametrize("raw", ["0", "-1", "nan", "inf", "a minute"])
def test_a_length_that_is_none_stops_the_start_and_names_itself(
    monkeypatch: pytest.MonkeyPatch, raw: str
) -> None:
    monkeypatch.setenv("REMINDER_LEASE_SECONDS", raw)
    with pytest.raises(env.EnvironmentFault) as fault:
        env.number("REMINDER_LEASE_SECONDS", 60)
    assert str(fault.value) == (f"REMINDER_LEASE_SECONDS: is '{raw}'. Use a number greater than 0.")


def test_minutes_may_be_fractions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REMINDER_BACKOFF_MINUTES", "0.02, 1,5")
    assert env.numbers("REMINDER_BACKOFF_MINUTES", "1") == (0.02, 1.0, 5.0)
    monkeypatch.delenv("REMINDER_BACKOFF_MINUTES")
    assert env.numbers("REMINDER_BACKOFF_MINUTES", "1") == (1.0,)
