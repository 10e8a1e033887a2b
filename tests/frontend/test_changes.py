"""Changes of how a unit works in the portal: marked, decided on, taken back, and seen on the chart."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from cso.metrics.actions import set_target
from cso.metrics.engine.refresh import refresh
from cso.scorecards.changes import mark_change
from cso.scorecards.models import ProcessChange
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.frontend.conftest import Visit
from tests.personas import Company, log_case

HOUR = timedelta(hours=1)
WEEKS = 10


@pytest.fixture
def weeks(acme: Company) -> Company:
    """Ten full weeks of the north: five of one recovered case in four, then five of three in four."""
    with tenant_scope(acme.tenant):
        set_target("recovered_24h", Decimal(90), date(2024, 1, 1), by=None)
        for week in range(1, WEEKS + 1):
            hits = 3 + week % 2 if week <= WEEKS // 2 else 1 + week % 2
            for number in range(6):
                at = timezone.now() - timedelta(weeks=week)
                log_case(acme.units["north-1"], at, fixed_after=(2 if number < hits else 30) * HOUR)
        refresh()
    return acme


def monday(weeks_ago: int) -> date:
    today = timezone.now().astimezone(ZoneInfo("America/Toronto")).date()
    return today - timedelta(days=today.weekday(), weeks=weeks_ago)


def act(client: Client, address: str, **fields: str) -> str:
    return client.post(address, fields, follow=True).content.decode()


def test_a_change_is_marked_decided_on_and_taken_back(weeks: Company, visit: Visit) -> None:
    north = weeks.units["north"]
    leader, cso = visit(weeks, Role.LEADER), visit(weeks, Role.CSO)
    unit, page = f"/acme/units/{north.pk}/", f"/acme/units/{north.pk}/changes/"
    assert page in leader.get(unit).content.decode()
    assert leader.get(page).status_code == 200
    assert "This has not happened yet" in act(leader, page, on="2126-01-01", what="One queue")
    before = leader.get(unit).context
    told = act(leader, page, on=str(monday(6)), what="One queue")
    assert "Marked on the chart." in told
    marked = leader.get(unit).context
    assert 'class="xmr__change"' in marked["chart"].wide
    assert marked["chart"].headings[-1] == "Change"
    assert ("One queue" in marked["chart"].spoken, marked["chart"].rows[-6][-1]) == (True, "One queue")
    # A mark moves no limit; and what follows it is said beside it.
    assert marked["chart"].wide.count("xmr__limit") == before["chart"].wide.count("xmr__limit")
    with tenant_scope(weeks.tenant):
        change = ProcessChange.objects.get()
    assert leader.get(f"/acme/changes/{change.pk}/rebase/").status_code == 403
    assert "Count limits anew from it" not in leader.get(page).content.decode()
    assert "This field is required" in act(cso, f"/acme/changes/{change.pk}/rebase/", because="")
    assert "Limits are counted anew." in act(cso, f"/acme/changes/{change.pk}/rebase/", because="All teams work so")
    rebased = leader.get(unit)
    assert "Limits are counted anew from it: All teams work so (Acme Chief Serving Officer)" in rebased.content.decode()
    assert "xmr__change--base" in rebased.context["chart"].narrow
    assert rebased.context["chart"].wide.count("xmr__centre") == 2
    assert rebased.context["sentence"]["text"].startswith(("From 6 weeks only", "From 5 weeks only", "No", "The week"))
    assert leader.post(f"/acme/changes/{change.pk}/withdraw/").status_code == 404
    assert "Taken back." in act(cso, f"/acme/changes/{change.pk}/withdraw/", because="It was never so")
    assert leader.get(unit).context["chart"].wide == before["chart"].wide
    assert "<s>One queue</s>" in leader.get(page).content.decode()


def test_the_companys_chart_shows_those_of_its_top_and_others_cannot_mark(weeks: Company, visit: Visit) -> None:
    with tenant_scope(weeks.tenant):
        change = mark_change(weeks.units["top"], on=monday(4), what="New forms", by=None, now=timezone.now())
    cso, leader = visit(weeks, Role.CSO), visit(weeks, Role.LEADER)
    [shown] = cso.get("/acme/scorecard/").context["changes"]
    assert shown["what"].endswith(": New forms")
    north = weeks.units["north"]
    assert "New forms" in leader.get(f"/acme/units/{north.pk}/").content.decode()
    for address in (f"units/{weeks.units['south'].pk}/changes/", f"changes/{change.pk}/withdraw/"):
        assert leader.get(f"/acme/{address}").status_code == 404
    auditor = visit(weeks, Role.AUDITOR)
    assert auditor.get(f"/acme/units/{north.pk}/changes/").context["form"] is None
    assert auditor.post(f"/acme/units/{north.pk}/changes/", {"on": "2026-01-01", "what": "x"}).status_code == 404


def test_a_better_stretch_after_a_change_names_it(acme: Company, visit: Visit) -> None:
    """Eight weeks of nothing recovered, and then eight of all."""
    with tenant_scope(acme.tenant):
        for week in range(1, 17):
            at = timezone.now() - timedelta(weeks=week)
            log_case(acme.units["south"], at, fixed_after=(2 if week <= 8 else 30) * HOUR)
        mark_change(acme.units["south"], on=monday(8), what="Keys for all", by=None, now=timezone.now())
        refresh()
    sentence = visit(acme, Role.CSO).get(f"/acme/units/{acme.units['south'].pk}/").context["sentence"]
    assert (sentence["tone"], sentence["lead"]) == ("better", "Getting better.")
    assert "It came after a change of" in sentence["text"]
    assert ": Keys for all." in sentence["text"]
