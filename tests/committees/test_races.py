"""Many at one ballot in the same instant, each in a transaction of their own."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from cso.committees import bodies
from cso.committees.balloting import cast_vote, close_ballot, database_now
from cso.committees.dissolving import dissolve_committee
from cso.committees.models import Ballot, KillOrder, Motion, Nomination, OutcomeRecord, RollEntry, VoteEvent
from cso.committees.nominations import log_break, nominate, quick_kill
from cso.committees.outcomes import verify_outcomes
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.committees.scenes import new_rule, outcome_of, seat_committee
from tests.personas import Company
from tests.threads import at_once

# Each more takes about two seconds; a soak sets it to hundreds.
ROUNDS = int(os.environ.get("VOTING_RACES", "2"))
VOTERS = 64

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("preset", ["simple_majority", "secret"])
def test_a_vote_is_counted_or_refused_while_the_ballot_closes(acme: Company, preset: str) -> None:
    with tenant_scope(acme.tenant):
        scene = seat_committee(
            acme, VOTERS, preset=preset, quorum_numerator=0, quorum_is_more_than=False, extension_hours=0
        )
    for number in range(ROUNDS):
        with tenant_scope(acme.tenant):
            ballot = scene.ballot()
        # The chair closes in the midst of them, or the deadline comes in their midst: both are won by a lock.
        if number % 2:
            with tenant_scope(acme.tenant):
                Ballot.objects.filter(pk=ballot.pk).update(closes_at=database_now() + timedelta(milliseconds=300))
        told = _race(acme, scene.seats, scene.members, ballot, by_chair=not number % 2)
        with tenant_scope(acme.tenant):
            if Ballot.objects.get(pk=ballot.pk).status == "open":
                time.sleep(0.3)  # past the deadline
                close_ballot(ballot)
            ballot, outcome = Ballot.objects.get(pk=ballot.pk), outcome_of(ballot)
            counted = told.count("done")
            assert set(told) <= {"done", "closed"}
            assert (outcome.voted, RollEntry.objects.filter(ballot=ballot, has_voted=True).count()) == (counted,) * 2
            if preset != "secret":
                events = VoteEvent.objects.filter(entry__ballot=ballot)
                assert events.count() == counted
                assert all(event.at < min(ballot.closes_at, ballot.closed_at or ballot.closes_at) for event in events)
            assert KillOrder.objects.filter(outcome=outcome).count() == (outcome.result == "carried")


def _race(company: Company, seats: Any, members: Any, ballot: Ballot, *, by_chair: bool) -> list[str]:
    """64 vote and 4 close, all at once; what became of the votes."""

    def voting(index: int) -> Callable[[], Any]:
        return lambda: cast_vote(ballot, seats[index].pk, ("yes", "no", "yes")[index % 3], by=members[index])

    def closing() -> None:
        # In the midst of the voters, not before them.
        time.sleep(0.1)
        close_ballot(ballot, by=members[0] if by_chair else None)

    return at_once(company, *map(voting, range(VOTERS)), *[closing] * 4)[:VOTERS]


def test_many_closes_make_one_outcome_and_one_order(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        scene = seat_committee(acme, 1)
        ballots = [scene.ballot() for _ in range(6)]
        for ballot in ballots:
            cast_vote(ballot, scene.seats[0].pk, "yes", by=scene.members[0])
    closes = [lambda ballot=ballot: close_ballot(ballot, by=scene.members[0]) for ballot in ballots for _ in range(4)]
    assert set(at_once(acme, *closes)) == {"done"}
    with tenant_scope(acme.tenant):
        assert sorted(OutcomeRecord.objects.values_list("number", flat=True)) == [1, 2, 3, 4, 5, 6]
        assert (KillOrder.objects.count(), verify_outcomes()) == (6, [])


def test_delegate_and_principal_at_once(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        scene = seat_committee(acme, 2, allows_delegation=True)
        bodies.delegate_seat(scene.seats[0], scene.seats[1], by=scene.members[0], now=database_now())
        ballot, seat = scene.ballot(), scene.seats[0].pk
    own, other = at_once(
        acme,
        lambda: cast_vote(ballot, seat, "no", by=scene.members[0]),
        lambda: cast_vote(ballot, seat, "yes", by=scene.members[1]),
    )
    assert (own, other) in {("done", "done"), ("done", "principal_voted")}
    with tenant_scope(acme.tenant):
        entry = RollEntry.objects.get(ballot=ballot, seat=seat)
        assert (entry.choice, entry.by_delegate) == ("no", False)


def test_a_scheduled_ballot_is_opened_once_by_many(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        scene = seat_committee(acme, 8)
        ballot = scene.ballot(opens_at=database_now() + timedelta(milliseconds=300))
    time.sleep(0.3)

    def voting(index: int) -> Callable[[], Any]:
        return lambda: cast_vote(ballot, scene.seats[index].pk, "yes", by=scene.members[index])

    assert at_once(acme, *map(voting, range(8))) == ["done"] * 8
    with tenant_scope(acme.tenant):
        assert RollEntry.objects.filter(ballot=ballot, has_voted=True).count() == 8


def test_the_fifth_break_nominates_once_and_the_owner_kills_once(acme: Company) -> None:
    author = acme.member(Role.FRONTLINE)
    with tenant_scope(acme.tenant):
        rule, now = new_rule(acme, owner=acme.leader), database_now()
        twice = [nominate("It helps nobody", by=None, now=now, rule=rule) for _ in range(3)]
    told = at_once(acme, *[lambda: log_break(rule, by=author, why="A sick child", now=now)] * 8)
    assert told == ["done"] * 8
    leader = acme.member(Role.LEADER)
    kills = at_once(acme, *[lambda each=each: quick_kill(each, by=leader, now=now) for each in twice])
    assert sorted(kills) == ["done", "ordered_already", "ordered_already"]
    with tenant_scope(acme.tenant):
        assert Nomination.objects.filter(source="breaks").count() == 1
        assert KillOrder.objects.get().owner == acme.leader


def test_a_motion_that_is_moved_while_its_committee_dissolves_is_withdrawn_or_refused(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        scene, rules = seat_committee(acme, 1), [new_rule(acme) for _ in range(6)]
    moving = [lambda rule=rule: scene.motion(rule) for rule in rules]

    def dissolving() -> None:
        dissolve_committee(scene.committee, because="Merged", by=None, now=database_now())

    told = at_once(acme, *moving[:3], dissolving, *moving[3:])
    assert told[3] == "done"
    assert set(told) <= {"done", "dissolved"}
    with tenant_scope(acme.tenant):
        motions = list(Motion.objects.values_list("status", flat=True))
    assert motions == ["withdrawn"] * (told.count("done") - 1)
