"""What the stories want for their customers: told without a case, at any hour, by people who may do so."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cso.demo.airline import LARKSPUR
from cso.demo.city import PORT_ELLERY
from cso.demo.organization import tell_organization
from cso.demo.story import Story
from cso.demo.strategy import tell_strategy
from cso.metrics.registry import METRICS
from cso.strategy.models import Initiative, Outcome, OutcomeMetric
from cso.strategy.queries import age_in_days, is_overdue, open_blockers, visible_outcomes
from tenants.members import create_tenant
from tenants.roles import Role
from tenants.scope import tenant_scope

# A Saturday's late evening where the stories play, and the next day and month already in UTC.
NOW = datetime(2026, 3, 1, 2, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("story", "overdue", "ages"),
    [
        (LARKSPUR, ["A surprise in every recovery"], [61, 33, 9, 4]),
        (PORT_ELLERY, ["Answered and put right within a day"], [74, 40, 16]),
    ],
    ids=["airline", "city"],
)
def test_a_story_has_something_of_everything(db: None, story: Story, overdue: list[str], ages: list[int]) -> None:
    small = replace(story, divisions=tuple(replace(each, teams=()) for each in story.divisions), roles=story.roles)
    codes = {division.code for division in small.divisions} | {small.prefix}
    small = replace(small, roles=tuple(r if r.unit in codes else replace(r, unit=None) for r in story.roles))
    tenant = create_tenant(story.slug, story.name, story.time_zone)
    with tenant_scope(tenant):
        organization = tell_organization(small, seed=7, now=NOW)
        made = tell_strategy(small, organization, now=NOW)
        boss = organization.roles["executive"]
        outcomes = list(visible_outcomes(boss).order_by("position"))
        assert len(outcomes) == made
        assert [each.name for each in outcomes if is_overdue(each, NOW)] == overdue
        served = list(OutcomeMetric.objects.values_list("metric", flat=True))
        assert set(served) < set(METRICS)
        assert len(served) == len(set(served))
        assert Initiative.objects.exclude(done_at=None).exists()
        assert Initiative.objects.exclude(stopped_at=None).exists()
        blockers = list(open_blockers(boss))
        assert [age_in_days(each, NOW) for each in blockers] == ages
        assert blockers[0].times_handed == 1  # type: ignore[attr-defined]
        # Whoever signs in as a leader owns one of them.
        leader = organization.roles["leader"]
        assert leader.role == Role.LEADER
        assert Outcome.objects.filter(owner__member=leader).count() == 1
