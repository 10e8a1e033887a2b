"""Targets only rise: by a path, and whoever lowers one, in whatever way, is a person who says why."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from cso.errors import InvalidFieldsError, NotAllowedError
from cso.metrics.actions import set_target, set_target_path
from cso.metrics.engine.refresh import refresh
from cso.metrics.models import Target
from cso.metrics.queries.targets import gap_closed
from cso.metrics.registry import METRICS
from tenants.keys import create_api_key
from tenants.models import AuditEntry
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.personas import NOW, Company, log_case

HOUR = timedelta(hours=1)
KEY = "recovered_24h"


def course(metric: str = KEY) -> list[tuple[str, int]]:
    rows = Target.objects.filter(metric=metric).order_by("starts_on")
    return [(str(starts_on)[:7], int(percent)) for starts_on, percent in rows.values_list("starts_on", "percent")]


def month(number: int, year: int = 2026) -> date:
    return date(year, number, 1)


@pytest.fixture
def rising(acme: Company) -> Company:
    with tenant_scope(acme.tenant):
        for number, percent in ((1, 70), (4, 80), (7, 90)):
            set_target(KEY, Decimal(percent), month(number), by=acme.member(Role.CSO))
    return acme


LOWERED = [
    (10, 85),  # a later one, lower
    (4, 75),  # the same day's, replaced
    (2, 60),  # between, below the one before
    (5, 95),  # between, above the one after
    (6, 75),  # between, below the one in force
]


@pytest.mark.parametrize(("number", "percent"), LOWERED)
def test_each_way_of_lowering_needs_a_person_and_a_reason_and_leaves_a_trace(
    rising: Company, number: int, percent: int
) -> None:
    with tenant_scope(rising.tenant):
        cso, before = rising.member(Role.CSO), course()
        with pytest.raises(InvalidFieldsError) as refused:
            set_target(KEY, Decimal(percent), month(number), by=cso, reason=" ")
        assert [(error.field, error.code) for error in refused.value.errors] == [("reason", "required")]
        key, _ = create_api_key(rising.tenant, "key", ["targets:write"], by=None)
        with pytest.raises(NotAllowedError):
            set_target(KEY, Decimal(percent), month(number), by=key, reason="The storm")
        assert course() == before
        set_target(KEY, Decimal(percent), month(number), by=cso, reason="The storm")
        told = AuditEntry.objects.order_by("-number")[0]
        assert (told.member_id, told.act, told.details["reason"], told.details["lowered"]) == (
            cso.pk,
            "set_target",
            "The storm",
            True,
        )
        assert told.details["replaced"] == ("80.00" if number == 4 else None)


def test_what_rises_needs_no_reason_and_one_that_fell_with_a_reason_is_not_asked_again(rising: Company) -> None:
    with tenant_scope(rising.tenant):
        key, _ = create_api_key(rising.tenant, "key", ["targets:write"], by=None)
        set_target(KEY, Decimal(85), month(5), by=key)
        set_target(KEY, Decimal(86), month(5), by=key)
        set_target(KEY, Decimal(50), month(9), by=None, reason="The storm")
        set_target(KEY, Decimal(88), month(6), by=key)
        assert course() == [
            ("2026-01", 70),
            ("2026-04", 80),
            ("2026-05", 86),
            ("2026-06", 88),
            ("2026-07", 90),
            ("2026-09", 50),
        ]


def test_of_what_is_better_low_a_higher_target_is_the_lower_one(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        set_target("reopened", Decimal(10), month(1), by=None)
        set_target("reopened", Decimal(5), month(4), by=None)
        with pytest.raises(InvalidFieldsError, match="asks less: 8 % after 5 %"):
            set_target("reopened", Decimal(8), month(5), by=None)


def test_a_path_rises_step_by_step_to_100_and_makes_room_of_what_was_later(rising: Company) -> None:
    with tenant_scope(rising.tenant):
        cso = rising.member(Role.CSO)
        made = set_target_path(
            KEY,
            starts_on=month(4),
            percent=Decimal(90),
            step=Decimal(4),
            every_months=2,
            full_by=month(1, 2027),
            by=cso,
        )
        expected = [("2026-04", 90), ("2026-06", 94), ("2026-08", 98), ("2026-10", 100)]
        assert course() == [("2026-01", 70), *expected]
        assert [(str(target.starts_on)[:7], int(target.percent)) for target in made] == expected
        told = AuditEntry.objects.order_by("-number")[0]
        assert (told.act, told.details["replaced"]) == (
            "set_target_path",
            {"2026-04-01": "80.00", "2026-07-01": "90.00"},
        )


def test_a_path_of_small_steps_is_100_by_its_day(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        made = set_target_path(
            KEY,
            starts_on=month(11),
            percent=Decimal("80.5"),
            step=Decimal(1),
            every_months=1,
            full_by=month(2, 2027),
            by=None,
        )
        assert [(target.starts_on, target.percent) for target in made] == [
            (month(11), Decimal("80.5")),
            (month(12), Decimal("81.5")),
            (month(1, 2027), Decimal("82.5")),
            (month(2, 2027), Decimal(100)),
        ]


def test_a_path_lowers_as_little_as_a_target(rising: Company) -> None:
    slow = {
        "starts_on": month(4),
        "percent": Decimal(80),
        "step": Decimal(1),
        "every_months": 3,
        "full_by": month(4, 2028),
    }
    with tenant_scope(rising.tenant):
        with pytest.raises(InvalidFieldsError, match="From 1 July 2026 on this asks less: 81 % after 90 %"):
            set_target_path(KEY, **slow, by=None)  # type: ignore[arg-type]
        key, _ = create_api_key(rising.tenant, "key", ["targets:write"], by=None)
        with pytest.raises(NotAllowedError):
            set_target_path(KEY, **slow, by=key, reason="Slower")  # type: ignore[arg-type]
        set_target_path(KEY, **slow, by=None, reason="Slower")  # type: ignore[arg-type]
        assert AuditEntry.objects.order_by("-number")[0].details["lowered"] is True


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"metric": "reopened"}, "metric"),
        ({"metric": "time_to_recover"}, "metric"),
        ({"percent": Decimal(0)}, "percent"),
        ({"step": Decimal(0)}, "step"),
        ({"starts_on": date(2026, 4, 2)}, "starts_on"),
        ({"full_by": month(4)}, "full_by"),
        ({"full_by": month(4, 2150)}, "full_by"),
        ({"every_months": 0}, "every_months"),
    ],
)
def test_a_path_that_is_none_is_refused_by_field(acme: Company, wrong: dict[str, object], field: str) -> None:
    right = {
        "metric": KEY,
        "starts_on": month(4),
        "percent": Decimal(80),
        "step": Decimal(5),
        "every_months": 1,
        "full_by": month(4, 2027),
    }
    with tenant_scope(acme.tenant), pytest.raises(InvalidFieldsError) as refused:
        set_target_path(**(right | wrong), by=None)  # type: ignore[arg-type]
    assert [error.field for error in refused.value.errors] == [field]


def test_the_share_of_the_gap_that_is_closed(acme: Company) -> None:
    """1 of 4 in January, 5 of 8 in February: half of the 75 points to 100 %; March runs, December had no target."""
    told = {1: (1, 4), 2: (5, 8), 3: (3, 3)}
    with tenant_scope(acme.tenant):
        top = [acme.units["top"].pk]
        assert gap_closed(METRICS[KEY], top, now=NOW) is None
        set_target(KEY, Decimal(80), date(2026, 1, 15), by=None)
        assert gap_closed(METRICS[KEY], top, now=NOW) is None
        log_case(acme.units["north"], datetime(2025, 12, 3, 12, tzinfo=UTC), fixed_after=HOUR)
        for number, (hits, cases) in told.items():
            for each in range(cases):
                at = datetime(2026, number, 5, 12, tzinfo=UTC)
                log_case(acme.units["north"], at, fixed_after=HOUR if each < hits else 30 * HOUR)
        refresh()
        found = gap_closed(METRICS[KEY], top, now=NOW)
        assert found is not None
        assert (found.first[0].key, found.latest[0].key, found.closed) == ("2026-01", "2026-02", Fraction(1, 2))
        alone = gap_closed(METRICS[KEY], top, now=datetime(2026, 2, 10, tzinfo=UTC))
        assert alone is not None
        assert (alone.latest[0].key, alone.closed) == ("2026-01", None)
