"""The address of the facts behind a figure, and what such an address asks for.

Query: metric, part, period, and where they apply unit, reason (`cso.metrics.queries.why`), channel ("none" for cases
without one), since and until (days, for a leader's part of a period).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, cast, get_args
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404, QueryDict
from django.urls import reverse

from cso.metrics.periods import Period, parse_period, part_bounds
from cso.metrics.queries.drilldown import Part, facts_behind
from cso.metrics.queries.figures import Figure, figure_of, whole_tenant
from cso.metrics.queries.why import Reason, cases_with, reason_of
from cso.metrics.registry import METRICS, Metric
from cso.people.models import Unit
from cso.people.queries import visible_units
from cso.recovery.models import Case, Channel
from cso.recovery.queries import visible_cases
from tenants.models import Membership
from tenants.roles import Can
from tenants.scope import current_tenant

NO_CHANNEL = "none"
_CHANNELS = {NO_CHANNEL: "", **{channel: channel for channel in Channel.values}}


def behind_url(
    metric: str,
    part: Part,
    period: Period | None,
    *,
    unit: UUID | None = None,
    since: date | None = None,
    until: date | None = None,
    reason: str | None = None,
    channel: str | None = None,
) -> str:
    """Where the facts behind one part of a figure of the current workspace are listed."""
    query = _query(
        metric=metric,
        part=part,
        period=period.key if period else None,
        unit=unit,
        since=since,
        until=until,
        reason=reason,
        channel=channel,
    )
    return f"{_listed_at(current_tenant().slug)}?{query}"


def _query(**values: object) -> str:
    """All are words, ids and days of the product's own, in which nothing needs to be quoted."""
    return "&".join(f"{name}={value}" for name, value in values.items() if value is not None)


@lru_cache(maxsize=100)
def _listed_at(workspace: str) -> str:
    """Where a workspace lists facts: a page of leaders leads there some hundred times."""
    return reverse("cases_behind", args=[workspace])


@lru_cache(maxsize=5_000)
def _page_of(workspace: str, unit: UUID) -> str:
    return reverse("unit", args=[workspace, unit])


@dataclass(frozen=True)
class PartOfPeriod:
    """The days of a period that somebody led in; without since and until the whole of it, and `between` None."""

    since: date | None = None
    until: date | None = None
    between: tuple[datetime, datetime] | None = None

    @classmethod
    def asked_for(cls, query: QueryDict, period: Period | None) -> PartOfPeriod:
        """Raises ValueError for what is no part of the period."""
        since, until = (date.fromisoformat(text) if (text := query.get(n)) else None for n in ("since", "until"))
        if period is None or (since is None and until is None):
            return cls()
        return cls(since, until, part_bounds(period, since, until, current_tenant().zone))


def unit_url(unit: UUID, period: Period | None, since: date | None = None, until: date | None = None) -> str:
    """A unit's page, with the figure of a period or of a part of it."""
    given = _query(period=period.key if period else None, since=since, until=until)
    url = _page_of(current_tenant().slug, unit)
    return f"{url}?{given}" if given else url


@dataclass(frozen=True)
class Behind:
    """One part of one figure, as an address asks for it."""

    metric: Metric
    part: Part
    period: Period | None
    unit: Unit | None
    days: PartOfPeriod
    reason: Reason | None = None
    channel: str | None = None

    @property
    def is_of_cases(self) -> bool:
        """Whether what stands behind it are cases."""
        return self.metric.family.source.is_of_cases

    @property
    def is_of_committees(self) -> bool:
        """Whether what stands behind it belongs to no case: rules, motions, orders, nominations, units."""
        return self.metric.family.source.is_of_committees

    @property
    def is_of_panels(self) -> bool:
        """Whether it is what panels say, and who listens: groups of answers, invitations, sessions, commitments."""
        return self.metric.family.source.is_of_panels

    @property
    def is_narrowed(self) -> bool:
        """By reason or channel: then it is less than the figure."""
        return self.reason is not None or self.channel is not None

    @classmethod
    def asked_for(cls, query: QueryDict, viewer: Membership) -> Behind:
        """Http404 for what does not exist, and alike for what the viewer may not see."""
        try:
            metric, part = METRICS[query.get("metric", "")], query.get("part", "")
            period = None if metric.is_state else parse_period(query.get("period", ""))
            days = PartOfPeriod.asked_for(query, period)
            unit = visible_units(viewer).get(pk=UUID(str(query["unit"]))) if "unit" in query else None
            reason = reason_of(str(query["reason"])) if "reason" in query else None
            channel = _CHANNELS[str(query["channel"])] if "channel" in query else None
        except (KeyError, ValueError, Unit.DoesNotExist) as error:
            raise Http404 from error
        if part not in get_args(Part) or (unit is None and not viewer.can(Can.SEE_SCORECARD)):
            raise Http404
        if not metric.family.source.has_case and (reason is not None or channel is not None):
            raise Http404  # neither has what belongs to no case
        return cls(metric, cast(Part, part), period, unit, days, reason, channel)

    def facts(self, viewer: Membership, *, now: datetime) -> QuerySet[Any]:
        units = [self.unit.pk] if self.unit else None
        found = facts_behind(viewer, self.metric, self.part, units, self.period, now=now, between=self.days.between)
        if not self.metric.family.source.has_case:
            return found
        path = "" if self.is_of_cases else f"{self.metric.family.source.case}__"
        if self.channel is not None:
            found = found.filter(**{f"{path}channel": self.channel})
        to_case = self.metric.family.source.case or "pk"
        return found.filter(**{f"{to_case}__in": cases_with(self.reason.key)}) if self.reason else found

    def cases(self, viewer: Membership, *, now: datetime) -> QuerySet[Case]:
        """The facts, or the cases that they belong to as far as the viewer may see them."""
        facts = self.facts(viewer, now=now)
        to_case = self.metric.family.source.case
        return facts if to_case is None else visible_cases(viewer).filter(pk__in=facts.values(to_case))

    def figure(self, *, now: datetime) -> Figure | None:
        """The figure that the facts stand behind; None for a state, which is only counted."""
        if self.period is None:
            return None
        units = [self.unit.pk] if self.unit else whole_tenant()
        return figure_of(self.metric, units, self.period, now=now, between=self.days.between)
