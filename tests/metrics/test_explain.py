"""How a figure came about, down to the rows; and whether kept figures still are what their facts say, every night."""

from __future__ import annotations

import io
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from cso import health
from cso.metrics.actions import set_target
from cso.metrics.engine.rebuild import rebuild
from cso.metrics.engine.refresh import refresh
from cso.metrics.engine.verification import VERIFIED_FOR, verify_tenant
from cso.metrics.models import Cell, Discrepancy, EngineState
from cso.metrics.tasks import verify_tenants
from cso.recovery import actions as recovery
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.personas import NOW, Company, log_case

HOUR = timedelta(hours=1)


@pytest.fixture
def march(acme: Company) -> Company:
    """The north in March 2026: two of three recovered, and one more taken out as a test."""
    with tenant_scope(acme.tenant):
        set_target("recovered_24h", Decimal(90), date(2026, 1, 1), by=None)
        for hours in (2, 24, 30):
            log_case(acme.units["north-1"], NOW - 60 * HOUR, fixed_after=hours * HOUR)
        out = log_case(acme.units["north"], NOW - 60 * HOUR)
        recovery.propose_exclusion(out, "test", "A drill", by=acme.member(Role.LEADER), now=NOW)
        recovery.confirm_exclusion(out, by=acme.member(Role.CSO), now=NOW)
        refresh()
    return acme


def explained(*figure: str, **options: object) -> str:
    out = io.StringIO()
    call_command("metrics", "explain", *figure, tenant="acme", stdout=out, **options)
    return out.getvalue()


def test_a_figure_is_told_down_to_its_rows_with_the_same_from_the_facts(march: Company) -> None:
    told = explained("recovered_24h", "north", "2026-03")
    assert "recovered_24h of north with all below it, 2026-03: 2026-03-01 05:00 UTC to 2026-04-01 04:00 UTC" in told
    assert "numerator   recovered = 2:" in told
    assert "denominator cases = 3:" in told
    assert "2 / 3 = 66.6667 %, likely 20.8 to 93.9 % (Wilson)" in told
    assert "target 90 %: uncertain, 23.3333 points short" in told
    assert "month 2026-03-01: own [0, 0, 0, 0], with all below [3, 2, 0, 0]" in told
    assert "left out as test: 1" in told
    assert "From the facts alone: cases 3, recovered 2, open 0, occurrence_known 0, running 0: the same" in told
    assert (told.count("case-"), "Numerator, the first 2:" in told, "The rest, the first 1:" in told) == (3, True, True)
    few = explained("recovered_24h", "north", "2026-03", most=1)
    assert ("Numerator, the first 1:" in few, few.count("case-")) == (True, 2)
    assert "no data" in explained("recovered_24h", "south", "2026-03")
    assert "a count, which is no share" in explained("rules_killed", "top", "2026")
    assert "is no share" in explained("time_to_recover", "top", "2026-W12")


def test_a_kept_figure_that_is_wrong_is_told_with_both(march: Company) -> None:
    with tenant_scope(march.tenant):
        Cell.objects.filter(family="due", grain="month", unit=march.units["north"]).update(total=[4, 4, 0, 0])
    out = io.StringIO()
    with pytest.raises(CommandError, match="not what its facts say"):
        call_command("metrics", "explain", "recovered_24h", "north", "2026-03", tenant="acme", stdout=out)
    assert "running 0: NOT THE SAME" in out.getvalue()
    assert "kept is: cases 4, recovered 4" in out.getvalue()


@pytest.mark.parametrize(
    ("figure", "says"),
    [
        (("nps",), "KEY UNIT PERIOD"),
        (("nonsense", "north", "2026-03"), "no metric"),
        (("open_overdue", "north", "2026-03"), "stand now"),
        (("recovered_24h", "nowhere", "2026-03"), "no unit"),
        (("recovered_24h", "north", "soon"), "A period is"),
    ],
)
def test_what_cannot_be_explained_is_refused_with_a_sentence(acme: Company, figure: tuple[str, ...], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        explained(*figure)


def test_explaining_needs_one_workspace_and_a_figure(acme: Company, other: Company) -> None:
    with pytest.raises(CommandError, match="--tenant"):
        call_command("metrics", "explain", "recovered_24h", "north", "2026-03")
    for act, figure in (("explain", []), ("verify", ["recovered_24h"])):
        with pytest.raises(CommandError, match="Only explain"):
            call_command("metrics", act, *figure, tenant="acme")


@pytest.mark.django_db(transaction=True)
def test_every_night_what_differs_is_kept_and_told_until_a_rebuild(march: Company) -> None:
    tenant, north = march.tenant, march.units["north"]
    with tenant_scope(tenant):
        EngineState.objects.get_or_create()
    assert verify_tenant(tenant, now=NOW) == 0
    assert verify_tenant(tenant, now=NOW + HOUR) is None
    with tenant_scope(tenant):
        [cell] = Cell.objects.filter(family="due", grain="month", unit=north)
        Cell.objects.filter(pk=cell.pk).update(total=[4, 4, 0, 0])
    assert health.warnings() == []
    assert verify_tenant(tenant, now=NOW + VERIFIED_FOR) == 1
    with tenant_scope(tenant):
        EngineState.objects.update(verified_at=None)
    verify_tenants([tenant.pk])  # as the worker does; what was found before is replaced
    with tenant_scope(tenant):
        [found] = Discrepancy.objects.all()
        assert (found.family, found.unit, found.period, found.kept) == ("due", north, cell.period, [4, 4, 0, 0])
        assert found.rebuilt == cell.total
        assert Cell.objects.get(pk=cell.pk).total == [4, 4, 0, 0]
    assert health.warnings() == ["acme: 1 kept figures are not what their facts say; “metrics rebuild” mends them."]
    with tenant_scope(tenant):
        assert rebuild() == 1
    assert health.warnings() == []
