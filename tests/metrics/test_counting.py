"""Facts in windows that overlap, lie beside each other, repeat or hold nothing: each counted as if it were alone."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import product

from cso.metrics.counting import EMPTY, Tally, Window, count_together, count_windows
from cso.metrics.formulas.histograms import histogram_of
from cso.metrics.registry import FAMILIES
from tenants.scope import tenant_scope
from tests.personas import NOW, Company, log_case

DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)
# Of one instant: two that decide a day later, and one that keeps times.
ALIKE = [FAMILIES[key] for key in ("due", "answered", "started")]


def told(unit: str, start: int, end: int) -> tuple[str, datetime, datetime]:
    return unit, NOW - start * DAY, NOW - end * DAY


# A month, weeks within it and over its edge, a day apart, the same again, nothing, and backwards.
SPANS = [
    *(told("south", start, end) for start, end in ((40, 10), (40, 33), (26, 19), (12, 5), (2, 1), (40, 10), (8, 8))),
    told("south", 10, 40),
    told("north-1", 30, 29),
    told("top", 40, 10),
]


def test_windows_together_count_what_each_counts_alone(acme: Company) -> None:
    """Facts on the edges of windows, of the days after which some count, and between them."""
    edges = {edge for _, start, end in SPANS for edge in (start, end, start - DAY, end - DAY)}
    fixed = {("south", NOW - 26 * DAY): 30, ("south", NOW - 12 * DAY): 90_000, ("north-1", NOW - 30 * DAY): 86_400}
    with tenant_scope(acme.tenant):
        for at, code in product(sorted(edges), ("south", "north-1")):
            seconds = fixed.get((code, at))
            log_case(acme.units[code], at, fixed_after=timedelta(seconds=seconds) if seconds else None)
        log_case(acme.units["south"], NOW - 33 * DAY - MICROSECOND, fixed_after=DAY + MICROSECOND)
        windows = [Window(acme.units[code].pk, start, end) for code, start, end in SPANS]
        for below in (False, True):
            together = count_together([(family, windows) for family in ALIKE], with_units_below=below)
            for family, tallies in zip(ALIKE, together, strict=True):
                for window, tally in zip(windows, tallies, strict=True):
                    assert count_windows(family, [window], with_units_below=below) == [tally]
        month, first_week, *_rest = started = together[-1]
        assert started[6] == started[7] == Tally((0, 0), EMPTY)
        assert month.histogram == histogram_of([30, 90_000, 86_401])
        assert first_week.histogram == histogram_of([86_401])
        assert started[-1].histogram == histogram_of([30, 90_000, 86_401, 86_400])


def test_no_windows_and_empty_ones_ask_nothing(acme: Company, django_assert_num_queries: object) -> None:
    family = FAMILIES["started"]
    with tenant_scope(acme.tenant), django_assert_num_queries(0):  # type: ignore[operator]
        assert count_together([(family, []), (family, [Window(acme.units["top"].pk, NOW, NOW)])]) == [
            [],
            [Tally((0, 0), EMPTY)],
        ]
