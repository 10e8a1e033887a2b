"""A vote by the link of a mail: signed for one seat in one ballot. Looking at it changes nothing."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cso.committees.balloting import cast_vote, recuse, status_at
from cso.committees.invitations import set_reminders, wants_reminders
from cso.committees.links import entry_by_token
from cso.committees.models import Ballot, RollEntry
from cso.errors import ConflictError
from cso.languages import when
from cso.recovery.links import LinkExpiredError
from frontend.access import PublicRequest, for_public
from frontend.forms.base import answer_to
from frontend.forms.vote import RecuseForm, VoteForm
from frontend.public import in_language_of, show_public, show_sorry
from frontend.words.ballots import can_vote, choices, deadline_words, question, said

RECUSE, QUIET, REMIND = "recuse", "quiet", "remind"


@for_public()
@require_http_methods(["GET", "HEAD", "POST"])
def vote(request: PublicRequest, token: str) -> HttpResponse:
    try:
        entry = entry_by_token(token, now=request.now)
    except RollEntry.DoesNotExist as error:
        raise Http404 from error
    except LinkExpiredError:
        with in_language_of(request):
            return _over(request)
    with in_language_of(request):
        if status_at(entry.ballot, request.now) != Ballot.Status.OPEN:
            return _over(request)
        if request.method != "POST":
            return _page(request, entry)
        act = request.POST.get("act")
        if act in {QUIET, REMIND}:
            return _set_reminders(request, entry, wanted=act == REMIND)
        return _recuse(request, entry) if act == RECUSE else _vote(request, entry)


def _vote(request: PublicRequest, entry: RollEntry) -> HttpResponse:
    form = VoteForm(request.POST)

    def do() -> HttpResponse:
        assert entry.member is not None, "links are sent to who holds a seat"
        try:
            cast_vote(entry.ballot, entry.seat_id, form.cleaned_data["choice"], by=entry.member)
        except ConflictError as error:
            # A double click, or a vote that stands: the page says so by itself.
            if error.code != "voted":
                raise
        return _again(request)

    return answer_to(form, do) or _page(request, _as_it_is(entry), form=form)


def _recuse(request: PublicRequest, entry: RollEntry) -> HttpResponse:
    form = RecuseForm(request.POST)

    def do() -> HttpResponse:
        recuse(entry.ballot, entry.seat_id, because=form.cleaned_data["because"], by=entry.member)
        return _again(request)

    return answer_to(form, do) or _page(request, _as_it_is(entry), form=form, recuse_form=form)


def _set_reminders(request: PublicRequest, entry: RollEntry, *, wanted: bool) -> HttpResponse:
    assert entry.member is not None, "links are sent to who holds a seat"
    set_reminders(entry.member, wanted=wanted)
    return _again(request)


def _again(request: PublicRequest) -> HttpResponse:
    """To the same page, which says what is: the address says nothing of the choice."""
    return HttpResponseRedirect(f"{request.path}?lang={get_language()}")


def _as_it_is(entry: RollEntry) -> RollEntry:
    """Read anew after a refusal: somebody else may have voted, recused the seat or closed the ballot."""
    related = ("ballot__charter", "ballot__motion__rule", "ballot__motion__committee", "ballot__motion__nomination")
    return RollEntry.objects.select_related("member", "ballot__motion__refer_to", *related).get(pk=entry.pk)


def _page(request: PublicRequest, entry: RollEntry, **sent: Any) -> HttpResponse:
    ballot = entry.ballot
    assert ballot.charter is not None, "an open ballot is frozen"
    may_vote = can_vote(entry, ballot, now=request.now)
    page = {
        "form": sent.get("form"),
        "recuse_form": sent.get("recuse_form") or RecuseForm(),
        "question": question(ballot),
        "seat": entry.label,
        "is_recused": entry.status == RollEntry.Status.RECUSED,
        "recused_because": entry.recused_because,
        "has_voted": entry.has_voted,
        # "" in a secret ballot, whose roll knows no choice.
        "said": said(entry),
        "choices": choices() if may_vote else [],
        "may_recuse": entry.status == RollEntry.Status.ELIGIBLE and not (ballot.is_secret and entry.has_voted),
        "deadline": deadline_words(ballot),
        "closes": when(ballot.closes_at),
        "is_reminded": entry.member is not None and wants_reminders(entry.member),
    }
    return show_public(request, "frontend/public/vote.html", page)


def _over(request: PublicRequest) -> HttpResponse:
    text = _("It takes no more votes. What came of it stands on the pages of the rule and of its committee.")
    return show_sorry(request, _("This ballot is closed"), text, status=410)
