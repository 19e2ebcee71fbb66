"""The ground floor in the admin."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.auth.forms import AdminUserCreationForm
from django.db import models
from django.http import HttpRequest

from clinic import admin_policies  # noqa: F401  registers when the admin looks for its parts
from clinic.admin_base import (
    ListedAdmin,
    ReadOnlyAdmin,
    SiteScopedAdmin,
    acting,
    colleagues,
)
from clinic.models import (
    AuditEvent,
    Chair,
    Closure,
    Membership,
    OpeningHours,
    Role,
    Site,
    User,
)
from clinic.signals import site_zone_changed


@admin.register(Site)
class SiteAdmin(SiteScopedAdmin[Site]):
    list_display = ("name", "time_zone", "phone", "patients_per_nurse")
    search_fields = ("name", "slug")
    fields = ("name", "slug", "time_zone", "phone", "language", "crisis_text", "patients_per_nurse")

    def save_model(self, request: HttpRequest, obj: Site, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and "time_zone" in form.changed_data:
            site_zone_changed.send(sender=Site, site=obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        # The slug names the site to scripts and imports.
        return ("slug",) if obj else ()


class OfSite(SiteScopedAdmin[Any]):
    """Settings that belong to one site."""

    list_select_related: ClassVar[tuple[str, ...]] = ("site",)
    list_filter: ClassVar[tuple[Any, ...]] = (("site", admin.RelatedOnlyFieldListFilter),)


@admin.register(OpeningHours)
class OpeningHoursAdmin(OfSite):
    list_display = ("weekday", "opens", "closes", "site")
    list_filter = ("weekday", ("site", admin.RelatedOnlyFieldListFilter))


@admin.register(Closure)
class ClosureAdmin(OfSite):
    list_display = ("starts_on", "ends_on", "reason", "site")
    search_fields = ("reason",)
    date_hierarchy = "starts_on"


@admin.register(Chair)
class ChairAdmin(OfSite):
    list_display = ("name", "is_active", "site")
    search_fields = ("name",)
    list_filter = ("is_active", ("site", admin.RelatedOnlyFieldListFilter))


@admin.register(Membership)
class MembershipAdmin(OfSite):
    list_display = ("user", "role", "is_active", "site")
    list_select_related = ("site", "user")
    search_fields = ("user__name", "user__email")
    list_filter = ("role", "is_active", ("site", admin.RelatedOnlyFieldListFilter))
    autocomplete_fields = ("user",)


class NewUserForm(AdminUserCreationForm[User]):
    """An account with a first password; the site is where the first membership is."""

    site = forms.ModelChoiceField(Site.objects.none())
    role = forms.ChoiceField(choices=Role.choices)

    class Meta:
        model = User
        fields = ("email", "name")


@admin.register(User)
class UserAdmin(ListedAdmin[User]):
    """People of the visitor's sites. Nobody is deleted: an account that ends is switched off."""

    list_display = ("name", "email", "is_active", "last_login")
    list_filter = ("is_active",)
    search_fields = ("name", "email")
    fields = ("email", "name", "is_active", "last_login")
    readonly_fields = ("last_login",)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[User]:
        return colleagues(request)

    def get_form(
        self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        if obj is not None:
            return super().get_form(request, obj, change, **kwargs)
        form = NewUserForm
        form.base_fields["site"].queryset = Site.objects.visible_to(  # type: ignore[attr-defined]
            acting(request), "users.change"
        )
        return form

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is not None:
            return super().get_fieldsets(request, obj)
        names = ("email", "name", "usable_password", "password1", "password2", "site", "role")
        return [(None, {"fields": names})]

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            Membership.objects.create(
                user=obj, site=form.cleaned_data["site"], role=form.cleaned_data["role"]
            )


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin[AuditEvent]):
    list_display = ("at", "actor_label", "event", "subject_type")
    list_filter = ("event", ("site", admin.RelatedOnlyFieldListFilter))
    search_fields = ("actor_label", "event", "=subject_id", "=patient_id")
    date_hierarchy = "at"
    fields = ("at", "actor_label", "event", "subject_type", "subject_id", "patient_id", "change")
