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
from cso.committees.models import Ballot, KillOrder, Nomination, OutcomeRecord, RollEntry, RuleBreak, VoteEvent
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
    assert "Do not remind me of ballots" in page
    phone.post(path, {"act": "quiet"})
    assert "Remind me of ballots again" in phone.get(path).content.decode()
    phone.post(path, {"act": "remind"})
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


def test_a_link_costs_five_reads(acme: Company, scene: Scene, django_assert_num_queries: Any) -> None:
    with tenant_scope(acme.tenant):
        path = path_of(vote_link(entry_of(named_ballot(scene), scene.seats[1])))
    phone = Client()
    phone.get(path)
    with django_assert_num_queries(11) as captured:
        phone.get(path)
    assert len(reads(captured.captured_queries)) == 5


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
    french = phone.post(f"{path}?lang=fr-ca", {"choice": "yes"}).content.decode()
    assert "Le siège « Seat 02 » est récusé pour ce scrutin." in french
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


def test_the_pages_of_committees_show_who_sits_where_and_what_they_decide(
    acme: Company, scene: Scene, visit: Visit, django_assert_num_queries: Any
) -> None:
    cso, fran = visit(acme, Role.CSO), visit(acme, Role.FRONTLINE)
    page = cso.get("/acme/rules/committees/").content.decode()
    assert "1 of 5 units have a live committee." in page
    cso.post("/acme/rules/committees/new/", {"unit": acme.units["south"].pk, "name": "South kills", "cadence_days": 7})
    assert "nobody sits in it" in cso.get("/acme/rules/committees/").content.decode()
    assert fran.get("/acme/rules/committees/new/").status_code == 403
    path = f"/acme/rules/committees/{scene.committee.pk}/"
    shown = cso.get(path).content.decode()
    for words in ("Returns desk", "more than half of the eligible seats", "A tie is lost.", "Add a seat"):
        assert words in shown
    assert "Add a seat" not in fran.get(path).content.decode()
    cso.post(f"{path}seats/", {"label": "Till", "holder": acme.member(Role.FRONTLINE).pk})
    assert "Frontline" in cso.get(path).content.decode()
    form = cso.get(f"{path}charter/").context["form"]
    charter = {name: form[name].value() for name in form.fields if form[name].value() not in (None, False)}
    charter |= {"majority": "two_thirds", "chair_breaks_ties": "on"}
    cso.post(f"{path}charter/", charter)
    assert "Carried by at least 2 of 3 of the votes cast" in cso.get(path).content.decode()
    charter |= {"majority": "number"}
    assert "Write a number." in cso.post(f"{path}charter/", charter).content.decode()
    cso.post(f"{path}charter/", charter | {"majority_count": 3, "is_secret": "on"})
    secret = cso.get(path).content.decode()
    assert "3 yes votes carry." in secret
    assert "Ballots are secret" in secret


def test_from_a_sentence_to_the_effect_of_a_kill(acme: Company, visit: Visit) -> None:
    """The whole way through the portal, by who may go it; the rule's page tells it."""
    with tenant_scope(acme.tenant):
        scene = seat_committee(acme, 1, deliberation_hours=0, owner_is_recused=False)
        sit(scene, Role.CSO, "Serving officer")
        rule = new_rule(acme, "No vouchers on Sundays", owner=acme.leader)
        quoted(acme, rule, 2)
    cso, lea, fran = (visit(acme, role) for role in (Role.CSO, Role.LEADER, Role.FRONTLINE))
    asked = fran.post("/acme/rules/nominate/", {"words": "No vouchers on Sundays helps nobody."})
    assert "Is it one of these?" in asked.content.decode()
    sent = fran.post("/acme/rules/nominate/", {"words": "It helps nobody.", "rule": str(rule.pk), "seen": "1"})
    page = sent["Location"]
    assert "We tell you what comes of it." in fran.get(page).content.decode()
    assert "Weigh it" not in fran.get(page).content.decode()
    lea.post(page, {"ease": "5", "impact": "4", "rule": str(rule.pk)})
    lea.post(f"{page}docket/", {"committee": str(scene.committee.pk)})
    committee = f"/acme/rules/committees/{scene.committee.pk}/"
    assert "ease 5 × impact 4" in cso.get(committee).content.decode()
    moved = cso.post(f"{committee}move/", {"rule": str(rule.pk), "kind": "kill"})["Location"]
    lea.post(f"{moved}reply/", {"text": "I would not miss it."})
    assert "I would not miss it." in cso.get(moved).content.decode()
    assert fran.post(f"{moved}open-ballot/", {}).status_code == 302
    with tenant_scope(acme.tenant):
        assert not Ballot.objects.exists(), "not the frontline's to open"
    cso.post(f"{moved}open-ballot/", {"closes_at": ""})
    with tenant_scope(acme.tenant):
        ballot = Ballot.objects.get()
        cast_vote(ballot, scene.seats[0].pk, "yes", by=scene.members[0])
    ballot_page = f"/acme/rules/ballots/{ballot.pk}/"
    cso.post(f"{ballot_page}vote/", {"seat": "Serving officer", "choice": "yes"})
    cso.post(f"{ballot_page}close/", {})
    with tenant_scope(acme.tenant):
        outcome, order = OutcomeRecord.objects.get(), KillOrder.objects.get()
    record = fran.get(f"/acme/rules/outcomes/{outcome.pk}/").content.decode()
    for words in ("Carried: 2 yes of 2 cast", outcome.hash, "Serving officer"):
        assert words in record
    path = f"/acme/rules/orders/{order.pk}/"
    assert "No vouchers on Sundays" in lea.get("/acme/rules/orders/").content.decode()
    lea.post(path, {"what": "The sign at the till"})
    with tenant_scope(acme.tenant):
        step = order.steps.get()
    lea.post(f"/acme/rules/steps/{step.pk}/done/")
    lea.post(f"{path}execute/", {"evidence": "The sign is gone."})
    assert "I went and saw" not in lea.get(path).content.decode(), "not by who carried it out"
    cso.post(f"{path}verify/", {})
    story = fran.get(f"/acme/rules/{rule.pk}/").content.decode()
    told = (
        "It helps nobody.",
        "I would not miss it.",
        "Carried: 2 yes",
        "Lea North carries it out.",
        "The sign is gone.",
    )
    for words in (*told, "2 cases quote it by now.", "Somebody else sees that it is gone", "Too early to tell."):
        assert words in story
    assert "weeks__" in story


def test_a_bent_rule_is_told_in_a_minute_and_seen_by_oneself_alone(acme: Company, visit: Visit) -> None:
    with tenant_scope(acme.tenant):
        rule = new_rule(acme, "Receipts")
    fran, lea = visit(acme, Role.FRONTLINE), visit(acme, Role.LEADER)
    form = {"rule": str(rule.pk), "why": "Her wedding was tomorrow.", "result": "helped", "when": "now"}
    fran.post("/acme/rules/breaks/", form)
    assert "Her wedding was tomorrow." in fran.get("/acme/rules/breaks/").content.decode()
    others = lea.get("/acme/rules/breaks/").content.decode()
    assert "Her wedding" not in others
    assert "1 time" in others
    assert "Say when it was." in fran.post("/acme/rules/breaks/", form | {"when": "earlier"}).content.decode()
    with tenant_scope(acme.tenant):
        assert RuleBreak.objects.count() == 1


def test_the_link_on_a_case_brings_its_words_along(acme: Company, visit: Visit) -> None:
    with tenant_scope(acme.tenant):
        rule = new_rule(acme, "Receipts")
        quoted(acme, rule)
        case = Case.objects.get()
    fran = visit(acme, Role.FRONTLINE)
    link = next(url for label, url in fran.get(f"/acme/cases/{case.pk}/").context["acts"] if "Nominate" in label)
    shown = fran.get(link).content.decode()
    assert "About the rule" in shown
    fran.post(link, {"words": "Receipts", "rule": str(rule.pk)})
    with tenant_scope(acme.tenant):
        made = Nomination.objects.get()
        assert (made.case, made.rule, made.source) == (case, rule, "case")
    assert fran.get("/acme/rules/nominate/?case=x&rule=%00&words=%3Cb%3E").status_code == 200
