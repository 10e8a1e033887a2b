"""Plans and scores of the story: the same at any hour and in any month, also where nobody has a case yet."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from cso.demo.airline import LARKSPUR
from cso.demo.organization import tell_organization
from cso.demo.scorecards import tell_scorecards
from cso.metrics.actions import set_target
from cso.metrics.models import Target
from cso.scorecards.models import Acknowledgement, DigestChoice, Plan, PlanVersion, ScoreSnapshot
from tenants.members import create_tenant
from tenants.scope import tenant_scope

# Three divisions without their teams, one of them with a new leader: as much as the calendar is tried with.
SMALL = replace(
    LARKSPUR,
    divisions=tuple(
        replace(division, teams=()) for division in LARKSPUR.divisions if division.code in {"BAG", "DIG", "CLB"}
    ),
    roles=tuple(role for role in LARKSPUR.roles if role.role in {"cso", "leader"}),
)


@pytest.mark.parametrize(
    ("now", "plans", "changed_from"),
    [
        # The last minutes of a year in Toronto, and the first ones of the next.
        (datetime(2027, 1, 1, 4, 50, tzinfo=UTC), {2025: 2, 2026: 3}, date(2026, 12, 1)),
        (datetime(2027, 1, 1, 5, 10, tzinfo=UTC), {2026: 3, 2027: 3}, date(2027, 2, 1)),
    ],
)
def test_plans_hold_at_the_turn_of_a_year(db: None, now: datetime, plans: dict[int, int], changed_from: date) -> None:
    tenant = create_tenant("larkspur-air", "Larkspur Air", LARKSPUR.time_zone)
    with tenant_scope(tenant):
        organization = tell_organization(SMALL, seed=7, now=now)
        set_target("recovered_24h", Decimal(70), date(2025, 1, 1), by=None)
        assert tell_scorecards(SMALL, organization, seed=7, now=now) > 50
        held = list(Plan.objects.values_list("year", flat=True))
        assert {year: held.count(year) for year in held} == plans
        [changed] = PlanVersion.objects.filter(number=2).select_related("plan__unit")
        assert (changed.plan.unit.code, changed.starts_on) == ("BAG", changed_from)
        assert changed.made_at <= now
        assert Acknowledgement.objects.count() == plans[max(plans)]
        assert not ScoreSnapshot.objects.filter(as_of__gt=now).exists()
        assert Target.objects.latest("starts_on").percent == 100
        # Everybody who leads, and the executive: on Monday at seven, but for who chose another day.
        digests = {each.member_id: (each.weekday, each.hour) for each in DigestChoice.objects.filter(is_wanted=True)}
        assert digests.pop(organization.roles["cso"].pk) == (6, 18)
        assert {member.pk for member in organization.leaders.values()} <= set(digests)
        assert set(digests.values()) == {(0, 7)}
