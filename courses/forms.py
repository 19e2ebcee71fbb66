"""Forms of courses, doses and scales."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone

from clinic.forms import ClockInput, DayInput, MomentInput
from clinic.models import Chair, Patient, User, Weekday
from clinic.queries import chairs_of, current, newest, staff_of
from courses.actions.dose import Mixture
from courses.actions.gate import GateFacts
from courses.actions.series import CourseWish
from courses.models import CourseRule, Protocol, Scale, StopReason
from courses.queries.find import last_outcome_scale
from courses.rules import gate
from courses.rules.gate_content import GateRules
from courses.rules.scales import CSSRS
from courses.rules.scales import Scale as ScaleRules

PREGNANCY = (
    ("", "Choose"),
    (gate.NEGATIVE, "Tested, negative"),
    (gate.NOT_APPLICABLE, "Cannot be pregnant"),
    (gate.UNKNOWN, "Not known"),
    (gate.POSITIVE, "Tested, positive"),
)
YES_NO = (("yes", "Yes"), ("no", "No"))
MOST_CHOICES_IN_A_ROW = 4


class CourseForm(forms.Form):
    """A whole course, asked for at once."""

    protocol = forms.ModelChoiceField(Protocol.objects.none(), empty_label=None)
    mg_per_kg = forms.DecimalField(
        label="Dose, mg/kg", max_digits=5, decimal_places=3, initial=Decimal("0.5")
    )
    planned_count = forms.IntegerField(label="Sessions", min_value=1, initial=6)
    primary_scale = forms.ModelChoiceField(
        Scale.objects.none(), empty_label=None, help_text="Response is judged on this one only."
    )
    prescriber = forms.ModelChoiceField(User.objects.none(), empty_label=None)
    second_prescriber = forms.ModelChoiceField(
        User.objects.none(),
        required=False,
        empty_label="Nobody",
        help_text="Who agrees; the high-dose course needs one.",
    )
    first_on = forms.DateField(label="First possible day", widget=DayInput)
    weekdays = forms.TypedMultipleChoiceField(
        coerce=int,
        choices=Weekday.choices,
        widget=forms.CheckboxSelectMultiple,
        initial=[1, 4],
        help_text="Two days, at least two days apart.",
    )
    at_time = forms.TimeField(label="Time", widget=ClockInput, initial="09:00")
    chair = forms.ModelChoiceField(Chair.objects.none(), empty_label=None)
    staff = forms.ModelChoiceField(User.objects.none(), required=False, empty_label="Nobody yet")

    def __init__(self, *args: Any, patient: Patient, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.patient = patient
        site_id = patient.site_id
        orderable = newest(Protocol).filter(content__orderable=True)
        outcome = newest(Scale).filter(content__has_key="response_percent")
        self._offer("protocol", orderable.order_by("-code"))
        self._offer("primary_scale", outcome)
        # The scale that has a baseline already is the likely one.
        self.fields["primary_scale"].initial = last_outcome_scale(patient)
        self._offer("prescriber", staff_of(site_id, "prescriber", "lead"))
        self._offer("second_prescriber", staff_of(site_id, "prescriber", "lead"))
        self._offer("chair", chairs_of(site_id))
        self._offer("staff", staff_of(site_id, "nurse", "prescriber", "lead"))

    def _offer(self, name: str, rows: Any) -> None:
        self.fields[name].queryset = rows  # type: ignore[attr-defined]

    def wish(self) -> CourseWish:
        data = dict(self.cleaned_data)
        data["weekdays"] = tuple(data["weekdays"])
        return CourseWish(patient=self.patient, **data)


class GateForm(forms.Form):
    """What is read off and asked at the chair."""

    sbp = forms.IntegerField(label="Systolic, mmHg")
    dbp = forms.IntegerField(label="Diastolic, mmHg")
    spo2 = forms.IntegerField(label="Oxygen saturation, %")
    weight_kg = forms.DecimalField(label="Weight, kg", max_digits=5, decimal_places=1)
    weighed_on = forms.DateField(label="Weighed on", widget=DayInput)
    pregnancy = forms.ChoiceField(choices=PREGNANCY)
    drug_screen_on = forms.DateField(
        label="Drug screen of", widget=DayInput, required=False, help_text="Only a new one."
    )
    fasting_kept = forms.ChoiceField(label="Fasting kept", choices=YES_NO, widget=forms.RadioSelect)
    escort = forms.ChoiceField(label="Escort named", choices=YES_NO, widget=forms.RadioSelect)
    airway_equipment = forms.ChoiceField(
        label="Airway equipment at hand", choices=YES_NO, widget=forms.RadioSelect
    )
    capnography = forms.ChoiceField(
        label="Capnography in use", choices=YES_NO, widget=forms.RadioSelect
    )
    conditions = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, label="Conditions, any of"
    )
    medications = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, label="Medicines taken, any of"
    )

    def __init__(self, *args: Any, rules: GateRules, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, known in (("conditions", rules.conditions), ("medications", rules.medications)):
            self.fields[name].choices = [  # type: ignore[attr-defined]
                (entry.code, entry.code.replace("_", " ").capitalize()) for entry in known
            ]
        hours = rules.fasting_hours
        fasting = f"Clear fluids {hours[0]} h, light meal {hours[1]} h, fatty meal {hours[2]} h."
        self.fields["fasting_kept"].help_text = fasting

    def facts(self) -> GateFacts:
        data = self.cleaned_data
        asked = ("fasting_kept", "escort", "airway_equipment", "capnography")
        return GateFacts(
            sbp=data["sbp"],
            dbp=data["dbp"],
            spo2=data["spo2"],
            weight_kg=data["weight_kg"],
            weighed_on=data["weighed_on"],
            pregnancy=data["pregnancy"],
            drug_screen_on=data["drug_screen_on"],
            conditions=tuple(data["conditions"]),
            medications=tuple(data["medications"]),
            **{name: data[name] == "yes" for name in asked},
        )


class MixtureForm(forms.Form):
    """How the drug is prepared."""

    stock_mg_per_ml = forms.TypedChoiceField(label="Vial strength", coerce=Decimal)
    stock_ml = forms.DecimalField(label="Drawn from the vial, mL", max_digits=6, decimal_places=2)
    diluent_ml = forms.DecimalField(
        label="Diluent, mL", max_digits=6, decimal_places=2, initial=Decimal(0)
    )
    diluent = forms.ChoiceField(required=False)
    total_volume_ml = forms.DecimalField(
        label="Made up to, mL", max_digits=6, decimal_places=1, initial=Decimal(100)
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        content = current(CourseRule, "preparation").content
        stocks = content["stocks_mg_per_ml"]["value"]
        self.fields["stock_mg_per_ml"].choices = [(s, f"{s} mg/mL") for s in stocks]  # type: ignore[attr-defined]
        self.fields["stock_mg_per_ml"].initial = stocks[1]
        self.fields["diluent"].choices = [  # type: ignore[attr-defined]
            ("", "None"),
            *((d, d) for d in content["diluents"]),
        ]

    def mixture(self) -> Mixture:
        return Mixture(**self.cleaned_data)


class EndForm(forms.Form):
    """It ran to its end, or was stopped."""

    stop_reason = forms.CharField(
        required=False, max_length=200, help_text="Only if it was stopped before its end."
    )
    given_mg = forms.DecimalField(
        label="Given, mg",
        required=False,
        max_digits=7,
        decimal_places=1,
        help_text="Only if less than the dose went in.",
    )


class StopForm(forms.Form):
    """Why a course ends early."""

    reason = forms.ChoiceField(choices=StopReason.choices)
    note = forms.CharField(required=False, widget=forms.Textarea)


class AssessmentForm(forms.Form):
    """A scale drawn from its data: every item may stay open, and then it is a draft."""

    taken_at = forms.DateTimeField(label="Answered at", widget=MomentInput)

    def __init__(self, *args: Any, scale: ScaleRules, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scale = scale
        self.fields["taken_at"].initial = timezone.localtime()
        for item in scale.items:
            self.fields[f"item_{item.id}"] = self._question(
                f"{item.id}. {item.label}" if item.label != f"Item {item.id}" else item.label,
                self._answers(item.lowest, item.highest, item.not_assessed),
            )
        if scale.functional:
            words = enumerate(scale.functional.answers)
            self.fields["functional"] = self._question(
                scale.functional.label, [(str(n), word) for n, word in words]
            )

    def _answers(self, low: int, high: int, not_assessed: int | None) -> list[tuple[str, str]]:
        words = self.scale.answers
        named = len(words) == high - low + 1
        found = [
            (str(n), f"{n} {words[n - low]}" if named and self.scale.method != CSSRS else
             words[n - low] if named else str(n))
            for n in range(low, high + 1)
        ]  # fmt: skip
        return [*found, (str(not_assessed), "Not assessed")] if not_assessed is not None else found

    def _question(self, label: str, choices: list[tuple[str, str]]) -> forms.TypedChoiceField:
        return forms.TypedChoiceField(
            label=label,
            choices=choices,
            coerce=int,
            empty_value=None,
            required=False,
            widget=forms.RadioSelect,
        )

    def items(self) -> list[int | None]:
        return [self.cleaned_data[f"item_{item.id}"] for item in self.scale.items]
