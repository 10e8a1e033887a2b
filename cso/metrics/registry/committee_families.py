"""What committees decide and kill: the tables of facts, and what is counted in each by which instant."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cso.committees.models import KillOrder, Motion, Nomination, UnitCoverage
from cso.metrics.registry.kinds import Family, Source, Total

# So long the cases are watched that cite a rule, before and after it went.
EFFECT_TIME = timedelta(weeks=8)
_AT_ONCE = timedelta(0)

_KILLED = Q(is_killed=True)
_OBSERVED = Q(effect_observed=True)
_TOLD = _OBSERVED & Q(effect_told=True)
_NOMINATED = Q(is_counted=True)
_DUE = Q(is_due=True)
_UNIT = Q(unit__isnull=False)

# Apart from each other: a step or a postponement changes when an order is carried out, and not what was verified.
KILLS = Source(key="withdrawal", model=KillOrder, noun=_("Rule"), case=None, rule="rule", is_of_committees=True)
ORDERS = Source(key="kill_order", model=KillOrder, noun=_("Kill order"), case=None, rule="rule", is_of_committees=True)
NOMINATIONS = Source(
    key="nomination", model=Nomination, noun=_("Nomination"), case=None, rule="rule", is_of_committees=True
)
MOTIONS = Source(key="motion", model=Motion, noun=_("Motion"), case=None, rule="rule", is_of_committees=True)
COVERAGE = Source(key="coverage", model=UnitCoverage, noun=_("Unit"), case=None, is_of_committees=True)

KILLED = Family(
    key="killed", source=KILLS, column="verified_at", delay=_AT_ONCE, counters={"rules": _KILLED}, base=_KILLED
)
EFFECTS = Family(
    key="effects",
    source=KILLS,
    column="verified_at",
    delay=_AT_ONCE,
    matures=EFFECT_TIME,
    counters={
        "rules": _TOLD,
        "too_few": _OBSERVED & Q(effect_told=False),
        "cases_after": Total(_TOLD, "cited_after"),
        "cases_before": Total(_TOLD, "cited_before"),
    },
    base=_OBSERVED,
)
EXECUTIONS = Family(
    key="executions",
    source=ORDERS,
    column="first_due_at",
    delay=_AT_ONCE,
    lies_ahead=True,
    counters={
        "due": _DUE,
        "in_time": _DUE & Q(executed_in_time=True),
        "as_moved": _DUE & Q(executed_as_moved=True),
    },
    base=_DUE,
)
NOMINATED = Family(
    key="nominated",
    source=NOMINATIONS,
    column="submitted_at",
    delay=_AT_ONCE,
    counters={
        "nominated": _NOMINATED,
        "killed": _NOMINATED & Q(seconds_to_kill__isnull=False),
        "ended_otherwise": _NOMINATED & Q(seconds_to_end__isnull=False),
    },
    base=_NOMINATED,
    seconds="seconds_to_kill",
    otherwise="seconds_to_end",
)
DECISIONS = Family(
    key="decisions",
    source=MOTIONS,
    column="due_at",
    delay=_AT_ONCE,
    lies_ahead=True,
    counters={"due": _DUE, "in_time": _DUE & Q(decided_in_time=True)},
    base=_DUE,
)
COVERED = Family(
    key="covered",
    source=COVERAGE,
    column="starts_at",
    delay=_AT_ONCE,
    counters={"units": _UNIT, "covered": _UNIT & Q(is_covered=True)},
    base=_UNIT,
    until="ends_at",
)
COMMITTEE_FAMILIES = (KILLED, EFFECTS, EXECUTIONS, NOMINATED, DECISIONS, COVERED)
