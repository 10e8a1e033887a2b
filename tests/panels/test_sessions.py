"""Sessions: who was there for how long, and who counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from cso.errors import ConflictError, InvalidFieldsError, NotAllowedError
from cso.panels import sessions
from cso.panels.attendance import seconds_present
from cso.panels.models import Panel, PanelSession, RosterEntry
from cso.panels.queries import attendance_by_person, attendance_of, visible_sessions
from cso.panels.truths import hear_truth
from cso.people import actions as people
from cso.people.models import Person
from tenants.models import AuditEntry
from tenants.roles import Role
from tenants.scope import day_of, tenant_scope
from tests.personas import NOW, Company

MINUTE = timedelta(minutes=1)


def minute(number: float) -> datetime:
    return NOW + number * MINUTE


@dataclass
class Scene:
    company: Company
    panel: Panel
    session: PanelSession
    chief: Person
    leader: Person

    def entry(self, person: Person) -> RosterEntry:
        return RosterEntry.objects.select_related("session__panel", "person").get(session=self.session, person=person)

    def hold(self, whole: float, *stays: tuple[float, float]) -> RosterEntry:
        """The leader's line after a session of so many minutes, with these stays, in minutes from its start."""
        sessions.start_session(self.session, by=None, now=NOW)
        for joined, left in stays:
            entry = self.entry(self.leader)
            sessions.record_presence(entry, joined_at=minute(joined), left_at=minute(left), by=None, now=minute(999))
        sessions.end_session(self.session, by=None, now=minute(whole))
        return self.entry(self.leader)


@pytest.fixture
def scene(acme: Company) -> Iterator[Scene]:
    """A session of a panel of `top`, planned; on its roster are who leads `top` and who leads `north`."""
    with tenant_scope(acme.tenant):
        chief = people.add_person("Ada Top", by=None, position="Chief Executive", unit=acme.units["south"])
        people.name_leader(acme.units["top"], chief, day_of(NOW - timedelta(days=400)), by=None)
        steward = acme.member(Role.AUDITOR)
        panel = Panel.objects.create(name="Travellers", unit=acme.units["top"], steward=steward)
        session = sessions.plan_session(panel, "What we heard in March", planned_at=NOW, by=None, now=NOW)
        sessions.set_roster(session, [chief, acme.leader], by=None, now=NOW)
        yield Scene(acme, panel, session, chief, acme.leader)


@pytest.mark.parametrize(
    ("stays", "seconds"),
    [
        ([], 0),
        ([(0, 100)], 6000),
        ([(10, 20), (30, 40)], 1200),
        ([(30, 40), (10, 20)], 1200),
        ([(10, 30), (20, 40)], 1800),
        ([(10, 40), (20, 30)], 1800),
        ([(10, 20), (10, 20)], 600),
        ([(-30, 10)], 600),
        ([(90, 130)], 600),
        ([(-20, -10), (110, 120)], 0),
        ([(-10, 200), (5, 6)], 6000),
        ([(0, 0.01), (0.005, 0.0199)], 1),
    ],
)
def test_seconds_in_the_room_are_counted_once_and_within_the_session(
    stays: list[tuple[float, float]], seconds: int
) -> None:
    spans = [(minute(joined), minute(left)) for joined, left in stays]
    assert seconds_present(spans, NOW, minute(100)) == seconds


@pytest.mark.parametrize(
    ("stays", "seconds", "attended"),
    [
        ([(0, 74)], 4440, False),
        ([(0, 75)], 4500, True),
        ([(0, 75 - 1 / 60)], 4499, False),
        ([(0, 40), (60, 95)], 4500, True),
        ([(0, 50), (25, 74)], 4440, False),
        ([(-60, 74)], 4440, False),
        ([(-60, 75)], 4500, True),
        ([(25, 300)], 4500, True),
        ([(26, 300)], 4440, False),
        ([], 0, False),
    ],
)
def test_three_quarters_of_the_minutes_are_needed(
    scene: Scene, stays: list[tuple[float, float]], seconds: int, attended: bool
) -> None:
    line = scene.hold(100, *stays)
    assert (line.session_seconds, line.present_seconds) == (6000, seconds)
    assert (line.is_counted, line.attended, line.held_at) == (True, attended, NOW)


def test_coming_and_going_by_the_door(scene: Scene) -> None:
    """Early in the waiting room, out for a call, in again until the end, which lets everybody out."""
    leader = scene.entry(scene.leader)
    sessions.join_session(leader, by=None, now=minute(-10))
    sessions.start_session(scene.session, by=None, now=minute(0))
    sessions.join_session(leader, by=None, now=minute(5))
    sessions.leave_session(leader, by=None, now=minute(20))
    with pytest.raises(ConflictError, match="not in the room"):
        sessions.leave_session(leader, by=None, now=minute(21))
    sessions.join_session(leader, by=None, now=minute(40))
    session = PanelSession.objects.get(pk=scene.session.pk)
    running = {line.entry.person.name: line for line in attendance_of(session, now=minute(50))}
    assert list(running) == ["Ada Top", "Lea North"]
    assert (running["Lea North"].seconds, running["Lea North"].whole) == (1800, 3000)
    assert (running["Lea North"].attended, running["Lea North"].is_in_room) == (None, True)
    assert running["Ada Top"].is_in_room is False
    ended = sessions.end_session(scene.session, by=None, now=minute(60))
    line = scene.entry(scene.leader)
    assert (line.present_seconds, line.session_seconds, line.attended) == (2400, 3600, False)
    assert [line.is_in_room for line in attendance_of(ended, now=minute(70))] == [False, False]
    with pytest.raises(ConflictError, match="over"):
        sessions.join_session(leader, by=None, now=minute(61))
    # Told later, with what the call's own log says.
    told = sessions.record_presence(leader, joined_at=minute(20), left_at=minute(25), by=None, now=minute(90))
    assert (scene.entry(scene.leader).present_seconds, scene.entry(scene.leader).attended) == (2700, True)
    sessions.remove_presence(told, by=None, now=minute(91))
    assert scene.entry(scene.leader).attended is False


def test_delegates_and_the_excused_are_absent_and_counted(scene: Scene) -> None:
    sessions.excuse(scene.entry(scene.leader), "A strike at the gates", by=None, now=NOW)
    sessions.send_delegate(scene.entry(scene.leader), "Dee Puty", by=None, now=NOW)
    line = scene.hold(60)
    assert (line.is_counted, line.attended) == (True, False)
    assert (line.excuse, line.delegate) == ("A strike at the gates", "Dee Puty")


def test_cancelled_sessions_leave_the_denominator(scene: Scene) -> None:
    sessions.cancel_session(scene.session, because="Snow closed the airport", by=None, now=NOW)
    assert RosterEntry.objects.filter(is_counted=True).count() == 0
    for act in (sessions.start_session, sessions.end_session):
        with pytest.raises(ConflictError, match="called off"):
            act(scene.session, by=None, now=NOW)
    assert AuditEntry.objects.get(act="cancel_session").details["because"] == "Snow closed the airport"


def test_who_comes_onto_the_roster_after_the_start_is_not_counted(scene: Scene) -> None:
    sessions.start_session(scene.session, by=None, now=NOW)
    late = people.add_person("Late Comer", by=None, unit=scene.company.units["south"])
    everybody = [scene.chief, scene.leader, late]
    sessions.set_roster(scene.session, everybody, by=None, now=minute(1))
    sessions.join_session(scene.entry(late), by=None, now=minute(1))
    with pytest.raises(ConflictError, match="nobody is taken off"):
        sessions.set_roster(scene.session, [scene.chief, late], by=None, now=minute(2))
    sessions.end_session(scene.session, by=None, now=minute(60))
    line = scene.entry(late)
    assert (line.is_counted, line.present_seconds) == (False, 3540)
    session = PanelSession.objects.get(pk=scene.session.pk)
    known = {each.entry.person.name: each.attended for each in attendance_of(session, now=minute(61))}
    assert known == {"Ada Top": False, "Late Comer": None, "Lea North": False}
    assert RosterEntry.objects.filter(is_counted=True).count() == 2


def test_the_chief_executive_has_an_own_line(scene: Scene) -> None:
    """Who leads the top of the tree, unless somebody else is named; the unit is the one that each leads."""
    chief, leader = scene.entry(scene.chief), scene.entry(scene.leader)
    assert (chief.is_chief_executive, chief.unit.code) == (True, "top")
    assert (leader.is_chief_executive, leader.unit.code) == (False, "north")
    sessions.join_session(chief, by=None, now=minute(-1))
    scene.hold(60, (0, 60))
    second = sessions.plan_session(scene.panel, "April", planned_at=minute(90), by=None, now=minute(80))
    sessions.set_roster(second, [scene.chief, scene.leader], by=None, now=minute(80))
    sessions.start_session(second, by=None, now=minute(90))
    sessions.end_session(second, by=None, now=minute(120))
    lines = attendance_by_person(PanelSession.objects.all())
    assert [(line.person.name, line.is_chief_executive, line.attended, line.sessions) for line in lines] == [
        ("Ada Top", True, 1, 2),
        ("Lea North", False, 1, 2),
    ]
    third = sessions.plan_session(scene.panel, "May", planned_at=minute(200), by=None, now=minute(190))
    sessions.set_roster(third, [scene.leader], chief_executive=scene.leader, by=None, now=minute(190))
    assert [entry.is_chief_executive for entry in third.roster.all()] == [True]
    with pytest.raises(InvalidFieldsError, match="roster too"):
        sessions.set_roster(third, [scene.leader], chief_executive=scene.chief, by=None, now=minute(190))


def test_slips_are_taken_back(scene: Scene) -> None:
    sessions.start_session(scene.session, by=None, now=NOW)
    sessions.join_session(scene.entry(scene.leader), by=None, now=NOW)
    sessions.end_session(scene.session, by=None, now=minute(5))
    sessions.take_back_end(scene.session, by=None, now=minute(6))
    line = scene.entry(scene.leader)
    assert (line.is_counted, line.attended, line.present_seconds) == (False, None, 0)
    sessions.end_session(scene.session, by=None, now=minute(60))
    assert scene.entry(scene.leader).present_seconds == 3600
    with pytest.raises(ConflictError, match="over"):
        sessions.take_back_start(scene.session, by=None, now=minute(61))
    other = sessions.plan_session(scene.panel, "April", planned_at=NOW, by=None, now=NOW)
    with pytest.raises(ConflictError) as refused:
        sessions.start_session(other, by=None, now=NOW)
    assert refused.value.code == "no_roster"
    sessions.set_roster(other, [scene.leader], by=None, now=NOW)
    sessions.start_session(other, by=None, now=NOW)
    with pytest.raises(ConflictError, match="has started"):
        sessions.cancel_session(other, because="Too late for that", by=None, now=NOW)
    sessions.take_back_start(other, by=None, now=NOW)
    assert RosterEntry.objects.get(session=other).was_on_roster is False
    sessions.cancel_session(other, because="Nobody had time", by=None, now=NOW)


@pytest.mark.parametrize(
    ("length", "field"),
    [(0.5, "too_short"), (13 * 60, "too_long")],
)
def test_sessions_last_a_minute_to_half_a_day(scene: Scene, length: float, field: str) -> None:
    sessions.start_session(scene.session, by=None, now=NOW)
    with pytest.raises(InvalidFieldsError) as refused:
        sessions.end_session(scene.session, by=None, now=minute(length))
    assert [error.code for error in refused.value.errors] == [field]
    sessions.end_session(scene.session, by=None, now=minute(24 * 60), at=minute(30))
    assert scene.entry(scene.leader).session_seconds == 1800


@pytest.mark.parametrize(
    "act",
    [
        lambda scene, by: sessions.plan_session(scene.panel, "Mine", planned_at=NOW, by=by, now=NOW),
        lambda scene, by: sessions.set_roster(scene.session, [scene.leader], by=by, now=NOW),
        lambda scene, by: sessions.start_session(scene.session, by=by, now=NOW),
        lambda scene, by: sessions.join_session(scene.entry(scene.leader), by=by, now=NOW),
        lambda scene, by: sessions.cancel_session(scene.session, because="Why not", by=by, now=NOW),
    ],
)
def test_who_keeps_a_session(scene: Scene, act: Callable[[Scene, object], object]) -> None:
    """The steward of the panel and the CSO; an executive does not note their own presence."""
    for role in (Role.LEADER, Role.EXECUTIVE, Role.FRONTLINE):
        with pytest.raises(NotAllowedError):
            act(scene, scene.company.member(role))
    act(scene, scene.company.member(Role.AUDITOR))


def test_executives_excuse_themselves_and_say_what_they_heard(scene: Scene) -> None:
    leader, executive = scene.company.member(Role.LEADER), scene.company.member(Role.EXECUTIVE)
    sessions.excuse(scene.entry(scene.leader), "In court", by=leader, now=NOW)
    with pytest.raises(NotAllowedError):
        sessions.send_delegate(scene.entry(scene.leader), "A friend", by=executive, now=NOW)
    with pytest.raises(ConflictError, match="not started"):
        hear_truth(scene.session, "Nobody tells us when the bus leaves", by=leader, now=NOW)
    session = sessions.start_session(scene.session, by=None, now=NOW)
    truth = hear_truth(session, " Nobody tells us  when the bus leaves ", by=leader, now=NOW)
    assert (truth.words, truth.heard_by) == ("Nobody tells us when the bus leaves", leader)
    named = hear_truth(session, "FRAN  Liné at the desk was rude; write to fran@acme.example", by=leader, now=NOW)
    assert named.words == "[name] at the desk was rude; write to [contact]"
    with pytest.raises(NotAllowedError):
        hear_truth(session, "I was not there", by=executive, now=NOW)


def test_who_sees_a_session(scene: Scene) -> None:
    """Whoever sees results of the panel's unit; and who is expected, whatever they see else."""
    below = Panel.objects.create(name="South", unit=scene.company.units["south"], steward=scene.panel.steward)
    south = sessions.plan_session(below, "South in March", planned_at=NOW, by=None, now=NOW)
    fran = Person.objects.get(name="Fran Line")
    sessions.set_roster(south, [fran], by=None, now=NOW)
    seen = {
        role: set(visible_sessions(scene.company.member(role)).values_list("title", flat=True))
        for role in (Role.CSO, Role.EXECUTIVE, Role.LEADER, Role.FRONTLINE, Role.ADMINISTRATOR)
    }
    both = {"What we heard in March", "South in March"}
    assert seen == {
        Role.CSO: both,
        Role.EXECUTIVE: both,
        Role.LEADER: {"What we heard in March"},
        Role.FRONTLINE: {"South in March"},
        Role.ADMINISTRATOR: set(),
    }
