"""Which units have a live committee, and one committee: docket, ballots, seats, charter."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cso.committees.balloting import status_at
from cso.committees.bodies import charter_of, retire_seat
from cso.committees.holding import held_now
from cso.committees.models import Ballot, Committee, Motion, OutcomeRecord, Seat, SeatTenure
from cso.committees.motions import docket_of
from cso.committees.outcomes import verify_outcomes
from cso.committees.queries import Coverage, committee_coverage
from cso.committees.standing import standing_outcomes
from frontend.access import MemberRequest, for_members
from frontend.forms.base import answer_to, sent
from frontend.forms.committees.bodies import CharterForm, DissolveForm, FoundForm, HolderForm, SeatForm
from frontend.templatetags.times import due_in
from frontend.views.committees.delegations import delegations_shown
from frontend.views.committees.motions import sits_in
from frontend.views.committees.tabs import section_tabs
from frontend.views.form_page import form_page
from frontend.words.charters import charter_words
from tenants.roles import Can

DECIDED_SHOWN = 10
RUNNING = (Ballot.Status.SCHEDULED, Ballot.Status.OPEN, Ballot.Status.CLOSED)


@for_members(Can.SEE_PEOPLE)
@require_safe
def committees(request: MemberRequest) -> HttpResponse:
    """Which units have a live one. Of a unit with several the liveliest stands here.

    `check=1` walks the whole chain of outcomes, for who may see the audit.
    """
    covered = committee_coverage(request.member, now=request.now)
    live = sum(each.is_live for each in covered)
    words = ngettext(
        "%(live)s of %(n)s unit has a live committee.", "%(live)s of %(n)s units have a live committee.", len(covered)
    )
    listed = {each.committee.pk for each in covered if each.committee}
    others = Committee.objects.exclude(pk__in=listed).select_related("unit").order_by("name", "id")
    context = {
        "tabs": section_tabs(request, "committees"),
        "summary": words % {"live": live, "n": len(covered)},
        # Units that have one first: in a large organization most have none.
        "rows": [_coverage_row(each) for each in sorted(covered, key=lambda each: each.committee is None)],
        "others": [each for each in others if each.dissolved_at is None],
        "dissolved": [each for each in others if each.dissolved_at is not None],
        "may_found": request.member.can(Can.RUN_COMMITTEES),
        "may_check": request.member.can(Can.SEE_AUDIT),
        "chain": _chain(request),
    }
    return render(request, "frontend/committees/committees.html", context)


@for_members(Can.RUN_COMMITTEES)
@require_http_methods(["GET", "HEAD", "POST"])
def found(request: MemberRequest) -> HttpResponse:
    form = FoundForm(sent(request), initial={"unit": request.GET.get("unit", "")})

    def do() -> HttpResponse:
        made = form.save(by=request.member, now=request.now)
        messages.success(request, _("Founded. Now give it seats; its charter says who carries what."))
        return redirect("committee", request.tenant.slug, made.pk)

    up = (reverse("committees", args=[request.tenant.slug]), _("Committees"))
    return answer_to(form, do) or form_page(request, form, title=_("Found a committee"), submit=_("Found it"), up=up)


@for_members(Can.SEE_PEOPLE)
@require_safe
def committee(request: MemberRequest, committee: UUID) -> HttpResponse:
    here = _committee(committee)
    slug, member = request.tenant.slug, request.member
    motions = Motion.objects.filter(committee=here).select_related("rule")
    before = motions.filter(status__in=[Motion.Status.DRAFT, Motion.Status.DELIBERATING])
    ballots = Ballot.objects.filter(motion__committee=here, status__in=RUNNING).select_related("motion__rule")
    outcomes = standing_outcomes().filter(ballot__motion__committee=here).select_related("ballot__motion__rule")
    charter, holders, is_standing = charter_of(here), _holders(here), here.dissolved_at is None
    context = {
        "committee": here,
        "docket": docket_of(member, here),
        "motions": before.exclude(ballots__status=Ballot.Status.SCHEDULED).order_by("moved_at"),
        "ballots": [_ballot_row(request, each) for each in ballots.order_by("closes_at")],
        "outcomes": outcomes.order_by("-declared_at")[:DECIDED_SHOWN],
        "seats": _seats(here, holders),
        **delegations_shown(request, here, charter, holders),
        "charter": charter_words(charter),
        "may_run": is_standing and member.can(Can.RUN_COMMITTEES),
        "move_url": reverse("move_motion", args=[slug, here.pk]) if is_standing and sits_in(request, here) else "",
    }
    return render(request, "frontend/committees/committee.html", context)


@for_members(Can.RUN_COMMITTEES)
@require_http_methods(["GET", "HEAD", "POST"])
def dissolve(request: MemberRequest, committee: UUID) -> HttpResponse:
    here = _committee(committee)
    form = DissolveForm(sent(request))

    def do() -> HttpResponse:
        form.save(here, by=request.member, now=request.now)
        messages.success(request, _("Dissolved. What waited for it is with the triage again."))
        return redirect("committee", request.tenant.slug, here.pk)

    title = _("Dissolve %(committee)s") % {"committee": here.name}
    return _answer(request, here, form, do, title=title, submit=_("Dissolve it"))


@for_members(Can.RUN_COMMITTEES)
@require_http_methods(["GET", "HEAD", "POST"])
def charter(request: MemberRequest, committee: UUID) -> HttpResponse:
    here = _committee(committee)
    form = CharterForm.of(charter_of(here), sent(request))

    def do() -> HttpResponse:
        form.save(here, by=request.member, now=request.now)
        messages.success(request, _("The new charter is in force. Ballots that are open keep theirs."))
        return redirect("committee", request.tenant.slug, here.pk)

    title = _("The charter of %(committee)s") % {"committee": here.name}
    return _answer(request, here, form, do, title=title, submit=_("Put it in force"))


@for_members(Can.RUN_COMMITTEES)
@require_http_methods(["GET", "HEAD", "POST"])
def new_seat(request: MemberRequest, committee: UUID) -> HttpResponse:
    here = _committee(committee)
    form = SeatForm(sent(request))

    def do() -> HttpResponse:
        form.save(here, by=request.member, now=request.now)
        messages.success(request, _("The seat stands. It votes from the next ballot on."))
        return redirect("committee", request.tenant.slug, here.pk)

    return _answer(request, here, form, do, title=_("Add a seat"), submit=_("Add it"))


@for_members(Can.RUN_COMMITTEES)
@require_http_methods(["GET", "HEAD", "POST"])
def seat_holder(request: MemberRequest, seat: UUID) -> HttpResponse:
    found_seat = _seat(seat)
    holder = held_now().filter(seat=found_seat).select_related("member").first()
    form = HolderForm(sent(request), initial={"holder": holder.member if holder else None})

    def do() -> HttpResponse:
        form.save(found_seat, by=request.member, now=request.now)
        messages.success(request, _("Kept. An open ballot keeps whom it began with."))
        return redirect("committee", request.tenant.slug, found_seat.committee_id)

    title = _("Who holds “%(seat)s”?") % {"seat": found_seat.label}
    return _answer(request, found_seat.committee, form, do, title=title, submit=_("Keep it"))


@for_members(Can.RUN_COMMITTEES)
@require_POST
def retire(request: MemberRequest, seat: UUID) -> HttpResponse:
    found_seat = _seat(seat)
    retire_seat(found_seat, by=request.member, now=request.now)
    messages.success(request, _("The seat is no more; what it voted stays."))
    return redirect("committee", request.tenant.slug, found_seat.committee_id)


def _answer(request: MemberRequest, committee: Committee, form: Any, do: Any, **words: str) -> HttpResponse:
    up = (reverse("committee", args=[request.tenant.slug, committee.pk]), committee.name)
    return answer_to(form, do) or form_page(request, form, title=words["title"], submit=words["submit"], up=up)


def _chain(request: MemberRequest) -> dict[str, Any] | None:
    """Whether the chain of outcomes holds; None where nobody asked, or who asked may not know."""
    if "check" not in request.GET or not request.member.can(Can.SEE_AUDIT):
        return None
    return {"broken": verify_outcomes(), "records": OutcomeRecord.objects.count()}


def _coverage_row(covered: Coverage) -> dict[str, Any]:
    if covered.committee is None:
        state = ("chance", _("none"), "")
    elif covered.is_live:
        state = ("better", _("live"), "")
    elif not covered.seats:
        state = ("worse", _("nobody sits in it"), "")
    else:
        state = ("worse", _("asleep"), _("No ballot within two of its cadences."))
    return {"covered": covered, "tone": state[0], "state": state[1], "note": state[2]}


def _ballot_row(request: MemberRequest, ballot: Ballot) -> dict[str, Any]:
    status = status_at(ballot, request.now)
    is_open = status == Ballot.Status.OPEN
    return {
        "url": reverse("ballot", args=[request.tenant.slug, ballot.pk]),
        "text": ballot.motion_text or ballot.motion.text,
        "rule": ballot.motion.rule.title,
        "kind": "soon" if is_open else "",
        "state": due_in(ballot.closes_at, request.now) if is_open else _STATES.get(Ballot.Status(status), ""),
    }


_STATES = {
    Ballot.Status.SCHEDULED: gettext_lazy("Scheduled"),
    Ballot.Status.CLOSED: gettext_lazy("Closed"),
}


def _holders(committee: Committee) -> dict[UUID, SeatTenure]:
    """Who holds which seat today, by the seat's id."""
    tenures = held_now().filter(seat__committee=committee).select_related("member__user")
    return {each.seat_id: each for each in tenures}


def _seats(committee: Committee, holders: dict[UUID, SeatTenure]) -> list[dict[str, Any]]:
    names = {seat: each.member.label if each.member else each.holder_name for seat, each in holders.items()}
    seats = committee.seats.filter(retired_at=None).order_by("-is_chair", "label")
    return [{"seat": seat, "holder": names.get(seat.pk, "")} for seat in seats]


def _committee(pk: UUID) -> Committee:
    return get_object_or_404(Committee.objects.select_related("unit"), pk=pk)


def _seat(pk: UUID) -> Seat:
    return get_object_or_404(Seat.objects.select_related("committee"), pk=pk, retired_at=None)
