"""From a nomination to its effect: triage, orders, sunsets."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cso.alarms.models import Alarm
from cso.clock import telling
from cso.committees import nominations, orders
from cso.committees.balloting import cast_vote, database_now, schedule_ballot
from cso.committees.consequences import order_kill
from cso.committees.invitations import remind_voters, set_reminders
from cso.committees.links import entry_by_token, vote_link
from cso.committees.models import KillOrder, Nomination, RollEntry
from cso.committees.queries import committee_coverage
from cso.committees.sunset import docket_expiring, expire_rules
from cso.outbox.models import OutgoingMail
from cso.people.actions import add_person
from cso.recovery.links import LinkExpiredError
from cso.recovery.models import Case
from cso.rules.models import Rule
from tenants.roles import Role
from tenants.scope import day_of, tenant_scope
from tests.committees.scenes import entry_of, new_rule, seat_committee
from tests.committees.test_balloting import refused
from tests.personas import Company, log_case

DAY = timedelta(days=1)

pytestmark = pytest.mark.django_db


def test_triage_merges_to_the_earliest_and_tells_both(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        now, cso, line = database_now(), acme.member(Role.CSO), acme.member(Role.FRONTLINE)
        scene, rule = seat_committee(acme, 1), new_rule(acme)
        early = nominations.nominate("It helps nobody", by=line, now=now - 9 * DAY)
        late = nominations.nominate("Nor us", by=acme.member(Role.COMMITTEE_MEMBER), now=now, rule=rule)
        nominations.docket(late, scene.committee, by=cso, now=now)
        refused("no_rule", lambda: nominations.docket(early, scene.committee, by=cso, now=now))
        refused("invalid", lambda: nominations.triage(early, by=cso, now=now, ease=6))
        into = nominations.merge_nominations(early, late, by=cso, now=now)
        assert (into.submitted_at, into.status) == (early.submitted_at, "docketed")
        refused("settled", lambda: nominations.triage(early, by=cso, now=now, ease=1))
        refused("invalid", lambda: nominations.dismiss(into, "no_such_rule", by=cso, now=now))
        scene.motion(rule)
        refused("in_motion", lambda: nominations.dismiss(into, "external_law", by=cso, now=now, note="It is"))
        order = order_kill(rule, now=now, nomination=into)
        assert order.nominated_at == now - 9 * DAY
        other = nominations.nominate("There is none", by=line, now=now)
        nominations.dismiss(other, "no_such_rule", by=cso, now=now, note="Nobody asks for it")
        assert "Nobody asks for it" in OutgoingMail.objects.get(recipient=line.user.email).text


def test_an_order_is_done_by_one_and_seen_by_another(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        leader, cso, now = acme.member(Role.LEADER), acme.member(Role.CSO), database_now()
        rule = new_rule(acme, owner=acme.leader, unit=acme.units["north"])
        nomination = nominations.nominate("Gone", by=acme.member(Role.FRONTLINE), now=now, rule=rule)
        refused("not_allowed", lambda: nominations.quick_kill(nomination, by=cso, now=now))
        order = nominations.quick_kill(nomination, by=leader, now=now)
        assert order.due_at == now + 28 * DAY
        step = orders.add_step(order, "The form", by=leader, now=now)
        refused("not_allowed", lambda: orders.add_step(order, "X", by=acme.member(Role.FRONTLINE), now=now))
        refused("steps_open", lambda: orders.execute_order(order, by=leader, now=now, evidence="See the desk"))
        orders.finish_step(step, by=leader, now=now)
        refused("invalid", lambda: orders.postpone(order, now, by=cso, now=now, because="Sooner"))
        orders.postpone(order, now + 40 * DAY, by=cso, now=now, because="The release")
        helper = add_person("Hal Per", by=None, member=acme.member(Role.EXECUTIVE))
        orders.name_owner(order, helper, by=cso, now=now)
        refused("not_allowed", lambda: orders.execute_order(order, by=leader, now=now, evidence="See the desk"))
        executive = acme.member(Role.EXECUTIVE)
        orders.execute_order(order, by=executive, now=now, evidence="See the desk")
        refused("not_allowed", lambda: orders.verify_order(order, by=executive, now=now))
        order = orders.verify_order(order, by=cso, now=now)
        rule.refresh_from_db()
        assert (order.status, rule.status, Alarm.objects.get(kind=orders.CHECKS).rings_at) == (
            "observing",
            "killed",
            now + 56 * DAY,
        )


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [(4, 0, "too_few"), (12, 1, "effective"), (6, 6, "no_effect"), (5, 20, "harmful")],
)
def test_effect_and_reinstatement(acme: Company, before: int, after: int, verdict: str) -> None:
    with tenant_scope(acme.tenant):
        now, rule = database_now(), new_rule(acme)
        verified = now - 60 * DAY
        for at in [verified - DAY] * before + [verified] * after:
            case = log_case(acme.units["south"], at)
            Case.objects.filter(pk=case.pk).update(quoted_rule=rule, solution="policy_quoted")
        nomination = nominations.nominate("Gone", by=acme.member(Role.FRONTLINE), now=verified - 9 * DAY, rule=rule)
        order = order_kill(rule, now=verified - 2 * DAY, nomination=nomination)
        refused("not_executed", lambda: orders.reinstate(order, by=None, now=now, because="Too soon"))
        orders.execute_order(order, by=None, now=verified - DAY, evidence="Gone")
        orders.verify_order(order, by=None, now=verified)
        assert orders.check_effect(order, now=verified + 55 * DAY).status == "observing"
        order = orders.check_effect(order, now=now)
        assert (order.status, order.cases_before, order.cases_after) == (verdict, before, after)
        assert orders.check_effect(order, now=now + DAY).effect_checked_at == now
        assert OutgoingMail.objects.filter(kind="rule_effect").count() == 1
        orders.reinstate(order, by=acme.member(Role.CSO), now=now, because="It did harm")
        rule.refresh_from_db()
        assert (rule.status, KillOrder.objects.get().reinstated_because) == ("reinstated", "It did harm")


def test_silence_kills_but_not_while_a_ballot_may_keep(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        now, scene = database_now(), seat_committee(acme, 1)
        sunset = day_of(now) + 10 * DAY
        unit = acme.units["north-1"]
        rule, kept = (new_rule(acme, sunset_on=sunset, unit=unit) for _ in range(2))
        new_rule(acme, sunset_on=sunset, origin="external_law", citation="Act 1")
        assert {each.committee for each in docket_expiring(now=now)} == {scene.committee}
        assert docket_expiring(now=now) == []
        ballot = schedule_ballot(
            scene.motion(kept, "keep", keep_until=sunset + 90 * DAY), by=None, now=now, closes_at=now + 20 * DAY
        )
        with telling(now + 11 * DAY):
            assert expire_rules(now=now + 11 * DAY) == [rule]
            cast_vote(ballot, scene.seats[0].pk, "yes", by=scene.members[0])
        rule.refresh_from_db()
        assert (rule.status, KillOrder.objects.get().rule) == ("expired", rule)
        assert expire_rules(now=now + 12 * DAY) == []
        assert Rule.objects.get(pk=kept.pk).status == "under_review"
        assert Nomination.objects.filter(source="sunset", status="decided").count() == 1
        covered = {each.unit.code: each.is_live for each in committee_coverage(acme.member(Role.CSO), now=now)}
        assert covered == {"top": False, "north": True, "south": False, "north-1": False, "north-2": False}


def test_links_are_of_one_seat_and_end_with_the_ballot(acme: Company, other: Company) -> None:
    with tenant_scope(acme.tenant):
        scene = seat_committee(acme, 2)
        ballot, now = scene.ballot(), database_now()
        entry = entry_of(ballot, scene.seats[0])
        link = vote_link(entry)
        token = link.rstrip("/").rpartition("/")[2]
        assert f"/acme/v/{token}/" in link
        assert entry_by_token(token, now=now) == entry
        assert link in OutgoingMail.objects.get(recipient=scene.members[0].user.email).text
        for wrong in (token[:-2] + "AA", "", "é", token[::-1]):
            with pytest.raises(RollEntry.DoesNotExist):
                entry_by_token(wrong, now=now)
        with pytest.raises(LinkExpiredError):
            entry_by_token(token, now=ballot.closes_at)
        set_reminders(scene.members[0], wanted=False)
        cast_vote(ballot, scene.seats[1].pk, "yes", by=scene.members[1])
        remind_voters(ballot.pk, now=now)
        assert not OutgoingMail.objects.filter(kind="vote_reminder").exists()
        set_reminders(scene.members[0], wanted=True)
        remind_voters(ballot.pk, now=now)
        remind_voters(ballot.pk, now=now)
        reminder = OutgoingMail.objects.get(kind="vote_reminder")
        assert reminder.recipient == scene.members[0].user.email
    with tenant_scope(other.tenant), pytest.raises(RollEntry.DoesNotExist):
        entry_by_token(token, now=now)
