"""More with less: what was saved of customers for what was given to them."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction

from cso.customers.models import Customer
from cso.metrics.engine.refresh import refresh
from cso.metrics.periods import period_of
from cso.metrics.queries.beside import worth_of
from cso.metrics.queries.figures import figure_of
from cso.metrics.queries.returned import Returned, returned
from cso.metrics.registry import METRICS
from cso.people.models import Position
from cso.recovery.actions import fix_case
from cso.recovery.authority import give_remedy, set_authority
from tenants.scope import tenant_scope
from tests.metrics.recoveries import bought, customer
from tests.metrics.test_recovery_vectors import DAY, HOUR
from tests.personas import Company, log_case


def test_what_was_given_stands_against_what_was_saved_of_the_same_customers(acme: Company) -> None:
    """On all their cases of that time, whenever it was; also to who was lost; in the currency of worth alone."""
    since = datetime(2025, 10, 20, 12, tzinfo=UTC)
    ends = since + 90 * DAY
    with tenant_scope(acme.tenant):
        director = Position.objects.get(title="Director")
        set_authority(director, by=None, per_case_minor=10_000, per_day_minor=100_000, currency="USD")
        ada, eve, bob = customer("Ada", 5000, 15000), customer("Eve", 100, 100), customer("Bob")

        def given(who: Customer, reported: datetime, amount: int) -> None:
            case = log_case(acme.units["north-1"], reported, customer=who)
            give_remedy(case, person=acme.leader, by=None, now=reported + HOUR, amount_minor=amount)
            fix_case(case, by=None, at=reported + 2 * HOUR, now=reported + 2 * HOUR)

        given(ada, since, 300)
        given(ada, since + HOUR, 50)  # while the first is open: one risk
        given(ada, since + 3 * HOUR, 50)  # touches it
        given(ada, since + 40 * DAY, 7_000)  # another one, whose 90 days are not over
        given(eve, since, 100)
        given(bob, since, 100)
        bought(ada, since + 10 * DAY)
        refresh()
        tops, south = [acme.units["top"].pk], [acme.units["south"].pk]
        month = period_of(ends, "month", acme.tenant.zone)
        bounds = month.bounds(acme.tenant.zone)
        metric = METRICS["value_saved"]
        worth = worth_of(metric, figure_of(metric, tops, month, now=ends + DAY).counts, "USD")
        assert worth is not None
        found = returned(worth, tops, bounds, now=ends + DAY)
        assert found == Returned("USD", 600, 5000, 15000)
        assert found.ratio == (Fraction(25, 3), Fraction(25))
        assert [returned(worth, each, bounds, now=now).ratio for each, now in ((south, ends + DAY), (tops, ends))] == [
            None,
            None,
        ]
