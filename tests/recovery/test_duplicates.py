"""One mistake that was told twice: found, merged, counted once, and split again."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cso.customers.matching import match_customer
from cso.customers.models import Customer
from cso.errors import ConflictError, DomainError
from cso.metrics.engine.refresh import refresh
from cso.metrics.periods import period_of
from cso.metrics.queries.figures import HEADLINE, figure_of
from cso.recovery import actions
from cso.recovery.authority import give_remedy, withdraw_remedy
from cso.recovery.duplicates import duplicates_of, merge_cases, probable_duplicates, split_case
from cso.recovery.loading.cases import load_cases
from cso.recovery.loading.rows import Reading
from cso.recovery.models import Case, Merge
from cso.recovery.queries import case_log
from tenants.models import AuditEntry
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.personas import NOW, Company, log_case
from tests.threads import at_once_sorted

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TEN = NOW - 100 * HOUR


def facts(case: Case) -> dict[str, Any]:
    """Everything that the case's row holds, but how often it was changed."""
    row = Case.objects.filter(pk=case.pk).values().get()
    return {name: value for name, value in row.items() if name != "revision"}


def refused(code: str, act: Callable[[], Any]) -> str:
    with pytest.raises(DomainError) as refusal:
        act()
    assert refusal.value.code == code
    return refusal.value.message


@pytest.mark.parametrize(
    ("own", "duplicate", "merged"),
    [
        # (occurred, reported) in hours after ten; the earliest clock and the first report stay.
        ((None, 5), (None, 2), (None, 2)),
        ((None, 2), (None, 5), (None, 2)),
        ((1, 5), (None, 2), (1, 2)),
        ((None, 2), (1, 5), (1, 2)),
        ((2, 3), (None, 1), (None, 1)),
        ((None, 3), (3, 4), (3, 3)),
        ((1, 5), (1, 4), (1, 4)),
    ],
)
def test_the_earliest_clock_stays_in_both_orders_and_a_split_gives_back_each_its_own(
    acme: Company,
    own: tuple[int | None, int],
    duplicate: tuple[int | None, int],
    merged: tuple[int | None, int],
) -> None:
    def log(hours: tuple[int | None, int]) -> Case:
        occurred_at = None if hours[0] is None else TEN + hours[0] * HOUR
        return log_case(acme.units["south"], TEN + hours[1] * HOUR, occurred_at=occurred_at, fixed_after=HOUR)

    with tenant_scope(acme.tenant):
        into, other = log(own), log(duplicate)
        before = facts(into), facts(other)
        survivor = merge_cases(other, into, by=acme.member(Role.CSO), now=NOW)
        occurred = None if merged[0] is None else TEN + merged[0] * HOUR
        assert (survivor.pk, survivor.occurred_at, survivor.reported_at) == (into.pk, occurred, TEN + merged[1] * HOUR)
        other.refresh_from_db()
        assert (other.is_valid, other.merged_into_id, survivor.is_valid) == (False, into.pk, True)
        assert duplicates_of(into) == [other]
        split_case(other, by=acme.member(Role.CSO), now=NOW)
        assert (facts(into), facts(other)) == before
        assert [line.kind for line in case_log(into)][-2:] == ["duplicate_taken_in", "duplicate_let_go"]
        assert [line.kind for line in case_log(other)][-2:] == ["merged", "split"]
        acts = AuditEntry.objects.filter(act__in=["merge_cases", "split_case"]).order_by("number")
        assert [entry.act for entry in acts] == ["merge_cases", "split_case"]


def test_any_order_of_merges_and_splits_keeps_the_earliest_clock_and_loses_nothing(acme: Company) -> None:
    """Eighty steps over six cases, of which what is refused changes nothing either."""
    draw = random.Random(20260318)
    with tenant_scope(acme.tenant):
        cases = []
        for _ in range(6):
            reported = TEN + timedelta(minutes=draw.randrange(3_000))
            occurred = reported - timedelta(minutes=draw.randrange(600)) if draw.random() < 0.6 else None
            fixed_after = draw.choice([None, HOUR, 30 * HOUR])
            cases.append(log_case(acme.units["south"], reported, occurred_at=occurred, fixed_after=fixed_after))
        before = {case.pk: facts(case) for case in cases}
        clock: dict[Any, datetime] = {pk: row["clock_start"] for pk, row in before.items()}
        merged: dict[Any, Any] = {}
        for _ in range(80):
            one, other = draw.sample(cases, 2)
            if draw.random() < 0.4:
                if one.pk in merged:
                    split_case(Case.objects.get(pk=one.pk), by=None, now=NOW)
                    del merged[one.pk]
            elif one.pk in merged or other.pk in merged or one.pk in merged.values():
                with pytest.raises(ConflictError):
                    merge_cases(one, other, by=None, now=NOW)
            else:
                merge_cases(one, other, by=None, now=NOW)
                merged[one.pk] = other.pk
            for case in Case.objects.all():
                held = [clock[pk] for pk, into in merged.items() if into == case.pk]
                assert case.clock_start == min([clock[case.pk], *held])
                assert case.is_valid == (case.pk not in merged)
        for pk in merged:
            split_case(Case.objects.get(pk=pk), by=None, now=NOW)
        assert {case.pk: facts(case) for case in cases} == before
        assert not Merge.objects.filter(split_at=None).exists()


def test_figures_follow_a_case_that_is_fixed_merged_and_split(acme: Company) -> None:
    def recovered() -> tuple[int, int]:
        with tenant_scope(acme.tenant):
            refresh()
            period = period_of(TEN, "month", acme.tenant.zone)
            found = figure_of(HEADLINE, [acme.units["top"].pk], period, now=NOW)
            return found.numerator, found.denominator

    with tenant_scope(acme.tenant):
        survivor = log_case(acme.units["north"], TEN, fixed_after=20 * HOUR)
        duplicate = log_case(acme.units["south"], TEN - 10 * HOUR)
    assert recovered() == (1, 2)
    with tenant_scope(acme.tenant):
        # Fixed 20 hours after its own report, 30 after the first one.
        merge_cases(duplicate, survivor, by=None, now=NOW)
    assert recovered() == (0, 1)
    with tenant_scope(acme.tenant):
        duplicate.refresh_from_db()
        split_case(duplicate, by=None, now=NOW)
    assert recovered() == (1, 2)


def test_what_was_asked_for_a_duplicate_counts_for_the_survivor_until_they_are_split(acme: Company) -> None:
    def asked() -> tuple[int, int, bool]:
        one, other = (Case.objects.get(pk=case.pk) for case in (into, duplicate))
        return one.approvals_asked, other.approvals_asked, one.within_own_authority

    with tenant_scope(acme.tenant):
        into, duplicate = (log_case(acme.units["north-1"], TEN) for _ in range(2))
        first, second = (
            give_remedy(duplicate, person=acme.leader, by=None, amount_minor=500, currency="CAD", now=NOW)
            for _ in range(2)
        )
        assert (first.status, asked()) == ("asked", (0, 2, True))
        merge_cases(duplicate, into, by=None, now=NOW)
        assert asked() == (2, 2, False)
        withdraw_remedy(first, by=None, now=NOW)
        assert asked() == (1, 1, False)
        give_remedy(into, person=acme.leader, by=None, amount_minor=500, currency="CAD", now=NOW)
        duplicate.refresh_from_db()
        split_case(duplicate, by=None, now=NOW)
        assert asked() == (1, 1, False), "each its own"
        withdraw_remedy(second, by=None, now=NOW)
        assert asked() == (1, 0, False)


def test_what_cannot_be_merged_is_refused_with_what_to_do(acme: Company) -> None:
    executive, cso = acme.member(Role.EXECUTIVE), acme.member(Role.CSO)
    with tenant_scope(acme.tenant):
        one, two, three, spam = (log_case(acme.units["south"], TEN) for _ in range(4))
        actions.propose_exclusion(spam, "spam", "Advertises", by=executive, now=NOW)
        actions.confirm_exclusion(spam, by=cso, now=NOW)
        refused("invalid", lambda: merge_cases(one, one, by=None, now=NOW))
        refused("not_merged", lambda: split_case(one, by=None, now=NOW))
        refused("not_counted", lambda: merge_cases(spam, one, by=None, now=NOW))
        refused("not_counted", lambda: merge_cases(one, spam, by=None, now=NOW))
        merge_cases(two, one, by=None, now=NOW)
        assert one.reference in refused("merged", lambda: merge_cases(three, two, by=None, now=NOW))
        assert one.reference in refused("merged", lambda: merge_cases(two, three, by=None, now=NOW))
        refused("has_duplicates", lambda: merge_cases(one, three, by=None, now=NOW))
        # A duplicate takes no more acts.
        refused("merged", lambda: actions.fix_case(two, by=None, at=NOW, now=NOW))
        refused("merged", lambda: actions.correct_case(two, by=None, now=NOW, summary="x"))
        assert Case.objects.get(pk=three.pk).revision == 1


def test_a_survivors_own_instants_are_corrected_under_the_earliest_clock(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        survivor, first, second = (log_case(acme.units["south"], TEN + hours * HOUR) for hours in (5, 1, 3))
        merge_cases(first, survivor, by=None, now=NOW)
        merge_cases(second, survivor, by=None, now=NOW)
        # Later than a duplicate: the clock stays. Earlier: it moves.
        assert actions.correct_case(survivor, by=None, now=NOW, reported_at=TEN + 4 * HOUR).clock_start == TEN + HOUR
        moved = actions.correct_case(survivor, by=None, now=NOW, occurred_at=TEN - HOUR)
        assert (moved.occurred_at, moved.reported_at) == (TEN - HOUR, TEN + HOUR)
        for duplicate in (first, second):
            duplicate.refresh_from_db()
            split_case(duplicate, by=None, now=NOW)
        survivor.refresh_from_db()
        assert (survivor.occurred_at, survivor.reported_at) == (TEN - HOUR, TEN + 4 * HOUR)


def test_a_fix_before_the_survivors_own_clock_keeps_it_merged(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        survivor, first = (log_case(acme.units["south"], TEN + hours * HOUR) for hours in (5, 1))
        merge_cases(first, survivor, by=None, now=NOW)
        actions.fix_case(survivor, by=None, at=TEN + 2 * HOUR, now=NOW)
        first.refresh_from_db()
    with tenant_scope(acme.tenant):
        refused("fixed_before_own_clock", lambda: split_case(first, by=None, now=NOW))


def test_a_file_that_is_loaded_again_leaves_merged_clocks_alone(acme: Company) -> None:
    rows = [
        (line, {"external_id": f"T-{line}", "unit": "south", "reported_at": f"2026-03-0{line}T08:00:00Z"})
        for line in (1, 2)
    ]
    with tenant_scope(acme.tenant):
        load_cases(rows, Reading(), by=None, now=NOW)
        first, second = Case.objects.order_by("external_id")
        survivor = merge_cases(first, second, by=None, now=NOW)
        assert survivor.reported_at == first.reported_at
        assert [outcome.status for outcome in load_cases(rows, Reading(), by=None, now=NOW)] == ["unchanged"] * 2
        second.refresh_from_db()
        assert second.reported_at == first.reported_at


def test_the_likeliest_duplicates_stand_first_and_no_more_than_ten(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        priya = match_customer(email="priya@example.com", phone="+1 416 555 0100")
        same_phone = Customer.objects.create(external_id="crm-7", phone="416 555 0100")
        stranger = match_customer(email="sam@example.com")
        case = log_case(
            acme.units["north"], TEN, customer=priya, cause="Bag delayed", summary="My suitcase went to Winnipeg"
        )
        near = log_case(acme.units["south"], TEN + HOUR, customer=priya, summary="A cold meal")
        likeliest = log_case(
            acme.units["north-1"],
            TEN + 5 * DAY,
            customer=same_phone,
            cause="Bag delayed",
            summary="Suitcase in Winnipeg",
        )
        edge = log_case(acme.units["south"], TEN - 14 * DAY, customer=priya)
        log_case(acme.units["north"], TEN - 14 * DAY - timedelta(microseconds=1), customer=priya)
        log_case(acme.units["north"], TEN, customer=stranger, cause="Bag delayed")
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert probable_duplicates(case) == [likeliest, near, edge]
        assert len(queries) == 4
        # Of what the leader of the south may not see, nothing is said to the frontline of the north.
        assert probable_duplicates(case, viewer=acme.member(Role.FRONTLINE)) == [likeliest]
        merge_cases(near, case, by=None, now=NOW)
        case.refresh_from_db()
        assert probable_duplicates(case) == [likeliest, edge]
        assert probable_duplicates(Case.objects.get(pk=near.pk)) == []
        assert probable_duplicates(log_case(acme.units["north"], TEN)) == []
        for hours in range(12):
            log_case(acme.units["south"], TEN + hours * HOUR, customer=priya)
        with CaptureQueriesContext(connection) as more:
            assert len(probable_duplicates(case)) == 10
        assert len(more) == len(queries)


@pytest.mark.django_db(transaction=True)
def test_two_cases_merged_into_each_other_at_once_make_one(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        one, other = (log_case(acme.units["south"], TEN) for _ in range(2))
    outcome = at_once_sorted(
        acme,
        lambda: merge_cases(one, other, by=None, now=NOW),
        lambda: merge_cases(other, one, by=None, now=NOW),
        lambda: merge_cases(one, other, by=None, now=NOW),
    )
    assert outcome == ["done", "merged", "merged"]
    with tenant_scope(acme.tenant):
        assert Case.objects.filter(is_valid=True).count() == 1
        assert Merge.objects.count() == 1


def test_what_counts_against_a_case_cannot_be_merged_away(acme: Company) -> None:
    """A disputed case that went into a fresh one, fixed in time, would make its miss a hit."""
    with tenant_scope(acme.tenant):
        disputed = log_case(acme.units["south"], NOW - 5 * HOUR, fixed_after=HOUR)
        disputed = actions.dispute_case(disputed, by=None, at=NOW - 3 * HOUR, now=NOW, note="Not fixed")
        fresh = log_case(acme.units["south"], NOW - 2 * HOUR)
        with pytest.raises(ConflictError, match="Merge the other way round") as refused:
            merge_cases(disputed, fresh, by=None, now=NOW)
        assert refused.value.code == "has_history"
        assert merge_cases(fresh, disputed, by=None, now=NOW) == disputed
