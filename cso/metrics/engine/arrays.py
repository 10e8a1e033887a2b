"""All counts of a tenant in arrays: of each family and grain, by period and unit, and the lines that they become."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from cso.metrics.formulas.histograms import BUCKET_BOUNDS, bucket_of
from cso.metrics.periods import period_of
from cso.metrics.registry import Family
from cso.people.models import Unit
from tenants.scope import current_tenant

Ints = NDArray[np.int64]

# PostgreSQL counts microseconds from here; a NULL instant travels as the smallest number, before every period.
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_BUCKETS = len(BUCKET_BOUNDS)


@dataclass(frozen=True)
class Tree:
    """Units by number. names: their ids. parents: the number of each unit's, -1 at the top. levels: from the top."""

    names: list[str]
    parents: Ints
    levels: list[Ints]

    @classmethod
    def read(cls) -> Tree:
        rows = list(Unit.objects.order_by("id").values_list("id", "parent_id"))
        number = {unit: n for n, (unit, _) in enumerate(rows)}
        parents = np.array([number.get(parent, -1) for _, parent in rows], dtype=np.int64)
        levels: list[Ints] = []
        level = np.flatnonzero(parents == -1)
        while level.size:
            levels.append(level)
            level = np.flatnonzero(np.isin(parents, level))
        return cls([str(unit) for unit, _ in rows], parents, levels)


class Calendar:
    """The periods of one grain that cover a range of instants, with their bounds in microseconds."""

    def __init__(self, grain: str, first: datetime, last: datetime) -> None:
        zone = current_tenant().zone
        period = period_of(first, grain, zone)  # type: ignore[arg-type]
        periods = [period]
        while period.bounds(zone)[1] <= last:
            period = period.next()
            periods.append(period)
        self.grain = grain
        self.starts: list[date] = [each.first for each in periods]
        self.bounds: Ints = np.array([_microseconds(each.bounds(zone)[0]) for each in periods], dtype=np.int64)
        self._end = _microseconds(periods[-1].bounds(zone)[1])

    def __len__(self) -> int:
        return len(self.starts)

    def covers(self, instants: Ints) -> NDArray[np.bool_]:
        inside: NDArray[np.bool_] = (instants >= self.bounds[0]) & (instants < self._end)
        return inside

    def numbers(self, instants: Ints) -> Ints:
        return np.searchsorted(self.bounds, instants, side="right") - 1


class Counts:
    """The counts of one family and grain, in arrays that grow with the periods that occur.

    A cell's number is `slot of its period * units + unit`; `own[cell, counter]`. The histogram is kept as keys, `cell *
    buckets + bucket`, and their counts.
    """

    def __init__(self, family: Family, calendar: Calendar, units: int) -> None:
        self.family, self.calendar, self.units = family, calendar, units
        # Half the room where rows are counted only; sums of money need the whole.
        self.own = np.zeros((0, len(family.counters)), dtype=np.int64 if family.measures else np.int32)
        self._slots = np.full(len(calendar), -1, dtype=np.int64)
        self._periods: list[int] = []
        self._keys: list[Ints] = []
        self._key_counts: list[Ints] = []

    def add(
        self,
        units: Ints,
        instants: Ints,
        flags: Ints,
        bits: Sequence[int],
        amounts: Sequence[Ints | None],
        seconds: Ints | None,
    ) -> None:
        """Facts, with their units' numbers. bits, amounts: of each counter, its flag and what it sums (None: rows)."""
        periods = self.calendar.numbers(instants)
        self._make_room(np.unique(periods))
        cells = self._slots[periods] * self.units + units
        for column, (bit, amount) in enumerate(zip(bits, amounts, strict=True)):
            inside = (flags >> bit) & 1 == 1
            if amount is None:
                counted = np.bincount(cells[inside], minlength=len(self.own))
                self.own[:, column] += counted.astype(self.own.dtype)
            else:
                # Not by weights of bincount: those are floats, which lose cents above 2**53.
                np.add.at(self.own[:, column], cells[inside], amount[inside])
        if seconds is not None:
            known = seconds >= 0
            keys = cells[known] * _BUCKETS + bucket_of(seconds[known])
            distinct, counts = np.unique(keys, return_counts=True)
            self._keys.append(distinct)
            self._key_counts.append(counts.astype(np.int64))

    def _make_room(self, periods: Ints) -> None:
        new = periods[self._slots[periods] == -1]
        self._slots[new] = np.arange(len(self._periods), len(self._periods) + new.size)
        self._periods += new.tolist()
        self.own = np.concatenate(
            [self.own, np.zeros((new.size * self.units, self.own.shape[1]), dtype=self.own.dtype)]
        )

    def lines(self, tree: Tree) -> Iterator[str]:
        """The cells that hold anything, as lines of `_CELLS` for COPY.

        Written as text here: adapting each array by the driver took half of a rebuild.
        """
        own = self.own.reshape(len(self._periods), self.units, len(self.family.counters))
        total = own.astype(np.int64)
        own_keys, own_counts = _summed(self._keys, self._key_counts)
        total_keys, total_counts = own_keys, own_counts
        for level in reversed(tree.levels[1:]):
            # Slots stand aside while children are added to their parents, several to one.
            np.add.at(total.swapaxes(0, 1), tree.parents[level], total.swapaxes(0, 1)[level])
            units = total_keys // _BUCKETS % self.units
            here = np.isin(units, level)
            lifted = total_keys[here] + (tree.parents[units[here]] - units[here]) * _BUCKETS
            total_keys, total_counts = _summed([total_keys, lifted], [total_counts, total_counts[here]])
        slots, units = np.nonzero(total.any(axis=2))
        cells = slots * self.units + units
        starts = [self.calendar.starts[period].isoformat() for period in self._periods]
        counts = zip(own[slots, units].tolist(), total[slots, units].tolist(), strict=True)
        times = _histograms([(own_keys, own_counts), (total_keys, total_counts)], cells)
        begin = f"{self.family.key}\t{self.calendar.grain}\t"
        for slot, unit, (mine, all_), both in zip(slots.tolist(), units.tolist(), counts, times, strict=True):
            text = _array(mine)
            # A unit without others below has no more in total; to write numbers as text is what takes the time.
            totals = text if all_ == mine else _array(all_)
            yield f"{begin}{tree.names[unit]}\t{starts[slot]}\t{text}\t{totals}\t{both}\n"


def _array(numbers: list[int]) -> str:
    return f"{{{str(numbers)[1:-1]}}}"


def _summed(keys: Sequence[Ints], counts: Sequence[Ints]) -> tuple[Ints, Ints]:
    if not keys:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    distinct, where = np.unique(np.concatenate(keys), return_inverse=True)
    summed = np.zeros(distinct.size, dtype=np.int64)
    np.add.at(summed, where, np.concatenate(counts))
    return distinct, summed


def _histograms(both: Sequence[tuple[Ints, Ints]], cells: Ints) -> Iterable[str]:
    """Of each of the cells the buckets and their counts, for each of the pairs of keys and counts."""
    if not any(keys.size for keys, _ in both):
        return repeat("{}\t{}\t{}\t{}", len(cells))
    return map(
        "\t".join, zip(*(column for keys, counts in both for column in _columns(keys, counts, cells)), strict=True)
    )


def _columns(keys: Ints, counts: Ints, cells: Ints) -> Iterator[list[str]]:
    firsts = np.searchsorted(keys, cells * _BUCKETS).tolist()
    afters = np.searchsorted(keys, (cells + 1) * _BUCKETS).tolist()
    for numbers in ((keys % _BUCKETS).tolist(), counts.tolist()):
        yield [_array(numbers[first:after]) for first, after in zip(firsts, afters, strict=True)]


def _microseconds(instant: datetime) -> int:
    return (instant - _EPOCH) // timedelta(microseconds=1)
