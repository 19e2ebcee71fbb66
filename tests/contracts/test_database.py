"""What the database itself promises, enumerated."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection, models
from django.db.migrations.loader import MigrationLoader

from clinic.models.base import SiteRow
from clinic.models.constraints import SameSite

OURS = ("clinic", "labs", "courses")
SITE_MODELS = [
    model
    for label in OURS
    for model in apps.get_app_config(label).get_models()
    if issubclass(model, SiteRow)
]


def site_keys(model: type[models.Model]) -> list[str]:
    """Names of the foreign keys of `model` that point at rows of a site."""
    return [
        field.name
        for field in model._meta.get_fields()
        if isinstance(field, models.ForeignKey)
        and isinstance(field.related_model, type)
        and issubclass(field.related_model, SiteRow)
    ]


def test_there_are_models_to_look_at() -> None:
    assert len(SITE_MODELS) > 20


@pytest.mark.parametrize("model", SITE_MODELS, ids=lambda model: model._meta.label)
def test_every_key_between_rows_of_a_site_is_composite(model: type[models.Model]) -> None:
    declared = {c.field for c in model._meta.constraints if isinstance(c, SameSite)}
    assert declared == set(site_keys(model))


@pytest.mark.django_db
@pytest.mark.parametrize("model", SITE_MODELS, ids=lambda model: model._meta.label)
def test_the_database_holds_the_composite_keys(model: type[models.Model]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass",
            [model._meta.db_table],
        )
        held = [row[0] for row in cursor.fetchall()]
    assert "UNIQUE (site_id, id)" in held
    for name in site_keys(model):
        column = f"{name}_id"
        found = [d for d in held if d.startswith(f"FOREIGN KEY (site_id, {column})")]
        assert len(found) == 1, f"{model._meta.label}.{name}: {held}"
        assert re.search(r"REFERENCES \w+\(site_id, id\)", found[0])


@pytest.mark.django_db
@pytest.mark.parametrize("model", SITE_MODELS, ids=lambda model: model._meta.label)
def test_every_row_of_a_site_has_a_guard_or_a_history(model: type[models.Model]) -> None:
    """Append-only rows refuse change; the others leave their history. Import runs are a log."""
    if model._meta.model_name in {"importrun", "importproblem", "reminder", "reminderattempt"}:
        pytest.skip("a ledger of its own")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal",
            [model._meta.db_table],
        )
        names = " ".join(row[0] for row in cursor.fetchall())
    assert "append_only" in names or ("insert_insert" in names and "update_update" in names)


def test_migrations_are_linear_and_named() -> None:
    loader = MigrationLoader(None)
    for app in OURS:
        names = sorted(name for label, name in loader.disk_migrations if label == app)
        assert names, app
        assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))
        assert len(loader.graph.leaf_nodes(app)) == 1
        assert not [name for name in names if "auto" in name or name.endswith("_initial")]


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    out = StringIO()
    call_command("makemigrations", check=True, dry_run=True, stdout=out)
    assert "No changes detected" in out.getvalue()


def test_no_shared_data_is_committed() -> None:
    root = Path(__file__).resolve().parents[2]
    assert not list(root.glob("**/liver_panels*.csv"))
