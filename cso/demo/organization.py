"""Tells who works in a story: units, people, members and leaders over time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random

from cso.demo.names import full_names, mail_address
from cso.demo.story import Division, Segment, Story, Team
from cso.people import actions
from cso.people.models import Person, Unit
from tenants.members import add_member
from tenants.models import Membership, User
from tenants.roles import Role
from tenants.scope import current_tenant

NEW_LEADER_SINCE = timedelta(days=12)
VACANT_SINCE = timedelta(days=35)
# Every so many teams have changed their leader at some time of the story.
CHANGED = 4


@dataclass
class Organization:
    """roles: the people whose password is told. leaders, agents: members by the division in which they act."""

    units: dict[str, Unit] = field(default_factory=dict)
    roles: dict[str, Membership] = field(default_factory=dict)
    leaders: dict[str, Membership] = field(default_factory=dict)
    agents: dict[str, Membership] = field(default_factory=dict)


def tell_organization(story: Story, *, seed: int, now: datetime) -> Organization:
    """The units and everybody in them. People are told apart by number, so namesakes do no harm."""
    random = Random(f"{seed} {story.slug} people")  # noqa: S311 (a story, not a secret)
    return _Telling(story, random, now).tell()


class _Telling:
    def __init__(self, story: Story, random: Random, now: datetime) -> None:
        self.story, self.random = story, random
        self.today = now.astimezone(current_tenant().zone).date()
        self.domain = f"{story.slug}.example"
        self.names = full_names(random)
        self.numbers = iter(range(2_001, 10_000))
        self.organization = Organization()

    def tell(self) -> Organization:
        self._units()
        for role in self.story.roles:
            self._role(role.role, role.name, role.email, role.title, role.unit)
        for division in self.story.divisions:
            self._division(division)
        return self.organization

    def _units(self) -> None:
        units = self.organization.units
        units[self.story.prefix] = actions.add_unit(self.story.prefix, self.story.name, by=None)
        for division in self.story.divisions:
            top = units[self.story.prefix]
            units[division.code] = actions.add_unit(division.code, division.name, top, by=None)
            for team in division.teams:
                units[team.code] = actions.add_unit(team.code, team.name, units[division.code], by=None)

    def _role(self, role: str, name: str, email: str, title: str, unit: str | None) -> None:
        organization = self.organization
        member = organization.roles[role] = self._member(name, email, Role(role))
        works_in = organization.units[unit or self.story.prefix]
        person = self._person(title, works_in, name=name, email=email, member=member)
        if role == Role.CSO:
            actions.name_leader(works_in, person, self._long_ago(), by=None)
        elif role == Role.LEADER:
            actions.name_leader(works_in, person, self._long_ago(), by=None)
            organization.leaders[works_in.code] = member

    def _division(self, division: Division) -> None:
        organization, unit = self.organization, self.organization.units[division.code]
        if division.code not in organization.leaders:
            name = next(self.names)
            email = mail_address(name, next(self.numbers), self.domain)
            member = organization.leaders[division.code] = self._member(name, email, Role.LEADER)
            leader = self._person(division.leader, unit, name=name, email=email, member=member)
            self._name_leader(unit, leader)
        name = next(self.names)
        email = f"care.{division.code.lower()}@{self.domain}"
        agent = organization.agents[division.code] = self._member(name, email, Role.FRONTLINE)
        self._person(self.story.titles[-1], unit, name=name, email=email, member=agent)
        for n, team in enumerate(division.teams):
            self._team(team, has_changed=n % CHANGED == 1)

    def _team(self, team: Team, *, has_changed: bool) -> None:
        unit = self.organization.units[team.code]
        leader = self._person("Team leader", unit)
        self._name_leader(unit, leader, has_changed=has_changed)
        for _ in range(self.random.randint(3, 5) + round(team.size / 2)):
            self._person(self.random.choice(self.story.titles), unit)

    def _name_leader(self, unit: Unit, leader: Person, *, has_changed: bool = False) -> None:
        since: date = self._long_ago()
        if unit.code == self.story.vacant:
            actions.name_leader(unit, leader, since, self.today - VACANT_SINCE, by=None)
            return
        if unit.code == self.story.new_leader_of or has_changed:
            before = self._person("Leader, moved on", unit)
            change = timedelta(days=self.random.randint(60, 500)) if has_changed else NEW_LEADER_SINCE
            actions.name_leader(unit, before, since, self.today - change, by=None)
            since = self.today - change
        actions.name_leader(unit, leader, since, by=None)

    def _member(self, name: str, email: str, role: Role) -> Membership:
        """Without a password until one is told: most of them only act in the story."""
        user = User.objects.filter(email=email).first() or User.objects.create_user(email, None, name=name)
        return add_member(user, role, by=None)

    def _person(
        self, title: str, unit: Unit, *, name: str = "", email: str = "", member: Membership | None = None
    ) -> Person:
        name, number = name or next(self.names), next(self.numbers)
        return actions.add_person(
            name,
            by=None,
            external_id=f"{self.story.prefix}{number}",
            email=email or mail_address(name, number, self.domain),
            position=title,
            unit=unit,
            member=member,
        )

    def _long_ago(self) -> date:
        return self.today - timedelta(days=self.random.randint(600, 2400))


def customer_rows(story: Story, *, seed: int, most: int) -> Iterator[dict[str, object]]:
    """Up to `most` customers, as `add_customers` takes them."""
    random = Random(f"{seed} {story.slug} customers")  # noqa: S311 (a story, not a secret)
    names = full_names(random)
    weights = [segment.weight for segment in story.segments]
    for n in range(most):
        name = next(names)
        segment = random.choices(story.segments, weights)[0]
        phone = f"+1 555 01{random.randint(0, 99):02} {random.randint(1000, 9999)}"
        yield {
            "external_id": f"C-{40_001 + n}",
            "name": name,
            "email": mail_address(name, n, "mail.example") if random.random() < 0.85 else "",
            "phone": phone if random.random() < 0.7 else "",
            "segment": segment.name,
            "currency": story.currency,
            "language": "fr-ca" if random.random() < story.french_share else "",
            **_worth(random, segment),
        }


def _worth(random: Random, segment: Segment) -> dict[str, object]:
    """Of most customers the whole range is known, of some only what they spend."""
    spend, visits = random.randint(*segment.spend) // 100 * 100, random.randint(*segment.visits)
    known: dict[str, object] = {"spend_per_visit_minor": spend, "visits_per_year": visits}
    if random.random() < 0.85:
        years = random.randint(2, 8)
        known |= {
            "spend_per_visit_high_minor": spend * random.randint(11, 18) // 10,
            "visits_per_year_high": visits + 1,
        }
        known |= {"years": years, "years_high": years + random.randint(1, 6)}
    return known
