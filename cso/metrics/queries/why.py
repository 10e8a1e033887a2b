"""Why a share misses its target: what its misses have in common, and how much of the gap each of it would close.

A cause or a rule is what went wrong. A circumstance is how the case was handled: it waited for approval, was passed on,
its customer heard nothing, or it came at certain hours. Every case came at some hour, so a circumstance is a reason
only where its cases miss more often than the others by more than chance explains.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal, NamedTuple, get_args
from uuid import UUID

from django.db import connection
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cso.intervals import SMALL_SAMPLE, wilson_interval
from cso.metrics.counting import Window
from cso.metrics.queries.drilldown import Part
from cso.metrics.registry import Family, Metric
from cso.recovery.models import RECOVERY_TIME, Cause
from cso.rules.models import Rule
from tenants.scope import current_tenant, current_tenant_id

Kind = Literal["cause", "rule", "approval", "passed_on", "silent", "hours"]
NO_CAUSE = "none"
# A day has four parts: of single hours there would be too few cases.
PART_HOURS = 6

_DUE = f"recovery_case.clock_start + INTERVAL '{RECOVERY_TIME.total_seconds():.0f} seconds'"
_PART = f"extract(hour FROM recovery_case.clock_start AT TIME ZONE %(zone)s)::int / {PART_HOURS} * {PART_HOURS}"
# What was loaded when its 24 hours were over nobody here could handle: it has no circumstances.
_IN_OUR_HANDS = f"recovery_case.recorded_at < {_DUE}"
# Of each circumstance, of which cases it can be told, and of which of them it holds.
_CIRCUMSTANCES: dict[Kind, tuple[str, str]] = {
    "approval": (
        _IN_OUR_HANDS,
        # Those of whom nothing was asked need not be looked up.
        f"""NOT recovery_case.within_own_authority
            AND EXISTS (SELECT FROM recovery_remedy asked WHERE asked.tenant_id = recovery_case.tenant_id
            AND asked.case_id = recovery_case.id AND asked.was_asked AND asked.asked_at < {_DUE}
            AND (asked.decided_at IS NULL OR asked.decided_at >= {_DUE}))""",
    ),
    "passed_on": (
        _IN_OUR_HANDS,
        f"""EXISTS (SELECT FROM recovery_caseevent passed WHERE passed.tenant_id = recovery_case.tenant_id
            AND passed.case_id = recovery_case.id AND passed.kind IN ('moved', 'handed_over')
            AND passed.at < {_DUE})""",
    ),
    "silent": (
        f"{_IN_OUR_HANDS} AND recovery_case.customer_id IS NOT NULL",
        f"""NOT EXISTS (SELECT FROM recovery_contact told WHERE told.tenant_id = recovery_case.tenant_id
            AND told.case_id = recovery_case.id AND told.at < {_DUE})""",
    ),
}
_ORDER = {kind: place for place, kind in enumerate(get_args(Kind))}


@dataclass(frozen=True)
class Reason:
    """What `missed` misses have in common, and `cases` of all that count; a case may have several.

    id, name: of the cause or the rule; None and "" for cases without a cause. holds: whether the rule still does.
    hour: the first of the six hours of the day, in the tenant's zone, in which the clocks started.
    """

    kind: Kind
    cases: int
    missed: int
    id: UUID | None = None
    name: str = ""
    holds: bool = True
    hour: int | None = None

    @property
    def key(self) -> str:
        """How it is asked for: cause:<id>, cause:none, rule:<id>, approval, passed_on, silent, hours:18."""
        if self.kind in ("cause", "rule"):
            return f"{self.kind}:{self.id or NO_CAUSE}"
        return f"hours:{self.hour}" if self.kind == "hours" else self.kind

    @property
    def label(self) -> str:
        """As people read it, in their language."""
        return _LABELS[self.kind](self)

    @property
    def act(self) -> str:
        """What to do about it, in a sentence."""
        return _ACTS[self.kind](self)


_LABELS: dict[Kind, Callable[[Reason], str]] = {
    "cause": lambda reason: reason.name or _("No cause given"),
    "rule": lambda reason: _("The rule “%(rule)s” was quoted") % {"rule": reason.name},
    "approval": lambda _reason: _("Waited for approval when the 24 hours were over"),
    "passed_on": lambda _reason: _("Passed on before the 24 hours were over"),
    "silent": lambda _reason: _("The customer heard nothing for 24 hours"),
    "hours": lambda reason: (
        _("The clock started between %(first)s:00 and %(last)s:00")
        % {"first": reason.hour, "last": (reason.hour or 0) + PART_HOURS}
    ),
}
_ACTS: dict[Kind, Callable[[Reason], str]] = {
    "cause": lambda reason: (
        _("Take away what leads to “%(cause)s”: open these cases and look for what they share.")
        % {"cause": reason.name}
        if reason.id
        else _("Say what went wrong in these cases: nobody can mend what has no name.")
    ),
    "rule": lambda reason: (
        _("Nominate the rule “%(rule)s” to be killed.") % {"rule": reason.name}
        if reason.holds
        else _("The rule “%(rule)s” holds no more: see that nobody quotes it.") % {"rule": reason.name}
    ),
    "approval": lambda _reason: _("Let people give more on their own authority, or decide within the hour."),
    "passed_on": lambda _reason: _("Let whoever takes a case keep it until it is fixed."),
    "silent": lambda _reason: _("Tell each customer on the first day what happens, even before it is fixed."),
    "hours": lambda reason: (
        _("See who is there from %(first)s:00 to %(last)s:00 to take up what comes in.")
        % {"first": reason.hour, "last": (reason.hour or 0) + PART_HOURS}
    ),
}


class OfChannel(NamedTuple):
    """Of the cases that count those that came by a channel ("": it is not known), and the misses among them."""

    channel: str
    cases: int
    missed: int


@dataclass(frozen=True)
class Why:
    """The reasons for the misses of a share, the largest first. counted, missed: all cases that count, and the misses.

    gap: what the share lacks to the target, of 1; None without a target or data, and where nothing lacks. channels:
    all that count, the most cases first.
    """

    counted: int
    missed: int
    gap: Fraction | None
    reasons: tuple[Reason, ...]
    channels: tuple[OfChannel, ...]

    def would_add(self, reason: Reason) -> Fraction:
        """By how much the share would be better without these misses, of 1."""
        return Fraction(reason.missed, self.counted)

    def would_close(self, reason: Reason) -> Fraction | None:
        """How much of the gap that is: 1 is all of it, and no more; None where there is no gap."""
        return None if self.gap is None else min(Fraction(1), self.would_add(reason) / self.gap)

    @property
    def is_of_few(self) -> bool:
        """Whether there are too few cases for a pattern."""
        return self.counted < SMALL_SAMPLE

    @property
    def overlaps(self) -> bool:
        """Whether cases surely have several of the reasons, so that they do not add up."""
        return sum(reason.missed for reason in self.reasons) > self.missed

    @property
    def act(self) -> str:
        """The one act to begin with; "" without a miss."""
        if not self.missed or not self.reasons:
            return ""
        if self.is_of_few:
            words = ngettext(
                "Open the one miss: with so few cases there is no pattern yet.",
                "Open the %(n)s misses one by one: with so few cases there is no pattern yet.",
                self.missed,
            )
            return words % {"n": self.missed}
        return self.reasons[0].act


class Missed(NamedTuple):
    """A share, the windows of deciding instants in which it is counted together, and its target in percent."""

    metric: Metric
    windows: Sequence[Window]
    target: Decimal | Fraction | None


def why_missed(asked: Sequence[Missed], *, now: datetime, most: int = 3) -> list[Why]:
    """The reasons for each, units below included; at most so many of them, the largest first.

    The metrics are such of which reasons `can_tell`. Counted from the facts by one statement, whatever their number.
    """
    told = _count(asked, now)
    return [_why(told[number], each, most) for number, each in enumerate(asked)]


def can_tell(metric: Metric) -> bool:
    """Whether reasons can be told for a metric's misses."""
    return metric.kind == "share" and not metric.is_state and metric.family.source.has_case


def missed_part(metric: Metric) -> Part:
    """Which part of the metric's figure its misses are."""
    return "numerator" if metric.better == "lower" else "rest"


def reason_of(key: str) -> Reason:
    """A reason by its key, of no cases: to say what it is. Raises ValueError for what is none, or is not there."""
    kind, _colon, which = key.partition(":")
    if kind == "cause" and which != NO_CAUSE:
        cause = Cause.objects.filter(pk=UUID(which)).first()
        if cause is not None:
            return Reason("cause", 0, 0, cause.pk, cause.name)
    elif kind == "rule":
        rule = Rule.objects.filter(pk=UUID(which)).first()
        if rule is not None:
            return Reason("rule", 0, 0, rule.pk, rule.title, rule.withdrawn_at is None)
    elif key in _OTHERS:
        return _OTHERS[key]
    raise ValueError(f"There is no reason {key[:60]!r}.")


def cases_with(key: str) -> RawSQL:
    """The ids of the cases of which a reason holds, by `Reason.key`: the condition that counts it.

    Raises ValueError for what is no key.
    """
    kind, _colon, which = key.partition(":")
    parameters: list[Any] = [current_tenant_id()]
    if kind in ("cause", "rule") and which != NO_CAUSE:
        condition = f"recovery_case.{'cause_id' if kind == 'cause' else 'quoted_rule_id'} = %s"
        parameters.append(UUID(which))
    else:
        reason = _OTHERS.get(key)
        if reason is None:
            raise ValueError(f"There is no reason {key[:60]!r}.")
        if reason.hour is None:
            condition = " AND ".join(_CIRCUMSTANCES.get(reason.kind, ("recovery_case.cause_id IS NULL",)))
        else:
            condition = f"{_PART.replace('%(zone)s', '%s')} = %s"
            parameters += [current_tenant().time_zone, reason.hour]
    wanted = f"SELECT recovery_case.id FROM recovery_case WHERE recovery_case.tenant_id = %s AND {condition}"
    return RawSQL(wanted, parameters)  # noqa: S611 (what it is made of are constants of this file)


class _Told:
    """What was counted of one ask: how many there are, and by reason; a circumstance also by whether it holds."""

    def __init__(self) -> None:
        self.cases: Counter[Any] = Counter()
        self.missed: Counter[Any] = Counter()
        self.names: dict[tuple[str, UUID | None], tuple[str, bool]] = {}

    def add(self, what: Any, cases: int, missed: int) -> None:
        self.cases[what] += cases
        self.missed[what] += missed

    def channels(self) -> list[OfChannel]:
        found = [OfChannel(what[1], n, self.missed[what]) for what, n in self.cases.items() if what[0] == "channel"]
        return sorted(found, key=lambda each: (-each.cases, each.channel))

    def reasons(self) -> Iterable[Reason]:
        for what in self.cases:
            kind, value = what
            if kind in ("all", "channel") or value is False or not self.missed[what]:
                continue
            counts = (self.cases[what], self.missed[what])
            if kind in ("cause", "rule"):
                name, holds = self.names[what]
                yield Reason(kind, *counts, value, name, holds)
            elif self._stands_out(kind, value):
                yield Reason(kind, *counts, hour=value if kind == "hours" else None)

    def _stands_out(self, kind: str, value: Any) -> bool:
        """Whether the cases with it miss more often than those without, by more than chance explains."""
        rest = [what for what in self.cases if what[0] == kind and what[1] != value]
        here = wilson_interval(self.missed[kind, value], self.cases[kind, value])
        others = wilson_interval(sum(self.missed[what] for what in rest), sum(self.cases[what] for what in rest))
        return here is not None and others is not None and here.low > others.high


def _why(told: _Told, asked: Missed, most: int) -> Why:
    largest = sorted(told.reasons(), key=lambda r: (-r.missed, _ORDER[r.kind], r.name, r.hour or 0))
    counted, missed = told.cases["all", None], told.missed["all", None]
    return Why(counted, missed, _gap(asked, counted, missed), tuple(largest[:most]), tuple(told.channels()))


def _gap(asked: Missed, counted: int, missed: int) -> Fraction | None:
    if asked.target is None or not counted:
        return None
    allowed = Fraction(asked.target) / 100
    gap = Fraction(missed, counted) - (allowed if asked.metric.better == "lower" else 1 - allowed)
    return gap if gap > 0 else None


_HOURS = (Reason("hours", 0, 0, hour=hour) for hour in range(0, 24, PART_HOURS))
# Those that need no name from the database, by key.
_OTHERS = {
    reason.key: reason for reason in (Reason("cause", 0, 0), *(Reason(kind, 0, 0) for kind in _CIRCUMSTANCES), *_HOURS)
}
# The sets by which the facts are grouped, in the order of their columns in `_COUNTED`.
_SETS = (*get_args(Kind), "channel")
_COLUMNS = ("cause_id", "rule_id", "approval", "passed_on", "silent", "part", "channel")


def _count(asked: Sequence[Missed], now: datetime) -> dict[int, _Told]:
    found: dict[int, _Told] = defaultdict(_Told)
    by_metric: dict[str, list[tuple[int, Window]]] = defaultdict(list)
    metrics = {each.metric.key: each.metric for each in asked}
    for number, each in enumerate(asked):
        by_metric[each.metric.key] += [(number, window) for window in each.windows]
    parameters: dict[str, Any] = {"tenant": current_tenant_id(), "zone": current_tenant().time_zone}
    selects = []
    for place, (key, windows) in enumerate(by_metric.items()):
        parameters |= _window_parameters(metrics[key].family, windows, place, now)
        selects.append(_select(metrics[key], place))
    if not selects:
        return found
    with connection.cursor() as cursor:
        cursor.execute(_WITH_NAMES.format(told=" UNION ALL ".join(selects)), parameters)
        for number, group, cases, missed, cause, rule, flag, hour, channel, name, holds in cursor.fetchall():
            told = found[number]
            if group == len(_SETS):
                told.add(("all", None), cases, missed)
                continue
            kind = _SETS[group]
            value = {"cause": cause, "rule": rule, "hours": hour, "channel": channel}.get(kind, flag)
            if value is None and kind != "cause":
                continue  # no rule was quoted, or it cannot be told
            told.add((kind, value), cases, missed)
            if kind in ("cause", "rule"):
                told.names[kind, value] = (name or "", bool(holds))
    return found


def _window_parameters(
    family: Family, windows: Sequence[tuple[int, Window]], place: int, now: datetime
) -> dict[str, Any]:
    until = family.counted_before(now) if family.can_run else None
    return {
        f"numbers{place}": [number for number, _window in windows],
        f"units{place}": [window.unit for _number, window in windows],
        f"starts{place}": [window.start - family.delay for _number, window in windows],
        f"ends{place}": [min(filter(None, (window.end, until))) - family.delay for _number, window in windows],
    }


_GROUPED = " ".join(f"WHEN grouping({column}) = 0 THEN {place}" for place, column in enumerate(_COLUMNS))
_WITH_NAMES = """
    SELECT told.*, COALESCE(cause.name, rule.title), rule.withdrawn_at IS NULL FROM ({told}) told
    LEFT JOIN recovery_cause cause ON cause.tenant_id = %(tenant)s AND cause.id = told.cause_id
    LEFT JOIN rules_rule rule ON rule.tenant_id = %(tenant)s AND rule.id = told.rule_id
"""


def _select(metric: Metric, place: int) -> str:
    """Of each window, the facts that count and the misses: in all, and by each of the reasons."""
    family = metric.family
    source, table = family.source, family.source.table
    numerator, denominator = family.conditions[metric.numerator], family.conditions[metric.denominator]
    missed = numerator if metric.better == "lower" else f"NOT {numerator}"
    to_case = "" if source.is_of_cases else _JOIN.format(table=table, column=f"{source.case}_id")
    flags = ", ".join(
        f"CASE WHEN {known} THEN {holds} END AS {kind}" for kind, (known, holds) in _CIRCUMSTANCES.items()
    )
    sets = ", ".join(f"({column})" for column in _COLUMNS)
    return f"""
        SELECT w.number, told.* FROM unnest(
            %(numbers{place})s::int[], %(units{place})s::uuid[],
            %(starts{place})s::timestamptz[], %(ends{place})s::timestamptz[]
        ) AS w(number, unit_id, starts, ends)
        CROSS JOIN LATERAL (
            SELECT CASE {_GROUPED} ELSE {len(_COLUMNS)} END AS grouped, count(*) AS cases,
                count(*) FILTER (WHERE missed) AS missed, cause_id, rule_id,
                COALESCE(approval, passed_on, silent) AS flag, part, channel
            FROM (
                SELECT {missed} AS missed, recovery_case.cause_id, recovery_case.quoted_rule_id AS rule_id,
                    {flags}, {_PART} AS part, recovery_case.channel
                FROM people_unitancestor below JOIN {table}
                    ON {table}.tenant_id = %(tenant)s AND {table}.unit_id = below.unit_id {to_case}
                WHERE below.tenant_id = %(tenant)s AND below.ancestor_id = w.unit_id AND {family.base_condition}
                AND {denominator} AND {table}.{family.column} >= w.starts AND {table}.{family.column} < w.ends
            ) facts
            GROUP BY GROUPING SETS ((), {sets})
        ) told
    """


_JOIN = """
    JOIN recovery_case ON recovery_case.tenant_id = %(tenant)s AND recovery_case.id = {table}.{column}"""
