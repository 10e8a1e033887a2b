"""What plans are made of: categories, and figures that others count, with what was told of each."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cso.errors import DomainError
from cso.scorecards.models import Category, Measure, MeasureFigure
from cso.scorecards.plans.categories import retire_category
from cso.scorecards.plans.measures import FigureOutcome, figures_in_force
from frontend.access import MemberRequest, for_members
from frontend.forms.base import answer_to, sent
from frontend.forms.measures import CategoryForm, FigureForm, FiguresFileForm, MeasureForm, NewCategoryForm
from frontend.rows.told_lines import told_lines
from frontend.views.form_page import form_page
from frontend.words.figures import number
from frontend.words.scores import amount_words
from tenants.roles import Can

FIGURES_SHOWN = 50


@for_members(Can.SEE_SCORECARD)
@require_safe
def measures(request: MemberRequest) -> HttpResponse:
    context = {
        "categories": Category.objects.order_by("retired_at", "position", "code"),
        "measures": Measure.objects.order_by("name", "code"),
        "may_set": request.member.can(Can.SET_PLANS),
        "may_tell": request.member.can(Can.RECORD_FIGURES),
    }
    return render(request, "frontend/scorecard/measures.html", context)


@for_members(Can.SEE_SCORECARD)
@require_safe
def measure(request: MemberRequest, measure: UUID) -> HttpResponse:
    """All figures that were told, the last first; of each unit and month, one is in force."""
    found = get_object_or_404(Measure, pk=measure)
    page = _page_number(request)
    first = (page - 1) * FIGURES_SHOWN
    told = found.figures.select_related("unit", "recorded_by__user", "api_key").order_by("-recorded_at", "-id")
    shown = list(told[first : first + FIGURES_SHOWN + 1])
    counts = {figure.pk for figure in figures_in_force(shown).values()}
    context = {
        "measure": found,
        "figures": [_figure_row(found, figure, figure.pk in counts) for figure in shown[:FIGURES_SHOWN]],
        "first_url": "?page=1" if page > 1 else "",
        "next_url": f"?page={page + 1}" if len(shown) > FIGURES_SHOWN else "",
        "may_tell": request.member.can(Can.RECORD_FIGURES),
    }
    return render(request, "frontend/scorecard/measure.html", context)


@for_members(Can.SET_PLANS)
@require_http_methods(["GET", "HEAD", "POST"])
def define(request: MemberRequest) -> HttpResponse:
    form = MeasureForm(sent(request))

    def do() -> HttpResponse:
        made = form.save(by=request.member)
        messages.success(request, _("Defined. Plans may rest on it now."))
        return redirect("measure", request.tenant.slug, made.pk)

    title = _("Define a figure that others count")
    return answer_to(form, do) or form_page(request, form, title=title, submit=_("Define it"), up=_up(request))


@for_members(Can.RECORD_FIGURES)
@require_http_methods(["GET", "HEAD", "POST"])
def tell(request: MemberRequest, measure: UUID) -> HttpResponse:
    """A figure told anew is in force from then on; what was told before stays readable."""
    found = get_object_or_404(Measure, pk=measure)
    form = FigureForm(sent(request), measure=found, initial={"as_of": request.now, "source": found.source})

    def do() -> HttpResponse:
        outcome = form.save(by=request.member, now=request.now)
        is_new = outcome.status == "recorded"
        messages.success(request, _("Recorded. Scores follow within seconds.") if is_new else _("It says so already."))
        return redirect("measure", request.tenant.slug, found.pk)

    up = (reverse("measure", args=[request.tenant.slug, found.pk]), found.name)
    title = _("Tell a figure of “%(measure)s”") % {"measure": found.name}
    return answer_to(form, do) or form_page(request, form, title=title, submit=_("Record it"), up=up)


@for_members(Can.RECORD_FIGURES)
@require_http_methods(["GET", "HEAD", "POST"])
def load_figures(request: MemberRequest) -> HttpResponse:
    """Each line is recorded or refused by itself; sent again, what was recorded stays as it is."""
    form = FiguresFileForm(sent(request), request.FILES or None)

    def do() -> HttpResponse:
        outcomes = form.save(by=request.member, now=request.now, zone=request.tenant.zone)
        return render(request, template, {"form": form} | _told(outcomes))

    template = "frontend/scorecard/load_figures.html"
    return answer_to(form, do) or render(request, template, {"form": form})


@for_members(Can.SET_PLANS)
@require_http_methods(["GET", "HEAD", "POST"])
def new_category(request: MemberRequest) -> HttpResponse:
    form = NewCategoryForm(sent(request))
    return _kept(request, form, lambda: form.save(by=request.member), _("Add a category"))


@for_members(Can.SET_PLANS)
@require_http_methods(["GET", "HEAD", "POST"])
def change_category(request: MemberRequest, category: UUID) -> HttpResponse:
    found = get_object_or_404(Category, pk=category)
    form = CategoryForm(sent(request), initial={"name": found.name})
    title = _("Rename “%(category)s”") % {"category": found.name}
    return _kept(request, form, lambda: form.save(found, by=request.member), title)


@for_members(Can.SET_PLANS)
@require_POST
def retire(request: MemberRequest, category: UUID) -> HttpResponse:
    """Plans that use it stay as they are."""
    found = get_object_or_404(Category, pk=category)
    try:
        retire_category(found, by=request.member, now=request.now)
        messages.success(request, _("No further plan uses “%(category)s”.") % {"category": found.name})
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("measures", request.tenant.slug)


def _kept(request: MemberRequest, form: forms.Form, save: Any, title: str) -> HttpResponse:
    def do() -> HttpResponse:
        save()
        messages.success(request, _("Saved."))
        return redirect("measures", request.tenant.slug)

    return answer_to(form, do) or form_page(request, form, title=title, submit=_("Save"), up=_up(request))


def _up(request: MemberRequest) -> tuple[str, str]:
    return reverse("measures", args=[request.tenant.slug]), _("What plans are made of")


def _page_number(request: MemberRequest) -> int:
    text = request.GET.get("page", "1")
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 10_000):
        raise Http404
    return int(text)


def _figure_row(measure: Measure, figure: MeasureFigure, counts: bool) -> dict[str, Any]:
    parts = [amount_words(Fraction(part)) for part in (figure.numerator, figure.denominator)]
    teller = figure.recorded_by or figure.api_key
    value = Fraction(figure.numerator) / Fraction(figure.denominator)
    return {
        "figure": figure,
        "value": f"{amount_words(value)} {measure.unit_word}".strip(),
        "of": "" if figure.denominator == 1 else _("%(part)s / %(all)s") % {"part": parts[0], "all": parts[1]},
        "counts": counts,
        "teller": teller.label if teller else "",
    }


def _told(outcomes: Sequence[FigureOutcome]) -> dict[str, Any]:
    new, known = (sum(each.status == status for each in outcomes) for status in ("recorded", "unchanged"))
    words = [ngettext("%(n)s figure was recorded.", "%(n)s figures were recorded.", new) % {"n": number(new)}]
    if known:
        words.append(ngettext("%(n)s was there already.", "%(n)s were there already.", known) % {"n": number(known)})
    return told_lines(words, outcomes)
