"""Worked cases in the admin: upload a file, read the verdict, take it along as evidence."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.access import memberships_of
from clinic.admin_base import ReadOnlyAdmin, acting
from clinic.forms import refusals
from clinic.models import Site
from clinic.queries import find
from clinic.rules.access import allows
from courses.actions.rule_checks import check_vectors
from courses.models import RuleCheck
from courses.rules.case_file import check_size

# More would make a page that nobody reads; the download has them all.
MOST_SHOWN = 200
EXAMPLE = """{"vectors": [
  {"id": "our-1",
   "fn": "dose.mg",
   "input": {"weight_kg": "63.3",
             "mg_per_kg": "0.5"},
   "expected": {"dose_mg": "31.7"},
   "note": "halves are rounded up"}
]}"""


class CasesForm(forms.Form):
    """A file of worked cases, for one of the visitor's sites."""

    file = forms.FileField(
        label=gettext_lazy("File of worked cases"),
        widget=forms.ClearableFileInput(attrs={"accept": ".json,application/json"}),
        help_text=gettext_lazy("JSON: at most 2 MB and 20,000 cases."),
    )
    site = forms.ModelChoiceField(Site.objects.none(), empty_label=None)

    def __init__(self, *args: Any, sites: list[Site], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Site.objects.filter(pk__in=[site.pk for site in sites])
        self.fields["site"].queryset = rows  # type: ignore[attr-defined]
        if len(sites) == 1:
            self.fields["site"].initial = sites[0]
            self.fields["site"].widget = forms.HiddenInput()

    def clean_file(self) -> UploadedFile[Any]:
        """Refused by its size before any of it is read into memory."""
        file: UploadedFile[Any] = self.cleaned_data["file"]
        try:
            check_size(file.size or 0)
        except ValueError as error:
            raise forms.ValidationError(f"The file {error}.", "file_unreadable") from None
        return file


@admin.register(RuleCheck)
class RuleCheckAdmin(ReadOnlyAdmin[RuleCheck]):
    list_display = ("at", "file_name", "verdict", "passed", "failed", "by", "site")
    list_select_related = ("by", "site")
    list_filter = (("site", admin.RelatedOnlyFieldListFilter),)
    search_fields = ("file_name", "=sha256", "by__name")
    date_hierarchy = "at"

    def get_urls(self) -> list[URLPattern]:
        evidence = path(
            "<uuid:pk>/evidence.json",
            self.admin_site.admin_view(self.evidence_view),
            name="courses_rulecheck_evidence",
        )
        return [evidence, *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[RuleCheck]:
        """Without the cases themselves, which no list shows."""
        rows = super().get_queryset(request)
        return rows.defer("by_function", "passing", "failing", "rules")

    @admin.display(description=_("verdict"))
    def verdict(self, check: RuleCheck) -> str:
        """In words, because a colour alone says nothing."""
        return _("every case passed") if check.is_good else _("not every case passed")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, "add")

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        sites = [m.site for m in memberships_of(request) if allows(m.role, "rules.check")]
        form = CasesForm(request.POST or None, request.FILES or None, sites=sites)
        if request.method == "POST" and form.is_valid():
            file = form.cleaned_data["file"]
            with refusals(form) as refusal:
                check = check_vectors(
                    site=form.cleaned_data["site"],
                    name=file.name,
                    data=file.read(),
                    by=acting(request),
                )
            if not refusal.happened:
                messages.success(request, _("The verdict is kept."))
                return redirect("admin:courses_rulecheck_change", check.pk)
        shown = {"form": form, "example": EXAMPLE}
        return render(request, "courses/rule_check_new.html", shown)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        check = self._found(request, object_id)
        shown = {
            "check": check,
            "failing": [_failing(case) for case in check.failing[:MOST_SHOWN]],
            "functions": [
                (name, counts["passed"], counts["failed"])
                for name, counts in sorted(check.by_function.items())
            ],
            "rules": sorted(check.rules.items()),
            "unshown": max(check.failed - MOST_SHOWN, 0),
        }
        return render(request, "courses/rule_check.html", shown)

    def evidence_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The verdict as a file that can be kept beside a safety case."""
        check = self._found(request, str(pk))
        told = {
            "at": check.at.isoformat(),
            "by": check.by.email,
            "site": check.site.name,
            "file": {"name": check.file_name, "sha256": check.sha256, "bytes": check.size},
            "application": {
                "version": check.application_version,
                "sha256": check.application_sha256,
            },
            "rules": {"sha256": check.rules_sha256, "versions": check.rules},
            "cases": check.cases,
            "passed": check.passed,
            "failed": check.failed,
            "functions": check.by_function,
            "failing": check.failing,
            "passing": check.passing,
        }
        return HttpResponse(
            json.dumps(told, indent=1, ensure_ascii=False),
            content_type="application/json",
            headers={"Content-Disposition": f'attachment; filename="rule-check-{check.pk}.json"'},
        )

    def _found(self, request: HttpRequest, pk: str) -> RuleCheck:
        """Raises Http404 for another site's, an absent or a made-up one."""
        rows = RuleCheck.objects.select_related("by", "site")
        return find(rows, user=acting(request), pk=_key(pk), may="rules.view")


def _failing(case: dict[str, Any]) -> dict[str, Any]:
    """The case with its tables as rows of key, value, and whether they differ.

    A template would look for “items” among the keys of a table, where a case may have put it.
    """
    rows = {
        side: [(key, _said(value), key in case["differs"]) for key, value in case[side].items()]
        for side in ("expected", "got")
    }
    return {**case, **rows}


def _said(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _key(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        # No row has it.
        return UUID(int=0)
