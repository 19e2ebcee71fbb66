"""Totals and bands of PHQ-9, GAD-7 and HAM-D17 against an independent implementation, CamCOPS.

The other implementation is `camcops-server` 2.4.24, one of the sources of the catalogue (CAMCOPS).
It is under the GPL: it is run in a process of its own and nothing of it is kept. A throwaway
virtual environment is made for it in a temporary folder and goes with it; this takes a network and
a few seconds. Where the environment cannot be made nothing was compared: `ok` is then null, the
exit status 1.

Bands are those of CamCOPS' severity functions; the lines of its plots disagree with them. It has no
QIDS-SR16, and its MADRS is no longer code that runs.

A sheet with a gap counts as a difference only if we give it a total. CamCOPS adds up what is there
and calls some HAM-D sheets with gaps complete; how many is told, not judged.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import venv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random

from bench.answer_sheets import Sheet, sheets_of
from courses.rules import defaults
from courses.rules.scoring import Score, meets_syndrome, score

# The rules need no database.
SERVERS = False
SCALES = ("phq9", "gad7", "hamd17")
SEED = 20261123
GOAL = 0
SHEETS, SHEETS_SMALL = 100_000, 20_000
SHOWN = 10
OTHER = Path(__file__).with_name("camcops_scores.py")
AGAINST = "camcops-server 2.4.24"
# Exactly what CamCOPS itself pins; only what scoring a sheet needs of it.
PINS = """\
camcops-server==2.4.24 \
--hash=sha256:ca1561b39cda8c47310f3feab7fb09b44944178b21deab64d0de2e2952cbaab7
cardinal-pythonlib==2.0.5 \
--hash=sha256:bd33980f55c4801873f8f3f273b5374bd959797e370cf7ca9f6e526fb3de32d5
colander==2.0 \
--hash=sha256:cb6b929fd0e79cdd3d310d3229e8f7884bd4fddd5cbf1d882063a6fb283b272b
sqlalchemy==2.0.39 \
--hash=sha256:a1c6b0a5e3e326a466d809b651c63f278b1256146a377a528b6938a279da334f
typing-extensions==4.15.0 \
--hash=sha256:f0fa19c6845758ab08074a0cfa8b7aecb71c999ca73d62883bc25cc018c4e548
"""
# One band has two names; the others differ in spelling only.
SAME_BAND = {"minimal": "none"}


class NotMade(Exception):
    """The environment of the other implementation could not be made; the message says why."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What an implementation makes of a sheet. Ours has no total where it says incomplete."""

    total: int | None
    band: str
    complete: bool
    syndrome: bool | None


def run(small: bool) -> dict[str, object]:
    """Differences by scale; goal none."""
    figures: dict[str, object] = {"seed": SEED, "against": AGAINST, "goal": GOAL}
    sheets = drawn(SHEETS_SMALL if small else SHEETS)
    try:
        theirs = read_by_other(sheets, seconds=20 if small else 300)
    except NotMade as why:
        return figures | {"ok": None, "not_compared": str(why)}
    return figures | tallied(sheets, theirs)


def drawn(count: int) -> list[Sheet]:
    """All sheets, always the same ones: `count` at random for each scale, and the special ones."""
    draw = Random(SEED)  # noqa: S311  the same sheets every time are wanted
    return [sheet for code in SCALES for sheet in sheets_of(defaults.scale(code), count, draw)]


def tallied(sheets: list[Sheet], theirs: list[Reading]) -> dict[str, object]:
    """Cases, differences and sheets with gaps by scale; the first differences are printed."""
    found = []
    for sheet, their in zip(sheets, theirs, strict=True):
        found += [(sheet, what) for what in differences(sheet, our_reading(sheet), their)]
    for sheet, what in found[:SHOWN]:
        print(f"{what}: {sheet}")
    counts = Counter(sheet.scale for sheet, _ in found)
    gaps = [(s.scale, t) for s, t in zip(sheets, theirs, strict=True) if s.has_gaps]
    return {
        "cases": Counter(sheet.scale for sheet in sheets),
        "with_gaps": Counter(scale for scale, _ in gaps),
        "with_gaps_complete_for_other": Counter(scale for scale, t in gaps if t.complete),
        "differences": {code: counts[code] for code in SCALES},
        "ok": len(found) <= GOAL,
    }


def our_reading(sheet: Sheet) -> Reading:
    """Our scoring, by the catalogue that ships."""
    scale = defaults.scale(sheet.scale)
    done = score(scale, sheet.answers, functional=sheet.functional)
    if not isinstance(done, Score):
        return Reading(None, "", complete=False, syndrome=None)
    return Reading(done.total, done.band, True, meets_syndrome(scale, sheet.answers))


def differences(sheet: Sheet, ours: Reading, theirs: Reading) -> list[str]:
    """What differs, in words. Of a sheet with gaps only this is asked: we must not total it."""
    if sheet.has_gaps:
        return [] if ours.total is None else [f"we total a sheet with gaps: {ours.total}"]
    if ours.complete != theirs.complete:
        return [f"complete is {ours.complete} for us, {theirs.complete} for the other"]
    if not ours.complete:
        return []
    pairs = {
        "total": (ours.total, theirs.total),
        "band": (plain_band(ours.band), plain_band(theirs.band)),
        "syndrome": (ours.syndrome, theirs.syndrome),
    }
    return [
        f"{what} is {us} for us, {it} for the other" for what, (us, it) in pairs.items() if us != it
    ]


def plain_band(name: str) -> str:
    """A band's name without case, prefix and word breaks, so that both spell it alike."""
    plain = name.lower().removeprefix("severity_")
    return SAME_BAND.get(plain, plain).replace("_", "")


def read_by_other(sheets: list[Sheet], *, seconds: int) -> list[Reading]:
    """The other implementation's readings, in the order of the sheets.

    Raises NotMade, and CalledProcessError or TimeoutExpired where the other breaks.
    """
    with tempfile.TemporaryDirectory(prefix="daybreak-other-") as place:
        python = made_environment(Path(place), seconds=seconds)
        asked = "".join(
            json.dumps([s.scale, s.answers, s.functional], separators=(",", ":")) + "\n"
            for s in sheets
        )
        # It is given no environment: there are secrets of ours in it.
        said = subprocess.run(
            [python, "-I", "-B", OTHER],
            cwd=place, env={}, input=asked, stdout=subprocess.PIPE, text=True,
            timeout=seconds, check=True,
        )  # fmt: skip
    return [Reading(*json.loads(line)) for line in said.stdout.splitlines()]


def made_environment(place: Path, *, seconds: int) -> Path:
    """The interpreter of a new environment in `place` that holds the pins and nothing else.

    Raises NotMade.
    """
    # Without a pip of its own, which takes longer to install than all the rest.
    venv.create(place / "env", with_pip=False, symlinks=True)
    pins, python = place / "pins.txt", place / "env" / "bin" / "python"
    pins.write_text(PINS, encoding="utf-8")
    # One of the pins is published as source only.
    wheels = ["--only-binary", ":all:", "--no-binary", "cardinal-pythonlib"]
    quiet = ["-qq", "--no-input", "--no-cache-dir", "--disable-pip-version-check"]
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", *quiet, *wheels]
    try:
        done = subprocess.run(
            [*pip, "--no-deps", "--require-hashes", "-r", str(pins)],
            env=os.environ | {"TMPDIR": str(place)}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=seconds, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise NotMade(f"Installing took longer than {seconds} s.") from None
    if done.returncode:
        raise NotMade(done.stderr.strip().rsplit("\n", 1)[-1] or "pip failed and did not say why")
    return python
