"""Reads of cases, viewer first. What the viewer may not see is missing, like what does not exist."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet

from cso.people.queries import in_or_below, own_units
from cso.recovery.models import Case, CaseEvent, CaseTask, Cause, EventKind
from tenants.models import Actor, Membership
from tenants.roles import Can


def visible_cases(viewer: Actor) -> QuerySet[Case]:
    """All cases; or those of the units that the viewer leads, works in or takes in for, those that the viewer logged or
    owns, and those for which one of these units has a task to do.
    """
    if viewer.can(Can.SEE_ALL_CASES):
        return Case.objects.all()
    if not isinstance(viewer, Membership):
        return Case.objects.none()
    units = in_or_below(own_units(viewer))
    waiting = CaseTask.objects.filter(units, done_at=None, cancelled_at=None)
    # By their ids, which are few, for the reason given in `in_or_below`.
    asked = list(waiting.values_list("case_id", flat=True).distinct())
    return Case.objects.filter(units | Q(opened_by=viewer) | Q(owner=viewer) | Q(pk__in=asked))


def open_cases(viewer: Actor) -> QuerySet[Case]:
    """The work list: valid open cases, the one that is late longest first."""
    return visible_cases(viewer).filter(fixed_at=None, is_valid=True).order_by("clock_start", "id")


@dataclass(frozen=True)
class LogLine:
    """One line of a case's log; `by` is a name, or empty when a program or the product did it."""

    kind: str
    label: str
    at: datetime
    recorded_at: datetime
    by: str
    note: str
    changes: dict[str, Any]


def case_log(case: Case) -> list[LogLine]:
    """What happened to a case, in the order of recording; the opening, and a fix that came with it, from itself."""
    events = case.events.select_related("member__user", "api_key").order_by("recorded_at", "id")
    lines = _with_mails(case, [_line(event) for event in events])
    arrived = [_arrived(case, EventKind.OPENED, case.reported_at)]
    fixes = [line.kind for line in lines if line.kind in {EventKind.FIXED, EventKind.REOPENED, EventKind.DISPUTED}]
    if case.first_fixed_at is not None and fixes[:1] != [EventKind.FIXED]:
        arrived.append(_arrived(case, EventKind.FIXED, case.first_fixed_at))
    return arrived + lines


def _with_mails(case: Case, lines: list[LogLine]) -> list[LogLine]:
    """Lines of mails with the words of each, which the log itself does not keep."""
    if not any("mail" in line.changes for line in lines):
        return lines
    words = {
        str(mail.pk): "\n".join(filter(None, [mail.sender_name or mail.sender, mail.subject, mail.text]))
        for mail in case.mails.all()
    }
    return [
        replace(line, note="\n\n".join(filter(None, [words.get(line.changes["mail"][1], ""), line.note])), changes={})
        if "mail" in line.changes
        else line
        for line in lines
    ]


def _arrived(case: Case, kind: EventKind, at: datetime) -> LogLine:
    opener = case.opened_by.label if case.opened_by else ""
    return LogLine(kind, str(kind.label), at, case.recorded_at, opener, "", {})


def _line(event: CaseEvent) -> LogLine:
    actor = event.member or event.api_key
    return LogLine(
        event.kind,
        event.get_kind_display(),
        event.at,
        event.recorded_at,
        actor.label if actor else "",
        event.note,
        event.changes,
    )


def frequent_causes(most: int, *, now: datetime) -> list[Cause]:
    """The causes that were named most in the last 90 days, most first."""
    recent = Case.objects.filter(reported_at__gte=now - timedelta(days=90), cause__isnull=False)
    counted = recent.values_list("cause_id", "cause__name").annotate(times=Count("*"))
    return [Cause(id=pk, name=name) for pk, name, _ in counted.order_by("-times", "cause__name")[:most]]
