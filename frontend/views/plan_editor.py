"""Plans as they are made: whose, the lines of a version with what they weigh, and copies for many leaders at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from cso.errors import InvalidFieldsError
from cso.languages import labelled
from cso.people.models import Leadership, Person, Unit
from cso.people.queries import leaderships_between
from cso.scorecards.models import Plan, PlanVersion
from cso.scorecards.plans.items import Item, check_items, weights_of
from cso.scorecards.plans.versions import Copied, easier_than, version_at, visible_plans, with_versions
from frontend.access import MemberRequest, for_members
from frontend.forms.base import answer_to, sent
from frontend.forms.plans import (
    FIELDS,
    ROWS_AT_ONCE,
    ChangePlanForm,
    CopyPlanForm,
    ItemsForm,
    NewPlanForm,
    Offered,
    StartPlanForm,
    first_lines,
    lines_of_version,
    lines_sent,
    months_ahead,
    months_from,
)
from frontend.views.form_page import form_page
from frontend.words.scores import amount_words, what_words
from tenants.roles import Can
from tenants.scope import day_of

# From which plans a new one may start: those of the last years.
MOST_STARTS = 500


@for_members(Can.SET_PLANS)
@require_http_methods(["GET", "HEAD", "POST"])
def new_plan(request: MemberRequest) -> HttpResponse:
    """Whose plan it is and where it starts lives in the query; without that, it is asked."""
    today = day_of(request.now)
    known = Plan.objects.filter(year__gte=today.year - 1).select_related("person", "unit")
    plans = list(known.order_by("unit__name", "person__name", "-year", "id")[:MOST_STARTS])
    start = StartPlanForm(request.GET if "unit" in request.GET else None, plans=plans, initial={"year": today.year})
    led = _led_in(start) if start.is_bound and start.is_valid() else []
    if not led:
        return _ask_whose(request, start)
    unit, year = start.cleaned_data["unit"], start.cleaned_data["year"]
    copied = start.cleaned_data["start"]
    version = list(_with_versions(copied.plan).versions.all())[-1] if copied else None
    offered = Offered.now(_codes(version))
    lines = lines_of_version(version) if version else first_lines(offered)
    people = {each.person_id: each.person for each in led}
    months = months_from(date(year, 1, 1), year)
    ahead = months_ahead(year, request.now)
    chosen = {"person": _asked(people, request) or led[-1].person, "starts_on": (ahead or months)[0].isoformat()}
    options: dict[str, Any] = {"offered": offered, "months": months, "people": list(people.values())}
    form = NewPlanForm(_sent(request), lines=_lines(request, lines), initial=chosen, **options)

    def do() -> HttpResponse:
        made = form.save(unit, year, by=request.member, now=request.now)
        messages.success(request, _("The plan is made. %(name)s can read it now.") % {"name": made.plan.person.name})
        return redirect("plan", request.tenant.slug, made.plan_id)

    words = {"unit": unit.name, "year": year}
    page = {"title": _("A plan for %(unit)s, %(year)s") % words, "submit": _("Make the plan")}
    up = (reverse("new_plan", args=[request.tenant.slug]), _("Make a plan"))
    return answer_to(form, do) or _editor(
        request, form, None, reverse("check_plan", args=[request.tenant.slug]), up, page
    )


@for_members(Can.SET_PLANS)
@require_http_methods(["GET", "HEAD", "POST"])
def change_plan(request: MemberRequest, plan: UUID) -> HttpResponse:
    """The next version, from a month on that has not begun; it starts as what is in force then."""
    here = _one(request, plan)
    slug = request.tenant.slug
    form, version = _next_version(request, here)

    def do() -> HttpResponse:
        made = form.save(here, by=request.member, now=request.now)
        messages.success(request, _("Version %(n)s is kept.") % {"n": made.number})
        return redirect("plan", slug, here.pk)

    words = {"name": here.person.name, "unit": here.unit.name, "year": here.year, "n": version.number}
    page = {
        "title": _("Change the plan of %(name)s") % words,
        "sub": _("%(unit)s, %(year)s. What stands here is version %(n)s.") % words,
        "submit": _("Keep the next version"),
    }
    up = (reverse("plan", args=[slug, here.pk]), here.person.name)
    return answer_to(form, do) or _editor(
        request, form, here, reverse("check_plan_change", args=[slug, here.pk]), up, page
    )


@for_members(Can.SET_PLANS)
@require_POST
def check_plan(request: MemberRequest, plan: UUID | None = None) -> HttpResponse:
    """A part of the editor: what the lines weigh as they are typed, what would be refused, and what would be easier."""
    here = _one(request, plan) if plan else None
    offered = Offered.now(_codes(version_at(list(here.versions.all()), date(here.year, 12, 1))) if here else ())
    year = here.year if here else _year(request.POST.get("starts_on", ""))
    form = ItemsForm(request.POST, offered=offered, months=months_from(date(year, 1, 1), year))
    return render(request, "frontend/scorecard/_balance.html", {"balance": _balance(form, here)})


@for_members(Can.SET_PLANS)
@require_http_methods(["GET", "HEAD", "POST"])
def copy_plan(request: MemberRequest, plan: UUID) -> HttpResponse:
    """The items of the last version, to many leaders at once; what became of each is said."""
    here = _one(request, plan)
    today = day_of(request.now)
    led = Leadership.objects.filter(starts_on__lte=date(today.year + 1, 12, 31)).exclude(ends_on__lte=today)
    leaders = {
        str(each.person_id): (each.person, f"{each.person.name}, {each.unit.name}")
        for each in led.exclude(person=here.person_id)
        .select_related("person", "unit")
        .order_by("-unit__name", "-person__name", "id")
    }
    shown = dict(reversed(leaders.items()))
    form = CopyPlanForm(sent(request), leaders=shown, initial={"year": here.year, "month": "1"})

    def do() -> HttpResponse:
        below = _leaders_below(form.cleaned_data["below"], form.cleaned_data["year"])
        copied = form.save(here, below, by=request.member, now=request.now)
        return render(request, "frontend/scorecard/copied.html", {"plan": here} | _told(copied))

    up = (reverse("plan", args=[request.tenant.slug, here.pk]), here.person.name)
    title = _("Copy the plan of %(name)s") % {"name": here.person.name}
    return answer_to(form, do) or form_page(request, form, title=title, submit=_("Copy it"), up=up)


def _ask_whose(request: MemberRequest, start: StartPlanForm) -> HttpResponse:
    slug = request.tenant.slug
    context = {
        "form": start,
        "title": _("Make a plan"),
        "up_url": reverse("plans", args=[slug]),
        "up_label": _("Plans"),
    }
    return render(request, "frontend/scorecard/start_plan.html", context)


def _led_in(start: StartPlanForm) -> list[Leadership]:
    """Who leads the unit in the year, by their start; nobody is an error of the form."""
    unit, year = start.cleaned_data["unit"], start.cleaned_data["year"]
    led = list(leaderships_between(date(year, 1, 1), date(year + 1, 1, 1), [unit.pk]))
    if not led:
        start.add_error("unit", _("Nobody leads %(unit)s in %(year)s.") % {"unit": unit.name, "year": year})
    return led


def _asked(people: Mapping[UUID, Person], request: MemberRequest) -> Person | None:
    return next((person for pk, person in people.items() if str(pk) == request.GET.get("person")), None)


def _next_version(request: MemberRequest, plan: Plan) -> tuple[ChangePlanForm, PlanVersion]:
    months = months_ahead(plan.year, request.now)
    version = version_at(list(plan.versions.all()), months[0] if months else date(plan.year, 12, 1))
    offered, lines = Offered.now(_codes(version)), lines_of_version(version)
    return ChangePlanForm(_sent(request), offered=offered, months=months, lines=_lines(request, lines)), version


def _editor(
    request: MemberRequest,
    form: ItemsForm,
    plan: Plan | None,
    check_url: str,
    up: tuple[str, str],
    page: dict[str, str],
) -> HttpResponse:
    context = {
        "form": form,
        "check_url": check_url,
        "balance": _balance(form if form.is_bound else _as_sent(form), plan),
        "up_url": up[0],
        "up_label": up[1],
    }
    return render(request, "frontend/scorecard/edit_plan.html", context | page)


def _as_sent(form: ItemsForm) -> ItemsForm:
    """The form as if it were sent as it stands, to look at what its lines weigh."""
    months = [date.fromisoformat(month) for month, _words in form.fields["starts_on"].choices]  # type: ignore[attr-defined]
    return ItemsForm(form.as_sent(), offered=form.offered, months=months)


def _sent(request: MemberRequest) -> Any:
    """What is to be kept; nothing while only more lines are asked for."""
    return None if "more" in request.POST else sent(request)


def _lines(request: MemberRequest, lines: Sequence[Mapping[str, str]]) -> Sequence[Mapping[str, str]]:
    """What stands in the lines: what was sent, where more of them are asked for."""
    if "more" not in request.POST:
        return lines
    numbers = range(lines_sent(request.POST, ROWS_AT_ONCE))
    return [{name: request.POST.get(f"{name}_{number}", "") for name in FIELDS} for number in numbers]


def _balance(form: ItemsForm, plan: Plan | None) -> dict[str, Any]:
    """What the lines that can be read weigh by category, why they would be refused, and what would ask less."""
    form.is_valid()
    numbered = form.items()
    items = list(numbered.values())
    weights = weights_of(items)
    serving = next((weight for category, weight in weights.items() if category.is_serving), None)
    found: dict[str, Any] = {
        "weights": [(category.name, amount_words(Fraction(weight))) for category, weight in weights.items()],
        "is_balanced": bool(weights) and set(weights.values()) == {serving},
        "refused": [],
        "easier": [],
    }
    if "starts_on" not in form.cleaned_data or not items:
        return found
    try:
        check_items(items, form.starts())
    except InvalidFieldsError as error:
        found["refused"] = [_refusal(each.field, each.message, items) for each in error.errors]
    else:
        found["easier"] = easier_than(plan, items, form.starts())
    return found


def _refusal(field: str, message: str, items: Sequence[Item]) -> str:
    place = field.removeprefix("items.").partition(".")[0]
    if not field.startswith("items.") or not place.isdecimal():
        return message
    item = items[int(place)]
    return labelled(what_words(item.metric, item.measure), message)


def _one(request: MemberRequest, plan: UUID) -> Plan:
    """With its versions and their items."""
    found = next(iter(with_versions(visible_plans(request.member).filter(pk=plan))), None)
    if found is None:
        raise Http404
    return found


def _with_versions(plan: Plan) -> Plan:
    return with_versions(Plan.objects.filter(pk=plan.pk))[0]


def _codes(version: PlanVersion | None) -> set[str]:
    return {item.category.code for item in version.items.all()} if version else set()


def _year(month: str) -> int:
    return int(month[:4]) if month[:4].isdecimal() and len(month) == len("2026-01-01") else 2000


def _leaders_below(unit: Unit | None, year: int) -> list[Person]:
    """Who leads a unit below this one in a year."""
    if unit is None:
        return []
    below = list(Unit.objects.filter(above__ancestor=unit).exclude(pk=unit.pk).values_list("pk", flat=True))
    return [each.person for each in leaderships_between(date(year, 1, 1), date(year + 1, 1, 1), below)]


def _told(copied: Sequence[Copied]) -> dict[str, Any]:
    """`done`, a sentence, and `rows`: who, where, what became of it, and the address of the plan."""
    made = [each for each in copied if each.status == "copied"]
    words = ngettext("%(n)s plan was made.", "%(n)s plans were made.", len(made)) % {"n": len(made)}
    said = {
        "copied": _("has the plan now"),
        "has_a_plan": _("has a plan already, which stays"),
        "leads_nothing": _("leads no unit in that year"),
    }
    rows = [
        {
            "name": each.person.name,
            "unit": each.unit.name if each.unit else "",
            "said": said[each.status],
            "plan": each.version.plan_id if each.version else None,
        }
        for each in copied
    ]
    return {"done": words, "rows": rows}
