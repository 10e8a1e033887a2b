"""A wall as a screen opens it, again and again; and putting one up in the portal."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cso.customers.models import Customer
from cso.metrics.actions import set_target
from cso.metrics.engine.refresh import refresh
from cso.metrics.periods import last_weeks
from cso.recognition.actions import recognise, withdraw_recognition
from cso.recovery.actions import fix_case
from cso.recovery.customer_page import answer_questions
from cso.scorecards.models import Wall
from cso.scorecards.walls.links import make_wall, renew_link, revoke_wall, wall_path
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.api.conftest import Integration
from tests.frontend.conftest import Visit, reads
from tests.frontend.test_public_pages import counts
from tests.personas import Company, log_case

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ALL = ["now", "open", "surprised", "killed", "hero", "wins"]


@pytest.fixture
def wall(acme: Company) -> Wall:
    """Of a week in which three of four were recovered in time, one with a surprise; one case is open, a hero named."""
    now = timezone.now()
    with tenant_scope(acme.tenant):
        set_target("recovered_24h", Decimal(60), date(2024, 1, 1), by=None)
        ana = Customer.objects.create(name="Ana Roy", email="ana@roy.example")
        for number in range(4):
            fixed_after = (2 if number else 30) * HOUR
            case = log_case(
                acme.units["north-1"],
                now - 5 * DAY,
                fixed_after=fixed_after,
                customer=ana,
                summary="The bag of Ana Roy",
            )
        answer_questions(case, is_fixed=True, apology=True, surprised=True, words="Says Ana Roy", now=now - 4 * DAY)
        log_case(acme.units["south"], now - 21 * HOUR, customer=ana, summary="Her hat")
        by = acme.member(Role.FRONTLINE)
        recognise(acme.leader, kind="delight", what="Walked Ana to her gate", by=by, now=now - DAY)
        refresh()
        return make_wall("Lobby", by=None, now=now)


def address(wall: Wall) -> str:
    with tenant_scope(wall.tenant):
        return wall_path(wall.link)


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def slides(html: str) -> list[str]:
    return re.findall(r'data-slide="(\w+)"', html)


def seen(html: str) -> list[str]:
    """The slides that stand there to be seen without a script."""
    return re.findall(r'data-slide="(\w+)"[^>]*labelledby="slide-\w+">', html)


def poll(path: str, version: str) -> Any:
    return Client().get(path, {"v": version})


def test_a_screen_shows_the_whole_and_names_no_customer(wall: Wall) -> None:
    page = Client().get(address(wall))
    html, text = page.content.decode(), words(page.content.decode())
    assert slides(html) == ALL
    assert seen(html) == ["now"]
    for said in (
        "Recovered within 24 hours 75%",
        "target 60%",
        "too close to call",
        "3 of 4",
        "few cases: likely 30% to 95%",
        "open now 1",
        "due within 4 h 1",
        "surprised: 1 of 1 100%",
        "later than 24 h 0",
        "1 of 4 customers told us",
        "Dumb rules killed 0",
        "Thank you, Lea North North · Everyday delight Walked Ana to her gate",
        "Put right in time, with a surprise North-1 in 2 h 0 min",
        "As of",
    ):
        assert said in text, said
    for name in ("Ana Roy", "bag of", "hat", "Fran Line"):
        assert name not in text
    assert "http" not in html.replace('http-equiv="refresh"', ""), "nothing leads elsewhere"
    assert 'href="/acme/"' not in html
    assert (page["Cache-Control"], page["X-Robots-Tag"]) == ("private, no-store", "noindex, nofollow")


def test_looking_changes_nothing_and_nothing_else_is_possible(acme: Company, wall: Wall, visit: Visit) -> None:
    path, colleague = address(wall), visit(acme, Role.FRONTLINE)
    before = counts(acme)
    version = Client().get(path)["Wall-Version"]
    for query in ("", "?lang=fr-ca", "?slide=hero", "?turn=3", f"?v={version}", "?v=x", "?v=.", "?turn=-1&slide=x"):
        for method in ("get", "head"):
            assert getattr(Client(), method)(path + query).status_code in {200, 204}
    assert colleague.get(path).status_code == 200
    for method in ("post", "put", "patch", "delete", "options"):
        assert getattr(Client(), method)(path).status_code == 405
        assert getattr(Client(), method)("/acme/w/nobodys/").status_code == 404
    assert counts(acme) == before


def test_who_asks_again_is_told_what_changed_and_else_nothing(
    acme: Company, wall: Wall, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, now = address(wall), timezone.now()
    # All of it at one instant: five minutes later it is looked at anew.
    monkeypatch.setattr("frontend.access.timezone.now", lambda: now)
    first = Client().get(path)
    version = first["Wall-Version"]
    with CaptureQueriesContext(connection) as captured:
        same = poll(path, version)
    assert (same.status_code, same["Wall-Version"], same["Wall-Build"]) == (204, version, first["Wall-Build"])
    assert len(reads(captured.captured_queries)) == 3, "the workspace, the wall, its pulse"
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], now - 30 * DAY)
    changed = poll(path, version)
    assert changed.status_code == 200
    html = changed.content.decode()
    assert html.lstrip().startswith("<section")
    assert "open now 2" in words(html)
    # Marks wait, so all is counted; it is the same, and nothing is swapped.
    waiting = changed["Wall-Version"]
    assert poll(path, waiting).status_code == 204
    with tenant_scope(acme.tenant):
        refresh()
    counted = poll(path, waiting)
    assert counted.status_code == 204
    assert counted["Wall-Version"] != waiting
    assert poll(path, counted["Wall-Version"])["Wall-Version"] == counted["Wall-Version"]
    with tenant_scope(acme.tenant):
        fix_case(case, by=None, at=now, now=now)
        refresh()
        recognition = acme.leader.recognitions.get()
        withdraw_recognition(recognition, by=acme.member(Role.LEADER), now=now)
    hidden = poll(path, counted["Wall-Version"])
    assert slides(hidden.content.decode()) == [name for name in ALL if name != "hero"]
    with CaptureQueriesContext(connection) as captured:
        Client().get(path)
    assert len(reads(captured.captured_queries)) == 13


def test_links_that_open_nothing_look_alike(acme: Company, other: Company, wall: Wall) -> None:
    path = address(wall)
    token = path.split("/")[3]
    with tenant_scope(other.tenant):
        foreign = wall_path(make_wall("Theirs", by=None, now=timezone.now()).link).split("/")[3]
    with tenant_scope(acme.tenant):
        renew_link(wall, by=None)
        second = make_wall("Second", by=None, now=timezone.now())
        revoke_wall(second, by=None, now=timezone.now())
    paths = [
        path,
        address(second),
        f"/acme/w/{foreign}/",
        f"/acme/w/{token[:-1]}/",
        "/acme/w/x/",
        f"/other/w/{token}/",
        f"/nowhere/w/{token}/",
    ]
    answers = [Client().get(each) for each in [*paths, f"{path}?v=1"]]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert b"Acme" not in answers[0].content
    assert all("Wall-Build" not in answer for answer in answers), "a screen that shows it goes empty"


def test_without_a_script_slides_take_turns_by_reloading(wall: Wall) -> None:
    path, query, found = address(wall), "", []
    for _ in range(7):
        html = Client().get(path + query).content.decode()
        [said] = re.findall(r'<noscript><meta http-equiv="refresh" content="12; url=(\?[^"]+)">', html)
        query = said.replace("&amp;", "&")
        found += seen(html)
    assert found == [*ALL, "now"]
    held = Client().get(path, {"slide": "open", "lang": "en"}).content.decode()
    assert (slides(held), seen(held)) == (["open"], ["open"])
    assert "All slides in turn" in held
    assert "slide=open&amp;lang=en&amp;turn=1" in held
    assert seen(Client().get(path, {"slide": "nonsense", "turn": "9" * 30}).content.decode()) == ["now"]


def test_it_speaks_french_where_that_is_asked_for(wall: Wall) -> None:
    path = address(wall)
    page = Client().get(path, {"lang": "fr-ca"})
    assert '<html lang="fr-ca">' in page.content.decode()
    for said in ("cible 60 %", "3 sur 4", "Merci, Lea North"):
        assert said in words(page.content.decode()).replace("\xa0", " ").replace("\u202f", " ")
    again = Client().get(path, {"lang": "fr-ca", "v": "old"})
    assert "Merci, Lea North" in again.content.decode()
    assert '<html lang="fr-ca">' in Client().get(path, headers={"Accept-Language": "fr"}).content.decode()


def test_a_new_wall_is_honest_about_nothing(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        wall = make_wall("Lobby", acme.units["north-2"], by=None, now=timezone.now())
    html = Client().get(address(wall)).content.decode()
    assert slides(html) == ALL[:4]
    assert "Recovered within 24 hours –" in words(html)
    assert "no data" in words(html)
    assert "0%" not in words(html)
    assert "North-2" in words(html)


def test_a_wall_hangs_two_clicks_from_the_landing_page(acme: Company, visit: Visit) -> None:
    cso = visit(acme, Role.CSO)
    assert 'href="/acme/scorecard/walls/"' in cso.get("/acme/").content.decode()
    page = cso.get("/acme/scorecard/walls/")
    assert "No wall hangs yet" in page.content.decode()
    form = page.context["form"]
    hung = cso.post("/acme/scorecard/walls/", {"name": form["name"].value(), "unit": ""})
    with tenant_scope(acme.tenant):
        wall = Wall.objects.get()
        assert (wall.name, wall.unit, wall.made_by) == ("Acme", None, acme.member(Role.CSO))
    assert hung["Location"] == address(wall)
    assert Client().get(hung["Location"]).status_code == 200
    listed = cso.get("/acme/scorecard/walls/").content.decode()
    assert f"{address(wall)}?lang=fr-ca" in listed
    again = cso.post("/acme/scorecard/walls/", {"name": "Acme", "unit": acme.units["north"].pk}).content.decode()
    assert "There is a wall called “Acme” already." in again
    for act in ("renew", "revoke"):
        before = address(Wall(tenant=acme.tenant, link=wall.link))
        asked = cso.get(f"/acme/scorecard/walls/{wall.pk}/{act}/")
        assert "“Acme”" in asked.content.decode()
        assert Client().get(before).status_code == 200, "asked, and not done"
        cso.post(f"/acme/scorecard/walls/{wall.pk}/{act}/")
        assert Client().get(before).status_code == 404
        with tenant_scope(acme.tenant):
            wall.refresh_from_db()
    page = cso.get("/acme/scorecard/walls/")
    assert "No wall hangs yet" in page.content.decode()
    # Nobody takes figures down unseen.
    [gone] = page.context["taken_down"]
    assert (gone.wall.pk, gone.by) == (wall.pk, "Acme Chief Serving Officer")
    assert cso.get(f"/acme/scorecard/walls/{wall.pk}/renew/").status_code == 404


def test_only_the_office_puts_walls_up(acme: Company, visit: Visit) -> None:
    executive = visit(acme, Role.EXECUTIVE)
    assert executive.get("/acme/scorecard/walls/").status_code == 200
    for role in (Role.LEADER, Role.AUDITOR, Role.FRONTLINE, Role.ADMINISTRATOR):
        assert visit(acme, role).post("/acme/scorecard/walls/", {"name": "Mine"}).status_code == 403
    assert "scorecard/walls/" not in visit(acme, Role.AUDITOR).get("/acme/").content.decode()
    with tenant_scope(acme.tenant):
        assert not Wall.objects.exists()


def test_what_a_wall_shows_is_what_the_api_counts(acme: Company) -> None:
    now, api = timezone.now(), Integration(acme)
    with tenant_scope(acme.tenant):
        for fixed_after in (1, 2, 40):
            log_case(acme.units["north"], now - 3 * DAY, fixed_after=fixed_after * HOUR)
        log_case(acme.units["south"], now - 2 * DAY)
        refresh()
        period = last_weeks(4, now, acme.tenant.zone).key
    link = api.post("walls", {"name": "All"}).json()["link"]
    share = api.get(f"metrics/recovered_24h/values?period={period}").json()
    late = api.get("metrics/open_overdue/values").json()
    page = Client().get(urlsplit(link).path).content.decode()
    assert (share["numerator"], share["denominator"], late["numerator"]) == (2, 4, 1)
    assert "2 of 4, " in page
    assert "<dt>later than 24 h</dt><dd>1</dd>" in page
