"""The one registry of metrics. API, portal, documentation and tests read it; the engine counts by it.

A *source* is a table of facts. A *family* counts the rows of a source by the instant that decides their period; each of
its counters is one condition on columns that the database computes. The same condition counts a figure and lists the
cases behind it, so the two cannot differ. A *metric* is a share, a time or a count over one family's counters.

To add a metric: give it a family (or a counter of one), an entry in METRICS, and run `manage.py metrics rebuild`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Literal

from django.db import connection
from django.db.models import Model, Q
from django.db.models.sql import Query
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cso.recovery.models import RECOVERY_TIME, Case

VALID = Q(is_valid=True)
# Told as a failure of ours: what is valid, and what was taken out because it is not ours.
CLAIMED = VALID | Q(is_not_our_failure=True)


@dataclass(frozen=True)
class Source:
    """A table of facts with `tenant_id` and `unit_id`, whose triggers write marks under `key`."""

    key: str
    model: type[Model]
    # An indexed instant by which a row is known: never before one that decides a period after a delay.
    known_at: str

    @property
    def table(self) -> str:
        return self.model._meta.db_table


@dataclass(frozen=True)
class Family:
    """Counters over a source, by period of the instant `column + delay`.

    counters: name -> condition, in the order in which a cell keeps them. base: rows outside it count in no counter.
    seconds: a column of whole seconds whose histogram the cell keeps too (rows where it is NULL are left out).
    """

    key: str
    source: Source
    column: str
    delay: timedelta
    counters: Mapping[str, Q]
    seconds: str | None = None
    base: Q = VALID

    def position(self, counter: str) -> int:
        return list(self.counters).index(counter)

    @cached_property
    def conditions(self) -> dict[str, str]:
        """The counters as SQL over the source's own table name; they hold no parameter."""
        return {name: as_sql(self.source.model, q) for name, q in self.counters.items()}

    @cached_property
    def base_condition(self) -> str:
        return as_sql(self.source.model, self.base)


@dataclass(frozen=True)
class Metric:
    """What a figure says. `numerator` and `denominator` are counters of `family`.

    A time is that of the family's `seconds`; where they are NULL, it has not ended yet.
    """

    key: str
    name: str | Promise
    meaning: str | Promise
    kind: Literal["share", "time", "count"]
    family: Family
    numerator: str
    denominator: str
    period_rule: str | Promise
    better: Literal["higher", "lower"] = "higher"
    # Only an outcome may be scored; a task keeps people busy.
    nature: Literal["outcome", "task"] = "outcome"
    # A state has no period: it is how many facts of the numerator stand now, past the family's delay.
    is_state: bool = field(default=False)


def as_sql(model: type[Model], condition: Q) -> str:
    """A condition as SQL text. Raises ValueError when it needs a parameter: a counter compares columns only."""
    query = Query(model)
    where = query.build_where(condition)
    sql, parameters = query.get_compiler(connection=connection).compile(where)
    if parameters:
        raise ValueError(f"A counter's condition must not hold values: {condition}")
    return f"({sql})"


CASES = Source(key="case", model=Case, known_at="reported_at")

_RECOVERED = VALID & Q(recovered_24h=True)

DUE = Family(
    key="due",
    source=CASES,
    column="clock_start",
    delay=RECOVERY_TIME,
    counters={
        "cases": VALID,
        "recovered": _RECOVERED,
        "open": VALID & Q(seconds_to_recover__isnull=True),
        "occurrence_known": VALID & Q(occurrence_known=True),
    },
)
REPORTED = Family(
    key="reported",
    source=CASES,
    column="reported_at",
    delay=RECOVERY_TIME,
    counters={"cases": VALID, "recovered": VALID & Q(recovered_24h_reported=True)},
)
STARTED = Family(
    key="started",
    source=CASES,
    column="clock_start",
    delay=timedelta(0),
    counters={"cases": VALID, "fixed": VALID & Q(seconds_to_recover__isnull=False)},
    seconds="seconds_to_recover",
)
FIRST_FIXED = Family(
    key="first_fixed",
    source=CASES,
    column="first_fixed_at",
    delay=timedelta(0),
    counters={"fixed": VALID, "undone": VALID & Q(undone_in_14d=True)},
)
ALL_DUE = Family(
    key="all_due",
    source=CASES,
    column="clock_start",
    delay=RECOVERY_TIME,
    counters={"cases": CLAIMED, "not_our_failure": CLAIMED & Q(is_not_our_failure=True)},
    base=CLAIMED,
)
FAMILIES: dict[str, Family] = {family.key: family for family in (DUE, REPORTED, STARTED, FIRST_FIXED, ALL_DUE)}

_METRICS = (
    Metric(
        key="recovered_24h",
        name=_("Recovered within 24 hours"),
        meaning=_(
            "Cases whose first fix came within 24 hours of the mistake and was neither disputed nor reopened within"
            " 14 days, of all valid cases that fell due. Open and overdue is a miss; not yet due is left out."
        ),
        kind="share",
        family=DUE,
        numerator="recovered",
        denominator="cases",
        period_rule=_("the instant when the case fell due: the clock's start + 24 hours"),
    ),
    Metric(
        key="recovered_24h_reported",
        name=_("Recovered within 24 hours of the report"),
        meaning=_("As “Recovered within 24 hours”, with the clock started by the first report instead of the mistake."),
        kind="share",
        family=REPORTED,
        numerator="recovered",
        denominator="cases",
        period_rule=_("the first report + 24 hours"),
    ),
    Metric(
        key="time_to_recover",
        name=_("Time to recover"),
        meaning=_(
            "From the clock's start to the fix that held: median and 90th percentile by Kaplan-Meier, in which open"
            " cases count for as long as they have waited. Never a mean; “not reached” is an answer."
        ),
        kind="time",
        family=STARTED,
        numerator="fixed",
        denominator="cases",
        period_rule=_("the clock's start"),
        better="lower",
    ),
    Metric(
        key="reopened",
        name=_("Reopened or disputed"),
        meaning=_("Cases whose first fix was disputed or reopened within 14 days, of all cases with a first fix."),
        kind="share",
        family=FIRST_FIXED,
        numerator="undone",
        denominator="fixed",
        period_rule=_("the first fix"),
        better="lower",
    ),
    Metric(
        key="not_our_failure",
        name=_("Not our failure"),
        meaning=_(
            "Cases taken out of the figures as not our failure, confirmed by a second person, of all cases that fell"
            " due less duplicates, tests and spam. Above 10 % it is shown as a warning."
        ),
        kind="share",
        family=ALL_DUE,
        numerator="not_our_failure",
        denominator="cases",
        period_rule=_("the instant when the case fell due: the clock's start + 24 hours"),
        better="lower",
        nature="task",
    ),
    Metric(
        key="open_overdue",
        name=_("Open and overdue"),
        meaning=_("Valid cases that are open now, later than 24 hours after the clock's start."),
        kind="count",
        family=DUE,
        numerator="open",
        denominator="cases",
        period_rule=_("none: how things stand now"),
        better="lower",
        is_state=True,
    ),
)
METRICS: dict[str, Metric] = {metric.key: metric for metric in _METRICS}
