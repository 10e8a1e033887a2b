"""Lines that are merged, and loads that meet: real threads, each in a transaction of its own."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from cso.recovery import actions
from cso.recovery.loading.cases import Outcome, load_cases
from cso.recovery.loading.rows import Reading
from cso.recovery.models import Case
from tenants.scope import tenant_scope
from tests.personas import NOW, Company

HOUR = timedelta(hours=1)
REPORTED = NOW - 100 * HOUR


def row(external_id: str, **told: Any) -> dict[str, Any]:
    return {"external_id": external_id, "unit": "south", "reported_at": "2026-03-01T10:00:00Z"} | told


def load(*rows: dict[str, Any]) -> list[Outcome]:
    return load_cases(list(enumerate(rows, 1)), Reading(), by=None, now=NOW)


@pytest.mark.django_db
def test_lines_that_contradict_each_other_are_refused_and_the_others_go_in(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        outcomes = load(
            row("a"),
            {"external_id": "a", "fixed_at": "2026-03-01T09:00:00Z"},
            row("b"),
            {"external_id": "b", "fixed_at": "2026-03-01T11:00:00Z"},
        )
        assert [outcome.status for outcome in outcomes] == ["refused", "refused", "superseded", "created"]
        assert [[error.code for error in outcome.errors] for outcome in outcomes[:2]] == [["before_opened"]] * 2
        assert [case.external_id for case in Case.objects.all()] == ["b"]


@pytest.mark.django_db
def test_five_thousand_lines_of_one_case_are_told_in_no_more_time_than_others(acme: Company) -> None:
    lines = [row("a", summary=str(number)) for number in range(5_000)]
    with tenant_scope(acme.tenant):
        outcomes = load(*lines)
        assert [outcome.status for outcome in outcomes] == ["superseded"] * 4_999 + ["created"]
        assert Case.objects.get().summary == "4999"


def waiting_for_a_lock(times: int) -> None:
    """Return when so many of our sessions wait for another."""
    deadline = time.monotonic() + 20
    found = 0
    while found < times and time.monotonic() < deadline:
        time.sleep(0.05)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock' AND usename = current_user"
            )
            (found,) = cursor.fetchone()
    assert found == times


@pytest.mark.django_db(transaction=True)
def test_two_loads_with_the_same_new_cases_in_opposite_order_both_go_in(acme: Company) -> None:
    ids = ["a", "m", "z"]

    def in_thread(order: list[str]) -> list[str]:
        try:
            with tenant_scope(acme.tenant):
                return sorted(outcome.status for outcome in load(*map(row, order)))
        finally:
            connection.close()

    # A third load has "m" already, so that each of the two stands still in the middle of its order.
    with ThreadPoolExecutor(2) as pool:
        with tenant_scope(acme.tenant):
            load(row("m"))
            loads = [pool.submit(in_thread, order) for order in (ids, ids[::-1])]
            waiting_for_a_lock(2)
        assert sorted(done.result(30) for done in loads) == [
            ["created", "created", "unchanged"],
            ["unchanged", "unchanged", "unchanged"],
        ]


@pytest.mark.django_db(transaction=True)
def test_a_case_that_comes_in_before_the_comparison_loses_no_act(acme: Company) -> None:
    def elsewhere(act: Callable[[], Any]) -> None:
        def run() -> None:
            try:
                with tenant_scope(acme.tenant):
                    act()
            finally:
                connection.close()

        with ThreadPoolExecutor(1) as pool:
            pool.submit(run).result(10)

    def log() -> None:
        actions.open_case(by=None, unit=acme.units["south"], reported_at=REPORTED, external_id="a", now=REPORTED)

    def fix() -> None:
        actions.fix_case(Case.objects.get(), by=None, at=REPORTED + HOUR, now=NOW)

    acts = {"CREATE TEMPORARY TABLE compared": log, "UPDATE recovery_case": fix}

    def between(execute: Callable[..., Any], statement: str, *rest: Any) -> Any:
        for begins, act in list(acts.items()):
            if statement.strip().startswith(begins):
                elsewhere(acts.pop(begins, act))
        return execute(statement, *rest)

    with tenant_scope(acme.tenant), connection.execute_wrapper(between):
        (outcome,) = load({"external_id": "a", "summary": "From the load"})
    assert (outcome.status, acts) == ("updated", {})
    with tenant_scope(acme.tenant):
        case = Case.objects.get()
        assert (case.summary, case.fixed_at) == ("From the load", REPORTED + HOUR)
