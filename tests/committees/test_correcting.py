"""Outcomes that were taken down wrong: corrected by a new record, with what follows from it."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.utils.translation import override

from cso.committees.balloting import cast_votes, close_ballot, database_now
from cso.committees.correcting import correct_outcome
from cso.committees.models import Ballot, KillOrder, OutcomeRecord, RollEntry, VoteEvent
from cso.committees.orders import execute_order
from cso.committees.outcomes import verify_outcomes
from cso.committees.standing import standing_outcomes
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.committees.scenes import Scene, outcome_of, seat_committee
from tests.committees.test_balloting import refused
from tests.personas import Company

pytestmark = pytest.mark.django_db


def decided(scene: Scene, choices: str) -> OutcomeRecord:
    """The outcome of a ballot in which the seats voted "yn-": yes, no, not at all."""
    ballot = scene.ballot()
    words = {"y": "yes", "n": "no"}
    for seat, member, choice in zip(scene.seats, scene.members, choices, strict=True):
        if choice in words:
            cast_votes(ballot, {seat.pk: words[choice]}, by=member)
    close_ballot(ballot, by=scene.members[0])
    return outcome_of(ballot)


def test_a_correction_is_a_new_record_that_says_why(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        scene, cso = seat_committee(acme, 3), acme.member(Role.CSO)
        first, third = decided(scene, "yyy"), scene.seats[2]
        because = "The clerk misheard."
        with pytest.raises(PermissionDenied):
            correct_outcome(first, {third.pk: "no"}, because=because, by=scene.members[0])
        refused("invalid", lambda: correct_outcome(first, {third.pk: "no"}, because=" ", by=cso))
        refused("invalid", lambda: correct_outcome(first, {third.pk: "nay"}, because=because, by=cso))
        refused("unchanged", lambda: correct_outcome(first, {third.pk: "yes"}, because=because, by=cso))
        second = correct_outcome(first, {third.pk: ""}, because=because, by=cso)
        assert (second.number, second.corrects, second.previous_hash) == (2, first, first.hash)
        assert (second.yes, second.no, second.voted, second.result) == (2, 0, 2, "carried")
        assert second.sentence.startswith("Corrected (The clerk misheard.). Carried: 2 yes of 2 cast")
        assert second.words == second.sentence
        with override("fr-ca"):
            assert second.words == (
                "Corrigé (The clerk misheard.). Adopté : 2 oui sur 2 pour ou contre, 0 non, abstentions : 0;"
                " la majorité en exige 2. Quorum de 2 sur 3 atteint (participation : 2)."
            )
        refused("corrected", lambda: correct_outcome(first, {third.pk: "no"}, because=because, by=cso))
        assert [order.outcome for order in KillOrder.objects.all()] == [first], "carried both times: one order"
        assert list(standing_outcomes()) == [second]
        assert list(VoteEvent.objects.order_by("at", "id").values_list("choice", "reason"))[-1] == ("", because)
        assert RollEntry.objects.get(seat=third).has_voted is False
        assert OutcomeRecord.objects.get(pk=first.pk).sentence == first.sentence
        assert verify_outcomes() == []


def test_what_follows_is_done_or_taken_back_while_it_can_be(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        scene, cso, because = seat_committee(acme, 3), acme.member(Role.CSO), "Misheard"
        lost = decided(scene, "ynn")
        carried = correct_outcome(lost, {scene.seats[1].pk: "yes"}, because=because, by=cso)
        carried.ballot.motion.refresh_from_db()
        order = KillOrder.objects.get()
        assert (carried.result, order.outcome, carried.ballot.motion.status) == ("carried", carried, "carried")
        back = correct_outcome(carried, {scene.seats[1].pk: "no"}, because=because, by=cso)
        order.refresh_from_db()
        order.rule.refresh_from_db()
        assert (back.result, order.status, order.rule.status) == ("lost", "reinstated", "reinstated")
        ballot = Ballot.objects.select_related("motion").get(pk=lost.ballot_id)
        assert ballot.motion.status == "lost"
        done = decided(scene, "yyn")
        execute_order(KillOrder.objects.get(outcome=done), by=None, now=database_now(), evidence="Gone")
        refused("in_effect", lambda: correct_outcome(done, {scene.seats[1].pk: "no"}, because=because, by=cso))
        assert verify_outcomes() == []


def test_a_secret_ballot_cannot_be_corrected(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        scene = seat_committee(acme, 3, preset="secret")
        outcome, cso = decided(scene, "yyn"), acme.member(Role.CSO)
        refused("secret", lambda: correct_outcome(outcome, {scene.seats[0].pk: "no"}, because="X", by=cso))
