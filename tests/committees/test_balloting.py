"""Ballots from their opening to their outcome, on the database's clock."""

from __future__ import annotations

import pytest

from cso.committees.balloting import cast_vote, close_ballot
from cso.committees.models import Ballot, KillOrder, Motion
from tenants.scope import tenant_scope
from tests.committees.scenes import outcome_of, seat_committee
from tests.personas import Company

pytestmark = pytest.mark.django_db


def test_a_rule_is_killed_by_a_vote(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        scene = seat_committee(acme, 3)
        ballot = scene.ballot()
        for seat, member, choice in zip(scene.seats, scene.members, ("yes", "yes", "no"), strict=True):
            cast_vote(ballot, seat.pk, choice, by=member)
        ballot = close_ballot(ballot, by=scene.members[0])
        outcome = outcome_of(ballot)
        assert (ballot.status, outcome.result, outcome.number) == (Ballot.Status.DECLARED, "carried", 1)
        assert outcome.sentence == (
            "Carried: 2 yes of 3 cast, 1 no, 0 abstained; a majority needs 2. Quorum 2 of 3 met by 3."
        )
        assert Motion.objects.get().status == "carried"
        order = KillOrder.objects.get()
        assert (order.owner, order.unit) == (acme.leader, acme.units["north"])
