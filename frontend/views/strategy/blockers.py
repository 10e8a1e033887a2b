"""What stands in the way: the list for the executive meeting, the oldest first, ready to be printed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cso.errors import DomainError
from cso.strategy.blockers import reopen_blocker
from cso.strategy.models import Blocker, BlockerHandover, Outcome
from cso.strategy.permissions import may_clear, may_reopen
from cso.strategy.queries import age_in_days, in_full, open_blockers, visible_blockers, visible_outcomes
from cso.texts import as_uuid
from frontend.access import MemberRequest, for_members
from frontend.forms.base import answer_to, sent
from frontend.forms.strategy import BlockerForm, ClearForm, HandOverForm
from frontend.table import as_file
from frontend.views.committees.acting import Act, act_on
from frontend.views.form_page import form_page
from frontend.views.scorecard_tabs import section_tabs
from frontend.views.strategy.files import exports, opens
from tenants.roles import Can
from tenants.scope import day_of

# A meeting reads no more; the API has them all.
PAGE = 200
STATES = {"open": gettext_lazy("Still there"), "cleared": gettext_lazy("Cleared")}
ACTS = {
    "clear": Act(ClearForm, gettext_lazy("It is gone"), gettext_lazy("It is gone"), gettext_lazy("Cleared.")),
    "hand_over": Act(
        HandOverForm,
        gettext_lazy("Who clears it from now on?"),
        gettext_lazy("Hand it over"),
        gettext_lazy("Handed over; it keeps its age."),
    ),
}
_COLUMNS = (
    "days",
    "what",
    "severity",
    "outcome",
    "unit",
    "owner",
    "times_handed",
    "raised_by",
    "raised_at",
    "cleared_at",
    "how",
)
_RAISE = Act(
    BlockerForm,
    gettext_lazy("Raise a blocker"),
    gettext_lazy("Raise it"),
    gettext_lazy("Raised to the executive meeting."),
)


@for_members()
@require_safe
def blockers(request: MemberRequest) -> HttpResponse:
    """All for who sees every unit's figures; else those that one clears, or raised."""
    member = request.member
    state, about = _state(request), _outcome(request)
    rows = list(_shown(request, state, about)[:PAGE])
    context = {
        "title": _title(request, rows) if state == "open" else _("What no longer stands in the way"),
        "tabs": section_tabs(request, "blockers"),
        "chips": [(str(label), f"?state={name}", name == state, None) for name, label in STATES.items()],
        "state": state,
        "about": about,
        "rows": [_row(request, each, handed) for each, handed in zip(rows, _handovers(rows), strict=True)],
        "may_raise": member.can(Can.RAISE_BLOCKER),
        "exports": exports(request, "export_blockers"),
    }
    return render(request, "frontend/strategy/blockers.html", context)


@for_members()
@require_safe
def export_blockers(request: MemberRequest, kind: str) -> StreamingHttpResponse:
    """The blockers that the page shows, in its order."""
    rows = [
        [
            age_in_days(each, request.now),
            each.what,
            each.severity,
            each.outcome.name if each.outcome else "",
            each.unit.code if each.unit else "",
            each.owner.name,
            each.times_handed,  # type: ignore[attr-defined]
            each.raised_by.label if each.raised_by else "",
            each.raised_at,
            each.cleared_at,
            each.how,
        ]
        for each in _shown(request, _state(request), _outcome(request))
    ]
    return as_file(request, kind, "blockers", _COLUMNS, rows)


@for_members(Can.RAISE_BLOCKER)
@require_http_methods(["GET", "HEAD", "POST"])
def raise_blocker(request: MemberRequest) -> HttpResponse:
    """For the outcome that the address names, if it names one."""
    live = visible_outcomes(request.member).filter(ended_at=None).order_by("position", "id")
    form = BlockerForm(sent(request), today=day_of(request.now), live=list(live), wished=_outcome(request))
    return act_on(request, form, _RAISE, up=_up(request))


@for_members()
@require_http_methods(["GET", "HEAD", "POST"])
def act_on_blocker(request: MemberRequest, blocker: UUID, act: str) -> HttpResponse:
    found = _blocker(request, blocker)
    if found.cleared_at is not None or not may_clear(request.member, found):
        raise Http404
    form, up = ACTS[act].form(sent(request), today=day_of(request.now), blocker=found), _up(request)

    def do() -> HttpResponse:
        form.save(by=request.member, now=request.now)
        undo = reverse("reopen_blocker", args=[request.tenant.slug, found.pk]) if act == "clear" else ""
        messages.success(request, str(ACTS[act].done), extra_tags=undo)
        return redirect(up[0])

    words: dict[str, Any] = {"title": str(ACTS[act].title), "submit": str(ACTS[act].submit), "up": up}
    return answer_to(form, do) or form_page(request, form, **words, quote=found.what)


@for_members()
@require_POST
def reopen(request: MemberRequest, blocker: UUID) -> HttpResponse:
    """It still stands after all."""
    found = _blocker(request, blocker)
    if not may_reopen(request.member, found):
        raise Http404
    try:
        reopen_blocker(found, by=request.member)
        messages.success(request, _("Taken back: it still stands, and is as old as before."))
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("blockers", request.tenant.slug)


def _state(request: MemberRequest) -> str:
    return "cleared" if request.GET.get("state") == "cleared" else "open"


def _shown(request: MemberRequest, state: str, about: Outcome | None) -> QuerySet[Blocker]:
    if not (opens(request) or visible_blockers(request.member).exists()):
        raise PermissionDenied
    found = open_blockers(request.member)
    if state == "cleared":
        found = in_full(visible_blockers(request.member).exclude(cleared_at=None)).order_by("-cleared_at", "id")
    return found.filter(outcome=about) if about else found


def _blocker(request: MemberRequest, pk: UUID) -> Blocker:
    found: Blocker = get_object_or_404(visible_blockers(request.member).select_related("owner"), pk=pk)
    return found


def _outcome(request: MemberRequest) -> Outcome | None:
    wished = as_uuid(request.GET.get("outcome", ""))
    return get_object_or_404(visible_outcomes(request.member), pk=wished) if wished else None


def _up(request: MemberRequest) -> tuple[str, str]:
    return reverse("blockers", args=[request.tenant.slug]), _("Blockers")


def _title(request: MemberRequest, rows: list[Blocker]) -> str:
    if not rows:
        return _("Nothing stands in the way")
    words = {"n": len(rows), "days": age_in_days(rows[0], request.now)}
    said = ngettext("%(n)s thing stands in the way", "%(n)s things stand in the way", len(rows)) % words
    oldest = ngettext("the oldest for %(days)s day", "the oldest for %(days)s days", words["days"]) % words
    return _("%(what)s, %(oldest)s") % {"what": said, "oldest": oldest}


def _handovers(rows: list[Blocker]) -> list[BlockerHandover | None]:
    """The last of each, in their order; one query, where any was handed on."""
    handed = [each.pk for each in rows if each.times_handed]  # type: ignore[attr-defined]
    if not handed:
        return [None] * len(rows)
    found = (
        BlockerHandover.objects.filter(blocker__in=handed).order_by("blocker_id", "-at", "-id").distinct("blocker_id")
    )
    last = {each.blocker_id: each for each in found.select_related("from_owner")}
    return [last.get(each.pk) for each in rows]


def _row(request: MemberRequest, blocker: Blocker, handed: BlockerHandover | None) -> dict[str, Any]:
    """One for strategy/blockers.html."""
    return {
        "blocker": blocker,
        "days": age_in_days(blocker, request.now),
        "kind": "late" if blocker.severity == Blocker.Severity.STOPS else "open",
        "raised_by": blocker.raised_by.label if blocker.raised_by else "",
        "handed": handed,
        "acts": _acts(request, blocker),
        "reopen_url": _reopen_url(request, blocker),
    }


def _acts(request: MemberRequest, blocker: Blocker) -> list[tuple[str, str]]:
    if blocker.cleared_at is not None or not may_clear(request.member, blocker):
        return []
    slug = request.tenant.slug
    labels = {"clear": _("It is gone"), "hand_over": _("Hand it over")}
    return [(label, reverse(f"blocker_{act}", args=[slug, blocker.pk])) for act, label in labels.items()]


def _reopen_url(request: MemberRequest, blocker: Blocker) -> str:
    if blocker.cleared_at is None or not may_reopen(request.member, blocker):
        return ""
    return reverse("reopen_blocker", args=[request.tenant.slug, blocker.pk])
