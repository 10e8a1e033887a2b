"""Dissolving committees: what becomes of ballots, motions, the docket and the seats."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from cso.committees.balloting import cancel_ballot, cast_vote, close_ballot, database_now, schedule_ballot
from cso.committees.bodies import add_seat, delegate_seat, found_committee, seat_member, set_charter
from cso.committees.dissolving import dissolve_committee
from cso.committees.models import Committee, Delegation, Motion, OutcomeRecord, Seat, SeatTenure
from cso.committees.motions import move_motion
from cso.committees.nominations import docket, nominate
from cso.committees.queries import awaiting_vote, committee_coverage
from cso.committees.sunset import committee_for
from tenants.models import AuditEntry
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.committees.scenes import Scene, new_rule, seat_committee
from tests.committees.test_balloting import refused
from tests.personas import Company

pytestmark = pytest.mark.django_db
BECAUSE = "Its unit was merged."


def dissolve(scene: Scene, **values: Any) -> Committee:
    given = {"because": BECAUSE, "by": None, "now": database_now()} | values
    return dissolve_committee(scene.committee, **given)


def test_what_waits_goes_back_and_what_was_decided_stays(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        scene, cso, now = seat_committee(acme, 2, allows_delegation=True), acme.member(Role.CSO), database_now()
        decided = scene.ballot()
        cast_vote(decided, scene.seats[0].pk, "yes", by=scene.members[0])
        cast_vote(decided, scene.seats[1].pk, "yes", by=scene.members[1])
        close_ballot(decided, by=scene.members[0])
        delegate_seat(scene.seats[1], scene.seats[0], by=scene.members[1], now=now)
        rule, waiting = new_rule(acme), new_rule(acme)
        motion = scene.motion(rule)
        asked = nominate("It helps nobody.", by=acme.member(Role.FRONTLINE), now=now, rule=waiting)
        docket(asked, scene.committee, by=None, now=now)
        with pytest.raises(PermissionDenied):
            dissolve(scene, by=scene.members[0])
        refused("invalid", lambda: dissolve(scene, because=" "))
        gone = dissolve(scene, by=cso)
        refused("dissolved", lambda: dissolve(scene))
        motion.refresh_from_db()
        asked.refresh_from_db()
        rule.refresh_from_db()
        assert (motion.status, motion.decided_at, rule.status) == ("withdrawn", gone.dissolved_at, "active")
        assert (asked.status, asked.committee) == ("triaged", None)
        assert not SeatTenure.objects.filter(ends_at=None, seat__committee=gone).exists()
        assert not Delegation.objects.filter(revoked_at=None).exists()
        assert OutcomeRecord.objects.get().result == "carried"
        assert AuditEntry.objects.filter(act="dissolve_committee").get().details["because"] == BECAUSE
        covered = {each.unit: each.committee for each in committee_coverage(cso, now=database_now())}
        assert covered[acme.units["north"]] is None
        assert committee_for(acme.units["north"]) is None


def test_nothing_more_comes_to_a_dissolved_committee(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        scene, now = seat_committee(acme, 2, allows_delegation=True), database_now()
        other = found_committee(acme.units["south"], "Other", by=None, now=now)
        asked = nominate("It helps nobody.", by=None, now=now, rule=new_rule(acme), source="person")
        dissolve(scene)
        rule, seat, held = new_rule(acme), scene.seats[0], scene.members[0]
        refused("dissolved", lambda: scene.motion(rule))
        refused("dissolved", lambda: docket(asked, scene.committee, by=None, now=now))
        refused("dissolved", lambda: add_seat(scene.committee, "New", by=None, now=now))
        refused("dissolved", lambda: seat_member(seat, held, by=None, now=now))
        refused("dissolved", lambda: set_charter(scene.committee, by=None, now=now))
        gone = Committee.objects.get(pk=scene.committee.pk)
        refused("invalid", lambda: move_motion(other, rule, "refer", by=None, now=now, refer_to=gone))
        assert Seat.objects.filter(label="New").count() == 0


def test_a_running_ballot_is_decided_or_called_off_first(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        scene = seat_committee(acme, 2)
        later = scene.ballot(opens_at=database_now() + timedelta(hours=1))
        refused("in_ballot", lambda: dissolve(scene))
        cancel_ballot(later, because="Dissolved first", by=None)
        ballot = scene.ballot()
        refused("in_ballot", lambda: dissolve(scene))
        close_ballot(ballot, by=scene.members[0])
        dissolve(scene)
        assert set(Motion.objects.values_list("status", flat=True)) == {"withdrawn", "inquorate"}
        assert awaiting_vote(scene.members[0], now=database_now()) == []


def test_what_is_referred_to_it_meanwhile_comes_to_the_triage(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        scene, other = seat_committee(acme, 1), seat_committee(acme, 1)
        asked = nominate("It helps nobody.", by=None, now=database_now(), rule=new_rule(acme), source="person")
        docket(asked, scene.committee, by=None, now=database_now())
        moved = scene.motion(asked.rule, "refer", refer_to=other.committee, nomination=asked)
        vote = schedule_ballot(moved, by=None, now=database_now())
        dissolve(other)
        cast_vote(vote, scene.seats[0].pk, "yes", by=scene.members[0])
        close_ballot(vote, by=scene.members[0])
        moved.refresh_from_db()
        asked.refresh_from_db()
        assert (moved.status, asked.status, asked.committee) == ("referred", "triaged", None)
