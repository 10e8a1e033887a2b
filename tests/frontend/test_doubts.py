"""Figures in doubt: what the nightly comparison found stands with whom it concerns, until all are counted again."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied

from cso.alarms.actions import ring_alarms
from cso.metrics.engine.verification import is_recounting, recount, verify_tenant
from cso.metrics.models import Cell, Discrepancy, EngineState
from cso.metrics.registry import METRICS
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.api.conftest import Integration
from tests.frontend.conftest import Visit
from tests.personas import NOW, Company
from tests.scorecards.scenes import at, last_entry, log, margin, month, plan_for, prepare, serving, tell_margin

HEADLINE = METRICS["recovered_24h"]
RECOVERED = HEADLINE.family.position(HEADLINE.numerator)
SAYS = (
    "This figure is being checked: Recovered within 24 hours, North, March 2026. Kept are 4 of 4, its facts say 2 of 4."
)


@pytest.fixture
def doubted(acme: Company) -> Company:
    """Of the north two of four cases were recovered in March; somebody wrote into the kept figure that all were."""
    with tenant_scope(acme.tenant):
        prepare(acme)
        plan_for(acme, serving(), margin())
        tell_margin(3, 5, now=at(4, 2))
        log(acme, at(3, 3), hits=2, misses=2)
        for code in ("north", "top"):
            [cell] = Cell.objects.filter(family="due", grain="month", unit=acme.units[code])
            assert cell.total[RECOVERED] == 2
            cell.total[RECOVERED] = 4
            Cell.objects.filter(pk=cell.pk).update(total=cell.total)
        EngineState.objects.get_or_create()
    assert verify_tenant(acme.tenant, now=at(4, 3)) == 2
    return acme


def test_whom_it_concerns_reads_it_beside_the_figures_until_all_are_counted_again(
    doubted: Company, visit: Visit
) -> None:
    cso, leader, north = visit(doubted, Role.CSO), visit(doubted, Role.LEADER), doubted.units["north"]
    with tenant_scope(doubted.tenant):
        plan = doubted.leader.plans.get()
    pages = [
        (cso, "/acme/scorecard/?period=2026-03"),
        (leader, f"/acme/units/{north.pk}/?period=2026-03"),
        (leader, f"/acme/scorecard/plans/{plan.pk}/?period=2026-03"),
        (cso, f"/acme/scorecard/plans/{plan.pk}/?period=2026-Q1"),
    ]
    for client, address in pages:
        page = client.get(address).content.decode()
        assert SAYS in page, address
        assert "An administrator can have them counted again" in page
    elsewhere = [
        (cso, "/acme/scorecard/?period=2026-02"),
        (cso, f"/acme/units/{doubted.units['south'].pk}/?period=2026-03"),
        (leader, f"/acme/scorecard/plans/{plan.pk}/?period=2026-02"),
    ]
    for client, address in elsewhere:
        assert "being checked" not in client.get(address).content.decode(), address
    # What is above their own units is not theirs to read.
    assert SAYS.replace("North", "Top") in cso.get(pages[0][1]).content.decode()
    assert "Top, March" not in leader.get(pages[1][1]).content.decode()
    [told] = Integration(doubted, "metrics:read").get("metrics/discrepancies?unit=north").json()["data"]
    assert (told["family"], told["unit"]["code"], told["period"]) == ("due", "north", "2026-03")
    assert [told[side][HEADLINE.numerator] for side in ("kept", "counted")] == [4, 2]

    admin = visit(doubted, Role.ADMINISTRATOR)
    page = admin.get("/acme/members/").content.decode()
    assert "North, March 2026" in page
    assert "4 of 4" not in page, "an administrator keeps members, and reads no figures"
    page = admin.post("/acme/members/recount/", follow=True).content.decode()
    assert "All figures are being counted again; this can take some minutes." in page
    assert "Count all figures again" not in page
    with tenant_scope(doubted.tenant):
        entry = last_entry()
        assert (entry.act, entry.details["cells"]) == ("recount_figures", 2)
        assert entry.details["last"] == ["due north month 2026-03-01", "due top month 2026-03-01"]
    ring_alarms(doubted.tenant, now=entry.at)
    with tenant_scope(doubted.tenant):
        assert not is_recounting()
        assert not Discrepancy.objects.exists()
        kept = Cell.objects.get(family="due", grain="month", unit=north, period=month(3))
        assert kept.total[RECOVERED] == 2
    for client, address in [*pages, (admin, "/acme/members/")]:
        assert "being checked" not in client.get(address).content.decode(), address


def test_only_who_administers_has_figures_counted_again(acme: Company, visit: Visit) -> None:
    for role in (Role.CSO, Role.EXECUTIVE, Role.LEADER, Role.AUDITOR):
        assert visit(acme, role).post("/acme/members/recount/").status_code == 403
    with tenant_scope(acme.tenant):
        with pytest.raises(PermissionDenied):
            recount(by=acme.member(Role.CSO), now=NOW)
        assert not is_recounting()
