"""Sessions of the panels: to come and held, who was there, and what is noted while one runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import Count, F, Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cso.errors import DomainError
from cso.panels import sessions as acts
from cso.panels.models import PanelSession, Presence, RosterEntry
from cso.panels.permissions import may_run_panel, runnable_panels
from cso.panels.queries import attendance_by_person, visible_sessions
from frontend.access import MemberRequest, for_members
from frontend.forms.base import answer_to, sent
from frontend.forms.listening import sessions as forms_of
from frontend.views.form_page import form_page
from frontend.views.listening.session_page import attendance_lines, page_of, session_state
from frontend.views.listening.tabs import listening_tabs

PAGE = 50
# Attendance is told over so many sessions that were held.
LATELY = 12
STATES: dict[str, tuple[Any, Q, tuple[Any, ...]]] = {
    "coming": (
        gettext_lazy("To come"),
        Q(ended_at=None, cancelled_at=None),
        (F("started_at").desc(nulls_last=True), "planned_at"),
    ),
    "held": (gettext_lazy("Held"), Q(ended_at__isnull=False), ("-started_at", "id")),
    "cancelled": (gettext_lazy("Called off"), Q(cancelled_at__isnull=False), ("-planned_at", "id")),
}


@dataclass(frozen=True)
class Act:
    """What may be noted: the form that asks for it, its words, and the act that takes it back."""

    form: type[Any]
    title: Any
    submit: Any
    done: Any
    undo: str = ""


ACTS = {
    "change": Act(
        forms_of.ChangeForm, gettext_lazy("Change the plan"), gettext_lazy("Keep it"), gettext_lazy("Changed.")
    ),
    "roster": Act(
        forms_of.RosterForm,
        gettext_lazy("Who is expected"),
        gettext_lazy("Keep the roster"),
        gettext_lazy("The roster stands."),
    ),
    "start": Act(
        forms_of.StartForm,
        gettext_lazy("The session begins"),
        gettext_lazy("It begins"),
        gettext_lazy("It runs. Note who comes in and who goes out."),
        "take-back-start",
    ),
    "end": Act(
        forms_of.EndForm,
        gettext_lazy("The session is over"),
        gettext_lazy("It is over"),
        gettext_lazy("It is over, and everybody’s minutes are counted."),
        "take-back-end",
    ),
    "cancel": Act(
        forms_of.CancelForm, gettext_lazy("Call it off"), gettext_lazy("Call it off"), gettext_lazy("Called off.")
    ),
}
SLIPS = {"take-back-start": acts.take_back_start, "take-back-end": acts.take_back_end}
ENTRY_ACTS = {
    "join": Act(
        forms_of.JoinForm, gettext_lazy("%(name)s comes in"), gettext_lazy("In the room"), gettext_lazy("Noted.")
    ),
    "leave": Act(
        forms_of.LeaveForm, gettext_lazy("%(name)s goes out"), gettext_lazy("Out of the room"), gettext_lazy("Noted.")
    ),
    "presence": Act(
        forms_of.PresenceForm,
        gettext_lazy("When was %(name)s in the room?"),
        gettext_lazy("Keep it"),
        gettext_lazy("Kept, and counted anew."),
    ),
    "excuse": Act(
        forms_of.ExcuseForm, gettext_lazy("%(name)s cannot come"), gettext_lazy("Say so"), gettext_lazy("Noted.")
    ),
    "delegate": Act(
        forms_of.DelegateForm,
        gettext_lazy("Somebody comes for %(name)s"),
        gettext_lazy("Say so"),
        gettext_lazy("Noted."),
    ),
}
# What somebody says of themselves; everything else is noted by who keeps the session.
OWN = ("excuse", "delegate")


@for_members()
@require_safe
def sessions(request: MemberRequest) -> HttpResponse:
    """Those that run and those to come first; beside them who came to those that were held."""
    state = request.GET.get("state", "coming")
    state = state if state in STATES else "coming"
    _label, chosen, order = STATES[state]
    seen = visible_sessions(request.member)
    found = seen.filter(chosen).select_related("panel").order_by(*order)[:PAGE]
    held = list(seen.filter(ended_at__isnull=False).order_by("-started_at").values_list("pk", flat=True)[:LATELY])
    context = {
        "tabs": listening_tabs(request, "sessions"),
        "chips": [(str(label), f"?state={name}", name == state, None) for name, (label, _c, _o) in STATES.items()],
        "state": state,
        "rows": _rows(request, list(found)),
        "lines": attendance_lines(attendance_by_person(PanelSession.objects.filter(pk__in=held))),
        "held": len(held),
        "may_plan": _panels_kept(request).exists(),
    }
    return render(request, "frontend/listening/sessions.html", context)


@for_members()
@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: MemberRequest) -> HttpResponse:
    """Of the panel that the address names, else of one that is chosen first."""
    panels = list(_panels_kept(request).order_by("name", "id"))
    wished = request.GET.get("panel", "")
    panel = next((each for each in panels if str(each.pk) == wished or len(panels) == 1), None)
    up = (reverse("sessions", args=[request.tenant.slug]), _("Sessions"))
    if panel is None:
        return render(request, "frontend/listening/choose_panel.html", {"panels": panels, "up_url": up[0]})
    form = forms_of.PlanForm(sent(request), panel=panel)

    def do() -> HttpResponse:
        made = form.save(by=request.member, now=request.now)
        messages.success(request, _("Planned. Now say who is expected."))
        return redirect("session_roster", request.tenant.slug, made.pk)

    title = _("Plan a session of “%(panel)s”") % {"panel": panel.name}
    return answer_to(form, do) or form_page(request, form, title=title, submit=_("Plan it"), up=up)


@for_members()
@require_http_methods(["GET", "HEAD", "POST"])
def session(request: MemberRequest, session: UUID) -> HttpResponse:
    """One session; POST notes a truth."""
    found = _session(request, session)
    form = forms_of.TruthForm(sent(request), session=found)

    def do() -> HttpResponse:
        form.save(by=request.member, now=request.now)
        messages.success(request, _("Heard. What will be done about it?"))
        return redirect("session", request.tenant.slug, found.pk)

    context = page_of(request, found)
    page = answer_to(form, do)
    return page or render(request, "frontend/listening/session.html", context | {"form": form})


@for_members()
@require_http_methods(["GET", "HEAD", "POST"])
def act_on_session(request: MemberRequest, session: UUID, act: str) -> HttpResponse:
    found = _session(request, session)
    if not may_run_panel(request.member, found.panel):
        raise Http404
    known = {"now": request.now} if act == "roster" else {}
    form = ACTS[act].form(sent(request), session=found, **known)
    undo = reverse(f"session_{ACTS[act].undo}", args=[request.tenant.slug, found.pk]) if ACTS[act].undo else ""
    return _answer(request, found, form, ACTS[act], title=str(ACTS[act].title), undo=undo)


@for_members()
@require_POST
def take_back(request: MemberRequest, session: UUID, act: str) -> HttpResponse:
    """A start or an end that was a slip."""
    found = _session(request, session)
    try:
        SLIPS[act](found, by=request.member, now=request.now)
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("Taken back."))
    return redirect("session", request.tenant.slug, found.pk)


@for_members()
@require_http_methods(["GET", "HEAD", "POST"])
def act_on_entry(request: MemberRequest, entry: UUID, act: str) -> HttpResponse:
    line = get_object_or_404(RosterEntry.objects.select_related("session__panel", "person"), pk=entry)
    found = _session(request, line.session_id)
    is_own = act in OWN and line.person.member_id == request.member.pk
    if not (is_own or may_run_panel(request.member, found.panel)):
        raise Http404
    title = str(ENTRY_ACTS[act].title) % {"name": line.person.name}
    return _answer(request, found, ENTRY_ACTS[act].form(sent(request), entry=line), ENTRY_ACTS[act], title=title)


@for_members()
@require_POST
def remove_presence(request: MemberRequest, presence: UUID) -> HttpResponse:
    stay = get_object_or_404(Presence.objects.select_related("entry__session__panel"), pk=presence)
    found = _session(request, stay.entry.session_id)
    if not may_run_panel(request.member, found.panel):
        raise Http404
    acts.remove_presence(stay, by=request.member, now=request.now)
    messages.success(request, _("Removed."))
    return redirect("session", request.tenant.slug, found.pk)


def _answer(
    request: MemberRequest, session: PanelSession, form: forms.Form, act: Act, *, title: str, undo: str = ""
) -> HttpResponse:
    up = (reverse("session", args=[request.tenant.slug, session.pk]), session.title)

    def do() -> HttpResponse:
        form.save(by=request.member, now=request.now)  # type: ignore[attr-defined]
        messages.success(request, str(act.done), extra_tags=undo)
        return redirect(up[0])

    return answer_to(form, do) or form_page(request, form, title=title, submit=str(act.submit), up=up)


def _rows(request: MemberRequest, found: list[PanelSession]) -> list[dict[str, Any]]:
    """With how many were there of those who were expected, once it was held."""
    held = Q(is_counted=True)
    counted = RosterEntry.objects.filter(session__in=found).order_by().values_list("session_id")
    counts = {
        session: numbers
        for session, *numbers in counted.annotate(
            expected=Count("pk"),
            counted=Count("pk", filter=held),
            attending=Count("pk", filter=held & Q(attended=True)),
        )
    }
    rows = []
    for each in found:
        expected, were_expected, attended = counts.get(each.pk, (0, 0, 0))
        kind, state = session_state(each, request.now)
        rows.append(
            {
                "session": each,
                "url": reverse("session", args=[request.tenant.slug, each.pk]),
                "kind": kind,
                "state": state,
                "expected": expected,
                "were_expected": were_expected,
                "attended": attended,
            }
        )
    return rows


def _panels_kept(request: MemberRequest) -> Any:
    """The panels for which this member may plan a session."""
    return runnable_panels(request.member)


def _session(request: MemberRequest, pk: UUID) -> PanelSession:
    return get_object_or_404(visible_sessions(request.member).select_related("panel", "wave"), pk=pk)
