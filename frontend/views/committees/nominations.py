"""Nominating a rule, and the triage desk."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from cso.committees.consequences import owner_for
from cso.committees.evidence import RECENTLY, evidence_of
from cso.committees.models import Nomination, RuleBreak
from cso.committees.nominations import visible_nominations
from cso.people.models import Unit
from cso.recovery.models import Case
from cso.recovery.queries import visible_cases
from cso.rules.models import Rule
from cso.rules.queries import similar_rules
from frontend.access import MemberRequest, for_members
from frontend.forms.base import answer_to, sent
from frontend.forms.committees.nominations import (
    DocketForm,
    ExternalLawForm,
    MergeForm,
    NominateForm,
    NoSuchRuleForm,
    QuickKillForm,
    TriageForm,
    WithdrawNominationForm,
)
from frontend.views.committees.acting import Act, act_on
from frontend.views.committees.tabs import section_tabs
from frontend.words.ballots import evidence_figures
from tenants.roles import Can

PAGE = 50
Status = Nomination.Status
WAITING = (Status.SUBMITTED, Status.TRIAGED)
STATES = {
    "waiting": (gettext_lazy("Waiting"), Q(status__in=WAITING)),
    "docketed": (gettext_lazy("On a docket"), Q(status=Status.DOCKETED)),
    "settled": (gettext_lazy("Settled"), ~Q(status__in=[*WAITING, Status.DOCKETED])),
}
ACTS = {
    "docket": Act(
        DocketForm,
        gettext_lazy("Put it before a committee"),
        gettext_lazy("Put it on the docket"),
        gettext_lazy("It is on the docket."),
    ),
    "merge": Act(
        MergeForm,
        gettext_lazy("It is the same as another"),
        gettext_lazy("Merge them"),
        gettext_lazy("Merged. Whoever nominated it goes on hearing about it."),
    ),
    "no-such-rule": Act(
        NoSuchRuleForm,
        gettext_lazy("There is no such rule"),
        gettext_lazy("Tell them so"),
        gettext_lazy("Told: there is no such rule, so nobody needs to follow it."),
    ),
    "external-law": Act(
        ExternalLawForm,
        gettext_lazy("The law asks for it"),
        gettext_lazy("Tell them so"),
        gettext_lazy("Told. A law cannot be killed, but how we say it can be made friendlier."),
    ),
    "withdraw": Act(
        WithdrawNominationForm, gettext_lazy("Take it back"), gettext_lazy("Take it back"), gettext_lazy("Taken back.")
    ),
    "quick-kill": Act(
        QuickKillForm,
        gettext_lazy("Kill it at once: its owner agrees, no ballot is needed"),
        gettext_lazy("Kill it"),
        gettext_lazy("The order is out. One dumb rule less soon."),
    ),
}
_NEEDS_A_RULE = frozenset({"docket", "external-law", "quick-kill"})


@for_members(Can.NOMINATE_RULE)
@require_http_methods(["GET", "HEAD", "POST"])
def nominate_rule(request: MemberRequest) -> HttpResponse:
    """One click and a sentence. What is like it is shown while typing; where no script runs, once before it counts."""
    case = _case(request)
    initial = {"words": request.GET.get("words", "")[:500], "rule": _uuid(request.GET.get("rule", ""))}
    like_url = reverse("rules_nominated_like", args=[request.tenant.slug])
    form = NominateForm(sent(request), initial=initial, like_url=like_url)
    context: dict[str, Any] = {"form": form, "case": case, "rule": _named_rule(form)}
    if _is_to_be_shown_what_is_like_it(request, form):
        context["similar"] = similar_rules(form.cleaned_data["words"])
        if context["similar"]:
            return render(request, "frontend/committees/nominate.html", context)

    def do() -> HttpResponse:
        made = form.save(by=request.member, now=request.now, case=case)
        messages.success(request, _("Thank you: it is on its way. We tell you what comes of it."))
        return redirect("nomination", request.tenant.slug, made.pk)

    return answer_to(form, do) or render(request, "frontend/committees/nominate.html", context)


@for_members(Can.NOMINATE_RULE)
@require_safe
def rules_like(request: MemberRequest) -> HttpResponse:
    """A part of the form above: the rules that may be meant."""
    words = request.GET.get("words", "")[:500]
    context = {"similar": similar_rules(words), "chosen": request.GET.get("rule", "")}
    return render(request, "frontend/committees/_like.html", context)


@for_members(Can.SEE_PEOPLE)
@require_safe
def nominations(request: MemberRequest) -> HttpResponse:
    """What is easiest and matters most stands first."""
    state = request.GET.get("state", "waiting")
    state = state if state in STATES else "waiting"
    visible = visible_nominations(request.member)
    found = _ranked(visible.filter(STATES[state][1]), request)
    counts = visible.aggregate(**{name: Count("id", filter=condition) for name, (_l, condition) in STATES.items()})
    chips = [
        (str(label), f"?state={name}", name == state, counts[name]) for name, (label, _condition) in STATES.items()
    ]
    rows = [_row(request, each) for each in found[:PAGE]]
    context = {
        "tabs": section_tabs(request, "nominations"),
        "chips": chips,
        "rows": rows,
        "left_out": max(0, counts[state] - len(rows)),
        "state": state,
        "may_triage": request.member.can(Can.TRIAGE_NOMINATIONS),
        "may_nominate": request.member.can(Can.NOMINATE_RULE),
    }
    return render(request, "frontend/committees/nominations.html", context)


@for_members(Can.SEE_PEOPLE)
@require_http_methods(["GET", "HEAD", "POST"])
def nomination(request: MemberRequest, nomination: UUID) -> HttpResponse:
    """One of them, with all that speaks for it; for the desk with ease and impact."""
    found = _visible(request, nomination)
    may_triage = request.member.can(Can.TRIAGE_NOMINATIONS) and found.status in WAITING
    form = TriageForm(sent(request), nomination=found) if may_triage else None
    context = {
        "nomination": found,
        "form": form,
        "state": status_badge(found),
        "figures": evidence_figures(evidence_of(found.rule, until=request.now)) if found.rule else [],
        "acts": [
            (str(ACTS[name].title), reverse(f"nomination_{name}", args=[request.tenant.slug, found.pk]))
            for name in _offered(request, found)
        ],
        "motions": found.motions.select_related("committee").order_by("-moved_at"),
        "merged": found.merged.select_related("member__user").order_by("submitted_at"),
    }

    def do() -> HttpResponse:
        assert form is not None
        form.save(by=request.member, now=request.now)
        messages.success(request, _("Kept. It stands in its place on the desk."))
        return redirect("nomination", request.tenant.slug, found.pk)

    page = answer_to(form, do) if form is not None else None
    return page or render(request, "frontend/committees/nomination.html", context)


@for_members(Can.SEE_PEOPLE)
@require_http_methods(["GET", "HEAD", "POST"])
def act_on_nomination(request: MemberRequest, nomination: UUID, act: str) -> HttpResponse:
    found = _visible(request, nomination)
    if act not in _offered(request, found):
        messages.info(request, _("This is settled, or not yours to decide."))
        return redirect("nomination", request.tenant.slug, found.pk)
    form = ACTS[act].form(sent(request), nomination=found)
    up = (reverse("nomination", args=[request.tenant.slug, found.pk]), _("The nomination"))
    return act_on(request, form, ACTS[act], up=up)


def status_badge(nomination: Nomination) -> tuple[str, str]:
    """Kind and words, see components/badge.html."""
    kind = {Status.SUBMITTED: "soon", Status.QUICK_KILLED: "fixed", Status.DECIDED: "fixed"}
    return kind.get(Status(nomination.status), ""), nomination.get_status_display()


def _offered(request: MemberRequest, nomination: Nomination) -> list[str]:
    if nomination.status not in Nomination.LIVE:
        return []
    if not request.member.can(Can.TRIAGE_NOMINATIONS):
        return ["withdraw"] if nomination.member_id == request.member.pk else []
    waits = nomination.status in WAITING
    names = [name for name in ACTS if nomination.rule_id or name not in _NEEDS_A_RULE]
    if not _owns(request, nomination):
        names = [name for name in names if name != "quick-kill"]
    return [name for name in names if waits or name in {"merge", "withdraw", "quick-kill"}]


def _owns(request: MemberRequest, nomination: Nomination) -> bool:
    """Whether the viewer answers for the rule, as its owner or as who leads its unit."""
    rule = nomination.rule
    unit = rule.unit if rule and rule.unit else Unit.objects.filter(parent=None).order_by("code").first()
    owner = owner_for(rule, unit, request.now) if rule and unit else None
    return owner is not None and owner.member_id == request.member.pk


def _visible(request: MemberRequest, pk: UUID) -> Nomination:
    known = visible_nominations(request.member).select_related(
        "rule__owner", "rule__unit", "member__user", "committee", "merged_into", "case", "triaged_by__user", "unit"
    )
    return get_object_or_404(known, pk=pk)


def _ranked(found: QuerySet[Nomination], request: MemberRequest) -> QuerySet[Any]:
    """The easiest with the most impact first, with the evidence of their rules, live."""
    since = request.now - RECENTLY
    cases = Case.objects.filter(quoted_rule=OuterRef("rule"), clock_start__gt=since, is_valid=True)
    breaks = RuleBreak.objects.filter(rule=OuterRef("rule"), broken_at__gt=since)
    ranked = found.select_related("rule", "member__user", "committee").annotate(
        rank=F("ease") * F("impact"),
        cases=_count(cases, "quoted_rule"),
        breaks=_count(breaks, "rule"),
        others=_count(Nomination.objects.filter(merged_into=OuterRef("pk")), "merged_into"),
    )
    return ranked.order_by(F("rank").desc(nulls_first=True), "-cases", "submitted_at", "id")


def _count(rows: QuerySet[Any], by: str) -> Coalesce:
    times = rows.order_by().values(by).annotate(times=Count("*")).values("times")
    return Coalesce(Subquery(times), 0, output_field=IntegerField())


def _row(request: MemberRequest, nomination: Any) -> dict[str, Any]:
    kind, words = status_badge(nomination)
    return {
        "url": reverse("nomination", args=[request.tenant.slug, nomination.pk]),
        "words": nomination.words,
        "rule": nomination.rule.title if nomination.rule else "",
        "by": nomination.member.label if nomination.member else nomination.get_source_display(),
        "at": nomination.submitted_at,
        "kind": kind,
        "state": words,
        "ease": nomination.ease,
        "impact": nomination.impact,
        "cases": nomination.cases,
        "breaks": nomination.breaks,
        "others": nomination.others,
        "committee": nomination.committee.name if nomination.committee else "",
    }


def _is_to_be_shown_what_is_like_it(request: MemberRequest, form: NominateForm) -> bool:
    if not (form.is_bound and form.is_valid()) or "seen" in request.POST:
        return False
    return form.cleaned_data["rule"] is None


def _named_rule(form: NominateForm) -> Any:
    """The rule that the link named, where there is one."""
    pk = _uuid(str(form["rule"].value() or ""))
    return Rule.objects.filter(pk=pk).first() if pk else None


def _case(request: MemberRequest) -> Case | None:
    """The case that the link came from, as far as the member may see it."""
    pk = _uuid(request.GET.get("case", ""))
    return visible_cases(request.member).filter(pk=pk).first() if pk else None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
