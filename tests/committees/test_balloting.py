"""Ballots from their opening to their outcome, on the database's clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cso.alarms.models import Alarm
from cso.clock import telling
from cso.committees import bodies
from cso.committees.balloting import (
    cancel_ballot,
    cast_breaking_vote,
    cast_vote,
    close_ballot,
    close_due,
    database_now,
    extend_ballot,
    lose_tie,
    open_scheduled,
    recuse,
    schedule_ballot,
    status_at,
)
from cso.committees.models import Ballot, KillOrder, Motion, RollEntry, SeatTenure, VoteEvent
from cso.committees.motions import withdraw_motion
from cso.committees.queries import awaiting_vote, tally_shown
from cso.errors import ConflictError, DomainError, InvalidFieldsError, NotAllowedError
from cso.people.actions import add_person
from cso.people.models import Person
from cso.rules.actions import amend_rule
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.committees.scenes import Scene, entry_of, new_member, new_rule, outcome_of, seat_committee
from tests.personas import Company

HOUR = timedelta(hours=1)

pytestmark = pytest.mark.django_db


def refused(code: str, act: Callable[[], Any]) -> None:
    with pytest.raises(DomainError) as caught:
        act()
    assert caught.value.code == code


def vote(scene: Scene, ballot: Ballot, choices: str) -> None:
    """A letter for each seat in its order: y, n, a, or - for none."""
    words = {"y": "yes", "n": "no", "a": "abstain"}
    for seat, member, choice in zip(scene.seats, scene.members, choices, strict=False):
        if choice in words:
            cast_vote(ballot, seat.pk, words[choice], by=member)


def test_a_rule_is_killed_by_a_vote(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        scene = seat_committee(acme, 3)
        ballot = scene.ballot()
        assert [entry.label for entry in awaiting_vote(scene.members[1], now=database_now())] == ["Seat 02"]
        vote(scene, ballot, "yyn")
        assert awaiting_vote(scene.members[1], now=database_now()) == []
        ballot = close_ballot(ballot, by=scene.members[0])
        outcome = outcome_of(ballot)
        assert (ballot.status, outcome.result, outcome.number) == (Ballot.Status.DECLARED, "carried", 1)
        assert outcome.sentence == (
            "Carried: 2 yes of 3 cast, 1 no, 0 abstained; a majority needs 2. Quorum 2 of 3 met by 3."
        )
        assert Motion.objects.get().status == "carried"
        order = KillOrder.objects.get()
        assert (order.owner, order.unit) == (acme.leader, acme.units["north"])
        assert close_ballot(ballot, by=scene.members[0]).status == "declared"
        assert KillOrder.objects.count() == 1


def test_opening_freezes_roll_charter_words_and_evidence(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        scene = seat_committee(acme, 3)
        rule = new_rule(acme)
        ballot = scene.ballot(rule)
        successor, now = new_member(acme), database_now()
        bodies.seat_member(scene.seats[1], successor, by=None, now=now)
        bodies.add_seat(scene.committee, "Seat 99", by=None, now=now, holder=new_member(acme))
        bodies.set_charter(scene.committee, by=None, now=now, preset="unanimous")
        amend_rule(rule, "Other words", by=None, now=now)
        refused("not_allowed", lambda: cast_vote(ballot, scene.seats[1].pk, "no", by=successor))
        vote(scene, ballot, "yyn")  # who held the seat at the opening votes, though it was handed over
        ballot = close_ballot(ballot, by=scene.members[0])
        assert (outcome_of(ballot).result, outcome_of(ballot).eligible) == ("carried", 3)
        assert (ballot.rule_text, ballot.roll.count()) == (f"{rule.title}, in full.", 3)


def test_the_deadline_is_the_databases_and_exact(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        scene = seat_committee(acme, 3)
        ballot = scene.ballot()
        with telling(ballot.closes_at - timedelta(microseconds=1)):
            cast_vote(ballot, scene.seats[0].pk, "yes", by=scene.members[0])
        with telling(ballot.closes_at):
            refused("closed", lambda: cast_vote(ballot, scene.seats[1].pk, "yes", by=scene.members[1]))
            refused("not_open", lambda: recuse(ballot, scene.seats[1].pk, because="A cousin", by=None))
            refused("not_open", lambda: extend_ballot(ballot, ballot.closes_at + HOUR, by=None))
            refused("closed", lambda: cancel_ballot(ballot, because="Too late", by=None))
        # Nobody was there to close it: it reads as closed all the same.
        assert (status_at(ballot, ballot.closes_at), ballot.status) == ("closed", "open")
        assert awaiting_vote(scene.members[1], now=ballot.closes_at) == []


def test_inquorate_is_extended_once_and_then_lapses(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        scene = seat_committee(acme, 5)
        rule = new_rule(acme)
        ballot = scene.ballot(rule)
        vote(scene, ballot, "yy---")
        extend_ballot(ballot, ballot.closes_at + HOUR, by=None)  # by the chair: the one for the quorum is still to come
        ballot.refresh_from_db()
        closes_at = ballot.closes_at
        with telling(closes_at + HOUR):
            close_due(ballot.pk, now=closes_at)
        ballot.refresh_from_db()
        assert (ballot.status, ballot.closes_at) == ("open", closes_at + 49 * HOUR)
        assert Alarm.objects.get(kind="close_ballot").rings_at == ballot.closes_at
        with telling(ballot.closes_at):
            assert close_ballot(ballot).status == "declared"
        outcome = outcome_of(ballot)
        assert (outcome.result, outcome.sentence) == (
            "inquorate",
            "No quorum, so nothing is decided. Quorum 3 of 5 missed: 2.",
        )
        assert not KillOrder.objects.exists()
        scene.motion(rule)  # again at once: it was not lost


def test_a_scheduled_ballot_is_opened_by_the_first_vote(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        scene = seat_committee(acme, 2)
        ballot = scene.ballot(opens_at=database_now() + HOUR)
        assert (ballot.status, ballot.roll.count()) == ("scheduled", 0)
        refused("not_open", lambda: cast_vote(ballot, scene.seats[0].pk, "yes", by=scene.members[0]))
        open_scheduled(ballot.pk, now=ballot.opens_at)  # a worker whose clock runs ahead opens nothing
        assert Ballot.objects.get().status == "scheduled"
        with telling(ballot.opens_at):
            assert status_at(ballot, ballot.opens_at) == "open"
            cast_vote(ballot, scene.seats[0].pk, "yes", by=scene.members[0])
        assert Ballot.objects.get().status == "open"
        other = scene.ballot(opens_at=database_now() + HOUR)
        with telling(other.closes_at):
            close_due(other.pk, now=other.closes_at)  # nobody could vote in it: it opens, and is extended
        other.refresh_from_db()
        assert (other.status, other.roll.count()) == ("open", 2)
        with telling(other.closes_at - HOUR):
            withdrawn = cancel_ballot(other, because="Not now", by=None)
        assert (withdrawn.status, withdrawn.motion.ballots.count()) == ("cancelled", 1)
        withdraw_motion(withdrawn.motion, by=None, now=database_now())


def test_changes_are_events_and_double_clicks_are_not(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        scene = seat_committee(acme, 3)
        ballot = scene.ballot()
        vote(scene, ballot, "y")
        vote(scene, ballot, "y")
        vote(scene, ballot, "n")
        entry = entry_of(ballot, scene.seats[0])
        assert [event.choice for event in VoteEvent.objects.order_by("at")] == ["yes", "no"]
        assert entry.choice == "no"
        refused("invalid", lambda: cast_vote(ballot, scene.seats[0].pk, "maybe", by=scene.members[0]))
        refused("not_allowed", lambda: cast_vote(ballot, scene.seats[0].pk, "yes", by=scene.members[1]))
        firm = seat_committee(acme, 2, votes_may_change=False)
        ballot = firm.ballot()
        vote(firm, ballot, "yy")
        refused("voted", lambda: cast_vote(ballot, firm.seats[0].pk, "no", by=firm.members[0]))


def test_recusals(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        scene = seat_committee(acme, 4)
        ballot = scene.ballot()
        vote(scene, ballot, "nny-")
        refused("not_allowed", lambda: recuse(ballot, scene.seats[0].pk, because="Not mine", by=scene.members[2]))
        recuse(ballot, scene.seats[0].pk, because="I wrote the rule", by=scene.members[0])
        recuse(ballot, scene.seats[1].pk, because="Her brother", by=None)
        entry = entry_of(ballot, scene.seats[0])
        assert (entry.status, entry.has_voted, entry.choice) == ("recused", False, "")
        assert VoteEvent.objects.filter(entry=entry).order_by("-at")[0].choice == ""
        refused("recused", lambda: cast_vote(ballot, scene.seats[0].pk, "no", by=scene.members[0]))
        outcome = outcome_of(_closed(ballot))
        # Of the 2 that are left one voted; more than one half of them has to.
        assert (outcome.result, outcome.eligible, outcome.recused, outcome.quorum) == ("inquorate", 2, 2, 2)


def _closed(ballot: Ballot) -> Ballot:
    """Closed at its deadline, and again at the end of its extension."""
    for _ in range(2):
        ballot.refresh_from_db()
        with telling(ballot.closes_at):
            close_ballot(ballot)
    ballot.refresh_from_db()
    return ballot


@pytest.mark.parametrize(("left", "result"), [(0, "inquorate"), (1, "carried"), (2, "carried")])
def test_recusals_that_leave_few(acme: Company, left: int, result: str) -> None:
    with tenant_scope(acme.tenant):
        scene = seat_committee(acme, 3)
        ballot = scene.ballot()
        vote(scene, ballot, "yyy")
        for seat in scene.seats[left:]:
            recuse(ballot, seat.pk, because="Conflict", by=None)
        assert (outcome_of(_closed(ballot)).result, outcome_of(ballot).eligible) == (result, left)
        kept = seat_committee(acme, 3, recused_leave_the_base=False)
        other = kept.ballot()
        recuse(other, kept.seats[2].pk, because="Conflict", by=None)
        vote(kept, other, "y")
        assert (outcome_of(_closed(other)).result, outcome_of(other).eligible) == ("inquorate", 3)


def test_the_owner_of_a_rule_is_recused_from_its_kill(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        scene = seat_committee(acme, 3, deliberation_hours=0)
        owner = add_person("Rulo Owner", by=None, member=scene.members[2])
        rule = new_rule(acme, owner=owner)
        ballot = scene.ballot(rule)
        assert entry_of(ballot, scene.seats[2]).status == "recused"
        cancel_ballot(ballot, because="Another motion first", by=None)
        withdraw_motion(ballot.motion, by=None, now=database_now())
        change = schedule_ballot(scene.motion(rule, "change", new_text="Friendlier"), by=None, now=database_now())
        assert {entry.status for entry in change.roll.all()} == {"eligible"}
        # Nominator, voter and owner in one person, in a committee whose charter lets them vote.
        own = seat_committee(acme, 1, owner_is_recused=False, deliberation_hours=0)
        Person.objects.filter(pk=owner.pk).update(member=own.members[0])
        rule.owner.refresh_from_db()
        assert entry_of(own.ballot(new_rule(acme, owner=owner)), own.seats[0]).status == "eligible"


def test_ties_and_the_casting_vote(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        plain = seat_committee(acme, 4)
        ballot = plain.ballot()
        vote(plain, ballot, "ynyn")
        assert outcome_of(close_ballot(ballot, by=plain.members[0])).sentence.endswith("A tie is lost.")
        scene = seat_committee(acme, 4, preset="chair_decides_ties")
        for choice, result in (("yes", "carried"), ("no", "lost")):
            assert _break(scene, choice) == (result, choice)
        ballot = scene.ballot()
        vote(scene, ballot, "-yna")
        recuse(ballot, scene.seats[0].pk, because="Mine", by=scene.members[0])
        with telling(ballot.closes_at):
            assert close_ballot(ballot).status == "declared"  # never by a recused chair
        assert outcome_of(ballot).result == "lost"
        ballot = scene.ballot()
        vote(scene, ballot, "ynyn")
        close_ballot(ballot, by=scene.members[0])
        lose_tie(ballot.pk, now=database_now() + 48 * HOUR)
        assert (outcome_of(ballot).result, outcome_of(ballot).casting_vote) == ("lost", "")


def _break(scene: Scene, choice: str) -> tuple[str, str]:
    ballot, chair = scene.ballot(), scene.members[0]
    vote(scene, ballot, "ynyn")
    refused("no_tie", lambda: cast_breaking_vote(ballot, "yes", by=chair))
    assert close_ballot(ballot, by=chair).status == "closed"
    refused("not_allowed", lambda: cast_breaking_vote(ballot, "yes", by=scene.members[1]))
    cast_breaking_vote(ballot, choice, by=chair)  # type: ignore[arg-type]
    refused("no_tie", lambda: cast_breaking_vote(ballot, "yes", by=chair))
    return outcome_of(ballot).result, outcome_of(ballot).casting_vote


def test_delegation_is_one_hop_and_the_principal_overrides(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        scene, now = seat_committee(acme, 4, allows_delegation=True), database_now()
        one, two, three, _ = scene.seats
        refused("no_delegation", lambda: _delegate_in(seat_committee(acme, 2)))
        bodies.delegate_seat(one, two, by=scene.members[0], now=now)
        refused("one_hop", lambda: bodies.delegate_seat(two, three, by=scene.members[1], now=now))
        refused("not_your_seat", lambda: bodies.delegate_seat(three, two, by=scene.members[0], now=now))
        bodies.delegate_seat(three, two, by=scene.members[2], now=now)
        ballot = scene.ballot()
        assert len(awaiting_vote(scene.members[1], now=database_now())) == 3
        cast_vote(ballot, one.pk, "yes", by=scene.members[1])
        cast_vote(ballot, one.pk, "no", by=scene.members[0])
        refused("principal_voted", lambda: cast_vote(ballot, one.pk, "yes", by=scene.members[1]))
        bodies.revoke_delegation(three, by=scene.members[2], now=database_now())
        refused("not_allowed", lambda: cast_vote(ballot, three.pk, "yes", by=scene.members[1]))
        recuse(ballot, one.pk, because="Mine", by=scene.members[0])
        refused("recused", lambda: cast_vote(ballot, one.pk, "yes", by=scene.members[1]))
        other = scene.ballot()
        recuse(other, two.pk, because="The delegate's own conflict", by=None)
        refused("not_allowed", lambda: cast_vote(other, one.pk, "yes", by=scene.members[1]))


def _delegate_in(scene: Scene) -> None:
    bodies.delegate_seat(scene.seats[0], scene.seats[1], by=scene.members[0], now=database_now())


def test_an_open_ballot_is_only_extended(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        scene = seat_committee(acme, 2, may_close_early=False)
        ballot = scene.ballot()
        refused("invalid", lambda: extend_ballot(ballot, ballot.closes_at, by=None))
        refused("invalid", lambda: extend_ballot(ballot, database_now() + timedelta(days=61), by=None))
        refused("not_allowed", lambda: extend_ballot(ballot, ballot.closes_at + HOUR, by=scene.members[1]))
        refused("not_early", lambda: close_ballot(ballot, by=scene.members[0]))
        assert close_ballot(ballot).status == "open"  # who reads the page too soon
        with pytest.raises(InvalidFieldsError):
            schedule_ballot(scene.motion(), by=None, now=database_now(), closes_at=database_now() - HOUR)
        with pytest.raises(ConflictError):
            schedule_ballot(ballot.motion, by=None, now=database_now())


def test_hours_are_elapsed_across_a_clock_change(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        scene = seat_committee(acme, 1, ballot_hours=24)
        zone = ZoneInfo("America/Toronto")
        with telling(datetime(2026, 10, 31, 12, 0, tzinfo=zone).astimezone(UTC)):
            ballot = scene.ballot()
            ballot.refresh_from_db()
        assert ballot.closes_at.astimezone(zone).hour == 11
        assert ballot.closes_at - ballot.opens_at == 24 * HOUR


def test_vacant_seats_and_people_who_left(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        scene = seat_committee(acme, 4)
        bodies.seat_member(scene.seats[3], None, by=None, now=database_now())
        gone = scene.members[2]
        gone.ended_at = database_now()
        gone.save()
        ballot = scene.ballot()
        assert [entry.status for entry in ballot.roll.order_by("label")] == ["eligible"] * 2 + ["vacant"] * 2
        refused("vacant", lambda: recuse(ballot, scene.seats[3].pk, because="Nobody", by=None))
        vote(scene, ballot, "yy")
        scene.members[1].ended_at = database_now()
        scene.members[1].save()
        scene.members[1].refresh_from_db()
        refused("not_allowed", lambda: cast_vote(ballot, scene.seats[1].pk, "no", by=scene.members[1]))
        outcome = outcome_of(close_ballot(ballot, by=scene.members[0]))
        # Who leaves takes no vote along.
        assert (outcome.yes, outcome.eligible, outcome.vacant) == (2, 2, 2)
        assert SeatTenure.objects.filter(seat=scene.seats[2], ends_at=None).exists()


def test_the_running_tally_is_shown_where_the_charter_says_so(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        viewer, hidden, shown = (
            acme.member(Role.FRONTLINE),
            seat_committee(acme, 2),
            seat_committee(acme, 2, shows_tally=True),
        )
        ballots = [hidden.ballot(), shown.ballot()]
        vote(shown, ballots[1], "y")
        now = database_now()
        assert tally_shown(viewer, ballots[0], now=now) is None
        told = tally_shown(viewer, ballots[1], now=now)
        assert told is not None
        assert (told.votes.yes, told.quorum) == (1, 2)
        assert tally_shown(viewer, ballots[0], now=ballots[0].closes_at) is not None
        with pytest.raises(NotAllowedError):
            close_ballot(ballots[0], by=hidden.members[1])
        assert RollEntry.objects.filter(ballot=ballots[0]).count() == 2
