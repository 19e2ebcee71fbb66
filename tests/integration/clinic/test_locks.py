"""One at a time over all processes."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, connections

from clinic.locks import only_one

pytestmark = pytest.mark.django_db(transaction=True)


def asked_elsewhere(name: str) -> bool:
    """What another process is told, on a connection of its own."""
    answers: list[bool] = []

    def ask() -> None:
        try:
            with only_one(name) as alone:
                answers.append(alone)
        finally:
            connections.close_all()

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join(10)
    return answers[0]


def test_while_one_is_at_work_no_other_is() -> None:
    with only_one("a") as alone:
        assert alone
        assert asked_elsewhere("a") is False
        assert asked_elsewhere("b") is True
    assert asked_elsewhere("a") is True


def test_who_was_not_alone_frees_nobody() -> None:
    with only_one("a"):
        assert asked_elsewhere("a") is False
        assert asked_elsewhere("a") is False


def test_a_failure_gives_the_lock_up() -> None:
    with pytest.raises(ZeroDivisionError), only_one("a"):
        raise ZeroDivisionError
    assert asked_elsewhere("a") is True


def test_a_holder_whose_line_is_cut_holds_nothing() -> None:
    with only_one("a"):
        connection.close()
        assert asked_elsewhere("a") is True
