"""Forms of what staff do about something due."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.forms import DayInput
from labs.models import Answer, Way

# Offered while one types; any other words do as well.
REASONS: Final = {
    "snooze": (
        _("An appointment for it is made."),
        _("The result is on its way."),
        _("The patient is away."),
        _("Done elsewhere; the report is asked for."),
    ),
    "declined": (
        _("Does not want it this time."),
        _("Has it done elsewhere and will not share it."),
        _("No longer wants any of these checks."),
    ),
}


class FollowUpForm(forms.Form):
    """The due day that was in sight, so that nothing is said of another."""

    due_on = forms.DateField(widget=forms.HiddenInput, required=False)


class ContactForm(FollowUpForm):
    """How, and what came of it."""

    way = forms.ChoiceField(label=_("How"), choices=Way.choices, initial=Way.PHONE)
    answer = forms.ChoiceField(
        label=_("What came of it"), choices=[("", _("Choose…")), *Answer.choices]
    )
    reason = forms.CharField(label=_("Remark"), required=False, max_length=200)


class ReasonedForm(FollowUpForm):
    """With a reason, from a short list or in one's own words."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"] = forms.CharField(
            label=_("Reason"),
            max_length=200,
            widget=forms.TextInput(attrs={"list": "reasons", "autocomplete": "off"}),
        )


class SnoozeForm(ReasonedForm):
    """Until when."""

    until = forms.DateField(
        label=_("Show again on"),
        widget=DayInput(),
        help_text=_("At most 14 days ahead. Today shows it again at once."),
    )


class DeclinedForm(ReasonedForm):
    """What the patient said."""
