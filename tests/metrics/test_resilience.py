"""Whatever is killed in whatever moment: once it runs again, the figures are a recount's, and nothing is doubled.

Real servers, a real worker and a real beat, which these tests share and kill in turn.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from kombu import Connection
from pytest_django.plugin import DjangoDbBlocker
from redis import Redis as RedisClient

from cso.metrics.models import EngineState, QuarantinedMark
from cso.metrics.periods import period_of
from cso.metrics.queries.figures import figures
from cso.metrics.registry import METRICS
from cso.metrics.tasks import refresh_tenants
from cso.people import actions as people
from cso.people.models import Unit
from cso.recovery import actions as recovery
from cso.recovery.loading.batches import queue_batch
from cso.recovery.loading.rows import Reading
from cso.recovery.models import Batch, Case
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.metrics import naive
from tests.metrics.naive import assert_cells_equal_the_cases
from tests.metrics.office import Office, assert_caught_up, no_mark_waits, running_office, until
from tests.personas import Company, log_case, make_company

HOUR = timedelta(hours=1)
_names = itertools.count(1)


@pytest.fixture(scope="module")
def office(django_db_blocker: DjangoDbBlocker) -> Iterator[Office]:
    with django_db_blocker.unblock(), running_office() as office:
        yield office


@pytest.fixture
def company(office: Office) -> Company:
    """A workspace of its own for each test, in an office that is whole."""
    office.revive()
    return make_company(f"company-{next(_names)}")


def write(company: Company, cases: int = 1) -> None:
    """Cases in two units, one of each three late."""
    now = timezone.now()
    with tenant_scope(company.tenant):
        for number in range(cases):
            unit = company.units[("north-1", "south")[number % 2]]
            log_case(unit, now - timedelta(days=number % 40 + 3), fixed_after=HOUR * (30 if number % 3 == 0 else 3))


def test_a_figure_is_fresh_within_three_seconds_of_a_write(office: Office, company: Company) -> None:
    write(company)
    assert_caught_up(office, company)  # the worker is awake
    metric, south = METRICS["time_to_recover"], [company.units["south"].pk]
    for cases in (1, 2, 3):
        with tenant_scope(company.tenant):
            now = timezone.now()
            log_case(company.units["south"], now)
        month = period_of(now, "month", company.tenant.zone)

        def counted() -> bool:
            with tenant_scope(company.tenant):
                found = figures(metric, {1: south}, [month], now=now)[1, month]  # noqa: B023
                return found.denominator == cases  # noqa: B023

        assert until(counted, "the new case's figure", 10) < 3


@pytest.mark.parametrize("kill", [Office.kill_worker, Office.kill_children, Office.kill_postgres])
def test_killed_in_the_middle_of_a_refresh(office: Office, company: Company, kill: Callable[[Office], None]) -> None:
    write(company, 6)
    assert_caught_up(office, company)
    with office.held_up_at("metrics_cell"):
        write(company, 6)
        with tenant_scope(company.tenant):
            people.move_unit(company.units["north-1"], company.units["south"], by=None)
        office.wait_for_work_held_up_at("metrics_cell")
        kill(office)
    # What is written while nobody works is found by whoever comes later.
    office.servers.revive()
    write(company, 3)
    office.revive()
    assert_caught_up(office, company)


def test_redis_emptied_and_killed_loses_nothing(office: Office, company: Company) -> None:
    client = RedisClient.from_url(office.servers.redis_url)
    for _ in range(10):
        write(company, 2)
        client.flushall()
    assert_caught_up(office, company)
    office.kill_redis()
    write(company, 4)
    office.servers.redis.start()
    assert_caught_up(office, company)


def test_messages_that_come_many_times_and_at_once_count_once(office: Office, company: Company) -> None:
    with Connection(office.servers.redis_url) as broker:
        for _ in range(10):
            write(company, 2)
            for _ in range(5):
                refresh_tenants.apply_async(([company.tenant.pk, company.tenant.pk],), connection=broker)  # type: ignore[call-arg]
    assert_caught_up(office, company)

    def at_rest() -> bool:
        with tenant_scope(company.tenant):
            return EngineState.objects.get().attempts == 0

    # The last of the messages may still be on its way.
    until(at_rest, "the end of all messages")
    assert_caught_up(office, company)


def test_poison_is_quarantined_and_shown_and_the_others_go_on(office: Office, company: Company) -> None:
    """The database refuses every cell of one unit: that unit waits, the others and the next workspace do not."""
    neighbour = make_company(f"company-{next(_names)}")
    with office.admin(autocommit=True) as admin:
        with tenant_scope(company.tenant):
            alone = people.add_unit("alone", "Alone", None, by=None)
        admin.execute(
            f"""
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'poison'; END $$;
            CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON metrics_cell
            FOR EACH ROW WHEN (NEW.unit_id = '{alone.pk}') EXECUTE FUNCTION refuse();
            """
        )
        try:
            now = timezone.now()
            with tenant_scope(company.tenant):
                log_case(alone, now - 50 * HOUR)
            write(company, 2)
            write(neighbour, 2)
            assert_caught_up(office, neighbour)

            def set_aside() -> bool:
                with tenant_scope(company.tenant):
                    EngineState.objects.update(next_try_at=None)  # nobody here waits 24 s between the attempts
                return no_mark_waits(company)

            until(set_aside, "the poison's quarantine")
            with tenant_scope(company.tenant):
                assert {mark.unit_id for mark in QuarantinedMark.objects.all()} == {alone.pk}
                assert "poison" in QuarantinedMark.objects.all()[0].error
                _assert_right_but_for(alone)
        finally:
            admin.execute("DROP FUNCTION refuse CASCADE")
    office.manage("metrics", "rebuild", "--tenant", company.tenant.slug)
    with tenant_scope(company.tenant):
        assert_cells_equal_the_cases()
        assert not QuarantinedMark.objects.exists()


def _assert_right_but_for(unit: Unit) -> None:
    expected = naive.expected_cells(naive.told_by_database(), naive.parents_in_database(), unit.tenant.zone)
    assert naive.stored_cells() == {key: cell for key, cell in expected.items() if key[3] != unit.pk}


def test_a_bulk_load_that_is_killed_goes_in_once(office: Office, company: Company) -> None:
    rows = 6_000
    lines = iter(
        (line, {"external_id": f"T-{line}", "unit": "south", "reported_at": "2026-03-01T08:00:00Z"})
        for line in range(1, rows + 1)
    )
    with office.held_up_at("metrics_mark"):
        with tenant_scope(company.tenant):
            batch = queue_batch(lines, Reading(), by=company.member(Role.CSO))
        office.wait_for_work_held_up_at("metrics_mark")
        office.kill_worker()
    office.revive()

    def done() -> bool:
        with tenant_scope(company.tenant):
            return Batch.objects.get(pk=batch.pk).status == Batch.Status.DONE

    until(done, "the load's end")
    with tenant_scope(company.tenant):
        told = Batch.objects.values("rows", "created", "updated", "unchanged", "refused").get(pk=batch.pk)
        assert told == {"rows": rows, "created": rows, "updated": 0, "unchanged": 0, "refused": 0}
        assert Case.objects.count() == rows
    assert_caught_up(office, company)


def test_a_storm(office: Office, company: Company) -> None:
    """Everything at once: writes, reopenings and moves while one part after the other is killed."""
    client = RedisClient.from_url(office.servers.redis_url)
    kills: list[Callable[[], object]] = [
        office.kill_children,
        client.flushall,
        office.kill_postgres,
        office.kill_worker,
        office.kill_redis,
        office.kill_children,
    ]
    for number, kill in enumerate(kills):
        write(company, 4)
        now = timezone.now()
        with tenant_scope(company.tenant):
            for case in Case.objects.exclude(fixed_at=None)[:2]:
                recovery.reopen_case(case, by=None, at=now, now=now, note="It came back.")
            people.move_unit(company.units["north-2"], company.units[("south", "north")[number % 2]], by=None)
        kill()
        office.revive()
    assert_caught_up(office, company)
