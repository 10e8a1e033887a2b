"""Targets in the portal: their path as a picture and a table, how far the way is gone, and who may write it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from django.utils import timezone

from cso.metrics.actions import set_target
from cso.metrics.engine.refresh import refresh
from cso.metrics.models import Target
from tenants.models import AuditEntry
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.frontend.conftest import Visit
from tests.personas import Company, log_case

KEY = "recovered_24h"
HOUR = timedelta(hours=1)


def test_a_path_is_drawn_with_what_came_of_it(acme: Company, visit: Visit) -> None:
    today = timezone.now().astimezone(acme.tenant.zone).date()
    before, month = (today.replace(day=1) - timedelta(days=days) for days in (40, 1))
    with tenant_scope(acme.tenant):
        set_target(KEY, Decimal(50), before.replace(day=1), by=None)
        set_target(KEY, Decimal("92.5"), date(today.year + 2, 1, 1), by=None)
        for day, hits in ((before, 1), (month, 3)):
            reported = timezone.now() - (today - day.replace(day=10)) * 1
            for number in range(4):
                log_case(acme.units["north"], reported, fixed_after=(1 if number < hits else 30) * HOUR)
        refresh()
    client = visit(acme, Role.EXECUTIVE)
    [row] = client.get("/acme/targets/").context["with_target"]
    assert (row["now"], row["next_share"], row["full_by"]) == ("50%", "92.5%", None)
    page = client.get(f"/acme/targets/{KEY}/")
    assert page.context["title"] == "Recovered within 24 hours: 50% is asked"
    assert [(step["share"], step["is_now"], step["lowers"]) for step in page.context["steps"]] == [
        ("92.5%", False, False),
        ("50%", True, False),
    ]
    assert [month["share"] for month in page.context["months"]] == ["75%", "25%"]
    assert page.context["gap"].endswith("67% of the gap to 100% is closed.")
    content = page.content.decode()
    assert content.count('class="path-chart__better"') == 1
    assert content.count('class="path-chart__worse"') == 1
    assert "Set a rising path" not in content
    for each in ("set", "path"):
        assert client.get(f"/acme/targets/{KEY}/{each}/").status_code == 403
    for key in ("time_to_recover", "nothing"):
        assert client.get(f"/acme/targets/{key}/").status_code == 404
    assert visit(acme, Role.LEADER).get(f"/acme/targets/{KEY}/").status_code == 403


def test_a_path_rises_to_all_and_only_a_reason_lowers_it(acme: Company, visit: Visit) -> None:
    client, address = visit(acme, Role.CSO), f"/acme/targets/{KEY}/path/"
    form = client.get(address).context["form"]
    months = [month for month, _words in form.fields["starts_on"].choices]
    sent = {"starts_on": months[0], "percent": "80", "step": "10", "every_months": "3", "full_by": months[12]}
    assert client.post(address, sent).headers["Location"] == f"/acme/targets/{KEY}/"
    with tenant_scope(acme.tenant):
        course = [(str(day), int(percent)) for day, percent in Target.objects.values_list("starts_on", "percent")]
    assert course == [(months[0], 80), (months[3], 90), (months[6], 100)]
    page = client.get(f"/acme/targets/{KEY}/")
    assert page.context["title"] == "Recovered within 24 hours has no target"
    slower = sent | {"step": "5"}
    errors = client.post(address, slower).context["form"].errors
    assert list(errors) == ["reason"]
    assert "say why it is lowered" in errors["reason"][0]
    assert client.post(address, slower | {"reason": "A new hub is opened"}).status_code == 302
    with tenant_scope(acme.tenant):
        assert Target.objects.count() == 5
        entry = AuditEntry.objects.filter(act="set_target_path").latest("number")
        assert (entry.details["lowered"], entry.details["reason"]) == (True, "A new hub is opened")
    assert list(client.post(address, sent | {"full_by": months[0]}).context["form"].errors) == ["full_by"]


def test_what_is_better_low_has_targets_and_no_path(acme: Company, visit: Visit) -> None:
    client = visit(acme, Role.CSO)
    client.post("/acme/targets/reopened/set/", {"percent": "8", "starts_on": "2025-01-01"})
    page = client.get("/acme/targets/reopened/")
    assert page.context["title"] == "Reopened or disputed: at most 8%"
    assert "Set a rising path" not in page.content.decode()
