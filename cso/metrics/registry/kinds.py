"""What a source, a family and a metric are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Literal

from django.db import connection
from django.db.models import Model, Q
from django.db.models.sql import Query
from django.utils.functional import Promise


@dataclass(frozen=True)
class Source:
    """A table of facts with `tenant_id` and `unit_id`, whose triggers write marks under `key`.

    noun: what one row is called. case: the column that leads to its case; None where a row is the case itself, and for
    what belongs to no case. rule: the column that leads to its rule, for what committees do.
    """

    key: str
    model: type[Model]
    noun: str | Promise
    case: str | None = "case"
    rule: str | None = None
    is_of_committees: bool = False
    is_of_panels: bool = False

    @property
    def is_of_cases(self) -> bool:
        """Whether a row is a case itself."""
        return self.case is None and self.has_case

    @property
    def has_case(self) -> bool:
        """Whether a row is a case or belongs to one."""
        return not (self.is_of_committees or self.is_of_panels)

    @property
    def table(self) -> str:
        return self.model._meta.db_table


@dataclass(frozen=True)
class Total:
    """A counter that sums a column of whole numbers, none of them NULL where the condition holds."""

    condition: Q
    measure: str


@dataclass(frozen=True)
class Family:
    """Counters over a source, by period of the instant `column + delay`.

    counters: name -> condition, in the order in which a cell keeps them. base: rows outside it count in no counter.
    matures: how long after that instant a row begins to count; until then it is running. lies_ahead: the instant may
    lie in the future without a delay, so that what is not due yet is running.
    seconds: a column of whole seconds whose histogram the cell keeps too (rows where it is NULL are left out).
    otherwise: a column of whole seconds after which a row ended in another way, and will not end in this one.
    until: a column with the instant from which a row counts no more. What ends by the clock alone no cell can tell:
    such a family is read from its facts, as a state.
    known_at: an indexed instant by which a row is known, never before `column`; None for `column` itself.
    """

    key: str
    source: Source
    column: str
    delay: timedelta
    counters: Mapping[str, Q | Total]
    base: Q
    seconds: str | None = None
    matures: timedelta = timedelta(0)
    lies_ahead: bool = False
    known_at: str | None = None
    otherwise: str | None = None
    until: str | None = None

    def position(self, counter: str) -> int:
        return list(self.counters).index(counter)

    @property
    def can_run(self) -> bool:
        """Whether a row may have a period before it counts."""
        return bool(self.delay or self.matures or self.lies_ahead)

    def counted_before(self, now: datetime) -> datetime:
        """At `now` those rows count whose deciding instant lies before this one; all, where none can run."""
        return now - self.matures

    def condition(self, counter: str) -> Q:
        found = self.counters[counter]
        return found.condition if isinstance(found, Total) else found

    @property
    def indexed(self) -> str:
        return self.known_at or self.column

    @cached_property
    def conditions(self) -> dict[str, str]:
        """The counters as SQL over the source's own table name; they hold no parameter."""
        return {name: as_sql(self.source.model, self.condition(name)) for name in self.counters}

    @cached_property
    def measures(self) -> dict[str, str]:
        """The columns that counters sum, by counter."""
        return {name: counter.measure for name, counter in self.counters.items() if isinstance(counter, Total)}

    def aggregate(self, counter: str, also: str = "TRUE") -> str:
        """The counter as an SQL aggregate over the source's own table name; `also` narrows it."""
        filtered = f"FILTER (WHERE {self.conditions[counter]} AND {also})"
        if counter in self.measures:
            return f"COALESCE(sum({self.source.table}.{self.measures[counter]}) {filtered}, 0)::bigint"
        return f"count(*) {filtered}"

    @cached_property
    def base_condition(self) -> str:
        return as_sql(self.source.model, self.base)


@dataclass(frozen=True)
class Money:
    """The counters that sum a figure's money in minor units, low and high; and the rows of unknown worth."""

    numerator: tuple[str, str]
    denominator: tuple[str, str]
    unknown: str


@dataclass(frozen=True)
class Metric:
    """What a figure says. `numerator` and `denominator` are counters of `family`.

    A time is that of the family's `seconds`; where they are NULL, it has not ended yet. A ratio compares two counts of
    which neither lies within the other, so it may be above 1. Of a net figure the counter `against` is taken off the
    numerator, so it lies between -1 and 1. Money is what the facts of both
    are worth, and no share: what is known of some says nothing of the others.
    """

    key: str
    name: str | Promise
    meaning: str | Promise
    kind: Literal["share", "time", "count", "money", "ratio", "net"]
    family: Family
    numerator: str
    denominator: str
    period_rule: str | Promise
    better: Literal["higher", "lower"] = "higher"
    # Only an outcome may be scored; a task keeps people busy.
    nature: Literal["outcome", "task"] = "outcome"
    # A state has no period: it is how many facts of the numerator stand now, past the family's delay; of a share, also
    # how many of the denominator.
    is_state: bool = field(default=False)
    money: Money | None = None
    # Of a share of answers: the counter of all that could have been answered, so that the silent ones are seen too.
    asked: str | None = None
    # Where numerator and denominator are sums: the counter of its facts.
    facts: str | None = None
    against: str | None = None

    @property
    def counted(self) -> str:
        """The counter that says how many facts there are."""
        return self.facts or self.denominator

    @property
    def shown(self) -> tuple[str, ...]:
        """The counters that are seen in the figure, each once."""
        money = (*self.money.numerator, *self.money.denominator, self.money.unknown) if self.money else ()
        asked = tuple(name for name in (self.asked, self.facts, self.against) if name)
        return tuple(dict.fromkeys((self.numerator, self.denominator, *money, *asked)))


def as_sql(model: type[Model], condition: Q) -> str:
    """A condition as SQL text. Raises ValueError when it needs a parameter: a counter compares columns only."""
    query = Query(model)
    where = query.build_where(condition)
    sql, parameters = query.get_compiler(connection=connection).compile(where)
    if parameters:
        raise ValueError(f"A counter's condition must not hold values: {condition}")
    return f"({sql})"
