"""How a refusal becomes words beside a field, in one place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest

from clinic.errors import DomainError
from clinic.models import Patient
from clinic.rules.errors import RuleError


class Refusal:
    """Whether what was tried went through."""

    def __init__(self) -> None:
        self.happened = False


@contextmanager
def refusals(form: forms.BaseForm) -> Iterator[Refusal]:
    """Run an action whole or not at all; its refusal stands beside the field it names."""
    refusal = Refusal()
    try:
        with transaction.atomic():
            yield refusal
    except (DomainError, RuleError) as error:
        refusal.happened = True
        known = error.field if error.field in form.fields else None
        form.add_error(known, ValidationError(error.message, code=error.code))


@contextmanager
def told(request: HttpRequest, success: str = "") -> Iterator[None]:
    """The same for a button without a form: the page that follows says what came of it."""
    try:
        with transaction.atomic():
            yield
    except (DomainError, RuleError) as error:
        messages.error(request, error.message)
    else:
        if success:
            messages.success(request, success)


class DayInput(forms.DateInput):
    """The browser's own calendar."""

    input_type = "date"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="%Y-%m-%d", **kwargs)


class MomentInput(forms.DateTimeInput):
    """The browser's own calendar and clock, by the site's wall."""

    input_type = "datetime-local"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M", **kwargs)


class ClockInput(forms.TimeInput):
    """The browser's own clock."""

    input_type = "time"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="%H:%M", **kwargs)


class PatientForm(forms.ModelForm[Patient]):
    """What is known of a person when they come under treatment."""

    class Meta:
        model = Patient
        fields = (
            "record_number",
            "given_name",
            "family_name",
            "birth_date",
            "sex",
            "email",
            "consents_to_email",
            "phone",
            "consents_to_sms",
            "language",
        )
        widgets = {"birth_date": DayInput()}  # noqa: RUF012  Django's own form of it

    def _post_clean(self) -> None:
        """The action validates and writes; the form only reads."""


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(max_length=200, label="Reason")


class SearchForm(forms.Form):
    """Find a patient."""

    q = forms.CharField(required=False, label="Name or record number")


class OutcomeForm(forms.Form):
    """What came of a task."""

    outcome = forms.CharField(widget=forms.Textarea, label="What came of it")
