"""Heroes in the portal: celebrated in two clicks from a case, named in the feed, hidden at their wish."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cso.people.models import Person
from cso.recognition.actions import recognise
from cso.recognition.models import Recognition
from cso.recovery.closing import close_case
from cso.recovery.models import Case
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.frontend.conftest import Visit, reads
from tests.frontend.test_sessions_pages import told, words
from tests.personas import Company, log_case

FEED, HOUR = "/acme/heroes/", timedelta(hours=1)


def dazzled(company: Company, **fields: Any) -> Case:
    """Fran's case, closed; within the company's scope."""
    now = timezone.now()
    case = log_case(company.units["north-1"], now - 5 * HOUR, summary="The suit for the funeral", **fields)
    Case.objects.filter(pk=case.pk).update(owner=company.member(Role.FRONTLINE))
    return close_case(
        Case.objects.get(pk=case.pk),
        by=None,
        at=now - HOUR,
        now=now,
        solution="put_right",
        given_surprise="Ironed it.",
    )


def filled(response: Any) -> dict[str, str]:
    """What the form on a page would send as it stands."""
    form = response.context["form"]
    values = {name: form[name].value() for name in form.fields}
    return {name: str(getattr(value, "pk", value)) for name, value in values.items() if value not in (None, "")}


def test_a_case_makes_a_hero_in_two_clicks(acme: Company, visit: Visit) -> None:
    with tenant_scope(acme.tenant):
        case = dazzled(acme)
        fran = Person.objects.get(name="Fran Line")
    leader, page = visit(acme, Role.LEADER), f"/acme/cases/{case.pk}/"
    found = re.search(r'href="([^"]+)">Celebrate who did it', leader.get(page).content.decode())
    assert found is not None
    form = leader.get(found[1])
    sent = filled(form)
    assert sent == {
        "person": str(fran.pk),
        "kind": "recovery",
        "what": "Put it right in 4 h 0 min: “The suit for the funeral”. Ironed it.",
    }
    said = told(leader, found[1], **sent)
    assert "Fran Line is celebrated." in said
    assert "Put it right in 4 h 0 min" in said
    assert "celebrated by Acme Leader" in said
    assert "Celebrated for it: Fran Line" in words(leader.get(page))
    assert "recognised for this already" in told(leader, found[1], **sent)
    with tenant_scope(acme.tenant):
        made = Recognition.objects.get()
        assert (made.source, made.source_id, made.unit.code) == ("case", case.pk, "north-1")
    # The slip of a finger, undone from the status line; then once more.
    assert "Taken back, as if it had never been." in told(leader, f"{FEED}{made.pk}/take-back/")
    assert "Fran Line is celebrated." in told(leader, found[1], **sent)


def test_nobody_celebrates_themselves_or_a_case_that_they_do_not_see(acme: Company, visit: Visit) -> None:
    with tenant_scope(acme.tenant):
        case = dazzled(acme)
        fran = Person.objects.get(name="Fran Line")
        elsewhere = log_case(acme.units["south"], timezone.now() - HOUR, fixed_after=HOUR / 2)
        still_open = log_case(acme.units["north-1"], timezone.now() - HOUR)
    client = visit(acme, Role.FRONTLINE)
    form = client.get(f"{FEED}new/?case={case.pk}")
    assert "person" not in filled(form)
    assert "Fran Line" not in form.content.decode().partition("<main")[2]
    sent = {"person": str(fran.pk), "kind": "idea", "what": "I am great"}
    assert "nothing here with this name" in told(client, f"{FEED}new/", **sent)
    for hidden in (elsewhere, still_open):
        assert client.get(f"{FEED}new/?case={hidden.pk}").status_code == 404
    assert visit(acme, Role.AUDITOR).get(f"{FEED}new/").status_code == 403


def test_heroes_are_hidden_at_their_wish(acme: Company, visit: Visit) -> None:
    with tenant_scope(acme.tenant):
        now = timezone.now() - HOUR
        fran = Person.objects.get(name="Fran Line")
        made = recognise(fran, kind="delight", what="Learned his dog’s name", by=acme.member(Role.LEADER), now=now)
        recognise(acme.leader, kind="prevention", what="Had the ramp built", by=None, now=now - HOUR)
    client = visit(acme, Role.FRONTLINE)
    assert "Had the ramp built" in words(visit(acme, Role.AUDITOR).get(FEED))
    page = words(client.get(f"{FEED}?kind=delight"))
    assert "Learned his dog’s name" in page
    assert "Had the ramp built" not in page
    assert "There is more to celebrate" in words(client.get(f"{FEED}?kind=idea"))
    assert "too_late" not in told(client, f"{FEED}{made.pk}/take-back/")
    assert "Only the hero takes it back" in told(visit(acme, Role.EXECUTIVE), f"{FEED}{made.pk}/hide/")
    assert "Learned his dog’s name" in words(client.get(f"{FEED}{made.pk}/hide/"))
    said = told(client, f"{FEED}{made.pk}/hide/")
    assert "Nobody is shown it any more." in said
    assert "Learned his dog’s name" not in said


def test_the_feed_reads_as_much_for_many_as_for_one_and_goes_on(acme: Company, visit: Visit) -> None:
    client, counts = visit(acme, Role.AUDITOR), []
    for heroes in (1, 24):
        with tenant_scope(acme.tenant):
            for number in range(heroes):
                at = timezone.now() - number * HOUR
                recognise(acme.leader, kind="idea", what=f"Idea {heroes}.{number}", by=None, now=at)
        with CaptureQueriesContext(connection) as captured:
            page = client.get(FEED)
        counts.append(len(reads(captured.captured_queries)))
    assert counts[0] == counts[1] <= 6
    found = re.search(r'href="(\?after=[^"]+)">Older ones', page.content.decode())
    assert found is not None
    older = words(client.get(FEED + found[1]))
    assert "Idea 24.23" in older
    assert "Idea 24.0" not in older
    assert "Older ones" not in older
