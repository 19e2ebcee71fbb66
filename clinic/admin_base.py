"""What every page of the admin keeps to: the site's wall, the permission table, the audit."""

from __future__ import annotations

from typing import Any, TypeVar

from django.contrib import admin
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest

from clinic.access import access_list, may, memberships_of
from clinic.actions.audit import record
from clinic.models import Site, User
from clinic.models.base import SiteRow
from clinic.querysets import SiteQuerySet, SiteScopedQuerySet
from clinic.rules.access import allows

M = TypeVar("M", bound=models.Model)
NOBODYS = "nobody"


def acting(request: HttpRequest) -> User:
    """The signed-in person; the access list has turned everybody else away before."""
    if isinstance(request.user, AnonymousUser):
        raise PermissionDenied
    return request.user


class ListedAdmin(admin.ModelAdmin[M]):
    """Permissions come from the access list; nothing is ever deleted here."""

    list_per_page = 50
    show_full_result_count = False
    actions = None

    def permission(self, verb: str) -> str:
        """The permission that `verb` needs here; one that nobody has where the list is silent."""
        return access_list().models.get(self.opts.label_lower, {}).get(verb, NOBODYS)

    def _may(self, request: HttpRequest, verb: str, row: Any = None) -> bool:
        """At any site of the visitor, or at the site of `row`."""
        permission = self.permission(verb)
        site_id = row.pk if isinstance(row, Site) else getattr(row, "site_id", None)
        if site_id is None:
            return may(request, permission)
        return any(
            m.site_id == site_id and allows(m.role, permission) for m in memberships_of(request)
        )

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, "view", obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, "add")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, "change", obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._may(request, "view")

    def formfield_for_foreignkey(
        self, db_field: models.ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Only rows that this person may see can be chosen, also by a hand-made request."""
        target = db_field.related_model
        manager = getattr(target, "objects", None)
        rows = manager.all() if manager is not None else None
        if isinstance(rows, SiteQuerySet):
            # Where the visitor may write, not merely where they work.
            kwargs["queryset"] = rows.visible_to(acting(request), self.permission("change"))
        elif isinstance(rows, SiteScopedQuerySet):
            kwargs["queryset"] = rows.visible_to(acting(request))
        elif target is User:
            kwargs["queryset"] = colleagues(request)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


def colleagues(request: HttpRequest, permission: str = "") -> models.QuerySet[User]:
    """People with a membership at one of the visitor's sites."""
    sites = Site.objects.visible_to(acting(request), permission)
    return User.objects.filter(memberships__site__in=sites).distinct()


class SiteScopedAdmin(ListedAdmin[M]):
    """Rows of the visitor's sites only; every save is audited."""

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[M]:
        rows = super().get_queryset(request)
        if not isinstance(rows, SiteScopedQuerySet | SiteQuerySet):
            raise TypeError(f"{self.model.__name__} has no door for people")
        seen: models.QuerySet[M] = rows.visible_to(acting(request), self.permission("view"))
        return seen

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        self.audit(request, obj, form, change)

    def audit(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Say which fields changed, not to what: the row's history holds the values."""
        if isinstance(obj, SiteRow):
            verb = "changed" if change else "added"
            record(
                f"{self.opts.model_name}.{verb}",
                by=acting(request),
                subject=obj,
                change={"fields": list(form.changed_data)},
            )


class ReadOnlyAdmin(SiteScopedAdmin[M]):
    """Facts of the record: looked up here, changed on the pages that know their rules."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class CatalogueAdmin(ListedAdmin[M]):
    """Versioned clinical content: the same for every site, changed by a new version only."""

    list_display = ("title", "code", "version", "released_on")
    list_filter = ("released_on",)
    search_fields = ("code", "title")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ScopedInline(admin.TabularInline[M, Any]):
    """Rows below a row, under the same permissions as their parent's page."""

    extra = 0
    can_delete = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
