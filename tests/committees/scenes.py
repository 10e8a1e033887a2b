"""A committee and a rule, as most scenes of these tests need them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cso.committees.balloting import database_now, schedule_ballot
from cso.committees.bodies import add_seat, found_committee, set_charter
from cso.committees.models import Ballot, Committee, Motion, OutcomeRecord, RollEntry, Seat
from cso.committees.motions import move_motion
from cso.rules.actions import register_rule
from cso.rules.models import Rule
from tenants.members import add_member
from tenants.models import Membership, User
from tenants.roles import Role
from tests.personas import Company

_numbers = itertools.count(1)


def new_member(company: Company, name: str = "", role: Role = Role.COMMITTEE_MEMBER) -> Membership:
    number = next(_numbers)
    user = User.objects.create(email=f"seat{number}@{company.tenant.slug}.example", name=name or f"Member {number}")
    return add_member(user, role, by=None)


def new_rule(company: Company, title: str = "", **values: Any) -> Rule:
    title = title or f"Rule {next(_numbers)}"
    given: dict[str, Any] = {"text": f"{title}, in full.", "origin": "habit", "now": database_now()} | values
    return register_rule(by=None, title=title, **given)


@dataclass(frozen=True)
class Scene:
    """A committee of `north` with numbered seats, each held by a member of its own; the first is the chair's."""

    company: Company
    committee: Committee
    seats: Sequence[Seat]
    members: Sequence[Membership]

    def motion(self, rule: Rule | None = None, kind: str = "kill", **values: Any) -> Motion:
        rule = rule or new_rule(self.company)
        return move_motion(self.committee, rule, kind, by=None, now=database_now(), **values)

    def ballot(self, rule: Rule | None = None, kind: str = "kill", **values: Any) -> Ballot:
        return schedule_ballot(self.motion(rule, kind), by=None, now=database_now(), **values)


def seat_committee(company: Company, seats: int, *, preset: str = "simple_majority", **terms: Any) -> Scene:
    now = database_now()
    committee = found_committee(company.units["north"], f"Committee {next(_numbers)}", by=None, now=now)
    set_charter(committee, by=None, now=now, preset=preset, **terms)
    members = [new_member(company) for _ in range(seats)]
    held = [
        add_seat(committee, f"Seat {number:02}", by=None, now=now, holder=member, is_chair=number == 1)
        for number, member in enumerate(members, 1)
    ]
    return Scene(company, committee, held, members)


def entry_of(ballot: Ballot, seat: Seat) -> RollEntry:
    return RollEntry.objects.get(ballot=ballot, seat=seat)


def outcome_of(ballot: Ballot) -> OutcomeRecord:
    return OutcomeRecord.objects.get(ballot=ballot)
