"""Forms of results, checks and tasks."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from django import forms
from django.utils import timezone

from clinic.forms import MomentInput
from clinic.queries import current, newest
from labs.actions.results import NewResult
from labs.models import Analyte, LabRule, ResultStatus
from labs.rules.gu import parse_urinary

SEVERITIES: Final = ((0, "0 none"), (1, "1 mild"), (2, "2 moderate"), (3, "3 severe"))
NUMBERS: Final = ("value", "lower", "upper")


class PanelForm(forms.Form):
    """A laboratory report by hand: what is left empty was not measured."""

    laboratory = forms.CharField(max_length=120)
    identifier = forms.CharField(
        label="Report number", max_length=200, help_text="As the laboratory prints it."
    )
    collected_at = forms.DateTimeField(label="Collected at", widget=MomentInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.analytes = list(newest(Analyte))
        self.fields["collected_at"].initial = timezone.localtime()
        for analyte in self.analytes:
            unit = analyte.content["unit"]
            for part in NUMBERS:
                self.fields[f"{analyte.code}_{part}"] = forms.CharField(
                    required=False, max_length=12, label=f"{analyte.code} {part}"
                )
            self.fields[f"{analyte.code}_unit"] = forms.CharField(
                required=False, max_length=20, initial=unit, label=f"{analyte.code} unit"
            )

    def rows(self) -> list[dict[str, Any]]:
        """The fields by analyte, for the table of the page."""
        return [
            {
                "code": analyte.code,
                "title": analyte.title,
                **{part: self[f"{analyte.code}_{part}"] for part in (*NUMBERS, "unit")},
            }
            for analyte in self.analytes
        ]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for analyte in self.analytes:
            for part in NUMBERS:
                self._number(data, f"{analyte.code}_{part}", with_comparator=part == "value")
        if not any(data.get(f"{analyte.code}_value") for analyte in self.analytes):
            self.add_error(None, "Enter at least one value.")
        return data

    def _number(self, data: dict[str, Any], name: str, *, with_comparator: bool) -> None:
        text = str(data.get(name) or "").strip().replace(",", ".")
        bare = text.lstrip("<>") if with_comparator else text
        data[name] = text
        if not text:
            return
        try:
            sound = Decimal(bare).is_finite()
        except ArithmeticError:
            sound = False
        if not sound:
            self.add_error(name, f"“{text}” is not a number.")

    def results(self) -> list[NewResult]:
        data = self.cleaned_data
        return [
            NewResult(
                code=analyte.code,
                code_system="",
                display=analyte.title,
                comparator=text[0] if (text := data[f"{analyte.code}_value"])[0] in "<>" else "",
                value=Decimal(text.lstrip("<>")),
                value_text="",
                unit=data[f"{analyte.code}_unit"].strip(),
                lower_limit=_decimal(data[f"{analyte.code}_lower"]),
                upper_limit=_decimal(data[f"{analyte.code}_upper"]),
                status=ResultStatus.FINAL,
                observed_at=data["collected_at"],
            )
            for analyte in self.analytes
            if data[f"{analyte.code}_value"]
        ]


def _decimal(text: str) -> Decimal | None:
    return Decimal(text) if text else None


class UrinaryForm(forms.Form):
    """The site's own checklist."""

    checked_at = forms.DateTimeField(label="Asked at", widget=MomentInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["checked_at"].initial = timezone.localtime()
        rules = parse_urinary(current(LabRule, "levels").content)
        self.symptoms = tuple(rules.symptoms)
        for symptom, title in rules.symptoms.items():
            self.fields[symptom] = forms.TypedChoiceField(
                label=title,
                choices=SEVERITIES,
                coerce=int,
                initial=0,
                widget=forms.RadioSelect,
            )
        for flag in ("visible_haematuria", "retention", "infection_suspected"):
            self.fields[flag] = forms.BooleanField(
                required=False, label=flag.replace("_", " ").capitalize()
            )

    def severities(self) -> dict[str, int]:
        return {s: self.cleaned_data[s] for s in self.symptoms if self.cleaned_data[s]}
