"""A ballot in the portal: voting for one's own seats, the count where the charter shows it, the chair's desk."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cso.committees.balloting import cast_vote, catch_up, status_at
from cso.committees.holding import may_chair
from cso.committees.models import Ballot, RollEntry
from cso.committees.queries import tally_shown
from cso.committees.tally import Tally, yes_still_needed
from frontend.access import MemberRequest, for_members
from frontend.forms.base import answer_to, sent
from frontend.forms.committees.ballots import (
    BallotForm,
    CancelForm,
    CastingVoteForm,
    CloseForm,
    ExtendForm,
    RecuseSeatForm,
)
from frontend.forms.vote import VoteForm
from frontend.views.committees.acting import Act, act_on
from frontend.words.ballots import can_vote, choices, deadline_words, question, said
from tenants.roles import Can

Status = Ballot.Status
ACTS = {
    "extend": Act(
        ExtendForm,
        gettext_lazy("Give it more time"),
        gettext_lazy("Extend it"),
        gettext_lazy("It is open for longer."),
    ),
    "close": Act(
        CloseForm,
        gettext_lazy("Close it before its time"),
        gettext_lazy("Close it and count"),
        gettext_lazy("Closed and counted."),
    ),
    "cancel": Act(
        CancelForm, gettext_lazy("Call it off"), gettext_lazy("Call it off"), gettext_lazy("The ballot is called off.")
    ),
    "recuse": Act(
        RecuseSeatForm,
        gettext_lazy("Leave a seat out of it"),
        gettext_lazy("Leave it out"),
        gettext_lazy("The seat is recused from this ballot."),
    ),
    "casting-vote": Act(
        CastingVoteForm,
        gettext_lazy("Decide the tie"),
        gettext_lazy("This is my casting vote"),
        gettext_lazy("The tie is decided."),
    ),
}


@for_members(Can.SEE_PEOPLE)
@require_safe
def ballot(request: MemberRequest, ballot: UUID) -> HttpResponse:
    """Whoever looks past its opening or its deadline has it opened, or tallied."""
    found = _found(ballot)
    if catch_up(found, now=request.now) is not found:
        found = _found(ballot)
    return _page(request, found)


@for_members(Can.SEE_PEOPLE)
@require_POST
def vote(request: MemberRequest, ballot: UUID) -> HttpResponse:
    """For a seat that the member holds, or votes for as its delegate."""
    found = _found(ballot)
    entry = get_object_or_404(_own_entries(request, found), label=request.POST.get("seat", ""))
    form = VoteForm(request.POST)

    def do() -> HttpResponse:
        cast_vote(found, entry.seat_id, form.cleaned_data["choice"], by=request.member)
        # Not what was voted: a message is kept in a cookie or the session.
        messages.success(request, _("Your paper is in the box.") if found.is_secret else _("Your vote is counted."))
        return redirect("ballot", request.tenant.slug, found.pk)

    return answer_to(form, do) or _page(request, _found(ballot), form=form)


@for_members(Can.SEE_PEOPLE)
@require_safe
def live_count(request: MemberRequest, ballot: UUID) -> HttpResponse:
    """The count alone, asked for every 15 seconds: 204 where nothing has changed since `?v=`. One statement.

    Once it takes no more votes, the whole page is to be looked at anew.
    """
    roll = list(RollEntry.objects.filter(ballot=ballot).select_related("ballot__charter"))
    if not roll:
        raise Http404
    found = roll[0].ballot
    if status_at(found, request.now) != Status.OPEN:
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    shown = _count(request, found, roll)
    if shown["version"] == request.GET.get("v"):
        return HttpResponse(status=204)
    return render(request, "frontend/ballots/_count.html", {"ballot": found, "status": Status.OPEN, "count": shown})


@for_members(Can.SEE_PEOPLE)
@require_http_methods(["GET", "HEAD", "POST"])
def act_on_ballot(request: MemberRequest, ballot: UUID, act: str) -> HttpResponse:
    found = _found(ballot)
    up = (reverse("ballot", args=[request.tenant.slug, found.pk]), _("The ballot"))
    if act not in _offered(request, found):
        messages.info(request, _("This is not to be done now, or not by you."))
        return redirect(up[0])
    return act_on(request, _form(request, found, act), ACTS[act], up=up)


def _form(request: MemberRequest, ballot: Ballot, act: str) -> BallotForm:
    if act == "recuse":
        return RecuseSeatForm(sent(request), ballot=ballot, entries=_recusable(request, ballot))
    form: BallotForm = ACTS[act].form(sent(request), ballot=ballot)
    return form


def _page(request: MemberRequest, ballot: Ballot, **context: Any) -> HttpResponse:
    slug, status = request.tenant.slug, status_at(ballot, request.now)
    roll = list(ballot.roll.select_related("member__user", "delegate__user").order_by("label"))
    own = [entry for entry in roll if request.member.pk in {entry.member_id, entry.delegate_id}]
    outcome = ballot.outcomes.order_by("-number").first()
    offered = _offered(request, ballot)
    context |= {
        "ballot": ballot,
        "status": status,
        "status_words": Status(status).label,
        "question": question(ballot),
        "deadline": deadline_words(ballot),
        "own": [_own(entry, ballot, request) for entry in own],
        "choices": choices(),
        "roll": [_line(entry, ballot) for entry in roll],
        "count": _count(request, ballot, roll),
        "outcome": outcome,
        "acts": [(_title(name, offered), reverse(f"ballot_{name}", args=[slug, ballot.pk])) for name in offered],
    }
    return render(request, "frontend/ballots/ballot.html", context)


def _own(entry: RollEntry, ballot: Ballot, request: MemberRequest) -> dict[str, Any]:
    """One's seat: whether it may vote, and what it said; a secret ballot does not know."""
    return {
        "label": entry.label,
        "may_vote": can_vote(entry, ballot, now=request.now),
        "has_voted": entry.has_voted,
        "said": said(entry),
        "is_recused": entry.status == RollEntry.Status.RECUSED,
        "for": entry.member.label if entry.member and entry.member_id != request.member.pk else "",
    }


def _line(entry: RollEntry, ballot: Ballot) -> dict[str, Any]:
    """A seat on the roll. Before the close a secret ballot does not even show who has voted."""
    eligible = entry.status == RollEntry.Status.ELIGIBLE
    shows = eligible and not ballot.is_secret
    voted = _("has voted") if entry.has_voted else _("has not voted yet")
    return {
        "label": entry.label,
        "is_chair": entry.is_chair,
        "member": entry.member.label if entry.member else entry.holder_name,
        "state": "" if eligible else entry.get_status_display(),
        "note": entry.recused_because,
        "voted": voted if shows else "",
    }


def _count(request: MemberRequest, ballot: Ballot, roll: list[RollEntry]) -> dict[str, Any]:
    """What of the count may be seen: of a secret ballot nothing but how many may vote."""
    eligible = [entry for entry in roll if entry.status == RollEntry.Status.ELIGIBLE]
    shown: dict[str, Any] = {"eligible": len(eligible), "is_secret": ballot.is_secret, "given": []}
    if not ballot.is_secret:
        shown["voted"] = sum(entry.has_voted for entry in eligible)
    if tally := tally_shown(request.member, ballot, now=request.now, roll=roll):
        shown |= _live(ballot, tally)
    parts = [ballot.version, status_at(ballot, request.now), shown.get("voted", ""), *shown["given"]]
    shown["version"] = "-".join(str(part) for part in parts)
    return shown


def _live(ballot: Ballot, tally: Tally) -> dict[str, Any]:
    assert ballot.charter is not None, "nothing is shown of a ballot that was not open"
    given = [tally.votes.yes, tally.votes.no, tally.votes.abstain]
    return {
        "given": given,
        "rows": list(zip([label for _choice, label in choices()], given, strict=True)),
        "still_needed": yes_still_needed(tally.votes, ballot.charter.terms),
    }


def _offered(request: MemberRequest, ballot: Ballot) -> list[str]:
    """What this member may do, as far as can be told before they try."""
    status, member = status_at(ballot, request.now), request.member
    if status == Status.CLOSED and ballot.status == Status.CLOSED:
        chairs = ballot.roll.filter(is_chair=True, member=member, status=RollEntry.Status.ELIGIBLE).exists()
        return ["casting-vote"] if chairs else []
    if not may_chair(ballot.motion.committee_id, member):
        own = ballot.roll.filter(member=member, status=RollEntry.Status.ELIGIBLE)
        return ["recuse"] if status == Status.OPEN and own.exists() else []
    if status == Status.SCHEDULED:
        return ["cancel"]
    if status != Status.OPEN:
        return []
    may_close = ballot.charter is not None and ballot.charter.may_close_early
    return ["extend", *(["close"] if may_close else []), "recuse", "cancel"]


def _title(act: str, offered: list[str]) -> str:
    """What an act is called: whoever may do nothing else chairs nothing, and can only step aside themselves."""
    if offered == ["recuse"]:
        return _("Step aside, for a conflict of interest")
    return str(ACTS[act].title)


def _recusable(request: MemberRequest, ballot: Ballot) -> list[RollEntry]:
    eligible = ballot.roll.filter(status=RollEntry.Status.ELIGIBLE).order_by("label")
    own = list(eligible.filter(member=request.member))
    return list(eligible) if may_chair(ballot.motion.committee_id, request.member) else own


def _own_entries(request: MemberRequest, ballot: Ballot) -> Any:
    return ballot.roll.filter(Q(member=request.member) | Q(delegate=request.member))


def _found(pk: UUID) -> Ballot:
    related = ("motion__rule", "motion__committee", "motion__nomination", "motion__refer_to", "charter")
    return get_object_or_404(Ballot.objects.select_related(*related), pk=pk)
