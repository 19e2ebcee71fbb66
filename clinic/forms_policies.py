"""A site's values of one section, to be set, and two versions of it, to be compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from clinic.errors import DomainError
from clinic.forms import DayInput
from clinic.policies_in_words import group_of, label_of, said
from clinic.queries_policies import SectionState
from clinic.rules import wording
from clinic.rules.errors import RuleError
from clinic.rules.policy import Setting, written


@dataclass(frozen=True, slots=True)
class Value:
    """One value to be set: its field, its unit in words, whether the site has its own."""

    field: forms.BoundField
    unit: str
    is_own: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Values that belong together; `title` is empty for those on their own."""

    anchor: str
    title: str
    values: tuple[Value, ...]
    refusals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Slip:
    """Something to be put right: where it stands, what it is called, what is wrong."""

    anchor: str
    label: str
    text: str


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
        self._against: dict[str, list[str]] = {}
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

    def refuse(self, error: DomainError) -> None:
        """Put a refusal beside the value it names, or the group, or above them all."""
        field = self.fields.get(error.field)
        if field is not None and not field.widget.is_hidden:
            self.add_error(error.field, ValidationError(error.message, code=error.code))
        elif self._has_group(error.field):
            self._against.setdefault(group_of(f"{error.field}.-"), []).append(error.message)
        else:
            self.add_error(None, ValidationError(error.message, code=error.code))

    def groups(self) -> Iterator[Group]:
        """The values in the order of the catalogue, by the first part of their path."""
        found: dict[str, list[Value]] = {"": []}
        for path, setting in self.state.settings.items():
            value = Value(self[path], _unit(setting), path in self.state.own)
            found.setdefault(group_of(path), []).append(value)
        for key, values in found.items():
            if values:
                refusals = tuple(self._against.get(key, ()))
                yield Group(_anchor(key), _title(key), tuple(values), refusals)

    def slips(self) -> list[Slip]:
        """Everything to be put right, in the order of the page; without an anchor: all of it."""
        found = [Slip("", "", str(text)) for text in self.non_field_errors()]
        for key, texts in self._against.items():
            found += [Slip(_anchor(key), _title(key), text) for text in texts]
        for name in (*self.state.settings, *self.fields):
            field = self[name]
            slip = Slip(field.id_for_label, str(field.label), " ".join(map(str, field.errors)))
            if slip.text and slip not in found:
                found.append(slip)
        return found

    def _has_group(self, path: str) -> bool:
        return group_of(f"{path}.-") in {group_of(one) for one in self.state.settings} - {""}


class VersionsForm(forms.Form):
    """Two versions of a section; 0 is the catalogue alone."""

    def __init__(self, *args: Any, state: SectionState, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        made = [(one.version, _version(one.version)) for one in state.versions]
        choices = [*made, (0, _("Catalogue"))]
        for name, label in (("earlier", _("From")), ("later", _("To"))):
            self.fields[name] = forms.TypedChoiceField(label=label, coerce=int, choices=choices)


def _version(number: int) -> str:
    return _now("Version %(number)s") % {"number": number}


def _anchor(key: str) -> str:
    return f"group-{key}"


def _title(key: str) -> str:
    return wording.label_of(key) if key else ""


def _unit(setting: Setting) -> str:
    return wording.UNITS.get(setting.unit, ("", setting.unit))[1]


def _field(path: str, setting: Setting, value: str) -> forms.Field:
    label, help_text = label_of(path, setting), _help(setting)
    if setting.among:
        choices = [(one, wording.spoken(one)) for one in setting.among]
        return forms.ChoiceField(label=label, help_text=help_text, choices=choices, initial=value)
    # Several numbers need a comma, which a keyboard for numbers may not have.
    widget: forms.Widget = forms.TextInput()
    if setting.count == 1:
        limits = dict(zip(("min", "max"), map(str, setting.between), strict=False))
        attrs = {"step": "any", "inputmode": "decimal", "readonly": _is_fixed(setting)}
        widget = forms.NumberInput(attrs=attrs | limits)
    return forms.CharField(label=label, help_text=help_text, initial=value, widget=widget)


def _help(setting: Setting) -> str:
    text = _now("Catalogue: %(default)s (%(source)s, %(dated)s).") % {
        "default": said(setting, setting.value),
        "source": setting.source,
        "dated": setting.dated,
    }
    if not setting.among and not setting.between and setting.count == 1:
        return text
    if _is_fixed(setting):
        return f"{text} {_now('Nothing else is possible.')}"
    bounds = _now("Possible: %(bounds)s.") % {"bounds": wording.bounds_of(setting)}
    return f"{text} {bounds}"


def _is_fixed(setting: Setting) -> bool:
    """Whether its range leaves one value only."""
    return bool(setting.between) and setting.between[0] == setting.between[1]


def defaults_of(state: SectionState) -> Mapping[str, str]:
    """The catalogue's values, to go back to."""
    return {path: setting.value for path, setting in state.settings.items()}
