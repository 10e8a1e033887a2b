"""What plans are made of: categories, figures that others count, and the figures themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from cso.errors import InvalidFieldsError
from cso.recovery.loading.rows import Reading
from cso.scorecards.models import Category, Measure
from cso.scorecards.models.measures import MAX_CODE
from cso.scorecards.plans.categories import MAX_NAME, add_category, rename_category
from cso.scorecards.plans.figure_files import figure_lines
from cso.scorecards.plans.measures import FIELDS, MAX_SOURCE, MOST_ROWS, FigureOutcome, define_measure, record_figures
from frontend.forms.base import PortalForm, UnitField, local_time, offer_units
from frontend.forms.columns import columns_help
from tenants.models import Membership

MEGABYTE = 1024 * 1024
MAX_FILE = 2 * MEGABYTE


def _code() -> forms.CharField:
    hint = _("By which files and programs know it: a to z, 0 to 9 and hyphens.")
    return forms.CharField(label=_("Code"), help_text=hint, max_length=MAX_CODE)


class NewCategoryForm(PortalForm):
    name = forms.CharField(label=_("Name"), max_length=MAX_NAME)
    code = _code()

    def save(self, *, by: Membership) -> None:
        add_category(self.cleaned_data["code"], self.cleaned_data["name"], by=by)


class CategoryForm(PortalForm):
    name = forms.CharField(label=_("Name"), max_length=MAX_NAME)

    def save(self, category: Category, *, by: Membership) -> None:
        rename_category(category, self.cleaned_data["name"], by=by)


class MeasureForm(PortalForm):
    """What it is never changes: its figures would change with it."""

    name = forms.CharField(label=_("What is it called?"), max_length=120)
    code = _code()
    unit_word = forms.CharField(
        label=_("Unit"), help_text=_("Such as: %, minutes, CAD."), max_length=20, required=False
    )
    rollup = forms.ChoiceField(
        label=_("How do months make a quarter or a year?"), choices=Measure.Rollup.choices, widget=forms.RadioSelect
    )
    better = forms.ChoiceField(
        label=_("Which way is better?"),
        choices=Measure.Better.choices,
        widget=forms.RadioSelect,
        initial=Measure.Better.HIGHER,
    )
    nature = forms.ChoiceField(
        label=_("What is it?"),
        help_text=_("Only an outcome is scored."),
        choices=Measure.Nature.choices,
        widget=forms.RadioSelect,
        initial=Measure.Nature.OUTCOME,
    )
    source = forms.CharField(
        label=_("Who counts it?"), help_text=_("And where it can be looked up."), max_length=MAX_SOURCE
    )

    def save(self, *, by: Membership) -> Measure:
        return define_measure(by=by, **self.cleaned_data)


class FigureForm(PortalForm):
    """One figure of a measure."""

    unit = UnitField(label=_("Unit"))
    month = forms.CharField(label=_("Month"), help_text=_("Such as 2026-03."), max_length=7)
    numerator = forms.DecimalField(label=_("Figure"))
    denominator = forms.DecimalField(label=_("Of"), help_text=_("Where it is a ratio; else 1."), required=False)
    source = forms.CharField(label=_("Where does it come from?"), max_length=MAX_SOURCE, required=False)
    as_of = local_time(
        label=_("When did the source have it so?"),
        help_text=_("Once a month is over, only what was had after its end is its figure."),
    )

    def __init__(self, *args: Any, measure: Measure, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.measure = measure
        offer_units(self, "unit")
        for name in ("numerator", "denominator"):
            self.fields[name].widget.attrs["step"] = "any"
        if measure.rollup == Measure.Rollup.SUM:
            del self.fields["denominator"]

    def save(self, *, by: Membership, now: datetime) -> FigureOutcome:
        values = self.cleaned_data
        row = {
            "measure": self.measure.code,
            "unit": values["unit"].code,
            "month": values["month"].strip(),
            "numerator": values["numerator"],
            "denominator": values.get("denominator"),
            "source": values["source"],
            "as_of": values["as_of"].isoformat(),
        }
        [outcome] = record_figures([(1, row)], by=by, now=now)
        if outcome.errors:
            raise InvalidFieldsError(outcome.errors)
        return outcome


class FiguresFileForm(PortalForm):
    file = forms.FileField(
        label=_("A CSV file"),
        help_text=columns_help(FIELDS, MOST_ROWS),
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
    )

    def clean_file(self) -> UploadedFile[Any]:
        sent: UploadedFile[Any] = self.cleaned_data["file"]
        if (sent.size or 0) > MAX_FILE:
            raise forms.ValidationError(_("The file is larger than %(most)s MB.") % {"most": MAX_FILE // MEGABYTE})
        return sent

    def save(self, *, by: Membership, now: datetime, zone: ZoneInfo) -> list[FigureOutcome]:
        lines = figure_lines(self.cleaned_data["file"])
        return record_figures(lines, by=by, now=now, reading=Reading(zone=zone))
