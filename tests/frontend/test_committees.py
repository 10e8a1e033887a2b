"""The committees in the portal: nominating, deliberating, voting by link and in the portal, executing, the story."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from cso.committees.balloting import cast_vote, close_ballot, database_now
from cso.committees.bodies import add_seat
from cso.committees.links import vote_link
from cso.committees.models import Ballot, Nomination, RollEntry, VoteEvent
from cso.committees.nominations import nominate
from cso.recovery.models import Case
from cso.rules.actions import register_rule
from cso.rules.models import Rule
from tenants.models import AuditEntry
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.committees.scenes import Scene, entry_of, new_rule, seat_committee
from tests.frontend.conftest import Visit, reads
from tests.personas import Company, log_case

VOTER = Role.COMMITTEE_MEMBER


def path_of(link: str) -> str:
    return urlsplit(link).path


def sit(scene: Scene, role: Role, label: str = "Returns desk", **values: Any) -> None:
    """Give a persona a seat beside the scene's own."""
    member = scene.company.member(role)
    add_seat(scene.committee, label, by=None, now=database_now(), holder=member, **values)


def quoted(company: Company, rule: Rule, times: int = 1, *, days: int = 3) -> None:
    for _ in range(times):
        case = log_case(company.units["north-1"], timezone.now() - timedelta(days=days), fixed_after=timedelta(hours=1))
        Case.objects.filter(pk=case.pk).update(quoted_rule=rule, solution="policy_quoted")


@pytest.fixture
def scene(acme: Company) -> Scene:
    """A committee of three seats with a chair, and Comm the committee member in a fourth."""
    with tenant_scope(acme.tenant):
        scene = seat_committee(acme, 3)
        sit(scene, VOTER)
    return scene


def named_ballot(scene: Scene, title: str = "Receipts for every claim") -> Ballot:
    rule = register_rule(by=None, now=timezone.now(), title=title, text="Paid only against receipts.", origin="habit")
    return scene.ballot(rule)


def test_a_link_of_a_mail_votes_once_and_says_what_counts(acme: Company, scene: Scene) -> None:
    with tenant_scope(acme.tenant):
        ballot = named_ballot(scene)
        entry = entry_of(ballot, scene.seats[1])
        path = path_of(vote_link(entry))
    phone = Client()
    page = phone.get(path).content.decode()
    for words in (
        "Kill the rule “Receipts for every claim”.",
        "Paid only against receipts.",
        "Closes on ",
        ">Abstain<",
    ):
        assert words in page
    with tenant_scope(acme.tenant):
        assert not RollEntry.objects.filter(has_voted=True).exists(), "looking changes nothing"
    answer = phone.post(path, {"choice": "no"})
    assert (answer.status_code, answer["Location"]) == (302, f"{path}?lang=en")
    counted = phone.get(path).content.decode()
    assert "Your vote is counted" in counted
    assert "You can change it until" in counted
    phone.post(path, {"choice": "yes"})
    with tenant_scope(acme.tenant):
        assert RollEntry.objects.get(pk=entry.pk).choice == "yes"
        assert list(VoteEvent.objects.order_by("at").values_list("choice", flat=True)) == ["no", "yes"]
        close_ballot(Ballot.objects.get(pk=ballot.pk), by=scene.members[0])
    assert phone.get(path).status_code == 410
    assert phone.post(path, {"choice": "no"}).status_code == 410
    assert phone.get("/acme/v/nobodys/").status_code == 404
    assert phone.get(path.replace("/acme/", "/other/")).status_code == 404


def test_nominations_are_triaged_by_ease_and_impact(
    acme: Company, scene: Scene, visit: Visit, django_assert_num_queries: Any
) -> None:
    cso = visit(acme, Role.CSO)
    cso.get("/acme/rules/nominations/")
    for count in (1, 3):
        with tenant_scope(acme.tenant):
            while Nomination.objects.count() < count:
                rule = new_rule(acme)
                quoted(acme, rule)
                nominate("It helps nobody.", by=acme.member(Role.FRONTLINE), now=timezone.now(), rule=rule)
        with django_assert_num_queries(12) as captured:
            assert len(cso.get("/acme/rules/nominations/").context["rows"]) == count
        assert len(reads(captured.captured_queries)) == 6


def test_a_secret_vote_leaves_nothing_behind_that_tells_it(acme: Company, visit: Visit) -> None:
    with tenant_scope(acme.tenant):
        scene = seat_committee(acme, 3, preset="secret")
        sit(scene, VOTER)
        ballot = named_ballot(scene)
        path = path_of(vote_link(entry_of(ballot, scene.seats[1])))
    phone = Client()
    answer = phone.post(path, {"choice": "no"})
    assert (answer["Location"], phone.session.items()) == (f"{path}?lang=en", {}.items())
    said = phone.get(path).content.decode()
    assert "Your paper is in the box" in said
    assert 'name="choice"' not in said
    assert phone.post(path, {"choice": "yes"}).status_code == 302, "a double click is no error"
    member = visit(acme, VOTER)
    page = f"/acme/rules/ballots/{ballot.pk}/"
    assert "Nothing of a secret ballot is shown" in member.get(page).content.decode()
    sent = member.post(f"{page}vote/", {"seat": "Returns desk", "choice": "yes"}, follow=True).content.decode()
    assert "Your paper is in the box." in sent
    assert "has voted" not in sent
    assert member.get(f"{page}count/?v=").content.decode().count("4 seats may vote") == 1
    with tenant_scope(acme.tenant):
        assert not VoteEvent.objects.exists()
        assert not AuditEntry.objects.filter(act__contains="vote").exists()
        assert set(RollEntry.objects.values_list("choice", flat=True)) == {""}


def test_a_link_costs_four_reads(acme: Company, scene: Scene, django_assert_num_queries: Any) -> None:
    with tenant_scope(acme.tenant):
        path = path_of(vote_link(entry_of(named_ballot(scene), scene.seats[1])))
    phone = Client()
    phone.get(path)
    with django_assert_num_queries(10) as captured:
        phone.get(path)
    assert len(reads(captured.captured_queries)) == 4


def test_whoever_should_not_vote_steps_aside_by_the_link(acme: Company, scene: Scene) -> None:
    with tenant_scope(acme.tenant):
        entry = entry_of(named_ballot(scene), scene.seats[1])
        path = path_of(vote_link(entry))
    phone = Client()
    assert "This field is required." in phone.post(path, {"act": "recuse"}).content.decode()
    phone.post(path, {"act": "recuse", "because": "My brother wrote it."})
    page = phone.get(path).content.decode()
    assert "You do not vote here" in page
    assert "My brother wrote it." in page
    assert "recused" in phone.post(path, {"choice": "yes"}).content.decode()
    with tenant_scope(acme.tenant):
        assert RollEntry.objects.get(pk=entry.pk).status == "recused"


def test_a_member_lands_on_the_rules_that_await_their_vote(acme: Company, scene: Scene, visit: Visit) -> None:
    with tenant_scope(acme.tenant):
        later = named_ballot(scene, "Later")
        sooner = scene.ballot(new_rule(acme, "Sooner"), closes_at=timezone.now() + timedelta(hours=5))
    member = visit(acme, VOTER)
    page = member.get("/acme/").content.decode()
    assert page.index("Rules that await your vote") < page.index("Sooner") < page.index("Later") < page.index("Log it")
    path = f"/acme/rules/ballots/{sooner.pk}/"
    sent = member.post(f"{path}vote/", {"seat": "Returns desk", "choice": "abstain"}, follow=True).content.decode()
    assert "Your vote is counted: Abstain." in sent
    assert "You can change it until the close." in sent
    assert member.post(f"{path}vote/", {"seat": "Seat 01", "choice": "yes"}).status_code == 404, "not their seat"
    assert "choice" in member.post(f"{path}vote/", {"seat": "Returns desk", "choice": "maybe"}).content.decode()
    again = member.get("/acme/").content.decode()
    assert "Sooner" not in again
    assert str(later.pk) in again


def test_the_live_count_is_shown_where_the_charter_lets_and_asked_for_without_a_swap(
    acme: Company, visit: Visit
) -> None:
    with tenant_scope(acme.tenant):
        scene = seat_committee(acme, 3, shows_tally=True)
        ballot = named_ballot(scene)
        hidden = named_ballot(seat_committee(acme, 2), "Hidden")
    cso = visit(acme, Role.CSO)
    path = f"/acme/rules/ballots/{ballot.pk}/"
    first = cso.get(path).context["count"]
    assert cso.get(f"{path}count/?v={first['version']}").status_code == 204
    with tenant_scope(acme.tenant):
        cast_vote(ballot, scene.seats[0].pk, "yes", by=scene.members[0])
    moved = cso.get(f"{path}count/?v={first['version']}")
    assert "1 of 3 have voted." in moved.content.decode()
    assert moved.context["count"]["given"] == [1, 0, 0]
    assert cso.get(f"/acme/rules/ballots/{hidden.pk}/").context["count"]["given"] == []
