"""Walls: who puts them up, what their links open, and what stands on them; each change is told by their pulse."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cso.customers.models import Customer
from cso.errors import ConflictError, InvalidFieldsError
from cso.metrics.actions import set_target
from cso.metrics.engine.refresh import refresh
from cso.metrics.periods import period_of
from cso.metrics.queries.figures import HEADLINE, figure_of
from cso.metrics.queries.states import overdue_now
from cso.panels.stories import without_customers
from cso.people.actions import add_person
from cso.people.models import Unit
from cso.recognition.actions import ERASED, erase_customer_words, recognise, withdraw_recognition
from cso.recognition.models import Recognition
from cso.recovery.actions import fix_case
from cso.recovery.customer_page import answer_questions
from cso.recovery.models import Case
from cso.scorecards.models import Wall
from cso.scorecards.walls.figures import Hero, WallFigures, wall_figures
from cso.scorecards.walls.links import make_wall, renew_link, revoke_wall, wall_by_token, wall_path, walls
from cso.scorecards.walls.pulse import SURPRISED, pulse_of, shown_periods
from tenants.models import AuditEntry
from tenants.roles import Role
from tenants.scope import current_tenant, tenant_scope
from tests.committees.scenes import new_rule
from tests.metrics.kills import brought_back, killed
from tests.personas import NOW, Company, log_case

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def hang(unit: Unit | None = None, name: str = "Lobby") -> Wall:
    return make_wall(name, unit, by=None, now=NOW)


def shown(wall: Wall, now: datetime = NOW) -> WallFigures:
    return wall_figures(wall, pulse_of(wall, now=now), now=now)


def token_of(wall: Wall) -> str:
    return wall_path(wall.link).split("/")[3]


def opens(token: str) -> bool:
    try:
        wall_by_token(token)
    except Wall.DoesNotExist:
        return False
    return True


def test_the_office_puts_walls_up_and_everything_is_told(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        cso = acme.member(Role.CSO)
        wall = make_wall("  Arrivals \n hall ", acme.units["north"], by=cso, now=NOW)
        assert (wall.name, wall.unit, wall.made_by) == ("Arrivals hall", acme.units["north"], cso)
        for name in ("", "Arrivals hall", "x" * 81, "a\x00b"):
            with pytest.raises(InvalidFieldsError) as refused:
                make_wall(name, by=cso, now=NOW)
            assert [error.field for error in refused.value.errors] == ["name"]
        for role in (Role.LEADER, Role.FRONTLINE, Role.AUDITOR, Role.ADMINISTRATOR):
            with pytest.raises(PermissionDenied):
                make_wall("Mine", by=acme.member(role), now=NOW)
            with pytest.raises(PermissionDenied):
                walls(acme.member(role))
        renew_link(wall, by=acme.member(Role.EXECUTIVE))
        for _ in range(2):
            revoke_wall(wall, by=cso, now=NOW)
        with pytest.raises(ConflictError):
            renew_link(wall, by=cso)
        assert make_wall("Arrivals hall", by=cso, now=NOW) in walls(cso)
        acts = AuditEntry.objects.order_by("number").values_list("act", "subject")
        assert [act for act in acts if act[1] == "Arrivals hall"] == [
            ("make_wall", "Arrivals hall"),
            ("renew_wall_link", "Arrivals hall"),
            ("revoke_wall", "Arrivals hall"),
            ("make_wall", "Arrivals hall"),
        ]


def test_a_link_opens_one_wall_of_one_tenant_until_it_is_ended(acme: Company, other: Company) -> None:
    with tenant_scope(acme.tenant):
        wall = hang()
        first = token_of(wall)
        assert wall_by_token(first) == wall
        wall = renew_link(wall, by=None)
        second = token_of(wall)
        tried = [first, second, second[:-1], "x" * 40, "é"]
        assert [opens(token) for token in tried] == [False, True, False, False, False]
    with tenant_scope(other.tenant):
        # Were the same link there, its address would still be signed for the one tenant.
        Wall.objects.create(name="Lobby", link=wall.link)
        assert not opens(second)
    with tenant_scope(acme.tenant):
        revoke_wall(wall, by=None, now=NOW)
        assert not opens(second)


def test_its_figures_are_those_of_the_engine_and_its_counts_those_of_the_clock(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        north, south = acme.units["north"], acme.units["south"]
        set_target(HEADLINE.key, Decimal(60), date(2026, 1, 1), by=None)
        set_target(HEADLINE.key, Decimal(70), date(2026, 7, 1), by=None)
        set_target(HEADLINE.key, Decimal(80), date(2026, 10, 1), by=None)
        for hours in (2, 3, 30):
            log_case(acme.units["north-1"], NOW - 5 * DAY, fixed_after=hours * HOUR)
        log_case(south, NOW - 5 * DAY, fixed_after=HOUR)
        second = timedelta(seconds=1)
        for open_for in (HOUR, 20 * HOUR - second, 20 * HOUR, 24 * HOUR, 24 * HOUR + second, 90 * DAY):
            log_case(north, NOW - open_for)
        killed(north, NOW - 4 * DAY, rule=new_rule(acme, "Older"))
        killed(north, NOW - 3 * DAY, rule=new_rule(acme, "Newer"))
        killed(south, NOW - 40 * DAY, rule=new_rule(acme, "Of February"))
        brought_back(killed(north, NOW - 2 * DAY), NOW - DAY)
        of_north, of_all = hang(north, "North"), hang()
        for _ in range(2):  # counted from the facts, then from cells
            for wall, units in ((of_north, [north.pk]), (of_all, [acme.units["top"].pk])):
                found = shown(wall)
                period, month = shown_periods(NOW)
                assert (period.key, month.key) == ("2026-W09..2026-W12", "2026-03")
                assert found.recovered.share == figure_of(HEADLINE, units, period, now=NOW).share
                assert found.surprised == figure_of(SURPRISED, units, period, now=NOW)
                assert found.pulse.late == overdue_now({None: units}, now=NOW)[None]
            refresh()
        found = shown(of_north)
        assert (found.recovered.numerator, found.recovered.denominator, found.recovered.running) == (2, 4, 4)
        assert (found.judgement.target, found.judgement.verdict) == (Decimal(60), "uncertain")
        assert found.rises == (date(2026, 7, 1), Decimal(70))
        assert (found.pulse.open, found.pulse.soon, found.pulse.late) == (6, 2, 2)
        assert (found.killed.numerator, [title for title, _at in found.rules]) == (2, ["Newer", "Older"])
        assert [title for title, _at in shown(of_all).rules] == ["Newer", "Older", "Of February"]
        nothing = shown(hang(acme.units["north-2"], "Empty"))
        assert (nothing.recovered.share, nothing.judgement.verdict, nothing.rules, nothing.wins) == (
            None,
            "no_data",
            [],
            [],
        )


def test_the_last_wins_say_where_and_how_long_and_nothing_of_the_customer(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        ana = Customer.objects.create(name="Ana Roy", email="ana@roy.example")
        for number, (unit, surprised) in enumerate((("north-1", True), ("south", True), ("north-2", False))):
            reported_at = NOW - (9 - number) * DAY
            case = log_case(acme.units[unit], reported_at, fixed_after=(number + 2) * HOUR, customer=ana)
            at = reported_at + 8 * HOUR
            answer_questions(case, is_fixed=True, apology=True, surprised=surprised, words="Ana Roy is glad", now=at)
        late = log_case(acme.units["north"], NOW - 6 * DAY, fixed_after=30 * HOUR, customer=ana)
        answer_questions(late, is_fixed=True, apology=True, surprised=True, words="", now=NOW - 4 * DAY)
        refresh()
        found = shown(hang())
        assert [(win.unit, win.seconds) for win in found.wins] == [("South", 3 * 3600), ("North-1", 2 * 3600)]
        assert (found.surprised.numerator, found.surprised.denominator) == (3, 4)
        assert found.response is not None
        assert (found.response.answered, found.response.asked) == (4, 4)
        assert [win.unit for win in shown(hang(acme.units["north"], "North")).wins] == ["North-1"]


def test_the_last_hero_is_thanked_and_no_customer_named(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        wall, line = hang(), acme.member(Role.FRONTLINE)
        assert shown(wall).hero is None
        grace = add_person("Grace South", by=None, unit=acme.units["south"])
        ana = Customer.objects.create(name="Ana Roy-Tremblay", email="ana@roy.example")
        case = log_case(acme.units["south"], NOW - 3 * DAY, fixed_after=HOUR, customer=ana)
        told: dict[str, Any] = {"by": line, "kind": "recovery", "customer_words": "I wept"}
        old = recognise(grace, what="Carried a cello", now=NOW - 31 * DAY, **told)
        named = "Drove the bag to Mrs. Roy-Tremblay, and called 514 555 0142"
        of_case: dict[str, Any] = {"source": "case", "source_id": case.pk}
        # Told before stories were kept from naming anybody.
        mine = recognise(grace, what="Drove the bag there", now=NOW - 2 * DAY, **of_case, **told)
        Recognition.objects.filter(pk=mine.pk).update(what=named)
        typed = recognise(grace, what="Found the room", now=NOW - 2 * DAY - HOUR, **told)
        # In a customer's words alone: they were said to us, and not to whoever passes a screen.
        recognise(grace, what="I wept", now=NOW - DAY, **told)
        hero = Hero("Grace South", "South", "Recovery", "Drove the bag to Mrs. [name], and called [contact]")
        assert shown(wall).hero == hero
        assert shown(hang(acme.units["north"], "North")).hero is None
        # By hand, of whomever: whole names that are known here, and whoever is addressed as a customer is.
        for what, seen in (
            ("Called ana  roy-tremblay’s sister", "Called [name]’s sister"),
            ("Waited with Mme Joséphine Côté, and Mr. Poe.", "Waited with Mme [name], and Mr. [name]."),
            ("Roy from the depot drove to Mr Right", "Roy from the depot drove to Mr [name]"),
        ):
            Recognition.objects.filter(pk=typed.pk).update(what=" ".join(what.split()))
            typed.refresh_from_db()
            assert without_customers(typed) == seen
        typed.delete()
        erase_customer_words("case", [case.pk])
        mine.refresh_from_db()
        assert mine.what == ERASED
        assert shown(wall).hero is None
        lea = recognise(acme.leader, what="Stayed until the last guest slept", now=NOW - HOUR, **told)
        assert shown(wall).hero == Hero("Lea North", "North", "Recovery", lea.what)
        withdraw_recognition(lea, by=acme.member(Role.LEADER), now=NOW)
        assert shown(wall).hero is None
        assert old.withdrawn_at is None


def test_the_pulse_tells_every_change_and_nothing_else(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        wall, north, line = hang(acme.units["north"]), acme.units["north"], acme.member(Role.FRONTLINE)
        reported = NOW - 23 * HOUR - 58 * timedelta(minutes=1)
        case, late = log_case(north, reported), log_case(north, NOW - 5 * DAY)
        refresh()

        def beat(now: datetime = NOW) -> str:
            return pulse_of(wall, now=now).beat

        first = beat()
        assert first
        assert beat(NOW + timedelta(minutes=1)) == first
        beats = [first, beat(NOW + timedelta(minutes=3))]  # it fell due, by the clock alone
        log_case(acme.units["south"], NOW - HOUR)
        assert beat() == "", "marks wait: nobody can tell"
        refresh()
        assert beat() == first, "the wall is of the north"

        def fix(case: Case) -> None:
            fix_case(case, by=None, at=NOW - HOUR, now=NOW)

        fix(case)
        refresh()
        beats.append(beat())
        fix(late)
        refresh()
        beats.append(beat())
        killed(north, NOW - DAY)
        refresh()
        beats.append(beat())
        hero = recognise(acme.leader, kind="idea", what="A sign", by=line, now=NOW - DAY)
        beats.append(beat())
        withdraw_recognition(hero, by=line, now=NOW)
        beats.append(beat())
        set_target(HEADLINE.key, Decimal(60), date(2026, 1, 1), by=None)
        beats.append(beat())
        beats += [beat(NOW + timedelta(minutes=6)), beat(NOW + 10 * HOUR)]
        assert len(set(beats)) == len(beats) - 1, "who hid their story leaves what was before"
        assert beats[4] == beats[6]
        with CaptureQueriesContext(connection) as captured:
            pulse_of(wall, now=NOW)
        assert len(captured) == 1


def test_its_month_is_the_calendars_of_the_tenant(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        zone = current_tenant().zone
        midnight = datetime(2026, 4, 1, tzinfo=zone)
        before, after = (shown_periods(midnight + step)[1] for step in (-timedelta(seconds=1), timedelta(0)))
        assert (before.key, after.key) == ("2026-03", "2026-04")
        wall = hang()
        assert pulse_of(wall, now=midnight - timedelta(seconds=1)).beat != pulse_of(wall, now=midnight).beat
        assert period_of(midnight, "month", zone) == after
