"""What a closed wave says: the sentence, then the picture; what went right before what went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cso.panels.headlines import headlines
from cso.panels.models import Question, Wave
from cso.panels.permissions import visible_panels
from cso.panels.remarks import ReadRemark, read_remarks, remarks_of
from cso.panels.results import By, Part, QuestionResult, Results, response_rate, results_of
from cso.panels.scales import SCALES
from frontend.access import MemberRequest, for_members
from frontend.figures.panels import (
    breakdown_sentence,
    change_words,
    columns_picture,
    figure_words,
    headline_of,
    interval_of,
    mean_words,
    option_rows,
    part_rows,
    part_words,
    parts_axis,
    rate_words,
    score_words,
    sentence,
    shares_picture,
    sides,
    trend_of,
    unweighted_words,
    value_of,
    within_words,
)
from frontend.table import as_file
from frontend.words.figures import number
from tenants.roles import Can

QUOTES = 3
_FILES = (("CSV", "csv"), ("Excel", "xlsx"))
# The figure and its interval in points or per cent.
_COLUMNS = (
    "question",
    "kind",
    "touch_point",
    "text",
    "unit_code",
    "group",
    "answers",
    "figure",
    "low",
    "high",
    "mean",
    "counts",
)
CHIP = 36  # letters of a question on a button
BREAKDOWNS: tuple[By, ...] = ("all", "unit", "segment")
History = Sequence[tuple[Wave, Part | None]]


def results(request: MemberRequest, wave: Wave) -> HttpResponse:
    by = _chosen(request)
    found = results_of(request.member, wave, by=by)
    headline = headline_of(found.questions)
    context: dict[str, Any] = {
        "wave": wave,
        "title": sentence(headline, found.smallest_group),
        "k": found.smallest_group,
        "by": by,
        "tabs": result_tabs(request, wave, by),
        "exports": [(label, f"export.{kind}?{request.GET.urlencode()}") for label, kind in _FILES],
    }
    history = _history(wave)
    context["sub"] = _sub(request, found, headline, history)
    if by == "all":
        context |= {
            "right": _quotes(request, wave, praise=True),
            "wrong": _quotes(request, wave, praise=False),
            "headline": _headline(headline),
            "trend": trend_of(history),
            "questions": _questions(found, headline),
        }
    else:
        context |= _breakdown(request, found, headline)
    return render(request, "frontend/listening/results.html", context)


def result_tabs(request: MemberRequest, wave: Wave, current: str) -> list[tuple[str, str, bool, None]]:
    here = reverse("wave", args=[request.tenant.slug, wave.pk])
    pages = [
        ("all", _("All together"), here),
        ("unit", _("By unit"), f"{here}?by=unit"),
        ("segment", _("By group of customers"), f"{here}?by=segment"),
        ("remarks", _("In their words"), reverse("remarks", args=[request.tenant.slug, wave.pk])),
    ]
    return [(label, url, name == current, None) for name, label, url in pages]


def _chosen(request: MemberRequest) -> By:
    asked = request.GET.getlist("by") or ["all"]
    if len(asked) > 1 or asked[0] not in BREAKDOWNS:
        # Both at once would tell of too few people: see `cso.panels.results`.
        raise Http404
    return asked[0]


def _history(wave: Wave) -> History:
    """The closed waves of the panel up to this one, oldest first, each with its figure."""
    before = wave.panel.waves.filter(status=Wave.Status.CLOSED, closes_at__lte=wave.closes_at)
    waves = list(before.order_by("closes_at", "id"))
    figures = headlines(waves)
    return [(each, figures.get(each.pk)) for each in waves]


def _sub(request: MemberRequest, found: Results, headline: QuestionResult | None, history: History) -> str:
    """What the sentence rests on: how sure it is, how it stood before, who answered."""
    words = []
    if headline is not None and headline.whole is not None:
        words.append(_("Likely %(within)s.") % {"within": within_words(headline.whole)})
        before = next(((each, part) for each, part in reversed(history[:-1]) if part is not None), None)
        if before is not None and before[1] is not None:
            words.append(change_words(headline.whole, before[1], before[0].name)[0])
    if not found.wave.is_imported:
        words.append(rate_words(response_rate(request.member, found.wave)))
    elif headline is not None and headline.whole is not None:
        words.append(_("%(n)s answered.") % {"n": number(headline.whole.score.answers)})
    return " ".join(filter(None, words))


def _headline(result: QuestionResult | None) -> dict[str, Any] | None:
    if result is None or result.whole is None:
        return None
    return {
        "value": score_words(result.question.kind, float(value_of(result.whole))),
        "text": result.question.text_en,
        "within": within_words(result.whole),
        "answers": number(result.whole.score.answers),
        "picture": shares_picture(result),
        "sides": [(side.label, number(side.count), side.tone) for side in sides(result)],
        "unweighted": unweighted_words(result.whole),
        "columns": columns_picture(result),
    }


def _questions(found: Results, headline: QuestionResult | None) -> list[dict[str, Any]]:
    """All but the headline: what went right first, what went wrong last."""
    order = {Question.AsksFor.RIGHT: 0, Question.AsksFor.WRONG: 2}
    others = [each for each in found.questions if each is not headline and each.question.kind != Question.Kind.WORDS]
    others.sort(key=lambda each: order.get(Question.AsksFor(each.question.asks_for), 1))
    return [_question(each) for each in others]


def _question(result: QuestionResult) -> dict[str, Any]:
    """One question and what everybody said to it."""
    shown: dict[str, Any] = {"question": result.question, "is_shown": result.whole is not None}
    if result.whole is None:
        return shown
    shown["answers"] = number(result.whole.score.answers)
    if result.has_value:
        shown |= {"figure": figure_words(result.whole), "within": within_words(result.whole)}
    if result.question.kind == Question.Kind.CHOICE:
        return shown | {"options": option_rows(result)}
    return shown | {
        "picture": shares_picture(result),
        "columns": columns_picture(result),
        "mean": mean_words(result.whole),
    }


def _breakdown(request: MemberRequest, found: Results, headline: QuestionResult | None) -> dict[str, Any]:
    """One question by its groups; the others are a click away."""
    offered = [each for each in found.questions if each.has_value]
    chosen = next((each for each in offered if each.question.code == request.GET.get("q")), headline)
    if chosen is None and offered:
        chosen = offered[0]
    here = f"?by={found.by}&q="
    context: dict[str, Any] = {
        "chips": [(_short(each.question), here + each.question.code, each is chosen, None) for each in offered],
        "chosen": chosen,
    }
    if chosen is None or chosen.whole is None or not chosen.parts:
        return context
    rows = part_rows(chosen, by_unit=found.by == "unit")
    return context | {
        "rows": rows,
        "axis": parts_axis(chosen),
        "breakdown": breakdown_sentence(rows, by_unit=found.by == "unit"),
        "whole": part_words(chosen.whole),
    }


def _short(question: Question) -> str:
    """A question on a button: where it is about, else its own words."""
    return question.touch_point or Truncator(question.text_en).chars(CHIP)


def _quotes(request: MemberRequest, wave: Wave, *, praise: bool) -> list[ReadRemark]:
    """A few remarks, as everybody may read them: this page is shown in meetings. The others stand on their own."""
    found = remarks_of(request.member, wave, praise=praise).remarks.filter(is_held_back=False)
    if not praise:
        found = found.filter(question__asks_for=Question.AsksFor.WRONG)
    return read_remarks(request.member, wave, list(found[:QUOTES]), aloud=True)


@for_members(Can.SEE_RESULTS)
@require_safe
def export_results(request: MemberRequest, wave: UUID, kind: str) -> HttpResponseBase:
    """The figures that the page shows: of everybody to each question, or of the groups to one."""
    here = get_object_or_404(Wave.objects.select_related("panel", "unit"), pk=wave)
    get_object_or_404(visible_panels(request.member), pk=here.panel_id)
    if here.status != Wave.Status.CLOSED:
        raise Http404
    found = results_of(request.member, here, by=_chosen(request))
    if found.by == "all":
        shown = [each for each in found.questions if each.question.kind != Question.Kind.WORDS]
        rows = [_line(each.question, each.whole, each) for each in shown if each.whole is not None]
    else:
        chosen = _breakdown(request, found, headline_of(found.questions))["chosen"]
        rows = [_line(chosen.question, part, chosen) for part in chosen.parts] if chosen else []
    return as_file(request, kind, "results", _COLUMNS, rows)


def _line(question: Question, part: Part, result: QuestionResult) -> list[Any]:
    """A group's figures, as the page has them; counts by score or option."""
    score, within = part.score, interval_of(part)
    scale = SCALES.get(question.kind)
    names = [str(n) for n in range(scale[0], scale[1] + 1)] if scale else [each.code for each in result.options]
    counts = "; ".join(f"{name}={count}" for name, count in zip(names, score.counts, strict=False))
    figures: list[Any] = [None, None, None, None]
    if result.has_value:
        mean = part.weighted.mean if part.weighted else score.mean
        numbers = (value_of(part), within.low, within.high)
        figures = [*(_number(each * 100) for each in numbers), None if mean is None else _number(float(mean))]
    unit = part.unit.code if part.unit else ""
    return [
        question.code,
        question.kind,
        question.touch_point,
        question.text_en,
        unit,
        part.label,
        score.answers,
        *figures,
        counts,
    ]


def _number(value: float) -> Decimal:
    return Decimal(str(round(value, 4)))
