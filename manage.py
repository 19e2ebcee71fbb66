#!/usr/bin/env python
"""Entry point of Django's command line."""

import os
import shlex
import sys
from pathlib import Path

from django.core.management import execute_from_command_line

# What runs on the rules alone and opens no server.
NEEDS_NO_SERVER = {"check_rules", "reference_docs"}
NO_SERVER = {
    "SECRET_KEY": "nothing-is-signed-here-nothing-is-signed-here-nothing",
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    "REDIS_URL": "redis://127.0.0.1:1/0",
}


def take_environment() -> None:
    """Beside `bin/run`, what is not set is taken from the installation that it keeps."""
    home = Path(os.environ.get("DAYBREAK_HOME", Path(__file__).resolve().parent / ".daybreak"))
    try:
        lines = (home / "environment").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    for line in lines:
        name, _, value = line.removeprefix("export ").partition("=")
        os.environ.setdefault(name, "".join(shlex.split(value)))
    if NEEDS_NO_SERVER & set(sys.argv[1:2]):
        for name, value in NO_SERVER.items():
            os.environ.setdefault(name, value)


if __name__ == "__main__":
    take_environment()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")
    execute_from_command_line(sys.argv)
