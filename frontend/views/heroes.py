"""Heroes: who served remarkably, by name, and celebrating them; out of a case in two clicks."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cso.errors import DomainError
from cso.people.models import Person
from cso.recognition.actions import may_withdraw, take_back, withdraw_recognition
from cso.recognition.models import Recognition
from cso.recognition.queries import counts_by_kind, recognised_for, recognitions, recognitions_behind
from cso.recovery.models import Case
from cso.recovery.queries import visible_cases
from cso.texts import as_uuid
from frontend.access import MemberRequest, for_members
from frontend.context import initials
from frontend.forms.base import answer_to, sent
from frontend.forms.heroes import CelebrateForm, HideForm
from frontend.views.form_page import form_page
from frontend.words.figures import number, span_words
from tenants.roles import Can

PAGE = 20


@for_members(Can.SEE_PEOPLE)
@require_safe
def heroes(request: MemberRequest) -> HttpResponse:
    """The feed, the newest first; of one kind, where one is chosen."""
    everybody = recognitions(request.member)
    counts = counts_by_kind(everybody)
    kind = request.GET.get("kind", "")
    found = everybody.filter(kind=kind) if kind in counts else everybody
    after = as_uuid(request.GET.get("after", ""))
    last = Recognition.objects.filter(pk=after).first() if after else None
    rows = list((recognitions_behind(found, last) if last else found)[: PAGE + 1])
    total = sum(counts.values())
    context = {
        "total": total,
        "chips": [
            (_("All"), "?", kind not in counts, number(total)),
            *(
                (str(label), f"?kind={value}", value == kind, number(counts[value]))
                for value, label in Recognition.Kind.choices
            ),
        ],
        "rows": [_row(request, each) for each in rows[:PAGE]],
        "next_query": _query(kind, rows[PAGE - 1]) if len(rows) > PAGE else "",
        "may_recognise": request.member.can(Can.RECOGNISE),
        "is_filtered": kind in counts,
    }
    return render(request, "frontend/heroes/heroes.html", context)


@for_members(Can.RECOGNISE)
@require_http_methods(["GET", "HEAD", "POST"])
def celebrate(request: MemberRequest) -> HttpResponse:
    """Somebody; where the address names a case, all that it tells stands in the form already."""
    case = _case(request)
    slug = request.tenant.slug
    form = CelebrateForm(sent(request), by=request.member, case=case, initial=_known(request, case) if case else None)

    def do() -> HttpResponse:
        made = form.save(by=request.member, now=request.now)
        words = _("%(name)s is celebrated.") % {"name": made.person.name}
        messages.success(request, words, extra_tags=reverse("take_back_hero", args=[slug, made.pk]))
        return redirect("heroes", slug)

    up = (
        (reverse("case", args=[slug, case.pk]), case.reference)
        if case
        else (reverse("heroes", args=[slug]), _("Heroes"))
    )
    return answer_to(form, do) or form_page(request, form, title=_("Celebrate a hero"), submit=_("Celebrate"), up=up)


@for_members(Can.SEE_PEOPLE)
@require_POST
def take_back_hero(request: MemberRequest, recognition: UUID) -> HttpResponse:
    """A slip, by who made it, just now."""
    found = get_object_or_404(recognitions(request.member), pk=recognition)
    try:
        take_back(found, by=request.member, now=request.now)
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("Taken back, as if it had never been."))
    return redirect("heroes", request.tenant.slug)


@for_members(Can.SEE_PEOPLE)
@require_http_methods(["GET", "HEAD", "POST"])
def hide_hero(request: MemberRequest, recognition: UUID) -> HttpResponse:
    """The hero does not want to be shown."""
    found = get_object_or_404(recognitions(request.member), pk=recognition)
    form = HideForm(sent(request))

    def do() -> HttpResponse:
        withdraw_recognition(found, by=request.member, now=request.now)
        messages.success(request, _("Nobody is shown it any more."))
        return redirect("heroes", request.tenant.slug)

    up = (reverse("heroes", args=[request.tenant.slug]), _("Heroes"))
    title = _("Show “%(what)s” no more?") % {"what": found.what}
    return answer_to(form, do) or form_page(request, form, title=title, submit=_("Show it no more"), up=up)


def celebrating(request: MemberRequest, case: Case) -> dict[str, Any]:
    """On a case's page, once it is fixed: `heroes`, whom it made, and `celebrate_url`, for who may make one."""
    if case.fixed_at is None or case.merged_into_id or not request.member.can(Can.SEE_PEOPLE):
        return {}
    made = recognised_for(request.member, Recognition.Source.CASE, [case.pk])
    url = f"{reverse('celebrate', args=[request.tenant.slug])}?case={case.pk}"
    return {
        "heroes": [each.person.name for each in made],
        "celebrate_url": url if request.member.can(Can.RECOGNISE) else "",
    }


def _known(request: MemberRequest, case: Case) -> dict[str, Any]:
    """Who had it, what they did, and what the customer wrote."""
    owner = (
        Person.objects.filter(member=case.owner_id).exclude(member=request.member).first() if case.owner_id else None
    )
    took = _("Put it right in %(time)s: “%(summary)s”.")
    fixed = took % {"time": span_words(case.seconds_to_recover), "summary": case.summary} if case.summary else ""
    words = case.answers.exclude(words="").order_by("-at", "-id").values_list("words", flat=True).first()
    return {
        "person": owner,
        "kind": Recognition.Kind.RECOVERY,
        "what": " ".join(filter(None, [fixed, case.given_surprise]))[:500],
        "customer_words": (words or "")[:500],
    }


def _case(request: MemberRequest) -> Case | None:
    wished = as_uuid(request.GET.get("case", ""))
    return get_object_or_404(visible_cases(request.member), pk=wished, fixed_at__isnull=False) if wished else None


def _row(request: MemberRequest, found: Recognition) -> dict[str, Any]:
    hides = may_withdraw(request.member, found)
    return {
        "recognition": found,
        "initials": initials(found.person.name),
        "by": found.recognised_by.label if found.recognised_by else "",
        "hide_url": reverse("hide_hero", args=[request.tenant.slug, found.pk]) if hides else "",
    }


def _query(kind: str, last: Recognition) -> str:
    return "?" + urlencode(({"kind": kind} if kind in Recognition.Kind.values else {}) | {"after": last.pk})
