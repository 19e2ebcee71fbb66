"""A site's values of one section, to be set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from clinic.forms import DayInput
from clinic.queries_policies import SectionState
from clinic.rules import wording
from clinic.rules.errors import RuleError
from clinic.rules.policy import SEPARATOR, Setting, written


@dataclass(frozen=True, slots=True)
class Group:
    """Values that belong together; `title` is empty for those on their own."""

    title: str
    rows: tuple[tuple[forms.BoundField, bool], ...]


class PolicyForm(forms.Form):
    """Field names are the paths of the values; beside them from when and why."""

    effective_from = forms.DateField(
        label=_("In force from"),
        widget=DayInput,
        help_text=_("Today or later. What was decided before stays as it was."),
    )
    reason = forms.CharField(
        label=_("Why"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Kept with the version, for whoever asks later."),
    )
    base_version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, state: SectionState, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.state = state
        for path, setting in state.settings.items():
            self.fields[path] = _field(path, setting, state.own.get(path, setting.value))

    def clean(self) -> dict[str, Any]:
        """Each value in its written form, or why it cannot be."""
        for path, setting in self.state.settings.items():
            text = self.cleaned_data.get(path)
            if text is None:
                continue
            try:
                self.cleaned_data[path] = written(setting, text)
            except RuleError as error:
                self.add_error(path, ValidationError(error.message, code=error.code))
        return self.cleaned_data

    def values(self) -> dict[str, str]:
        """Every value of the section, also those that are as in the catalogue."""
        return {path: self.cleaned_data[path] for path in self.state.settings}

    def groups(self) -> Iterator[Group]:
        """The values in the order of the catalogue, by the first part of their path."""
        found: dict[str, list[tuple[forms.BoundField, bool]]] = {"": []}
        for path in self.state.settings:
            first, _dot, rest = path.partition(SEPARATOR)
            found.setdefault(first if rest else "", []).append((self[path], path in self.state.own))
        for key, rows in found.items():
            if rows:
                yield Group(wording.label_of(key) if key else "", tuple(rows))

    def general_errors(self) -> list[str]:
        """What stands against the values together, such as limits in the wrong order."""
        return [str(text) for text in self.non_field_errors()]


def label_of(path: str, setting: Setting) -> str:
    """A value in words, without the group it stands in."""
    _first, _dot, rest = path.partition(SEPARATOR)
    return wording.path_label((rest or path).split(SEPARATOR), setting.unit)


def _field(path: str, setting: Setting, value: str) -> forms.Field:
    label = label_of(path, setting)
    default = wording.quantity(setting.value.split(", "), setting.unit)
    default = wording.spoken(default) if setting.among else default
    bounds = wording.bounds_of(setting)
    help_text = _("Catalogue: %(default)s, %(dated)s. Possible: %(bounds)s.") % {
        "default": default,
        "dated": setting.dated,
        "bounds": bounds,
    }
    if setting.among:
        choices = [(one, wording.spoken(one)) for one in setting.among]
        return forms.ChoiceField(label=label, help_text=help_text, choices=choices, initial=value)
    widget: forms.Widget = forms.TextInput(attrs={"inputmode": "decimal"})
    if setting.count == 1:
        limits = zip(("min", "max"), map(str, setting.between), strict=False)
        widget = forms.NumberInput(attrs={"step": "any", **dict(limits)})
    return forms.CharField(label=label, help_text=help_text, initial=value, widget=widget)


def defaults_of(state: SectionState) -> Mapping[str, str]:
    """The catalogue's values, to go back to."""
    return {path: setting.value for path, setting in state.settings.items()}
