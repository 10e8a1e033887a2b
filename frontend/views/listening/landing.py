"""What customers say: promises to them that are overdue, what is being asked, and each panel's newest figure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Case, Count, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Coalesce
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from cso.panels.headlines import headlines
from cso.panels.models import Commitment, Invitation, Panel, PanelMember, Wave
from cso.panels.permissions import visible_panels
from cso.panels.queries import waiting
from cso.panels.results import Part
from cso.texts import percent
from frontend.access import MemberRequest, for_members
from frontend.figures.panels import change_words, figure_words, part_picture, within_words
from frontend.views.listening.tabs import listening_tabs
from frontend.words.figures import number
from tenants.roles import Can

COMMITMENTS_SHOWN = 6


@for_members(Can.SEE_RESULTS)
@require_safe
def listening(request: MemberRequest) -> HttpResponse:
    on_it = PanelMember.objects.filter(panel=OuterRef("pk"), left_at=None)
    known = visible_panels(request.member).select_related("unit").annotate(members_now=_how_many(on_it, "panel_id"))
    panels = list(known.order_by("name", "id"))
    waves = list(_with_progress(Wave.objects.filter(panel__in=panels)).order_by("-closes_at", "id"))
    owed = Commitment.objects.filter(Q(panel__in=panels) | Q(owner__member=request.member))
    commitments = list(waiting(owed).select_related("owner"))
    overdue = [each for each in commitments if each.due_at < request.now]
    running = sorted((wave for wave in waves if wave.status == Wave.Status.OPEN), key=lambda wave: wave.closes_at)
    context = {
        "tabs": listening_tabs(request, "listening"),
        "title": _sentence(overdue, running, panels),
        "commitments": commitments[:COMMITMENTS_SHOWN],
        "running": _running(running, {panel.pk: panel for panel in panels}),
        "rows": _rows([panel for panel in panels if panel.closed_at is None], waves),
        "may_found": request.member.can(Can.RUN_PANELS),
    }
    return render(request, "frontend/listening/listening.html", context)


def _sentence(overdue: Sequence[Commitment], running: Sequence[Wave], panels: Sequence[Panel]) -> str:
    if n := len(overdue):
        return ngettext("%(n)s promise to our panels is overdue", "%(n)s promises to our panels are overdue", n) % {
            "n": n
        }
    if n := len(running):
        return ngettext("%(n)s wave is asking customers now", "%(n)s waves are asking customers now", n) % {"n": n}
    return _("What customers say") if panels else _("No panel listens to customers yet")


def _how_many(rows: QuerySet[Any], of: str) -> Coalesce:
    """How many rows there are of the one outside, within the same statement."""
    return Coalesce(Subquery(rows.order_by().values(of).annotate(n=Count("pk")).values("n")), 0)


def _with_progress(waves: QuerySet[Wave]) -> QuerySet[Wave]:
    """Each open wave with how many were asked, and how many of them answered."""
    invited = Invitation.objects.filter(wave=OuterRef("pk"), is_counted=True)
    counts = {"asked": invited, "answered": invited.filter(has_answered=True)}
    return waves.annotate(
        **{
            name: Case(When(status=Wave.Status.OPEN, then=_how_many(rows, "wave_id")), default=0)
            for name, rows in counts.items()
        }
    )


def _running(waves: Sequence[Any], panels: dict[UUID, Panel]) -> list[dict[str, Any]]:
    """The open waves and how far they have come. There are no results before the close."""
    return [
        {"wave": wave, "panel": panels[wave.panel_id], **answered_words(wave.asked, wave.answered)} for wave in waves
    ]


def answered_words(asked: int, answered: int) -> dict[str, str]:
    """How far a wave has come: in words, and as the width of a bar."""
    if not asked:
        return {"words": _("nobody is invited yet"), "width": "0%"}
    said = {"part": number(answered), "all": number(asked), "share": percent(answered / asked)}
    return {"words": _("%(part)s of %(all)s answered (%(share)s)") % said, "width": f"{answered / asked * 100:.1f}%"}


def _rows(panels: Sequence[Any], waves: Sequence[Wave]) -> list[dict[str, Any]]:
    """Each panel with its newest results."""
    closed: dict[UUID, list[Wave]] = defaultdict(list)
    for wave in waves:
        if wave.status == Wave.Status.CLOSED and len(closed[wave.panel_id]) < 2:
            closed[wave.panel_id].append(wave)
    figures = headlines([wave for both in closed.values() for wave in both])
    return [
        {"panel": panel, "members": number(panel.members_now), **_newest(closed[panel.pk], figures)} for panel in panels
    ]


def _newest(waves: Sequence[Wave], figures: dict[UUID, Part]) -> dict[str, Any]:
    if not waves:
        return {"wave": None, "figure": ""}
    newest = waves[0]
    part = figures.get(newest.pk)
    if part is None:
        return {"wave": newest, "figure": ""}
    before = figures.get(waves[1].pk) if len(waves) > 1 else None
    change, tone = change_words(part, before, waves[1].name) if before else ("", "chance")
    return {
        "wave": newest,
        "figure": figure_words(part),
        "within": within_words(part),
        "picture": part_picture(part, label=newest.name),
        "change": change,
        "tone": tone,
    }
