"""What was promised to the panels: overdue first; then what was done, and that the members are told."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cso.errors import DomainError
from cso.panels.commitments import may_change, reopen_commitment
from cso.panels.models import Commitment, Panel, Truth
from cso.panels.permissions import kept_panels, may_run_panel, visible_panels
from cso.panels.queries import visible_commitments, visible_sessions
from cso.panels.telling import mailable
from cso.people.models import Person
from cso.texts import as_uuid
from frontend.access import MemberRequest, for_members
from frontend.forms.base import answer_to, sent
from frontend.forms.listening.commitments import CommitForm, KeepForm, TellForm, WithdrawForm
from frontend.views.committees.acting import Act, act_on
from frontend.views.form_page import form_page
from frontend.views.listening.commitment_rows import commitment_rows
from frontend.views.listening.tabs import listening_tabs
from frontend.words.figures import number
from tenants.roles import Can

PAGE = 50
WAITING = Q(done_at=None, withdrawn_at=None)
STATES = {
    "waiting": (gettext_lazy("To be kept"), WAITING, ("due_at", "id")),
    "done": (gettext_lazy("Done"), Q(done_at__isnull=False), ("-done_at", "id")),
    "withdrawn": (gettext_lazy("Withdrawn"), Q(withdrawn_at__isnull=False), ("-withdrawn_at", "id")),
}
ACTS = {
    "keep": Act(
        KeepForm,
        gettext_lazy("What was done?"),
        gettext_lazy("It is done"),
        gettext_lazy("Done. The members are told next."),
    ),
    "withdraw": Act(
        WithdrawForm,
        gettext_lazy("It will not be done"),
        gettext_lazy("Withdraw it"),
        gettext_lazy("Withdrawn. It stays a promise that was not kept, unless it was noted by mistake."),
    ),
}


@for_members()
@require_safe
def commitments(request: MemberRequest) -> HttpResponse:
    state = request.GET.get("state", "waiting")
    state = state if state in STATES else "waiting"
    _label, chosen, order = STATES[state]
    seen = visible_commitments(request.member)
    found = seen.filter(chosen).select_related("owner", "panel").order_by(*order)
    context = {
        "tabs": listening_tabs(request, "commitments"),
        "chips": [(str(label), f"?state={name}", name == state, None) for name, (label, _c, _o) in STATES.items()],
        "state": state,
        "title": _sentence(request, seen),
        "rows": commitment_rows(request, found[:PAGE]),
        "untold": _untold_panels(request, seen),
        "may_commit": _may_commit(request),
    }
    return render(request, "frontend/listening/commitments.html", context)


@for_members()
@require_http_methods(["GET", "HEAD", "POST"])
def commit(request: MemberRequest) -> HttpResponse:
    """To the panel, or because of the truth, that the address names."""
    if not _may_commit(request):
        raise PermissionDenied
    truth = _truth(request)
    panels = [truth.session.panel] if truth else list(_panels(request))
    own = list(Person.objects.filter(member=request.member))
    keeps = bool(panels) and all(may_run_panel(request.member, panel) for panel in panels)
    form = CommitForm(sent(request), panels=panels, owners=None if keeps else own, truth=truth)
    slug = request.tenant.slug
    back = reverse("session", args=[slug, truth.session_id]) if truth else reverse("commitments", args=[slug])

    def do() -> HttpResponse:
        form.save(by=request.member, now=request.now)
        messages.success(request, _("Promised. It stands under Commitments until it is done."))
        return redirect(back)

    up = (back, truth.session.title if truth else _("Commitments"))
    title = _("What will be done about it?") if truth else _("Promise something to a panel")
    return answer_to(form, do) or form_page(request, form, title=title, submit=_("Promise it"), up=up)


@for_members()
@require_http_methods(["GET", "HEAD", "POST"])
def act_on_commitment(request: MemberRequest, commitment: UUID, act: str) -> HttpResponse:
    found = _commitment(request, commitment)
    if not may_change(request.member, found):
        raise Http404
    up = (reverse("commitments", args=[request.tenant.slug]), _("Commitments"))
    form = ACTS[act].form(sent(request), commitment=found)
    if act != "keep":
        return act_on(request, form, ACTS[act], up=up)

    def do() -> HttpResponse:
        form.save(by=request.member, now=request.now)
        undo = reverse("commitment_reopen", args=[request.tenant.slug, found.pk])
        messages.success(request, str(ACTS[act].done), extra_tags=undo)
        return redirect(f"{up[0]}?state=done")

    context: dict[str, Any] = {"title": found.what, "submit": str(ACTS[act].submit), "up": up}
    return answer_to(form, do) or form_page(request, form, **context)


@for_members()
@require_POST
def reopen(request: MemberRequest, commitment: UUID) -> HttpResponse:
    """It was not done after all: a slip, until the members are told."""
    found = _commitment(request, commitment)
    try:
        reopen_commitment(found, by=request.member, now=request.now)
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("Taken back: it is still to be done."))
    return redirect("commitments", request.tenant.slug)


@for_members()
@require_http_methods(["GET", "HEAD", "POST"])
def tell(request: MemberRequest, panel: UUID) -> HttpResponse:
    """“You said, we did”: one mail to each member about what was done since they were told last."""
    found = get_object_or_404(Panel, pk=panel)
    if not may_run_panel(request.member, found):
        raise Http404
    untold = list(Commitment.objects.filter(_UNTOLD, panel=found).order_by("due_at", "id"))
    form = TellForm(sent(request), untold=untold)

    def do() -> HttpResponse:
        form.save(by=request.member, now=request.now)
        messages.success(request, _("The mails are on their way."))
        return redirect("commitments", request.tenant.slug)

    members = mailable(found.pk)
    context = {"form": form, "panel": found, "untold": untold, "members": number(members), "n": members}
    return answer_to(form, do) or render(request, "frontend/listening/tell.html", context)


_UNTOLD = Q(done_at__isnull=False, told_at=None)


def _sentence(request: MemberRequest, seen: QuerySet[Commitment]) -> str:
    n = seen.filter(WAITING, due_at__lt=request.now).count()
    if not n:
        return _("What we promised our customers")
    return ngettext("%(n)s promise to our panels is overdue", "%(n)s promises to our panels are overdue", n) % {"n": n}


def _untold_panels(request: MemberRequest, seen: QuerySet[Commitment]) -> list[dict[str, Any]]:
    """The panels whose members do not know yet what was done, for who runs them."""
    counts = Counter(seen.filter(_UNTOLD).values_list("panel_id", flat=True))
    panels = Panel.objects.filter(pk__in=list(counts)).order_by("name", "id")
    return [
        {
            "panel": panel,
            "n": counts[panel.pk],
            "url": reverse("tell_commitments", args=[request.tenant.slug, panel.pk]),
        }
        for panel in panels
        if may_run_panel(request.member, panel)
    ]


def _panels(request: MemberRequest) -> list[Panel]:
    """The panels to which one can promise something: that of the address alone, where it names one."""
    member = request.member
    seen = visible_panels(member) if member.can(Can.SEE_RESULTS) else Panel.objects.none()
    live = seen.filter(closed_at=None).order_by("name", "id")
    wished = as_uuid(request.GET.get("panel", ""))
    return list(live.filter(pk=wished) if wished else live)


def _may_commit(request: MemberRequest) -> bool:
    """For others, by who runs a panel; for oneself, by who works here by name."""
    member = request.member
    if member.can(Can.RUN_PANELS) or kept_panels(member).exists():
        return True
    return member.can(Can.SEE_RESULTS) and Person.objects.filter(member=member).exists()


def _truth(request: MemberRequest) -> Truth | None:
    wished = as_uuid(request.GET.get("truth", ""))
    if wished is None:
        return None
    seen = visible_sessions(request.member)
    return get_object_or_404(Truth.objects.select_related("session__panel"), pk=wished, session__in=seen)


def _commitment(request: MemberRequest, pk: UUID) -> Commitment:
    return get_object_or_404(visible_commitments(request.member).select_related("owner", "panel"), pk=pk)
