"""Ballots over the API: whole roll calls told by an integration, their arithmetic by hand, and what a secret one hides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
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
    """An integration with a committee of its own: `seats` held by people who are no members; the first is the chair's."""

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
    (TWO_THIRDS, 0, "yyn--", "", ("carried", 3, 3, 2, (2, 1, 0), 5)),
    (TWO_THIRDS, 0, "yyynn", "", ("lost", 3, 5, 4, (3, 2, 0), 5)),
    ({"majority_numerator": 3, "majority_denominator": 4}, 0, "yyyn-", "", ("carried", 3, 4, 3, (3, 1, 0), 5)),
    ({"base": "participating"}, 0, "yyaa-", "", ("lost", 3, 4, 3, (2, 0, 2), 5)),
    ({"base": "eligible"}, 0, "yy-a-", "", ("lost", 3, 5, 3, (2, 0, 1), 5)),
    ({"base": "eligible"}, 0, "yyy--", "", ("carried", 3, 5, 3, (3, 0, 0), 5)),
    (FIXED, 0, "yyn--", "", ("lost", 3, 5, 3, (2, 1, 0), 5)),
    (FIXED, 0, "yyynn", "", ("carried", 3, 5, 3, (3, 2, 0), 5)),
    ({"quorum_count": 1}, 0, "y----", "", ("carried", 1, 1, 1, (1, 0, 0), 5)),
    ({"quorum_numerator": 2, "quorum_denominator": 3}, 0, "yyn--", "", ("inquorate", 4, 3, 2, (2, 1, 0), 5)),
    ({"preset": "unanimous"}, 0, "yyyyn", "", ("lost", 3, 5, 5, (4, 1, 0), 5)),
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
