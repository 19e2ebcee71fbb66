"""Clinical content loaded once, and never changed under its number."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from clinic.errors import NotFound
from clinic.queries import current
from courses.models import CourseRule, Protocol, Scale
from labs.models import Analyte, LabRule, RequirementRule

pytestmark = pytest.mark.django_db
SHIPPED = Path(__file__).resolve().parents[3] / "labs" / "catalogue" / "analytes" / "alb.toml"


def load(folder: Path | None = None) -> str:
    out = StringIO()
    call_command("load_catalogue", stdout=out, folder=[folder] if folder else None)
    return out.getvalue()


def test_everything_shipped_is_there_and_loading_again_changes_nothing() -> None:
    counts = [model.objects.count() for model in (Analyte, RequirementRule, Scale)]
    assert counts == [7, 16, 9]
    assert {"ctcae5", "pattern_actions", "levels", "steps"} <= set(
        LabRule.objects.values_list("code", flat=True)
    )
    assert Protocol.objects.filter(code="trd_standard").exists()
    assert CourseRule.objects.filter(code="gate").exists()
    said = load()
    assert "Analytes: 0 new, 7 unchanged." in said
    assert " 1 new" not in said


def test_another_content_needs_another_version(tmp_path: Path) -> None:
    text = SHIPPED.read_text(encoding="utf-8").replace('value = "80"', 'value = "81"')
    file = tmp_path / "alb.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CommandError, match="Raise the version"):
        load(tmp_path)
    version = current(Analyte, "ALB").version
    assert f"version = {version}\n" in text
    newer = text.replace(f"version = {version}\n", f"version = {version + 1}\n")
    file.write_text(newer, encoding="utf-8")
    assert "Analytes: 1 new, 0 unchanged." in load(tmp_path)
    newest = current(Analyte, "ALB")
    assert (newest.version, newest.content["plausible"]["highest"]["value"]) == (version + 1, "81")


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ('unit = "g/L"\n', "", 1, "unit"),
        ('kind = "analyte"', 'kind = "analyt"', 1, "not a kind"),
        ("mandatory = false", 'mandatory = "no"', 10, "neither true nor false"),
        ('value = "5"', 'value = "five"', 16, "not a number"),
        ('"g/L", source = "EXPERT"', '"g/L", source = "X"', 16, "not in the list of sources"),
        ("\nversion = ", "\nversion = = ", 3, "not TOML"),
    ],
)
def test_wrong_content_is_refused_by_file_and_line(
    tmp_path: Path, old: str, new: str, line: int, words: str
) -> None:
    file = tmp_path / "alb.toml"
    file.write_text(SHIPPED.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CommandError) as refused:
        load(tmp_path)
    said = str(refused.value)
    assert said.startswith(f"{file}, line ")
    assert words in said
    assert abs(int(said.partition("line ")[2].partition(":")[0]) - line) <= 1
    assert Analyte.objects.count() == 7


def test_a_course_rule_that_nobody_reads_is_refused(tmp_path: Path) -> None:
    gate = SHIPPED.parents[3] / "courses" / "catalogue" / "rules" / "gate.toml"
    text = gate.read_text(encoding="utf-8").replace('code = "gate"', 'code = "gates"')
    (tmp_path / "gates.toml").write_text(text, encoding="utf-8")
    with pytest.raises(CommandError, match="line 2: No rule reads “gates”"):
        load(tmp_path)


def test_two_files_of_one_version(tmp_path: Path) -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(CommandError, match="Two files"):
        load(tmp_path)


def test_an_unknown_code_says_what_to_do() -> None:
    with pytest.raises(NotFound, match="load_catalogue"):
        current(Analyte, "NONE")
