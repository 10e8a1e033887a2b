"""Above one's authority: whose turn it is to decide, who is told, and what they decide."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from cso.alarms.actions import ring_alarms
from cso.alarms.models import Alarm
from cso.errors import ConflictError, NotAllowedError
from cso.outbox.models import OutgoingMail
from cso.people import actions as people
from cso.people.models import Leadership
from cso.recovery import actions
from cso.recovery.authority import (
    cost_of,
    decide_remedy,
    may_decide,
    room_left,
    waiting_for,
    withdraw_remedy,
)
from cso.recovery.models import CaseEvent
from tenants.members import add_member, end_membership
from tenants.models import Membership, User
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.personas import NOW, Company
from tests.recovery.test_authority import GIVEN, HOUR, MINUTE, agent, case_of, give


def test_the_way_up_passes_on_by_the_clock_and_each_is_told(acme: Company) -> None:
    """North-1 has no leader, north has Lea, the top has Tara, then comes the CSO; each has half an hour."""
    with tenant_scope(acme.tenant):
        ana = agent(acme)
        tara = agent(acme, "Tara Top", Role.EXECUTIVE)
        people.name_leader(acme.units["top"], tara, date(2026, 1, 1), by=None)
        lea, cso = acme.member(Role.LEADER), acme.member(Role.CSO)
        asked = give(case_of(acme), ana, 500_00, note="Two nights in a hotel")
        assert tara.member is not None
        way = [lea, tara.member, cso]
        assert (asked.approvers, asked.minutes_each) == ([member.pk for member in way], 30)

        def may(after: timedelta) -> list[bool]:
            return [may_decide(member, asked, now=NOW + after) for member in way]

        assert may(timedelta(0)) == [True, False, True]
        assert may(30 * MINUTE - timedelta(microseconds=1)) == [True, False, True]
        assert may(30 * MINUTE) == [True, True, True]
        assert may(timedelta(days=9)) == [True, True, True], "an earlier one still may"
        assert ana.member is not None
        assert not may_decide(ana.member, asked, now=NOW + 9 * HOUR)
        assert waiting_for(tara.member, now=NOW) == []
        assert waiting_for(tara.member, now=NOW + 30 * MINUTE) == [asked]
        with pytest.raises(NotAllowedError):
            decide_remedy(asked, by=tara.member, approve=True, now=NOW + 29 * MINUTE)

        def told() -> list[str]:
            return list(OutgoingMail.objects.order_by("written_at", "id").values_list("recipient", flat=True))

        assert told() == ["leader@acme.example"]
        mail = OutgoingMail.objects.get()
        assert mail.subject == "Ana Agent asks you to approve 500 CAD"
        assert "“Two nights in a hotel”" in mail.text
        assert "decided by 11:30" in mail.text, "the workspace's own time"
        assert f"/acme/approvals/{asked.pk}/" in mail.text
    ring_alarms(acme.tenant, now=NOW + 29 * MINUTE)
    with tenant_scope(acme.tenant):
        assert told() == ["leader@acme.example"]
    ring_alarms(acme.tenant, now=NOW + 75 * MINUTE)
    with tenant_scope(acme.tenant):
        everybody = ["leader@acme.example", "tara@acme.example", "cso@acme.example"]
        assert sorted(told()) == sorted(everybody), "a worker that slept catches up, and writes to each once"
        assert not Alarm.objects.filter(kind="approval_passes_on").exists()


def test_a_leader_is_not_decided_upon_by_those_below(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        lea_person, cso = acme.leader, acme.member(Role.CSO)
        below = agent(acme, "Bea Below")
        people.name_leader(acme.units["north-1"], below, date(2026, 1, 1), by=None)
        asked = give(case_of(acme), lea_person, 1)
        assert asked.approvers == [cso.pk]
        # Someone who leads two of the units is asked once; a leader who has left, or cannot sign in, is passed over.
        people.name_leader(acme.units["top"], lea_person, date(2026, 1, 1), by=None)
        twice = give(case_of(acme), below, 100_01)
        assert twice.approvers == [acme.member(Role.LEADER).pk, cso.pk]
        end_membership(acme.member(Role.LEADER), by=None, now=NOW)
        assert give(case_of(acme), below, 100_01).approvers == [cso.pk]


def test_nobody_to_ask_is_said_and_a_later_cso_takes_what_those_who_left_did_not_decide(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        ana, cso = agent(acme), acme.member(Role.CSO)
        south = case_of(acme, "south")
        asked = give(south, ana, 100_01)
        assert asked.approvers == [cso.pk]
        end_membership(cso, by=None, now=NOW)
        assert not may_decide(Membership.objects.get(pk=cso.pk), asked, now=NOW + HOUR)
        with pytest.raises(ConflictError) as refused:
            give(case_of(acme, "south"), ana, 100_01)
        assert refused.value.code == "nobody_to_ask"
        later = add_member(User.objects.create(email="new@acme.example", name="New", password="!"), Role.CSO, by=None)
        assert waiting_for(later, now=NOW) == [asked]
        assert decide_remedy(asked, by=later, approve=True, now=NOW + HOUR).status == GIVEN


def test_a_decision_is_made_once_also_after_the_case_is_closed(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        ana, lea = agent(acme), acme.member(Role.LEADER)
        case = case_of(acme)
        first, second, third = (give(case, ana, 200_00) for _ in range(3))
        actions.fix_case(case, by=None, at=NOW, now=NOW)
        approved = decide_remedy(first, by=lea, approve=True, now=NOW + 90 * MINUTE, note="Well done.")
        assert (approved.status, approved.given_at, approved.day) == (GIVEN, NOW + 90 * MINUTE, date(2026, 3, 18))
        assert (approved.on_own_authority, approved.seconds_to_decide, approved.decided_by) == (False, 5_400, lea)
        refused = decide_remedy(second, by=lea, approve=False, now=NOW + MINUTE, note="They had it already.")
        assert (refused.status, refused.given_at, refused.decision_note) == ("refused", None, "They had it already.")
        for remedy in (first, second):
            with pytest.raises(ConflictError) as again:
                decide_remedy(remedy, by=acme.member(Role.CSO), approve=True, now=NOW + 2 * HOUR)
            assert again.value.code == "decided_already"
        with pytest.raises(NotAllowedError):
            withdraw_remedy(third, by=lea, now=NOW)
        gone = withdraw_remedy(third, by=ana.member, now=NOW)
        assert (gone.status, gone.was_asked, gone.seconds_to_decide) == ("withdrawn", False, None)
        case.refresh_from_db()
        assert (case.approvals_asked, case.within_own_authority) == (2, False)
        assert cost_of(case) == {"CAD": 200_00}
        # An approved sum is not one's own: it takes no room.
        assert room_left(ana, case, now=NOW).case_minor == 100_00
        kinds = list(CaseEvent.objects.filter(case=case).order_by("recorded_at", "id").values_list("kind", flat=True))
        assert kinds[-3:] == ["approved", "approval_refused", "remedy_withdrawn"]
        assert not Alarm.objects.filter(kind="approval_passes_on").exists()


def test_who_leads_there_no_more_decides_nothing(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        ana, lea, cso = agent(acme), acme.member(Role.LEADER), acme.member(Role.CSO)
        asked = give(case_of(acme), ana, 100_01)
        assert (may_decide(lea, asked, now=NOW), waiting_for(lea, now=NOW)) == (True, [asked])
        people.end_leadership(Leadership.objects.get(unit=acme.units["north"]), NOW.date(), by=None)
        later = NOW + timedelta(days=2)
        assert (may_decide(lea, asked, now=later), waiting_for(lea, now=later)) == (False, [])
        cso.role = Role.LEADER
        cso.save(update_fields=["role"])
        assert not may_decide(cso, asked, now=later), "a CSO who is one no more"
        with pytest.raises(NotAllowedError):
            decide_remedy(asked, by=cso, approve=True, now=later)
