"""Why a score changed after it was final: the cases on which something was recorded in between."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from cso.metrics.periods import Grain, Period
from cso.people.models import UnitAncestor
from cso.people.queries import in_or_below
from cso.recovery.models import RECOVERY_TIME, Case, CaseEvent
from cso.recovery.queries import visible_cases
from cso.scorecards.scores.snapshots import Restated
from tenants.models import Actor
from tenants.scope import current_tenant

MOST_CASES = 50


@dataclass(frozen=True)
class Touched:
    """A case that fell due in the period, and what was recorded on it: kinds of events, `opened` first where it is new.

    recorded_at: when the last of them was.
    """

    case: Case
    kinds: tuple[str, ...]
    recorded_at: datetime


def cases_restated(viewer: Actor, restated: Restated) -> list[Touched]:
    """Cases of the plan's unit and of those below, or that left them meanwhile, that fell due in the period and had
    something recorded between the two scores: those that the viewer may see, the last first, `MOST_CASES` at most."""
    since, until = restated.before.as_of, restated.after.as_of
    start, end = Period(cast(Grain, restated.after.grain), restated.after.period).bounds(current_tenant().zone)
    between = CaseEvent.objects.filter(recorded_at__gt=since, recorded_at__lte=until)
    is_new = Q(recorded_at__gt=since, recorded_at__lte=until)
    codes = UnitAncestor.objects.filter(ancestor=restated.after.plan.unit_id).values_list("unit__code", flat=True)
    left = between.filter(changes__has_key="unit", changes__unit__0__in=list(codes)).values_list("case_id", flat=True)
    cases = visible_cases(viewer).filter(
        in_or_below([restated.after.plan.unit_id]) | Q(pk__in=list(left)),
        clock_start__gte=start - RECOVERY_TIME,
        clock_start__lt=end - RECOVERY_TIME,
    )
    found = list(cases.filter(is_new | Exists(between.filter(case=OuterRef("pk"))))[: 4 * MOST_CASES])
    events: dict[UUID, list[CaseEvent]] = defaultdict(list)
    for event in between.filter(case__in=found).order_by("recorded_at", "id"):
        events[event.case_id].append(event)
    touched = [_touched(case, events[case.pk], since) for case in found]
    return sorted(touched, key=lambda one: (one.recorded_at, one.case.pk), reverse=True)[:MOST_CASES]


def _touched(case: Case, events: list[CaseEvent], since: datetime) -> Touched:
    opened = ("opened",) if case.recorded_at > since else ()
    return Touched(
        case,
        (*opened, *(event.kind for event in events)),
        max([case.recorded_at, *(event.recorded_at for event in events)]),
    )
