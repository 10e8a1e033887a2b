"""Ballots over the API: roll calls told by an integration, their arithmetic by hand, and what a secret one hides."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from api.models import KeptAnswer
from cso.committees.models import Ballot, RollEntry, VoteEvent
from tenants.models import AuditEntry
from tenants.scope import tenant_scope
from tests.api.conftest import Integration, errors, problem
from tests.api.test_lists import EVERY_REQUEST, ids
from tests.personas import Company

AT_ONCE = {"deliberation_hours": 0, "cool_down_days": 0}
SEATS = "ABCDEFGHIJKL"


class Desk:
    """An integration with a committee of its own, whose holders are no members; the first seat is the chair's."""

    def __init__(self, api: Integration, seats: int = 5, vacant: int = 0, name: str = "Rules", **charter: Any) -> None:
        self.api = api
        told = [{"label": label, "holder_name": f"Holder {label}"} for label in SEATS[:seats]]
        told += [{"label": label} for label in SEATS[seats : seats + vacant]]
        told[0]["is_chair"] = True  # type: ignore[assignment]
        body = {"name": name, "unit": "north", "charter": AT_ONCE | charter, "seats": told}
        made = api.post("committees", body)
        assert made.status_code == 201, made.content
        self.committee = made.json()["id"]

    def opened(self, **ballot: Any) -> dict[str, Any]:
        """An open ballot on killing a rule of its own."""
        rule = self.api.post("rules", {"title": "No calls", "text": "No calls after five.", "origin": "habit"}).json()
        motion = self.api.post("motions", {"committee": self.committee, "rule": rule["id"], "kind": "kill"})
        assert motion.status_code == 201, motion.content
        made = self.api.post(f"motions/{motion.json()['id']}/ballots", ballot)
        assert made.status_code == 201, made.content
        found: dict[str, Any] = made.json()
        return found

    def tell(self, ballot: dict[str, Any], call: str, recused: str = "") -> Any:
        """A roll call as "yyn-a": by seat yes, no, absent, abstention; `recused` names seats."""
        words = {"y": "yes", "n": "no", "a": "abstain"}
        told = zip(SEATS, call, strict=False)
        votes = [{"seat": seat, "choice": words[said]} for seat, said in told if said in words]
        recusals = [{"seat": seat, "because": "Related"} for seat in recused]
        return self.api.post(f"ballots/{ballot['id']}/votes", {"votes": votes, "recusals": recusals})

    def close(self, ballot: dict[str, Any]) -> dict[str, Any]:
        closed = self.api.post(f"ballots/{ballot['id']}/close")
        assert closed.status_code == 200, closed.content
        found: dict[str, Any] = closed.json()
        return found

    def call(self, call: str, recused: str = "") -> dict[str, Any]:
        """The ballot after a whole roll call."""
        ballot = self.opened()
        told = self.tell(ballot, call, recused)
        assert told.status_code == 200, told.content
        return self.close(ballot)


TWO_THIRDS = {"preset": "two_thirds"}
FIXED = {"base": "fixed", "majority_count": 3}
# (charter, vacant seats, roll call of five, recused; result, quorum, base, needed, (yes, no, abstain), eligible)
CALLS: list[tuple[dict[str, Any], int, str, str, tuple[Any, ...]]] = [
    ({}, 0, "yyn--", "", ("carried", 3, 3, 2, (2, 1, 0), 5)),
    ({}, 0, "yn-a-", "", ("lost", 3, 2, 2, (1, 1, 1), 5)),
    ({}, 0, "yy---", "", ("inquorate", 3, 2, 2, (2, 0, 0), 5)),
    ({}, 0, "aaaaa", "", ("lost", 3, 0, 1, (0, 0, 5), 5)),
    ({}, 0, "", "", ("inquorate", 3, 0, 1, (0, 0, 0), 5)),
    ({}, 2, "yyn--", "", ("carried", 3, 3, 2, (2, 1, 0), 5)),
    ({}, 0, "yn---", "CDE", ("lost", 2, 2, 2, (1, 1, 0), 2)),
    ({"recused_leave_the_base": False}, 0, "yy---", "CDE", ("inquorate", 3, 2, 2, (2, 0, 0), 5)),
    (TWO_THIRDS, 0, "yyynn", "", ("lost", 3, 5, 4, (3, 2, 0), 5)),
    ({"majority_numerator": 3, "majority_denominator": 4}, 0, "yyyn-", "", ("carried", 3, 4, 3, (3, 1, 0), 5)),
    ({"base": "participating"}, 0, "yyaa-", "", ("lost", 3, 4, 3, (2, 0, 2), 5)),
    ({"base": "eligible"}, 0, "yyy--", "", ("carried", 3, 5, 3, (3, 0, 0), 5)),
    (FIXED, 0, "yyynn", "", ("carried", 3, 5, 3, (3, 2, 0), 5)),
    ({"quorum_numerator": 2, "quorum_denominator": 3}, 0, "yyn--", "", ("inquorate", 4, 3, 2, (2, 1, 0), 5)),
]


def arithmetic(outcome: dict[str, Any]) -> tuple[Any, ...]:
    counted = tuple(outcome[name] for name in ("yes", "no", "abstain"))
    return (*(outcome[name] for name in ("result", "quorum", "base_count", "yes_needed")), counted, outcome["eligible"])


def test_roll_calls_come_to_what_they_come_to_by_hand(api: Integration) -> None:
    for number, (charter, vacant, call, recused, expected) in enumerate(CALLS):
        desk = Desk(api, vacant=vacant, name=f"Rules {number}", **charter)
        outcome = desk.call(call, recused)["outcome"]
        assert arithmetic(outcome) == expected, (charter, call, outcome["sentence"])
        assert outcome["passed"] is {"carried": True, "lost": False}.get(expected[0])
        assert (outcome["vacant"], outcome["recused"]) == (vacant, len(recused))


def test_a_roll_call_reads_in_words_and_leaves_one_order(api: Integration) -> None:
    desk = Desk(api)
    ballot = desk.opened()
    assert (ballot["status"], ballot["charter"], ballot["voted"], ballot["tally"]) == ("open", 1, 0, None)
    assert desk.tell(ballot, "yya-", "E").json() == {"ballot": ballot["id"], "taken": 3, "voted": 3, "eligible": 4}
    running = api.get(f"ballots/{ballot['id']}").json()
    assert [(line["voted"], line["choice"]) for line in running["roll"][:2]] == [(True, None), (True, None)]
    closed = desk.close(ballot)
    assert closed["outcome"]["sentence"] == (
        "Carried: 2 yes of 2 cast, 0 no, 1 abstained; a majority needs 2. Quorum 3 of 4 met by 3."
    )
    assert closed["tally"] == {"yes": 2, "no": 0, "abstain": 1}
    assert [(line["label"], line["status"], line["voted"], line["choice"]) for line in closed["roll"]] == [
        ("A", "eligible", True, "yes"),
        ("B", "eligible", True, "yes"),
        ("C", "eligible", True, "abstain"),
        ("D", "eligible", False, None),
        ("E", "recused", False, None),
    ]
    assert closed["roll"][0]["holder"] == {"id": None, "name": "Holder A"}
    assert closed["roll"][4]["recused_because"] == "Related"
    assert desk.close(ballot) == closed
    path = f"ballots/{ballot['id']}/outcome"
    assert api.get(path).json() == closed["outcome"] == api.get(f"outcomes/{closed['outcome']['id']}").json()
    assert ids(api.get("outcomes?committee=Rules&result=carried")) == [closed["outcome"]["id"]]
    assert ids(api.get("kill-orders?overdue=false")) == [closed["outcome"]["kill_order"]]
    assert problem(desk.tell(ballot, "n")) == (409, "conflict", "closed")
    motion = api.get(f"motions/{closed['motion']['id']}").json()
    assert (motion["status"], motion["decided_at"]) == ("carried", closed["outcome"]["declared_at"])


def test_a_tie_waits_for_the_chair_where_the_charter_says_so(api: Integration) -> None:
    for choice, result in (("yes", "carried"), ("no", "lost")):
        desk = Desk(api, name=f"Rules {choice}", chair_breaks_ties=True)
        tied = desk.call("yyn" + "n")
        assert (tied["status"], tied["outcome"], tied["tally"]["yes"]) == ("closed", None, 2)
        assert problem(api.get(f"ballots/{tied['id']}/outcome"))[0] == 404
        path = f"ballots/{tied['id']}/casting-vote"
        assert errors(api.post(path, {"choice": "abstain"})) == [("choice", "invalid_choice")]
        broken = api.post(path, {"choice": choice}).json()["outcome"]
        assert (broken["result"], broken["casting_vote"], broken["yes"]) == (result, choice, 2)
        assert broken["sentence"].endswith(f"The chair's casting vote: {choice}.")
        assert problem(api.post(path, {"choice": "yes"})) == (409, "conflict", "no_tie")
    recused = Desk(api, name="No chair", chair_breaks_ties=True).call("-yyn" + "n", "A")
    assert (recused["outcome"]["result"], recused["outcome"]["casting_vote"]) == ("lost", None)


def test_votes_are_told_by_id_and_by_label_and_may_change(api: Integration, acme: Company) -> None:
    desk = Desk(api)
    ballot = desk.opened()
    path, seat = f"ballots/{ballot['id']}/votes", ballot["roll"][0]["seat"]
    assert api.post(path, {"seat": seat, "choice": "yes"}).json()["voted"] == 1
    for _ in range(2):
        assert api.post(path, {"seat": "  A ", "choice": "no"}).json()["taken"] == 1
    assert api.post(path, {"votes": []}).json()["taken"] == 0
    with tenant_scope(acme.tenant):
        assert list(VoteEvent.objects.order_by("at").values_list("choice", flat=True)) == ["yes", "no"]
    recused = api.post(f"ballots/{ballot['id']}/recuse", {"seat": "A", "because": "Related"}, Idempotency_Key="r")
    assert (recused.json()["voted"], recused.json()["recused"]) == (0, 1)
    assert problem(api.post(path, {"seat": "A", "choice": "no"})) == (409, "conflict", "recused")


def test_votes_are_refused_all_together_by_line(api: Integration, key_with: Callable[..., Integration]) -> None:
    desk = Desk(api, vacant=1, votes_may_change=False)
    ballot = desk.opened()
    path = f"ballots/{ballot['id']}/votes"
    votes = [{"seat": seat, "choice": "yes"} for seat in ("A", "Z", " A  ", "B")]
    assert errors(api.post(path, {"votes": votes})) == [("votes.1.seat", "unknown"), ("votes.2.seat", "twice")]
    votes = [{"seat": "A", "choice": "maybe"}, {"choice": "yes", "why": "x"}]
    assert errors(api.post(path, {"votes": votes})) == [
        ("votes.0.choice", "invalid_choice"),
        ("votes.1.seat", "required"),
        ("votes.1.why", "unknown_field"),
    ]
    assert errors(api.post(path, {})) == [("seat", "required"), ("choice", "required")]
    assert errors(api.post(path, {"seat": "A"})) == [("choice", "required")]
    assert errors(api.post(path, {"seat": "A", "choice": "yes", "votes": []})) == [("votes", "one_or_many")]
    assert errors(api.post(path, {"seat": "Z", "choice": "yes"})) == [("seat", "unknown")]
    vacant = api.post(path, {"votes": [{"seat": "A", "choice": "yes"}, {"seat": "F", "choice": "yes"}]})
    assert problem(vacant) == (409, "conflict", "vacant")
    assert api.get(f"ballots/{ballot['id']}").json()["voted"] == 0
    assert desk.tell(ballot, "y").status_code == 200
    assert desk.tell(ballot, "y").status_code == 200  # told twice
    assert problem(desk.tell(ballot, "n")) == (409, "conflict", "voted")
    for scopes in (("committees:write",), ("committees:read",)):
        refused = key_with(*scopes).post(path, {"seat": "B", "choice": "yes"})
        assert problem(refused) == (403, "missing-scope", "missing-scope")
    teller = key_with("votes:write")
    assert teller.post(path, {"seat": "B", "choice": "yes"}).status_code == 200
    assert teller.post(f"ballots/{ballot['id']}/recuse", {"seat": "C", "because": "Related"}).status_code == 200
    assert problem(teller.post(f"ballots/{ballot['id']}/close"))[0] == 403


def test_a_ballot_is_scheduled_extended_and_called_off(api: Integration) -> None:
    desk = Desk(api, may_close_early=False)
    now = timezone.now()
    later = [(now + timedelta(days=days)).isoformat() for days in range(1, 4)]
    ballot = desk.opened(opens_at=later[0], closes_at=later[1])
    assert (ballot["status"], ballot["roll"]) == ("scheduled", [])
    assert problem(desk.tell(ballot, "y")) == (409, "conflict", "not_open")
    cancelled = api.post(f"ballots/{ballot['id']}/cancel", {"because": "Misread"}).json()
    assert (cancelled["status"], cancelled["cancelled_because"]) == ("cancelled", "Misread")
    path = f"motions/{ballot['motion']['id']}/ballots"
    assert errors(api.post(path, {"closes_at": (now - timedelta(days=1)).isoformat()})) == [
        ("closes_at", "before_opening")
    ]
    second = api.post(path, {"closes_at": later[1]}).json()
    assert problem(api.post(path, {})) == (409, "conflict", "not_open_for_a_ballot")
    assert ids(api.get(path)) == [second["id"], ballot["id"]]
    assert ids(api.get("ballots?status=open&committee=Rules")) == [second["id"]]
    assert problem(api.post(f"ballots/{second['id']}/close")) == (409, "conflict", "not_early")
    assert errors(api.post(f"ballots/{second['id']}/extend", {"closes_at": later[0]})) == [("closes_at", "not_later")]
    assert api.post(f"ballots/{second['id']}/extend", {"closes_at": later[2]}).status_code == 200


def test_a_ballot_past_its_deadline_takes_no_vote_and_is_tallied_by_whoever_reads_it(
    api: Integration, acme: Company
) -> None:
    desk = Desk(api, extension_hours=0)
    ballot = desk.opened()
    desk.tell(ballot, "yyn")
    with tenant_scope(acme.tenant):
        past = timezone.now() - timedelta(seconds=1)
        Ballot.objects.filter(pk=ballot["id"]).update(closes_at=past, opens_at=past - timedelta(hours=1))
    assert problem(desk.tell(ballot, "---y")) == (409, "conflict", "closed")
    assert api.get("ballots").json()["data"][0]["status"] == "closed"
    assert api.get(f"ballots/{ballot['id']}").json()["outcome"]["result"] == "carried"


SECRET: dict[str, Any] = {"preset": "secret"}


def test_a_secret_ballot_shows_how_many_have_voted_and_nothing_else(api: Integration, acme: Company) -> None:
    """Two ballots that differ by a vote, and by who gave it, are alike in every answer and every row."""
    shown = []
    for number, call in enumerate(("yyn", "-nyy")):
        desk = Desk(api, name=f"Rules {number}", **SECRET)
        ballot = desk.opened()
        told = desk.tell(ballot, call)
        assert told.json() | {"ballot": 0} == {"ballot": 0, "taken": 3, "voted": 3, "eligible": 5}
        listed = api.get(f"ballots?committee=Rules {number}").json()["data"][0]
        read = api.get(f"ballots/{ballot['id']}").json()
        moving = {"id", "motion", "committee", "rule", "opens_at", "closes_at", "opened_at", "evidence_hash", "roll"}
        shown.append({name: read[name] for name in read.keys() - moving})
        shown[-1]["lines"] = [{name: line[name] for name in line.keys() - {"seat"}} for line in read["roll"]]
        assert (read["tally"], listed["tally"], listed["voted"]) == (None, None, 3)
        assert {(line["voted"], line["choice"]) for line in read["roll"]} == {(None, None)}
        again = api.post(f"ballots/{ballot['id']}/votes", {"seat": "B", "choice": "yes"}, Idempotency_Key=f"v{number}")
        assert problem(again) == (409, "conflict", "voted")
        outcome = desk.close(ballot)["outcome"]
        assert (outcome["yes"], outcome["no"], outcome["result"]) == (2, 1, "carried")
        assert all("choice" not in line for line in outcome["roll"])
    assert shown[0] == shown[1]
    with tenant_scope(acme.tenant):
        assert set(RollEntry.objects.values_list("choice", flat=True)) == {""}
        assert not VoteEvent.objects.exists()
        assert not KeptAnswer.objects.exists()
        assert not AuditEntry.objects.filter(act__contains="vote").exists()


def test_few_secret_papers_are_not_broken_down(api: Integration) -> None:
    outcome = Desk(api, quorum_count=1, **SECRET).call("yn")["outcome"]
    assert [outcome[name] for name in ("yes", "no", "abstain", "base_count", "yes_needed")] == [None] * 5
    assert (outcome["result"], outcome["voted"]) == ("lost", 2)


def test_a_named_ballot_shows_its_tally_before_the_close_where_the_charter_says_so(api: Integration) -> None:
    desk = Desk(api, shows_tally=True)
    ballot = desk.opened()
    desk.tell(ballot, "yna")
    read = api.get(f"ballots/{ballot['id']}").json()
    assert read["tally"] == {"yes": 1, "no": 1, "abstain": 1}
    assert [line["choice"] for line in read["roll"]] == ["yes", "no", "abstain", None, None]


def test_the_vote_is_kept_under_no_idempotency_key(api: Integration, acme: Company) -> None:
    desk = Desk(api)
    ballot = desk.opened()
    for _ in range(2):
        told = api.post(f"ballots/{ballot['id']}/votes", {"seat": "A", "choice": "yes"}, Idempotency_Key="v-1")
        assert (told.status_code, told.get("Idempotent-Replayed"), told.get("ETag")) == (200, None, None)
    with tenant_scope(acme.tenant):
        assert not KeptAnswer.objects.exists()


@pytest.mark.parametrize("seats", [3, 12])
def test_a_roll_call_costs_the_same_with_three_seats_and_with_twelve(
    api: Integration, django_assert_num_queries: DjangoAssertNumQueries, seats: int
) -> None:
    desk = Desk(api, seats=seats)
    ballot = desk.opened()
    with django_assert_num_queries(EVERY_REQUEST + 11):
        assert desk.tell(ballot, "y" * seats).json()["taken"] == seats
    with django_assert_num_queries(EVERY_REQUEST + 6):
        assert len(api.get(f"ballots/{ballot['id']}").json()["roll"]) == seats
    with django_assert_num_queries(EVERY_REQUEST + 40):
        assert desk.close(ballot)["outcome"]["yes"] == seats


def test_a_list_of_ballots_costs_the_same_with_one_and_with_three(
    api: Integration, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    desk = Desk(api)
    desk.call("yyy")
    queries = {"ballots": 3, "outcomes": 2, "motions": 1, "committees": 5, "kill-orders": 2}
    for number in (1, 3):
        for path, count in queries.items():
            with django_assert_num_queries(EVERY_REQUEST + count):
                assert len(ids(api.get(path))) == (1 if path == "committees" else number)
        desk.call("yyy")
        desk.call("yyn")
