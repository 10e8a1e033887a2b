"""The weekly digest as each person sets it, and ends it by the link of a mail."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlsplit

from django.test import Client

from cso.alarms.models import Alarm
from cso.scorecards.digest.mail import choose_digest, stop_link
from cso.scorecards.models import DigestChoice
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.personas import NOW, Company, log_case

LAST_WEEK = datetime(2026, 3, 10, 12, tzinfo=UTC)


def test_one_post_without_a_cookie_ends_it_and_looking_does_not(acme: Company, other: Company) -> None:
    leader = acme.member(Role.LEADER)
    with tenant_scope(acme.tenant):
        choice = choose_digest(leader, is_wanted=True, weekday=0, hour=7, by=leader, now=NOW)
        path = urlsplit(stop_link(choice)).path
    # As a mail program does: no session, no token of a form.
    program = Client(enforce_csrf_checks=True)
    assert program.get(path).status_code == program.head(path).status_code == 200
    with tenant_scope(acme.tenant):
        assert DigestChoice.objects.get().is_wanted
    assert program.post(path.replace("/acme/", "/other/")).status_code == 404
    for _twice in range(2):
        page = program.post(path, {"List-Unsubscribe": "One-Click"})
        assert (page.status_code, "no more" in page.content.decode()) == (200, True)
    with tenant_scope(acme.tenant):
        assert not DigestChoice.objects.get().is_wanted
        assert not Alarm.objects.filter(kind="scorecards.digest").exists()
        # Mails that wait are not sent either way; the choice of day and hour is kept.
        assert (DigestChoice.objects.get().weekday, DigestChoice.objects.get().hour) == (0, 7)


def test_the_page_under_ones_menu_sets_it_and_shows_what_it_would_say(acme: Company) -> None:
    leader = acme.member(Role.LEADER)
    client = Client()
    client.force_login(leader.user)
    page = client.get("/acme/digest/").content.decode()
    assert "There is nothing to tell you now" in page
    with tenant_scope(acme.tenant):
        log_case(acme.units["north-1"], LAST_WEEK, summary="Bag lost")
    assert "Bag lost" in client.get("/acme/digest/").content.decode()
    answer = client.post("/acme/digest/", {"is_wanted": "on", "weekday": "4", "hour": "16"}, follow=True)
    page = answer.content.decode()
    assert "Bag lost" in page
    with tenant_scope(acme.tenant):
        choice = DigestChoice.objects.get()
        assert (choice.is_wanted, choice.weekday, choice.hour) == (True, 4, 16)
        assert Alarm.objects.get(kind="scorecards.digest").rings_at.astimezone(acme.tenant.zone).hour == 16
    client.post("/acme/digest/", {"weekday": "4", "hour": "16"})
    with tenant_scope(acme.tenant):
        assert not DigestChoice.objects.get().is_wanted
