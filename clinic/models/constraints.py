"""A foreign key that cannot cross sites, as a constraint that migrations know."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Columns, Statement, Table


class SameSite(models.BaseConstraint):
    """`(site_id, <field>_id)` references `(site_id, id)` of the field's model.

    PostgreSQL checks foreign keys past row-level rules and past every queryset, so a plain key
    lets one site's row point at another's. The composite one does not.
    """

    violation_error_code = "other_site"
    violation_error_message = "“%(name)s” belongs to another site."

    def __init__(self, field: str, *, name: str) -> None:
        super().__init__(name=name)
        self.field = field

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        return "clinic.models.constraints.SameSite", (self.field,), {"name": self.name}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SameSite) and self.deconstruct() == other.deconstruct()

    def __hash__(self) -> int:
        return hash((self.field, self.name))

    def _statement(self, model: type[models.Model], editor: BaseDatabaseSchemaEditor) -> Statement:
        key = model._meta.get_field(self.field)
        if not isinstance(key, models.ForeignKey):
            raise TypeError(f"{model.__name__}.{self.field} is not a foreign key")
        target: type[models.Model] = key.related_model
        quote = editor.quote_name
        return Statement(
            "ALTER TABLE %(table)s ADD CONSTRAINT %(name)s FOREIGN KEY (%(columns)s)"
            " REFERENCES %(to_table)s (%(to_columns)s)",
            table=Table(model._meta.db_table, quote),
            name=quote(self.name),
            columns=Columns(model._meta.db_table, ["site_id", key.column], quote),
            to_table=Table(target._meta.db_table, quote),
            to_columns=Columns(target._meta.db_table, ["site_id", "id"], quote),
        )

    def constraint_sql(  # type: ignore[override]
        self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor
    ) -> None:
        self.create_sql(model, schema_editor)

    def create_sql(  # type: ignore[override]
        self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor
    ) -> None:
        # Deferred to the end of the migration: the key it points at may not stand yet.
        schema_editor.deferred_sql.append(self._statement(model, schema_editor))

    def remove_sql(  # type: ignore[override]
        self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor
    ) -> Statement:
        quote = schema_editor.quote_name
        return Statement(
            "ALTER TABLE %(table)s DROP CONSTRAINT %(name)s",
            table=Table(model._meta.db_table, quote),
            name=quote(self.name),
        )

    def validate(
        self,
        model: type[models.Model],
        instance: models.Model,
        exclude: Any = None,
        using: str = "default",
    ) -> None:
        """The same check for forms, so that a person reads a sentence and not a database error."""
        if exclude and self.field in exclude:
            return
        related = getattr(instance, self.field, None)
        if related is not None and related.site_id != getattr(instance, "site_id", None):
            message = f"This {self.field.replace('_', ' ')} belongs to another site."
            raise ValidationError({self.field: ValidationError(message, code="other_site")})


def same_site(model: str, *fields: str) -> list[models.BaseConstraint]:
    """The key that others point at, and one composite key for each of `fields`."""
    return [
        models.UniqueConstraint(fields=["site", "id"], name=f"{model}_site_id_key"),
        *(SameSite(field, name=f"{model}_same_site_{field}") for field in fields),
    ]
