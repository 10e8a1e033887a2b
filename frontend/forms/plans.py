"""What a leader is scored by, as it is written: whose, from which month on, and one line for each figure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cso.errors import FieldError, InvalidFieldsError
from cso.languages import format_date
from cso.metrics.queries.figures import HEADLINE
from cso.metrics.registry import METRICS, Metric
from cso.people.models import Person, Unit
from cso.scorecards.models import Category, Measure, Plan, PlanVersion
from cso.scorecards.plans.categories import FIRST, SERVING, first_categories
from cso.scorecards.plans.items import MOST_ITEMS, Item, items_of, scorable_metrics
from cso.scorecards.plans.versions import MAX_REASON, PLAN_YEARS, Copied, change_plan, copy_plan, make_plan
from frontend.forms.base import PortalForm, UnitField, offer_units
from frontend.forms.committees.fields import MOST_LISTED, OneOfField, offer
from tenants.models import Membership
from tenants.scope import day_of

# A line's fields, in the order in which they are read; `out` takes it out of the plan.
FIELDS = ("what", "category", "weight", "floor", "target", "out")
ROWS_AT_ONCE = 3
# As the domain calls a line's fields, so the form does, but for these.
_OF_WHAT = ("metric", "measure")
_FIRST_WEIGHT = "25"


class StartPlanForm(PortalForm):
    """Whose plan, of which year, and from what it starts. It changes nothing and lives in the query string."""

    unit = UnitField(label=gettext_lazy("Unit"))
    year = forms.IntegerField(label=gettext_lazy("Year"), min_value=PLAN_YEARS.start, max_value=PLAN_YEARS.stop - 1)
    start = OneOfField(
        label=gettext_lazy("Start from"),
        help_text=gettext_lazy("A plan whose figures are copied; without one, a line for each category."),
        required=False,
    )

    def __init__(self, *args: Any, plans: Sequence[Plan], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_units(self, "unit")
        offer(self, "start", [_NamedPlan(plan) for plan in plans], "words")


class _NamedPlan:
    """A plan to choose, told by its leader, unit and year."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.pk = plan, plan.pk
        self.words = f"{plan.person.name}, {plan.unit.name}, {plan.year}"


@dataclass(frozen=True)
class Offered:
    """What a plan may be made of: categories that are used, metrics that may be scored, and measures of outcomes."""

    categories: Sequence[Category]
    measures: Mapping[str, Measure]

    @classmethod
    def now(cls, used: Collection[str] = ()) -> Offered:
        """used: codes of categories that stand in the plan already, be they retired: what is refused is seen."""
        known = list(Category.objects.order_by("position", "code"))
        # Those with which every workspace begins are written with its first plan.
        known = known or [Category(id=uuid4(), code=c, name=str(n), is_serving=c == SERVING) for c, n in FIRST]
        outcomes = Measure.objects.filter(nature=Measure.Nature.OUTCOME).order_by("name", "code")
        shown = [each for each in known if each.retired_at is None or each.code in used]
        return cls(shown, {m.code: m for m in outcomes})

    def whats(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """The figures to choose from, in groups."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for metric in scorable_metrics():
            groups.setdefault(_group(metric), []).append((f"metric:{metric.key}", str(metric.name)))
        found = [("", [("", _("None"))]), *((name, whats) for name, whats in groups.items())]
        of_others = [(f"measure:{code}", measure.name) for code, measure in self.measures.items()]
        return [*found, (_("Figures of others"), of_others)] if of_others else found


def _group(metric: Metric) -> str:
    source = metric.family.source
    if source.is_of_committees:
        return _("Committees")
    return _("What customers say") if source.is_of_panels else _("Recoveries")


class ItemsForm(PortalForm):
    """The lines of a version, with the month from which it holds and why. A line without a figure is no part of it."""

    starts_on = forms.ChoiceField(label=gettext_lazy("From"))
    reason = forms.CharField(
        label=gettext_lazy("Why"), required=False, max_length=MAX_REASON, widget=forms.Textarea(attrs={"rows": 2})
    )
    rows = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0, max_value=2 * MOST_ITEMS)

    def __init__(
        self, data: Any, *, offered: Offered, months: Sequence[date], lines: Sequence[Mapping[str, str]] = (), **kw: Any
    ) -> None:
        """lines: what stands in them while nothing is sent."""
        super().__init__(data, **kw)
        self.offered = offered
        self.categories = {category.code: category for category in offered.categories}
        field = self.fields["starts_on"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(month.isoformat(), format_date(month, "F Y")) for month in months]
        self.count = lines_sent(data, len(lines) + ROWS_AT_ONCE)
        self.initial["rows"] = self.count
        whats = offered.whats()
        known = [(code, category.name) for code, category in self.categories.items()]
        for number in range(self.count):
            self._add_line(number, lines[number] if number < len(lines) else {}, whats, known)

    def _add_line(self, number: int, line: Mapping[str, str], whats: Any, categories: Any) -> None:
        made: dict[str, forms.Field] = {
            "what": forms.ChoiceField(label=_("Figure"), choices=whats, required=False),
            "category": forms.ChoiceField(label=_("Category"), choices=categories, required=False),
            "weight": forms.DecimalField(label=_("Weight"), required=False),
            "floor": forms.DecimalField(label=_("Floor"), required=False),
            "target": forms.DecimalField(label=_("Target"), required=False),
            "out": forms.BooleanField(label=_("Take out"), required=False),
        }
        for name, field in made.items():
            if isinstance(field, forms.DecimalField):
                field.widget.attrs["step"] = "any"
            self.fields[f"{name}_{number}"] = field
            self.initial.setdefault(f"{name}_{number}", line.get(name, ""))

    @property
    def lines(self) -> list[dict[str, BoundField]]:
        """The fields of each line, by name."""
        return [{name: self[f"{name}_{number}"] for name in FIELDS} for number in range(self.count)]

    def shown(self) -> list[dict[str, str]]:
        """What stands in the lines that were sent, as it was sent."""
        return [{name: str(line[name].value() or "") for name in FIELDS} for line in self.lines]

    def as_sent(self) -> dict[str, str]:
        """What a browser would send of the form as it stands."""
        values = {bound.html_name: bound.value() for bound in self}
        return {name: str(value) for name, value in values.items() if value not in (None, "", False)}

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        for number in range(self.count):
            line = {name: values.get(f"{name}_{number}") for name in FIELDS}
            if line["out"]:
                continue
            if line["what"]:
                missing = [name for name in ("weight", "floor") if line[name] is None]
            else:
                missing = ["what"] if line["floor"] is not None or line["target"] is not None else []
            for name in missing:
                if f"{name}_{number}" not in self.errors:
                    self.add_error(f"{name}_{number}", _("This field is required."))
        return values

    def items(self) -> dict[int, Item]:
        """The lines that can be read, by their numbers."""
        found = {}
        for number in range(self.count):
            line = {name: self.cleaned_data.get(f"{name}_{number}") for name in FIELDS}
            category = self.categories.get(line["category"] or "")
            if not line["what"] or line["out"] or category is None or line["weight"] is None or line["floor"] is None:
                continue
            kind, _colon, key = line["what"].partition(":")
            what: dict[str, Any] = {"metric": key} if kind == "metric" else {"measure": self.offered.measures[key]}
            found[number] = Item(category, line["weight"], line["floor"], line["target"], **what)
        return found

    def starts(self) -> date:
        return date.fromisoformat(self.cleaned_data["starts_on"])

    def keep(self, act: Any) -> PlanVersion:
        """What `act` makes of the lines; what it refuses of them is said beside them."""
        items = self.items()
        try:
            kept: PlanVersion = act(list(items.values()))
        except InvalidFieldsError as error:
            raise InvalidFieldsError([self._placed(each, list(items)) for each in error.errors]) from error
        return kept

    def _placed(self, error: FieldError, numbers: Sequence[int]) -> FieldError:
        place, _dot, rest = error.field.removeprefix("items.").partition(".")
        if not error.field.startswith("items.") or not place.isdecimal():
            return error
        name = "what" if not rest or rest in _OF_WHAT else rest
        return FieldError(f"{name}_{numbers[int(place)]}", error.code, error.message)


def lines_sent(data: Any, otherwise: int) -> int:
    """How many lines were sent."""
    text = str(data.get("rows", "")) if data is not None else ""
    sent = int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else otherwise
    return min(max(sent, 1), 2 * MOST_ITEMS)


class NewPlanForm(ItemsForm):
    person = OneOfField(label=gettext_lazy("Leader"))
    field_order = ["person", "starts_on"]

    def __init__(self, *args: Any, people: Iterable[Person], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "person", people, "name")

    def save(self, unit: Unit, year: int, *, by: Membership, now: datetime) -> PlanVersion:
        written = {category.code: category for category in first_categories(by=by)}
        self.categories = {code: written[code] for code in self.categories}
        person, starts_on, reason = self.cleaned_data["person"], self.starts(), self.cleaned_data["reason"]
        return self.keep(
            lambda items: make_plan(person, unit, year, items=items, starts_on=starts_on, by=by, now=now, reason=reason)
        )


class ChangePlanForm(ItemsForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = True

    def save(self, plan: Plan, *, by: Membership, now: datetime) -> PlanVersion:
        starts_on, reason = self.starts(), self.cleaned_data["reason"]
        return self.keep(
            lambda items: change_plan(plan, items=items, starts_on=starts_on, reason=reason, by=by, now=now)
        )


class CopyPlanForm(PortalForm):
    """To whom: one by one, or everybody who leads a unit below one."""

    year = forms.IntegerField(label=gettext_lazy("Year"), min_value=PLAN_YEARS.start, max_value=PLAN_YEARS.stop - 1)
    month = forms.ChoiceField(label=gettext_lazy("From"))
    below = UnitField(label=gettext_lazy("Everybody who leads a unit below"), required=False)
    people = forms.MultipleChoiceField(
        label=gettext_lazy("And these"), required=False, widget=forms.CheckboxSelectMultiple
    )
    reason = forms.CharField(
        label=gettext_lazy("Why, if it asks less than the target path"),
        required=False,
        max_length=MAX_REASON,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, leaders: Mapping[str, tuple[Person, str]], **kwargs: Any) -> None:
        """leaders: by id, with the words that tell them."""
        super().__init__(*args, **kwargs)
        self.leaders = leaders
        offer_units(self, "below")
        month, people = self.fields["month"], self.fields["people"]
        assert isinstance(month, forms.ChoiceField)
        assert isinstance(people, forms.MultipleChoiceField)
        month.choices = [(str(number), format_date(date(2000, number, 1), "F")) for number in range(1, 13)]
        people.choices = [(pk, words) for pk, (_person, words) in leaders.items()]
        if len(leaders) > MOST_LISTED:
            del self.fields["people"]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not values.get("below") and not values.get("people") and not self.errors:
            self.add_error("below", _("Choose somebody, or a unit."))
        return values

    def save(self, plan: Plan, below: Iterable[Person], *, by: Membership, now: datetime) -> list[Copied]:
        """below: who leads what lies below the unit chosen."""
        values = self.cleaned_data
        chosen = [*(self.leaders[pk][0] for pk in values.get("people", ())), *below]
        people = list({person.pk: person for person in chosen}.values())
        starts_on = date(values["year"], int(values["month"]), 1)
        return copy_plan(plan, people, values["year"], starts_on=starts_on, by=by, now=now, reason=values["reason"])


def first_lines(offered: Offered) -> list[dict[str, str]]:
    """A line for each category; serving begins with the figure that stands first everywhere."""
    return [
        {
            "category": category.code,
            "weight": _FIRST_WEIGHT,
            "what": f"metric:{HEADLINE.key}" if category.is_serving else "",
        }
        for category in offered.categories
    ]


def lines_of_version(version: PlanVersion) -> list[dict[str, str]]:
    return [
        {
            "what": f"metric:{item.metric}" if item.metric in METRICS else f"measure:{item.what}",
            "category": item.category.code,
            "weight": _plain(item.weight),
            "floor": _plain(item.floor),
            "target": _plain(item.target) if item.target is not None else "",
        }
        for item in items_of(version)
    ]


def months_from(first: date, year: int) -> list[date]:
    """The months of a year from that of a day on."""
    return [month for number in range(1, 13) if (month := date(year, number, 1)) >= first.replace(day=1)]


def months_ahead(year: int, now: datetime) -> list[date]:
    """The months of a year that have not begun."""
    return [month for month in months_from(date(year, 1, 1), year) if month > day_of(now)]


def _plain(number: Decimal) -> str:
    """Without zeros behind the point, as a number field reads it in each language."""
    return f"{number.normalize():f}"
