"""What leaders are scored by: the plans of a year, and one of them with its score, its past and its versions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from cso.errors import DomainError
from cso.metrics.periods import Period, parse_period, period_of, status
from cso.metrics.queries.doubts import doubts
from cso.scorecards.models import Plan, PlanVersion, ScoreSnapshot
from cso.scorecards.plans.versions import acknowledge_plan, plan_with_versions, visible_plans
from cso.scorecards.scores.counting import Score, score_plans
from cso.scorecards.scores.interventions import interventions
from cso.scorecards.scores.restating import cases_restated
from cso.scorecards.scores.snapshots import Restated, restatements_of, snapshots_of
from cso.scorecards.scores.tables import ScoreTable, scores_of
from cso.scorecards.scores.why import why_of
from frontend.access import MemberRequest, for_members
from frontend.forms.base import PortalForm, local_time
from frontend.periods import scored_period
from frontend.rows.interventions import Told, intervention_words
from frontend.rows.plan_versions import Known, known_of, version_rows
from frontend.views.plan_files import exports
from frontend.views.scorecard_tabs import section_tabs
from frontend.words.figures import number, part_words, period_words
from frontend.words.notices import Notice, doubt_notices
from frontend.words.reasons import why_words
from frontend.words.scores import (
    Line,
    amount_words,
    bar_width,
    behind_of,
    by_category,
    line_seen,
    lines_of,
    lines_seen,
    score_words,
    state_sentence,
)
from tenants.roles import Can
from tenants.scope import current_tenant

# Of a score that was restated more often, the last ones are told with their cases; the API has them all.
MOST_RESTATED = 3
Chip = tuple[str, str, bool, None]


class SeenForm(PortalForm):
    """At which instant: what did the board see then?"""

    at = local_time(label=gettext_lazy("As it was seen at"), required=False)


@for_members()
@require_safe
def plans(request: MemberRequest) -> HttpResponse:
    """The scores of a period by unit; never by score, for few cases rank nobody."""
    period = scored_period(request) or period_of(request.now, "year", request.tenant.zone)
    [table] = scores_of(request.member, [period], now=request.now)
    scores = sorted(table.scores, key=lambda score: (score.plan.unit.name, score.plan.person.name))
    unread = sum(_last(score.plan).read_at is None for score in scores)
    here = reverse("plans", args=[request.tenant.slug])
    context = {
        "title": _plans_title(period, table),
        "sub": _plans_sub(table, unread),
        "tabs": section_tabs(request, "plans"),
        "sees_all": request.member.can(Can.SEE_SCORECARD),
        "periods": _chips(here, period, request.now, years=(period.first.year - 1,)),
        "state": state_sentence(status(period, request.now, request.tenant.zone), period, (), None),
        "rows": [_plan_row(score) for score in scores],
        "unplanned": table.unplanned,
        "year": period.first.year,
        "exports": exports(request, period),
        "may_make": request.member.can(Can.SET_PLANS),
        **_plans_act(request),
    }
    return render(request, "frontend/scorecard/plans.html", context)


def _plans_act(request: MemberRequest) -> dict[str, str]:
    """The button of the page's head, for whoever makes plans."""
    if not request.member.can(Can.SET_PLANS):
        return {}
    return {"action_url": reverse("new_plan", args=[request.tenant.slug]), "action_label": _("Make a plan")}


@for_members()
@require_safe
def plan(request: MemberRequest, plan: UUID) -> HttpResponse:
    here = plan_with_versions(request.member, plan)
    if here is None:
        raise Http404
    period = scored_period(request) or Period("year", _year(here).first)
    if period.first.year != here.year:
        raise Http404
    score = next(iter(score_plans([here], [period], now=request.now)), None)
    is_final = status(period, request.now, request.tenant.zone) == "final"
    restated = restatements_of(here, period) if is_final else []
    form = SeenForm(request.GET if request.GET.get("at") else None)
    known = known_of(here)
    address = reverse("plan", args=[request.tenant.slug, here.pk])
    context = {
        "plan": here,
        "period": period,
        "title": _title(here, score, period),
        "sub": _sub(here, score, period),
        "periods": _chips(address, period, request.now),
        "state": _state(score, restated),
        "score": _score(score),
        "whys": _whys(score, request.now),
        "notices": _doubts(score),
        "by_hand": _by_hand(request, score),
        "form": form,
        "seen": _seen(here, period, form, known),
        "restated": [_restated(request, each, here, known) for each in reversed(restated[-MOST_RESTATED:])],
        "versions": version_rows(here, request.member),
        "may_change": request.member.can(Can.SET_PLANS),
        "exports": exports(request, period, here.pk),
    }
    return render(request, "frontend/scorecard/plan.html", context)


def _doubts(score: Score | None) -> list[Notice]:
    """The figures by which this score may be wrong; nothing is asked where none of the workspace is in doubt."""
    if score is None or not score.is_in_doubt:
        return []
    metrics = [item.metric for item in score.items if item.metric]
    return doubt_notices(doubts(metrics, [score.plan.unit_id], [score.period]))


@for_members()
@require_POST
def acknowledge(request: MemberRequest, version: UUID) -> HttpResponse:
    """The leader says that they have read it; sent twice, it is said once."""
    seen = visible_plans(request.member).values_list("pk", flat=True)
    read = get_object_or_404(
        PlanVersion.objects.select_related("plan__person", "plan__unit"), pk=version, plan__in=seen
    )
    try:
        acknowledge_plan(read, by=request.member)
        messages.success(request, _("Noted: you have read version %(n)s.") % {"n": read.number})
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("plan", request.tenant.slug, read.plan_id)


def _year(plan: Plan) -> Period:
    return parse_period(str(plan.year))


def _chips(here: str, chosen: Period, now: datetime, *, years: Sequence[int] = ()) -> list[Chip]:
    """The year, its quarters, and the months of the chosen quarter (else of the last), as far as they have begun."""
    zone = current_tenant().zone
    year = chosen if chosen.grain == "year" else parse_period(str(chosen.first.year))
    quarters = _within("quarter", year, now)
    quarter = next((each for each in quarters if each.first <= chosen.first < each.after), None)
    if chosen.grain == "year":
        quarter = quarters[-1] if quarters else None
    found = [parse_period(str(each)) for each in years]
    found += [year, *quarters, *(_within("month", quarter, now) if quarter else [])]
    if years and year.next().bounds(zone)[0] <= now:
        found.append(year.next())
    return [(period_words(each), f"{here}?period={each.key}", each == chosen, None) for each in found]


def _within(grain: Any, whole: Period, now: datetime) -> list[Period]:
    found, period = [], Period(grain, whole.first)
    while period.first < whole.after and period.bounds(current_tenant().zone)[0] <= now:
        found.append(period)
        period = period.next()
    return found


def _last(plan: Plan) -> PlanVersion:
    return list(plan.versions.all())[-1]


def _plans_title(period: Period, table: ScoreTable) -> str:
    words = {"n": len(table.scores), "period": period_words(period), "incomplete": table.incomplete}
    if not table.scores:
        return _("No plan is scored for %(period)s") % words
    if table.incomplete:
        title = ngettext(
            "%(n)s plan is scored for %(period)s, %(incomplete)s incomplete",
            "%(n)s plans are scored for %(period)s, %(incomplete)s incomplete",
            len(table.scores),
        )
    else:
        title = ngettext(
            "%(n)s plan is scored for %(period)s", "%(n)s plans are scored for %(period)s", len(table.scores)
        )
    return title % words


def _plans_sub(table: ScoreTable, unread: int) -> str:
    said = []
    if table.rolled_up is not None:
        said.append(_("On average %(score)s of 100.") % {"score": score_words(table.rolled_up)})
    elif table.between:
        low, high = (amount_words(each) for each in table.between)
        said.append(
            _("On average between %(low)s and %(high)s, as the incomplete ones turn out.") % {"low": low, "high": high}
        )
    if unread:
        words = ngettext(
            "%(n)s leader has not said that they have read their plan.",
            "%(n)s leaders have not said that they have read their plan.",
            unread,
        )
        said.append(words % {"n": unread})
    return " ".join(said)


def _plan_row(score: Score) -> dict[str, Any]:
    url = reverse("plan", args=[current_tenant().slug, score.plan.pk])
    return {
        "name": score.plan.person.name,
        "unit": score.plan.unit.name,
        "tenure": part_words(score.span.since, score.span.until),
        "url": f"{url}?period={score.period.key}",
        "score": score_words(score.value),
        "is_complete": score.value is not None,
        "width": bar_width(score.value),
        "lacking": ", ".join(line.name for line in lines_of(score) if line.lacks),
        "categories": [(category.name, score_words(value)) for category, value in score.by_category],
        "version": _last(score.plan).number,
        "read_at": _last(score.plan).read_at,
    }


def _title(plan: Plan, score: Score | None, period: Period) -> str:
    words = {"name": plan.person.name, "period": period_words(period)}
    if score is None:
        return _("%(name)s is not scored for %(period)s") % words
    if score.value is None:
        return _("%(name)s, %(period)s: incomplete") % words
    return _("%(name)s, %(period)s: %(score)s of 100") % {**words, "score": score_words(score.value)}


def _sub(plan: Plan, score: Score | None, period: Period) -> str:
    part = part_words(score.span.since, score.span.until) if score else ""
    where = f"{plan.unit.name}, {part}." if part else f"{plan.unit.name}."
    if score is None:
        return where
    return f"{where} {_('Scored by version %(n)s of the plan.') % {'n': score.version.number}}"


def _state(score: Score | None, restated: Sequence[Restated]) -> dict[str, str]:
    if score is None:
        return {
            "tone": "chance",
            "lead": _("No score."),
            "text": _("The plan began later, its leader led on no day of the period, or it has not begun."),
        }
    lacking = [line.name for line in lines_of(score) if line.lacks]
    return state_sentence(score.status, score.period, lacking, restated[-1].after.as_of if restated else None)


def _score(score: Score | None) -> dict[str, Any]:
    """The whole and its categories; empty without a score."""
    if score is None:
        return {}
    values = {category.name: value for category, value in score.by_category}
    excluded = score.excluded.numerator
    return {
        "value": score_words(score.value),
        "is_complete": score.value is not None,
        "width": bar_width(score.value),
        "categories": [
            each | {"score": score_words(values[each["name"]]), "width": bar_width(values[each["name"]])}
            for each in by_category(lines_of(score))
        ],
        "excluded": number(excluded) if excluded else "",
        "excluded_url": behind_of(score.excluded.metric.key, "numerator", score.plan.unit_id, score.span),
        "made_late": score.version.made_at if score.has_begun_late else None,
    }


def _whys(score: Score | None, now: datetime) -> list[dict[str, Any]]:
    """Why targets were missed, by figure, for components/why.html."""
    if score is None:
        return []
    span, unit = score.span, score.plan.unit_id
    [found] = why_of([score], now=now)
    return [
        {"name": item.metric.name}
        | why_words(why, item.metric, span.period, unit, span.since, span.until, opens=len(span.pieces) == 1)
        for item, why in found
        if item.metric is not None
    ]


def _by_hand(request: MemberRequest, score: Score | None) -> list[Told]:
    if score is None:
        return []
    found = interventions(request.member, score.plan.unit_id, score.span, now=request.now)
    return intervention_words(found, score.span)


def _seen(plan: Plan, period: Period, form: SeenForm, known: Known) -> dict[str, Any]:
    """What stood on this page at the instant asked for; empty where none was."""
    instant = form.cleaned_data.get("at") if form.is_bound and form.is_valid() else None
    if instant is None:
        return {}
    row = snapshots_of(plan, period).filter(as_of__lte=instant).select_related("version").first()
    if row is None:
        return {"at": instant}
    return {
        "at": instant,
        "value": score_words(row.score),
        "state": row.get_state_display(),
        "as_of": row.as_of,
        "version": row.version.number,
        "categories": by_category(lines_seen(row, *known)),
    }


def _restated(request: MemberRequest, restated: Restated, plan: Plan, known: Known) -> dict[str, Any]:
    """One change of a final score: before, after, why, and the cases behind it."""
    restated.after.plan = plan
    is_of_facts = restated.after.because == ScoreSnapshot.Because.FACTS
    cases = cases_restated(request.member, restated) if is_of_facts else []
    return {
        "at": restated.after.as_of,
        "before": score_words(restated.before.score),
        "after": score_words(restated.after.score),
        "why": restated.after.get_because_display(),
        "changes": [
            {
                "name": (after or before).name,  # type: ignore[union-attr]
                "before": _held(before),
                "after": _held(after),
            }
            for before, after in (
                tuple(line_seen(each, *known) if each else None for each in (change.before, change.after))
                for change in restated.changes
            )
        ],
        "cases": [
            (touched.case.reference, reverse("case", args=[current_tenant().slug, touched.case.pk]))
            for touched in cases
        ],
    }


def _held(line: Line | None) -> str:
    if line is None:
        return _("not part of it")
    row = line.row()
    return _("%(value)s, %(points)s points") % row
