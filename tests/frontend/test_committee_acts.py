"""What the chair, the triage desk and the members do in the portal, each by a page that is one form."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.timezone import localtime

from cso.committees.balloting import cast_vote, close_ballot, database_now, schedule_ballot
from cso.committees.bodies import add_seat, delegate_seat, revoke_delegation
from cso.committees.models import Ballot, KillOrder, Nomination, OutcomeRecord, RollEntry
from cso.committees.nominations import nominate
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.committees.scenes import Scene, new_rule, seat_committee
from tests.frontend.conftest import Visit, reads
from tests.personas import Company

VOTER = Role.COMMITTEE_MEMBER


def chaired(company: Company, seats: int = 2, **charter: Any) -> Scene:
    """A committee in which Comm the committee member holds the chair, beside seats of others."""
    scene = seat_committee(company, 0, deliberation_hours=0, **charter)
    now = database_now()
    add_seat(scene.committee, "Chair", by=None, now=now, holder=company.member(VOTER), is_chair=True)
    others = seat_committee(company, seats).members
    held = [
        add_seat(scene.committee, f"Seat {number}", by=None, now=now, holder=member)
        for number, member in enumerate(others, 1)
    ]
    return Scene(company, scene.committee, held, others)


def page_of(ballot: Ballot) -> str:
    return f"/acme/rules/ballots/{ballot.pk}/"


def told(client: Client, path: str, sent: dict[str, Any] | None = None) -> str:
    """What the page says after an act, wherever it leads."""
    return client.post(path, sent or {}, follow=True).content.decode()


@pytest.mark.usefixtures("still_clock")
def test_the_chair_extends_recuses_and_calls_off(acme: Company, visit: Visit) -> None:
    with tenant_scope(acme.tenant):
        scene = chaired(acme)
        ballot = scene.ballot()
    chair, fran, page = visit(acme, VOTER), visit(acme, Role.FRONTLINE), page_of(ballot)
    closes = localtime(ballot.closes_at, acme.tenant.zone)
    sooner, later = (f"{closes + days:%Y-%m-%dT%H:%M}" for days in (timedelta(days=-1), timedelta(days=1)))
    assert "only ever extended" in told(chair, f"{page}extend/", {"closes_at": sooner})
    assert "not to be done now, or not by you" in told(fran, f"{page}extend/", {"closes_at": later})
    assert "It is open for longer." in told(chair, f"{page}extend/", {"closes_at": later})
    with tenant_scope(acme.tenant):
        moved = Ballot.objects.get()
        entry = RollEntry.objects.get(label="Seat 1")
    assert moved.closes_at - ballot.closes_at > timedelta(hours=23)
    said = told(chair, f"{page}recuse/", {"entry": str(entry.pk), "because": "She wrote it."})
    assert "The seat is recused" in said
    assert "She wrote it." in said
    assert "This field is required." in told(chair, f"{page}cancel/", {"because": ""})
    assert "Called off." in told(chair, f"{page}cancel/", {"because": "Read out wrongly"})
    assert "not to be done now" in told(chair, f"{page}cancel/", {"because": "Again"})


def test_the_chair_decides_a_tie_once_and_nobody_else_does(acme: Company, visit: Visit) -> None:
    with tenant_scope(acme.tenant):
        scene = chaired(acme, chair_breaks_ties=True)
        ballot = scene.ballot()
        for seat, member, choice in zip(scene.seats, scene.members, ("yes", "no"), strict=True):
            cast_vote(ballot, seat.pk, choice, by=member)
        close_ballot(ballot, by=acme.member(VOTER))
    chair, cso, page = visit(acme, VOTER), visit(acme, Role.CSO), page_of(ballot)
    assert "Decide the tie" not in cso.get(page).content.decode()
    assert "not by you" in told(cso, f"{page}casting-vote/", {"choice": "yes"})
    assert "Decide the tie" in chair.get(page).content.decode()
    assert "This field is required." in told(chair, f"{page}casting-vote/")
    said = told(chair, f"{page}casting-vote/", {"choice": "yes"})
    assert "The tie is decided." in said
    assert "1 yes of 2 cast" in said
    assert "not to be done now" in told(chair, f"{page}casting-vote/", {"choice": "no"})
    with tenant_scope(acme.tenant):
        assert OutcomeRecord.objects.get().casting_vote == "yes"


def test_triage_merges_dismisses_and_kills_at_once(acme: Company, visit: Visit) -> None:
    with tenant_scope(acme.tenant):
        now, fran = timezone.now(), acme.member(Role.FRONTLINE)
        rule = new_rule(acme, "No calls after five", owner=acme.leader)
        first, second, law, quick = (
            nominate(words, by=fran, now=now, rule=rule) for words in ("It is late", "Too late", "A law", "At once")
        )
    cso, lea = visit(acme, Role.CSO), visit(acme, Role.LEADER)

    def act(client: Client, nomination: Nomination, name: str, **sent: str) -> str:
        return told(client, f"/acme/rules/nominations/{nomination.pk}/{name}/", sent)

    assert "Merged." in act(cso, second, "merge", into=str(first.pk))
    assert "This field is required." in act(cso, law, "external-law", note="")
    assert "A law cannot be killed" in act(cso, law, "external-law", note="The customs act asks for it.")
    assert "or not yours to decide" in act(cso, quick, "quick-kill")
    assert "One dumb rule less soon." in act(lea, quick, "quick-kill")
    with tenant_scope(acme.tenant):
        states = dict(Nomination.objects.values_list("words", "status"))
        assert KillOrder.objects.get().nomination_id == quick.pk
    assert states == {
        "It is late": "submitted",
        "Too late": "merged",
        "A law": "external_law",
        "At once": "quick_killed",
    }


def test_a_seat_is_delegated_and_taken_back_where_the_charter_lets(acme: Company, visit: Visit) -> None:
    with tenant_scope(acme.tenant):
        scene, strict = chaired(acme, allows_delegation=True), chaired(acme)
        with_own = scene.committee.seats.get(label="Chair")
        delegate_seat(scene.seats[1], with_own, by=scene.members[1], now=database_now())
    member, page = visit(acme, VOTER), f"/acme/rules/committees/{scene.committee.pk}/"
    assert "Delegate" not in member.get(f"/acme/rules/committees/{strict.committee.pk}/").content.decode()
    shown = member.get(page).content.decode()
    assert "Chair may vote for it" in shown
    assert f"You may vote for: Seat 2, for {scene.members[1].label}" in shown
    path = f"/acme/rules/seats/{with_own.pk}/delegate/"
    assert path not in shown, "it is never passed on"
    assert "never passed on" in told(member, path, {"to_seat": str(scene.seats[0].pk)})
    assert member.get(f"/acme/rules/seats/{scene.seats[0].pk}/delegate/").status_code == 404, "not theirs"
    with tenant_scope(acme.tenant):
        ballot = scene.ballot()
    assert f"Seat 2, for {scene.members[1].label}" in member.get("/acme/").content.decode()
    told(member, f"{page_of(ballot)}vote/", {"seat": "Seat 2", "choice": "no"})
    with tenant_scope(acme.tenant):
        entry = RollEntry.objects.get(ballot=ballot, label="Seat 2")
        assert (entry.choice, entry.by_delegate) == ("no", True)
        revoke_delegation(scene.seats[1], by=scene.members[1], now=database_now())
    assert "may vote for you" in told(member, path, {"to_seat": str(scene.seats[0].pk)})
    assert "Seat 1 may vote for it" in member.get(page).content.decode()
    assert "you alone vote" in told(member, f"/acme/rules/seats/{with_own.pk}/take-back/")
    assert "may vote for it" not in member.get(page).content.decode()


def test_a_wrong_roll_is_corrected_by_a_new_record(acme: Company, visit: Visit) -> None:
    with tenant_scope(acme.tenant):
        scene = chaired(acme)
        ballot = scene.ballot()
        for seat, member in zip(scene.seats, scene.members, strict=True):
            cast_vote(ballot, seat.pk, "yes", by=member)
        close_ballot(ballot, by=acme.member(VOTER))
        first, entry = OutcomeRecord.objects.get(), RollEntry.objects.get(label="Seat 2")
    cso, page = visit(acme, Role.CSO), f"/acme/rules/outcomes/{first.pk}/"
    assert "taken down wrong" not in visit(acme, VOTER).get(page).content.decode()
    assert "taken down wrong" in cso.get(page).content.decode()
    sent = {"entry": str(entry.pk), "choice": "no", "because": "Misheard"}
    said = told(cso, f"{page}correct/", sent)
    assert "This record corrects another." in said
    assert "Corrected (Misheard). Lost: 1 yes of 2 cast" in said
    assert "This record was corrected." in cso.get(page).content.decode()
    assert "correct the later one" in told(cso, f"{page}correct/", sent)
    committee = cso.get(f"/acme/rules/committees/{scene.committee.pk}/").content.decode()
    assert "Corrected (Misheard)" in committee
    assert "Carried: 2 yes" not in committee


def test_whoever_looks_opens_and_tallies_what_no_worker_did(acme: Company, visit: Visit) -> None:
    member = visit(acme, VOTER)
    with tenant_scope(acme.tenant):
        scene, now = chaired(acme, extension_hours=0), database_now()
        ballot = schedule_ballot(scene.motion(), by=None, now=now, opens_at=now + timedelta(hours=1))
        hour = {"opens_at": now - timedelta(hours=2), "closes_at": now + timedelta(hours=2)}
        Ballot.objects.filter(pk=ballot.pk).update(**hour)
    assert 'name="choice"' in member.get(page_of(ballot)).content.decode()
    with tenant_scope(acme.tenant):
        assert Ballot.objects.get().status == "open"
        Ballot.objects.filter(pk=ballot.pk).update(closes_at=now - timedelta(hours=1))
    gone = member.get(f"{page_of(ballot)}count/?v=1")
    assert (gone.status_code, gone["HX-Refresh"]) == (204, "true")
    assert "No quorum, so nothing is decided." in member.get(page_of(ballot)).content.decode()


# Reads, beside those that find out who asks: by page.
BUDGETS = {"count/?v=": 1, "": 4}


@pytest.mark.parametrize(("page", "budget"), BUDGETS.items(), ids=["poll", "ballot"])
def test_a_ballot_keeps_its_budget(acme: Company, visit: Visit, page: str, budget: int) -> None:
    member = visit(acme, VOTER)
    for seats in (1, 3):
        with tenant_scope(acme.tenant):
            ballot = chaired(acme, seats, shows_tally=True, may_close_early=True).ballot()
        member.get(page_of(ballot))
        with CaptureQueriesContext(connection) as whole:
            assert member.get(page_of(ballot) + page).status_code == 200
        with CaptureQueriesContext(connection) as tenancy:
            member.get("/acme/rules/ballots/00000000-0000-0000-0000-000000000000/count/")
        # The missing ballot was looked for by one read.
        found = len(reads(whole.captured_queries)) - (len(reads(tenancy.captured_queries)) - 1)
        assert found == budget, "\n".join(reads(whole.captured_queries))


def test_a_committee_is_dissolved_and_its_outcomes_checked(acme: Company, visit: Visit) -> None:
    with tenant_scope(acme.tenant):
        scene = chaired(acme)
        ballot = scene.ballot()
        entry = RollEntry.objects.get(ballot=ballot, label="Seat 1")
        cast_vote(ballot, entry.seat_id, "no", by=scene.members[0])
    cso, auditor, chair = visit(acme, Role.CSO), visit(acme, Role.AUDITOR), visit(acme, VOTER)
    page, all_of_them = f"/acme/rules/committees/{scene.committee.pk}/", "/acme/rules/committees/"
    assert f"{page}dissolve/" in cso.get(page).content.decode()
    assert "Dissolve" not in chair.get(page).content.decode()
    assert chair.get(f"{page}dissolve/").status_code == 403
    assert "A ballot is before this committee" in told(cso, f"{page}dissolve/", {"because": "Merged"})
    told(chair, f"{page_of(ballot)}close/")
    assert "This field is required." in told(cso, f"{page}dissolve/")
    said = told(cso, f"{page}dissolve/", {"because": "Merged"})
    assert "Dissolved. What waited for it is with the triage again." in said
    assert "Dissolved on" in said
    assert f"{page}charter/" not in said
    assert "Move a motion" not in said
    assert "was dissolved" in told(cso, f"{page}seats/", {"label": "New"})
    assert "Dissolved</h2>" in cso.get(all_of_them).content.decode()
    assert "The chain of 1 record holds." in auditor.get(f"{all_of_them}?check=1").content.decode()
    assert "The chain" not in chair.get(f"{all_of_them}?check=1").content.decode()
