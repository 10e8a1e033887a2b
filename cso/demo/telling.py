"""Tells a story to the product, through the same doors as real data: actions, and the bulk load of cases."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count

from django.db import connection

from cso.customers.actions import add_customers
from cso.demo.cases import DrawnCase, draw_cases
from cso.demo.committees import tell_committees
from cso.demo.giving import tell_gifts
from cso.demo.habits import habit_of, tells_habit
from cso.demo.listening import tell_listening
from cso.demo.organization import Organization, customer_rows, tell_organization
from cso.demo.recovering import Recoveries, set_up, tell_loose_ends, tell_secrets
from cso.demo.scorecards import tell_scorecards
from cso.demo.story import Story
from cso.demo.strategy import tell_strategy
from cso.metrics.actions import set_target
from cso.metrics.engine.rebuild import rebuild
from cso.metrics.registry import METRICS
from cso.people.models import Unit
from cso.recovery import actions
from cso.recovery.loading.cases import load_cases
from cso.recovery.loading.rows import Reading
from cso.recovery.models import Case
from cso.scorecards.walls.links import make_wall
from tenants.members import create_tenant
from tenants.models import Membership, Tenant
from tenants.scope import tenant_scope

ROWS_AT_ONCE = 5_000
# What the people on the front line logged themselves, so that their own lists are not empty.
LOGGED_BY_HAND = timedelta(days=10)
# Of all others, the cases of so many days are told with all that was done for them.
TOLD_IN_FULL = timedelta(days=1)
# Where a screen shows the whole company, and for how long.
WALL, WALL_HANGS = "Head office", timedelta(days=90)
# So many exclusions still wait for a second person.
UNCONFIRMED = 2


def is_told(story: Story) -> bool:
    """Whether the whole story is in; each is told in one transaction, so there is no half."""
    tenant = Tenant.objects.filter(slug=story.slug).first()
    if tenant is None:
        return False
    with tenant_scope(tenant):
        return Unit.objects.exists()


def tell(story: Story, *, seed: int, now: datetime, say: Callable[[str], None]) -> None:
    """Tell the whole story into its tenant, up to `now`, and compute the figures. `say` hears of each step."""
    tenant = Tenant.objects.filter(slug=story.slug).first()
    tenant = tenant or create_tenant(story.slug, story.name, story.time_zone)
    with tenant_scope(tenant):
        # Nobody but this transaction sees what it writes: a plan made while the tables were empty would read all of a
        # table for each of thousands of acts.
        _plan("enable_seqscan = off")
        organization = tell_organization(story, seed=seed, now=now)
        say(f"{story.name}: {len(organization.units)} units with their people")
        for months_ago, percent in story.targets:
            first = _first_of_month(now.astimezone(tenant.zone).date(), months_ago)
            set_target(METRICS["recovered_24h"].key, Decimal(percent), first, by=organization.roles["cso"])
        customers = list(customer_rows(story, seed=seed, most=story.customers))
        add_customers(customers, by=None)
        say(f"{story.name}: {len(customers):,} customers")
        visits = {str(row["external_id"]): float(str(row["visits_per_year"])) ** 0.5 for row in customers}
        set_up(story, organization, now=now)
        tell_secrets(story, organization, seed=seed, now=now)
        drawn = draw_cases(story, visits, seed=seed, now=now)
        # Thousands at once, of which no statistics tell: never one by one against all.
        _plan("enable_nestloop = off")
        _load(drawn, story, now)
        _plan("enable_nestloop = on")
        say(f"{story.name}: {len(drawn):,} cases")
        recoveries = Recoveries(story, organization, seed=seed, now=now)
        acts = sorted(_acts(drawn, story, organization, recoveries, now), key=lambda act: (act.at, act.order))
        _act(acts)
        tell_loose_ends(story, organization, now=now)
        tell_gifts(story, organization, now=now)
        tell_committees(story, organization, now=now)
        say(f"{story.name}: {len(acts):,} acts of people on them")
        answers = tell_listening(story, organization, seed=seed, now=now)
        say(f"{story.name}: {answers:,} answers to what customers were asked")
    with tenant_scope(tenant):
        say(f"{story.name}: {rebuild():,} cells of figures")
        kept = tell_scorecards(story, organization, seed=seed, now=now)
        say(f"{story.name}: {kept:,} scores of leaders, as they were seen")
        say(f"{story.name}: {tell_strategy(story, organization, now=now)} outcomes, with what is done for them")
        make_wall(WALL, by=organization.roles["cso"], now=now - WALL_HANGS)


def _plan(setting: str) -> None:
    """Tell the planner, for the rest of this transaction."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL {setting}")


def _first_of_month(day: date, months_ago: int) -> date:
    months = day.year * 12 + day.month - 1 - months_ago
    return date(months // 12, months % 12 + 1, 1)


def _is_by_hand(case: DrawnCase, story: Story, now: datetime) -> bool:
    homes = {role.unit for role in story.roles if role.role in {"frontline", "committee_member"}}
    since = LOGGED_BY_HAND if case.unit in homes else TOLD_IN_FULL
    return case.reported_at > now - since


def _is_opened(case: DrawnCase, story: Story, now: datetime) -> bool:
    """Whether people open it, so that it is not loaded."""
    return _is_by_hand(case, story, now) or tells_habit(case, story, now)


def _load(drawn: Sequence[DrawnCase], story: Story, now: datetime) -> None:
    rows = []
    for line, case in enumerate(drawn, start=1):
        if not _is_opened(case, story, now):
            rows.append((line, case.row()))
    for start in range(0, len(rows), ROWS_AT_ONCE):
        refused = [
            outcome
            for outcome in load_cases(rows[start : start + ROWS_AT_ONCE], Reading(), by=None, now=now)
            if outcome.status != "created"
        ]
        if refused:
            raise ValueError(f"The story does not hold together: {refused[:3]}")


@dataclass(frozen=True)
class _Act:
    """What somebody did with a case at an instant; `do` returns the case as it then is."""

    at: datetime
    order: int
    external_id: str
    do: Callable[[Case | None], Case]


def _act(acts: Sequence[_Act]) -> None:
    wanted = {act.external_id for act in acts}
    cases: dict[str | None, Case] = {case.external_id: case for case in Case.objects.filter(external_id__in=wanted)}
    for act in acts:
        cases[act.external_id] = act.do(cases.get(act.external_id))


def _acts(
    drawn: Sequence[DrawnCase], story: Story, organization: Organization, recoveries: Recoveries, now: datetime
) -> Iterator[_Act]:
    hands = _Hands(story, organization)
    excluded = sorted((case.exclusion.at, case.external_id) for case in drawn if case.exclusion)
    waiting = {external_id for _, external_id in excluded[-UNCONFIRMED:]}
    orders = count()
    for case in drawn:
        opened = _is_opened(case, story, now)
        if opened:
            yield hands.opened(case, next(orders))
        for at, do in hands.fixes(case, first=opened):
            yield _Act(at, next(orders), case.external_id, do)
        deeds = recoveries.deeds(case, hands.of(case), by_hand=_is_by_hand(case, story, now))
        habit = habit_of(case, story, organization, hands.of(case), now=now) if opened else ()
        for at, deed in (*deeds, *habit):
            yield _Act(at, next(orders), case.external_id, _told(deed))
        if case.exclusion:
            for at, do in hands.exclusions(case, confirmed=case.external_id not in waiting, now=now):
                yield _Act(at, next(orders), case.external_id, do)


Deed = tuple[datetime, Callable[[Case | None], Case]]


class _Hands:
    """Who does what in a story."""

    def __init__(self, story: Story, organization: Organization) -> None:
        self.story, self.organization = story, organization
        members = {role.unit: organization.roles[role.role] for role in story.roles if role.unit}
        self.at_home = members

    def of(self, case: DrawnCase) -> Membership:
        """Who works on it: whoever signs in at its unit, else the agent of its division."""
        return self.at_home.get(case.unit) or self.organization.agents[case.division]

    def opened(self, case: DrawnCase, order: int) -> _Act:
        from cso.customers.models import Customer

        by = self.of(case)

        def do(_: Case | None) -> Case:
            return actions.open_case(
                by=by,
                unit=self.organization.units[case.unit],
                reported_at=case.reported_at,
                now=case.reported_at,
                occurred_at=case.occurred_at,
                summary=case.summary,
                channel=case.channel,
                cause=case.cause,
                customer=Customer.objects.get(external_id=case.customer) if case.customer else None,
                external_id=case.external_id,
            )

        return _Act(case.reported_at, order, case.external_id, do)

    def fixes(self, case: DrawnCase, *, first: bool) -> Iterator[Deed]:
        """What happened after the opening; the first fix only where it was not loaded with the case."""
        by = self.of(case)
        if first and case.fixed_at is not None:
            yield case.fixed_at, _fix(by, case.fixed_at)
        if undoing := case.undoing:
            undo = actions.dispute_case if undoing.disputed else actions.reopen_case
            yield (
                undoing.at,
                lambda known: undo(_known(known), by=by, at=undoing.at, now=undoing.at, note=undoing.note),
            )
            if undoing.fixed_again_at:
                yield undoing.fixed_again_at, _fix(by, undoing.fixed_again_at)

    def exclusions(self, case: DrawnCase, *, confirmed: bool, now: datetime) -> Iterator[Deed]:
        exclusion = case.exclusion
        if exclusion is None:
            return
        proposer, second = self.organization.leaders[case.division], self.organization.roles["cso"]
        yield (
            exclusion.at,
            lambda known: actions.propose_exclusion(
                _known(known), exclusion.reason, exclusion.note, by=proposer, now=exclusion.at
            ),
        )
        agreed_at = min(exclusion.at + timedelta(hours=5), now)
        if confirmed:
            yield agreed_at, lambda known: actions.confirm_exclusion(_known(known), by=second, now=agreed_at)


def _told(deed: Callable[[Case], Case | None]) -> Callable[[Case | None], Case]:
    """What a deed does, with the case as it then is."""

    def do(case: Case | None) -> Case:
        known = _known(case)
        return deed(known) or known

    return do


def _fix(by: object, at: datetime) -> Callable[[Case | None], Case]:
    return lambda known: actions.fix_case(_known(known), by=by, at=at, now=at)  # type: ignore[arg-type]


def _known(case: Case | None) -> Case:
    assert case is not None, "an act on a case comes after its opening"
    return case
