"""What the tests of the strategy have in common: outcomes, and who owns them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from cso.people import actions as people
from cso.people.models import Person
from cso.strategy.models import Outcome
from cso.strategy.outcomes import make_outcome
from tenants.models import AuditEntry
from tenants.roles import Role
from tests.personas import Company

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# A Wednesday, three in the afternoon in London, the morning in Toronto.
NOW = datetime(2026, 3, 18, 15, 0, tzinfo=UTC)
TODAY = date(2026, 3, 18)


def an_outcome(company: Company, name: str = "Right at once", **options: Any) -> Outcome:
    """Owned by who leads the north, to be looked at again in ten days."""
    values: dict[str, Any] = {
        "owner": company.leader,
        "review_on": TODAY + 10 * DAY,
        "by": company.member(Role.CSO),
        "now": NOW,
    }
    return make_outcome(name, **(values | options))


def a_person(name: str) -> Person:
    return people.add_person(name, by=None)


def last_entry() -> AuditEntry:
    return AuditEntry.objects.order_by("-number")[0]


def acts() -> list[str]:
    return list(AuditEntry.objects.order_by("number").values_list("act", flat=True))
