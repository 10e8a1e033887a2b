"""The engine's cells equal what the facts say, whatever happened to the cases."""

from __future__ import annotations

from datetime import timedelta

from cso.metrics.engine.refresh import refresh
from cso.metrics.periods import parse_period
from cso.metrics.queries.figures import HEADLINE, figures
from tenants.scope import tenant_scope
from tests.personas import NOW, Company, log_case

HOUR = timedelta(hours=1)
MARCH = parse_period("2026-03")


def test_a_hit_and_a_miss_count_for_the_unit_and_all_above(acme: Company) -> None:
    north, leaf = acme.units["north"], acme.units["north-1"]
    with tenant_scope(acme.tenant):
        log_case(leaf, NOW - 60 * HOUR, fixed_after=24 * HOUR)
        log_case(leaf, NOW - 50 * HOUR, fixed_after=24 * HOUR + timedelta(microseconds=1))
        log_case(acme.units["south"], NOW - 30 * HOUR)
        refresh()
        found = figures(
            HEADLINE,
            {"leaf": [leaf.pk], "north": [north.pk], "top": [acme.units["top"].pk]},
            [MARCH],
            now=NOW,
        )
    assert [(f.numerator, f.denominator) for f in found.values()] == [(1, 2), (1, 2), (1, 3)]


def test_a_figure_is_a_share_while_its_cells_are_behind(acme: Company) -> None:
    """A case that was just logged runs already, and stands in no cell yet."""
    leaf = acme.units["north-1"]
    with tenant_scope(acme.tenant):
        log_case(leaf, NOW - HOUR)
        (behind,) = figures(HEADLINE, {"leaf": [leaf.pk]}, [MARCH], now=NOW).values()
        refresh()
        (fresh,) = figures(HEADLINE, {"leaf": [leaf.pk]}, [MARCH], now=NOW).values()
    assert [(f.numerator, f.denominator, f.running) for f in (behind, fresh)] == [(0, 0, 1), (0, 0, 1)]
