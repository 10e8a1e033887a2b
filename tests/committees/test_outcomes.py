"""Outcome records: chained, refused to be changed, and what they do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from cso.clock import telling
from cso.committees.balloting import cast_vote, close_ballot, database_now, schedule_ballot
from cso.committees.models import Ballot, KillOrder, Motion, Nomination, OutcomeRecord
from cso.committees.motions import docket_of, move_motion, reply_as_owner, withdraw_motion
from cso.committees.nominations import docket, nominate
from cso.committees.orders import execute_order, verify_order
from cso.committees.outcomes import verify_outcomes
from cso.committees.queries import story_of
from cso.errors import ConflictError, InvalidFieldsError, NotAllowedError
from cso.outbox.models import OutgoingMail
from cso.recovery.models import RecoverySettings
from cso.rules.models import Rule
from tenants.roles import Role
from tenants.scope import day_of, tenant_scope
from tests.committees.scenes import Scene, new_rule, outcome_of, seat_committee
from tests.committees.test_balloting import refused
from tests.personas import Company, log_case

DAY = timedelta(days=1)

pytestmark = pytest.mark.django_db


def decide(scene: Scene, ballot: Ballot, choice: str) -> OutcomeRecord:
    for seat, member in zip(scene.seats, scene.members, strict=True):
        cast_vote(ballot, seat.pk, choice, by=member)
    close_ballot(ballot, by=scene.members[0])
    return outcome_of(ballot)


def test_records_are_chained_and_cannot_be_changed(acme: Company, other: Company) -> None:
    with tenant_scope(other.tenant):
        scene = seat_committee(other, 1)
        decide(scene, scene.ballot(), "yes")
    with tenant_scope(acme.tenant):
        scene = seat_committee(acme, 1)
        first, second = (decide(scene, scene.ballot(), choice) for choice in ("yes", "no"))
        assert (first.number, second.number, second.previous_hash) == (1, 2, first.hash)
        assert verify_outcomes() == []
        changes: list[Callable[[], Any]] = [
            lambda: OutcomeRecord.objects.filter(pk=first.pk).update(yes=9),
            lambda: OutcomeRecord.objects.filter(pk=first.pk).delete(),
            lambda: _run("ALTER TABLE committees_outcomerecord DISABLE TRIGGER ALL"),
            lambda: _run("TRUNCATE committees_outcomerecord CASCADE"),
        ]
        for change in changes:
            with pytest.raises(DatabaseError), transaction.atomic():
                change()
        assert verify_outcomes() == []
        assert first.roll == [
            {
                "seat": "Seat 01",
                "member": scene.members[0].label,
                "status": "eligible",
                "voted": True,
                "choice": "yes",
                "by_delegate": False,
            }
        ]


def _run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_each_kind_of_motion_does_what_it_says(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        scene, elsewhere = seat_committee(acme, 1), seat_committee(acme, 1)
        rule, now = new_rule(acme), database_now()
        nomination = docket(nominate("Gone", by=None, now=now, rule=rule), scene.committee, by=None, now=now)
        motion = scene.motion(rule, "refer", refer_to=elsewhere.committee)
        assert motion.nomination == nomination
        decide(scene, schedule_ballot(motion, by=None, now=now), "yes")
        assert docket_of(acme.member(Role.CSO), elsewhere.committee).get() == nomination
        motion = elsewhere.motion(rule, "change", new_text="Ask, and let them.")
        decide(elsewhere, schedule_ballot(motion, by=None, now=now), "yes")
        assert rule.versions.order_by("-number")[0].text == "Ask, and let them."
        assert Nomination.objects.get().status == "decided"
        kept = day_of(now) + 90 * DAY
        motion = scene.motion(rule, "keep", keep_until=kept)
        decide(scene, schedule_ballot(motion, by=None, now=now), "yes")
        rule.refresh_from_db()
        assert (rule.sunset_on, rule.status) == (kept, "active")
        with pytest.raises(InvalidFieldsError) as caught:
            scene.motion(rule, "keep", keep_until=day_of(now))
        assert caught.value.errors[0].field == "keep_until"


def test_external_law_is_only_made_friendlier(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        scene = seat_committee(acme, 1)
        law = new_rule(acme, origin="external_law", citation="Act 1, s. 2")
        refused("external_law", lambda: scene.motion(law))
        assert scene.motion(law, "change", new_text="Friendlier").status == "deliberating"
        # A rule that turns out to be the law's while it is voted on.
        rule = new_rule(acme)
        ballot = scene.ballot(rule)
        Rule.objects.filter(pk=rule.pk).update(origin="external_law", citation="Act 3")
        assert decide(scene, ballot, "yes").result == "carried"
        assert not KillOrder.objects.exists()


def test_after_a_loss_a_cool_down_or_new_evidence(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        scene, rule = seat_committee(acme, 1), new_rule(acme)
        decide(scene, scene.ballot(rule), "no")
        rule.refresh_from_db()
        assert rule.status == "active"
        refused("cool_down", lambda: scene.motion(rule))
        nominate("Again", by=None, now=database_now(), rule=rule)  # anybody may; that is no evidence by itself
        refused("cool_down", lambda: scene.motion(rule))
        case = log_case(acme.units["south"], database_now() - DAY)
        case.quoted_rule, case.solution = rule, "policy_quoted"
        case.save()
        motion = scene.motion(rule)
        refused("moved_already", lambda: scene.motion(rule))
        withdraw_motion(motion, by=None, now=database_now())
        later = seat_committee(acme, 1, cool_down_days=0)
        decide(later, later.ballot(rule), "no")
        assert later.motion(rule).status == "deliberating"


def test_a_win_is_reconsidered_by_a_new_ballot(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        scene, rule, now = seat_committee(acme, 1), new_rule(acme), database_now()
        decide(scene, scene.ballot(rule), "yes")
        refused("ordered_already", lambda: scene.motion(rule))
        keep_until = day_of(now) + 90 * DAY
        motion = scene.motion(rule, "keep", keep_until=keep_until)
        order = KillOrder.objects.get()
        refused("reconsidered", lambda: execute_order(order, by=None, now=database_now(), evidence="Form gone"))
        decide(scene, schedule_ballot(motion, by=None, now=now), "yes")
        order.refresh_from_db()
        rule.refresh_from_db()
        assert (order.status, rule.status, rule.sunset_on) == ("reinstated", "reinstated", keep_until)
        # Executed before anybody thinks again: the rule comes back all the same.
        again = seat_committee(acme, 1)
        decide(again, again.ballot(rule), "yes")
        order = KillOrder.objects.get(status="ordered")
        execute_order(order, by=None, now=database_now(), evidence="Form gone")
        verify_order(order, by=None, now=database_now())
        rule.refresh_from_db()
        assert rule.status == "killed"
        motion = again.motion(rule, "keep", keep_until=keep_until + DAY)
        decide(again, schedule_ballot(motion, by=None, now=now), "yes")
        rule.refresh_from_db()
        assert (rule.status, rule.withdrawn_at) == ("reinstated", None)
        kinds = [moment.kind for moment in story_of(rule)]
        assert kinds[0] == "registered"
        assert kinds.count("decided") == 4
        assert {"ordered", "executed", "verified", "reinstated"} <= set(kinds)


def test_the_owner_may_reply_before_it_is_voted_on(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        scene, now = seat_committee(acme, 2), database_now()
        rule = new_rule(acme, owner=acme.leader)
        motion = move_motion(scene.committee, rule, "kill", by=scene.members[1], now=now)
        assert motion.deliberated_until == now + 2 * DAY
        ballot = schedule_ballot(motion, by=None, now=now)
        assert (ballot.status, ballot.opens_at) == ("scheduled", motion.deliberated_until)
        refused("not_allowed", lambda: reply_as_owner(motion, "No", by=scene.members[1], now=now))
        motion = reply_as_owner(motion, "It was for safety.", by=acme.member(Role.LEADER), now=now)
        assert motion.owner_reply == "It was for safety."
        refused("in_ballot", lambda: withdraw_motion(motion, by=scene.members[1], now=now))
        with pytest.raises(NotAllowedError):
            move_motion(scene.committee, new_rule(acme), "kill", by=acme.member(Role.FRONTLINE), now=now)
        with telling(ballot.opens_at):
            cast_vote(ballot, scene.seats[0].pk, "yes", by=scene.members[0])
        with pytest.raises(ConflictError):
            reply_as_owner(motion, "One more thing", by=acme.member(Role.LEADER), now=now)
        own = scene.motion(new_rule(acme))
        assert own.deliberated_until is None


def test_nobody_hears_of_it_twice(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        scene, now = seat_committee(acme, 1), database_now()
        nomination = nominate("It helps nobody", by=acme.member(Role.FRONTLINE), now=now, rule=new_rule(acme))
        motion = scene.motion(nomination.rule, nomination=nomination)
        ballot = schedule_ballot(motion, by=None, now=now)
        decide(scene, ballot, "yes")
        close_ballot(ballot)
        kinds = sorted(OutgoingMail.objects.values_list("kind", "status"))
        assert kinds == [("kill_order", "waiting"), ("outcome", "waiting"), ("vote", "cancelled")]
        text = OutgoingMail.objects.get(kind="outcome").text
        assert "Carried: 1 yes of 1 cast" in text
        assert "Decided" in text
        assert Motion.objects.get().status == "carried"


def test_a_french_workspace_reads_its_motions_and_outcomes_in_french(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        RecoverySettings.objects.update_or_create(defaults={"language": "fr-ca"})
        scene, rule = (
            seat_committee(acme, 3, majority_numerator=2, majority_denominator=3),
            new_rule(acme, "Pas d'appels"),
        )
        nomination = nominate("Personne n'y gagne", by=acme.member(Role.FRONTLINE), now=database_now(), rule=rule)
        motion = scene.motion(rule, nomination=nomination)
        assert motion.text == "Supprimer la règle « Pas d'appels »."
        outcome = decide(scene, schedule_ballot(motion, by=None, now=database_now()), "no")
        assert outcome.sentence.startswith("Lost: 0 yes of 3 cast, 3 no, 0 abstained; at least 2/3 needs 2. Quorum 2")
        text = OutgoingMail.objects.get(kind="outcome").text
        assert "Décidée. Rejeté : 0 oui sur 3 pour ou contre, 3 non, abstentions : 0; au moins 2/3 en exige 2." in text
        assert "Quorum de 2 sur 3 atteint (participation : 3)." in text
