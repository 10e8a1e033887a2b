"""What the board saw: scores are kept as they change, every 15 minutes while running, at once afterwards."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from django.db import connection

from cso.alarms.actions import ring_alarms, set_alarm
from cso.alarms.models import Alarm
from cso.metrics.actions import set_target
from cso.metrics.engine.turns import take_turn
from cso.metrics.periods import FINAL_AFTER, Period, parse_period
from cso.people import actions as people
from cso.scorecards.models import ScoreSnapshot
from cso.scorecards.plans.versions import change_plan
from cso.scorecards.scores.snapshots import as_seen, restatements_of, rounded, snapshots_of, take_snapshots
from cso.scorecards.scores.staleness import CALENDAR, GATHERED_FOR, STALE, TENANT, scores_are_stale
from cso.scorecards.scores.tables import scores_of
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.personas import NOW, Company, log_case
from tests.scorecards.scenes import HOUR, at, log, margin, month, plan_for, prepare, serving, tell_margin

MINUTE = timedelta(minutes=1)
JANUARY, MARCH = parse_period("2026-01"), parse_period("2026-03")
JANUARY_ENDS = datetime(2026, 2, 1, 5, tzinfo=UTC)


@pytest.fixture
def office(acme: Company) -> Company:
    with tenant_scope(acme.tenant):
        prepare(acme)
        plan_for(acme, serving(1, 50, None))
    return acme


def seen(company: Company, period: Period, instant: datetime) -> list[tuple[str, Decimal | None]]:
    return [(row.state, row.score) for row in as_seen(company.member(Role.CSO), period, instant)]


def kept(company: Company, period: Period) -> list[tuple[str, str, Decimal | None]]:
    """State, why and score of what was kept, in its order."""
    plan = company.leader.plans.get()
    return [(row.state, row.because, row.score) for row in list(snapshots_of(plan, period))[::-1]]


def test_what_was_seen_at_any_instant_is_shown_again_and_not_what_is_known_now(office: Company) -> None:
    with tenant_scope(office.tenant):
        assert seen(office, MARCH, NOW) == []
        log(office, at(3, 2), hits=3, misses=1)
        take_snapshots(now=at(3, 4))
        log(office, at(3, 3), hits=0, misses=4)
        take_snapshots(now=at(3, 5))
        told = [("running", Decimal("62.5")), ("running", Decimal(0))]
        assert [seen(office, MARCH, instant) for instant in (at(3, 3), at(3, 4), at(3, 5) - MINUTE, at(3, 5))] == [
            [],
            told[:1],
            told[:1],
            told[1:],
        ]
        [item] = as_seen(office.member(Role.LEADER), MARCH, at(3, 4))[0].items
        assert item == {
            "what": "recovered_24h",
            "is_measure": False,
            "category": "serving",
            "numerator": "3",
            "denominator": "4",
            "value": "75",
            "floor": "50",
            "target": "90",
            "months": "1",
            "weight": "1",
            "points": "125/2",
            "lacks": "",
        }
        assert as_seen(office.member(Role.FRONTLINE), MARCH, NOW) == []


def test_a_running_score_is_kept_every_15_minutes_and_the_last_change_is_not_lost(office: Company) -> None:
    with tenant_scope(office.tenant):
        log(office, at(3, 2), hits=3, misses=1)
        assert take_snapshots(now=at(3, 4)) is None
        assert take_snapshots(now=at(3, 4) + MINUTE) is None  # nothing changed
        log(office, at(3, 2), hits=4, misses=0)
        assert take_snapshots(now=at(3, 4) + MINUTE) == at(3, 4) + 15 * MINUTE
        assert len(kept(office, MARCH)) == 1
        assert take_snapshots(now=at(3, 4) + 15 * MINUTE) is None
        assert kept(office, MARCH) == [
            ("running", "first", Decimal("62.5")),
            ("running", "facts", Decimal("93.75")),
        ]


def test_a_period_moves_on_and_a_change_after_it_is_kept_at_once(office: Company) -> None:
    with tenant_scope(office.tenant):
        log(office, at(1), hits=3, misses=1)
        for now in (JANUARY_ENDS - MINUTE, JANUARY_ENDS, JANUARY_ENDS + MINUTE):
            take_snapshots(now=now)
        log(office, at(1), hits=4, misses=0)
        take_snapshots(now=JANUARY_ENDS + 2 * MINUTE)
        final = JANUARY_ENDS + FINAL_AFTER
        take_snapshots(now=final)
        assert restatements_of(office.leader.plans.get(), JANUARY) == []
        log(office, at(1), hits=0, misses=2)
        take_snapshots(now=final + MINUTE)
        assert kept(office, JANUARY) == [
            ("running", "first", Decimal("62.5")),
            ("provisional", "state", Decimal("62.5")),
            ("provisional", "facts", Decimal("93.75")),
            ("final", "state", Decimal("93.75")),
            ("final", "facts", Decimal(50)),
        ]
        [restated] = restatements_of(office.leader.plans.get(), JANUARY)
        [change] = restated.changes
        assert change.before
        assert change.after
        assert (change.what, change.before["numerator"], change.after["numerator"]) == ("recovered_24h", "7", "7")
        assert (change.before["denominator"], change.after["denominator"]) == ("8", "10")


def test_a_new_version_and_a_new_target_are_told_as_changes_of_the_plan(office: Company) -> None:
    with tenant_scope(office.tenant):
        log(office, at(3, 2), hits=3, misses=1)
        take_snapshots(now=at(3, 4))
        cso = office.member(Role.CSO)
        set_target("recovered_24h", Decimal(100), month(3), by=cso)
        take_snapshots(now=at(3, 4) + MINUTE)  # at once: nobody waits for what people did
        change_plan(
            office.leader.plans.get(),
            items=[serving(), margin()],
            starts_on=month(4),
            reason="New",
            by=cso,
            now=at(3, 5),
        )
        take_snapshots(now=at(3, 5))
        assert kept(office, MARCH) == [("running", "first", Decimal("62.5")), ("running", "plan", Decimal(50))]
        take_snapshots(now=at(4, 5))
        [april] = as_seen(cso, parse_period("2026-04"), at(4, 5))
        assert (april.version.number, april.score) == (2, None)


def test_a_score_is_rounded_to_three_decimals(office: Company) -> None:
    assert [rounded(Fraction(n, 3)) for n in (1, 2, 300)] == [Decimal("0.333"), Decimal("0.667"), Decimal(100)]


@pytest.mark.django_db(transaction=True)
def test_what_happens_is_gathered_and_then_counted_by_an_alarm(acme: Company) -> None:
    real = datetime.now(UTC)
    with tenant_scope(acme.tenant):
        prepare(acme)
        log_case(acme.units["north-1"], real - 60 * HOUR, fixed_after=HOUR)
    take_turn(acme.tenant)
    with tenant_scope(acme.tenant):
        assert not Alarm.objects.exists()  # without a plan there is nothing to count
        year = (real - 36 * HOUR).astimezone(acme.tenant.zone).year
        plan_for(acme, serving(), year=year, made_at=real)
        [rings_at] = Alarm.objects.filter(kind=STALE).values_list("rings_at", flat=True)
        assert timedelta(0) < rings_at - real < GATHERED_FOR + MINUTE
    ring_alarms(acme.tenant, now=rings_at)
    with tenant_scope(acme.tenant):
        assert not Alarm.objects.filter(kind=STALE).exists()
        [tomorrow] = Alarm.objects.filter(kind=CALENDAR).values_list("rings_at", flat=True)
        assert rings_at < tomorrow <= rings_at + timedelta(hours=25)
        of_year = ScoreSnapshot.objects.filter(grain="year", period=date(year, 1, 1))
        assert [row.score for row in of_year] == [100]
        log_case(acme.units["north-1"], real - 60 * HOUR, fixed_after=30 * HOUR)
    take_turn(acme.tenant)
    ring_alarms(acme.tenant, now=rings_at + 20 * MINUTE)
    with tenant_scope(acme.tenant):
        assert [row.score for row in of_year.order_by("as_of")] == [100, 0]
        [table] = scores_of(acme.member(Role.CSO), [Period("year", date(year, 1, 1))], now=rings_at)
        assert [score.value for score in table.scores] == [0]
        people.end_leadership(acme.leader.leaderships.get(), date(2024, 6, 1), by=None)
        assert Alarm.objects.filter(kind=STALE).exists()
    ring_alarms(acme.tenant, now=tomorrow)
    with tenant_scope(acme.tenant):
        assert Alarm.objects.get(kind=CALENDAR).rings_at > tomorrow


def test_a_figure_of_others_that_is_told_anew_is_seen_before_and_after(office: Company) -> None:
    with tenant_scope(office.tenant):
        log(office, at(1), hits=1, misses=0)
        cso = office.member(Role.CSO)
        plan = office.leader.plans.get()
        change_plan(plan, items=[serving(), margin()], starts_on=month(2), reason="New", by=cso, now=at(1, 20))
        log(office, at(2), hits=1, misses=0)
        tell_margin(2, 4, now=at(3, 2))
        take_snapshots(now=at(5, 2))
        tell_margin(2, 10, now=at(5, 3), source="Corrected")
        take_snapshots(now=at(5, 4))
        [restated] = restatements_of(plan, parse_period("2026-02"))
        assert (restated.before.score, restated.after.score) == (Decimal(70), Decimal(100))
        assert restated.after.because == "facts"
        assert [change.what for change in restated.changes] == ["margin"]


@pytest.mark.django_db(transaction=True)
def test_what_changes_while_scores_are_counted_is_counted_again(acme: Company) -> None:
    """The alarm does not ring before the change is committed; one that rings already is set anew."""
    later = NOW + 2 * GATHERED_FOR
    with tenant_scope(acme.tenant):
        prepare(acme)
        plan_for(acme, serving(1, 50, None))
        Alarm.objects.all().delete()
        scores_are_stale(NOW)

    def ring() -> bool:
        try:
            return ring_alarms(acme.tenant, now=later)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with tenant_scope(acme.tenant):
            log(acme, at(3, 2), hits=4, misses=0)
            scores_are_stale(NOW)
            pool.submit(ring).result(30)  # elsewhere, before this is committed
            assert not ScoreSnapshot.objects.exists()
        pool.submit(ring).result(30)
        with tenant_scope(acme.tenant):
            assert seen(acme, MARCH, later) == [("running", Decimal(100))]
            Alarm.objects.filter(kind=STALE).delete()
            set_alarm(STALE, TENANT, NOW)
            Alarm.objects.filter(kind=STALE).update(attempts=1)  # it has begun
            scores_are_stale(NOW)
            assert Alarm.objects.get(kind=STALE).attempts == 0
