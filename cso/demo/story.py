"""The shapes of a demo story: who serves whom, what goes wrong, what changes along the way.

A story is plain data with months and days counted back from *now*, so that it is always about the present.
`cso.demo.cases` draws its cases, `cso.demo.telling` tells it to the product.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random

Filler = Callable[[Random], str]


@dataclass(frozen=True)
class Cause:
    """Something that goes wrong, in the tenant's words, and how people write about it.

    ease: how much easier (above 0) or harder it is to fix within 24 hours, in log-odds.
    lag: hours from the mistake to its report, as a median. known: share of reports that say when it happened.
    busy: calendar month -> how many times as often as usual it happens then.
    texts: with {slots} of the story's `fillers`.
    """

    name: str
    channels: str
    texts: tuple[str, ...]
    ease: float = 0.0
    lag: float = 1.5
    known: float = 0.75
    busy: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Team:
    """A unit at the bottom of the tree. kind: which causes befall it. size: its share of the cases, relative."""

    code: str
    name: str
    kind: str
    size: float


@dataclass(frozen=True)
class Division:
    """A unit below the top, whose leader answers for its teams. share: of recoveries within 24 h, usually."""

    code: str
    name: str
    leader: str
    share: float
    teams: tuple[Team, ...]
    # A cause that is especially hard here: the reason that its leader will read.
    weak_spot: str | None = None


@dataclass(frozen=True)
class Improvement:
    """From so many months ago on, a division recovers `share` within 24 h, and `cured` has become rare there."""

    division: str
    months_ago: float
    share: float
    cured: str


@dataclass(frozen=True)
class BadWeek:
    """A calendar week, so many before this one, that brings `times` as many cases of some causes, fixed late."""

    weeks_ago: int
    times: float
    causes: tuple[str, ...]
    harder: float
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Role:
    """One of the people whose password is told; works in, or leads, the unit of that code."""

    role: str
    name: str
    email: str
    title: str
    unit: str | None = None


@dataclass(frozen=True)
class Segment:
    """Customers of one kind; money in minor units of the story's currency, as a range per visit."""

    name: str
    weight: float
    spend: tuple[int, int]
    visits: tuple[int, int]


@dataclass(frozen=True)
class DumbRule:
    """A rule that staff quote. origin: one of `cso.rules.models.Origin`; division: whose rule it is, None for all."""

    code: str
    title: str
    text: str
    origin: str
    division: str | None = None
    citation: str = ""


@dataclass(frozen=True)
class RecoveryTexts:
    """What people write and do while they recover cases here.

    Money in minor units of the story's currency: what a case may cost on one's own authority, what a day may, what is
    usually given, and what now and then is asked above the limit.
    """

    rules: tuple[DumbRule, ...]
    secrets: tuple[str, ...]
    surprises: tuple[str, ...]
    # (what, as it was said)
    promises: tuple[tuple[str, str], ...]
    exceptions: tuple[str, ...]
    ideas: tuple[str, ...]
    contacts: tuple[str, ...]
    tasks: tuple[str, ...]
    call_back: str
    happy_words: tuple[str, ...]
    unhappy_words: tuple[str, ...]
    per_case_minor: int
    per_day_minor: int
    usual_minor: tuple[int, int]
    asked_minor: tuple[int, int]


@dataclass(frozen=True)
class Story:
    """One tenant, from `MONTHS` months ago to now."""

    slug: str
    name: str
    time_zone: str
    currency: str
    prefix: str
    cases: int
    customers: int
    # How many of a hundred cases name the customer.
    named_percent: int
    # How many of the customers, from 0 to 1, want to be written to in French.
    french_share: float
    divisions: tuple[Division, ...]
    causes: tuple[Cause, ...]
    # Kind of team -> cause -> weight.
    mix: Mapping[str, Mapping[str, float]]
    fillers: Mapping[str, Filler]
    # What people add to a report, as customers or as staff.
    additions: tuple[str, ...]
    segments: tuple[Segment, ...]
    # Percent to be recovered within 24 hours, from so many months ago on.
    targets: tuple[tuple[int, int], ...]
    improvement: Improvement
    bad_week: BadWeek
    # A division whose leader was replaced twelve days ago, and a unit that nobody leads now.
    new_leader_of: str
    vacant: str
    roles: tuple[Role, ...]
    titles: tuple[str, ...]
    reopened: tuple[str, ...]
    disputed: tuple[str, ...]
    exclusions: tuple[tuple[str, str], ...]
    recovery: RecoveryTexts
    # Weekday (Monday first) and calendar month -> how busy it is, relative.
    weekdays: tuple[float, ...]
    months: tuple[float, ...]
    # Division -> what keeps its cases, `PASSED_ON` or `APPROVAL`, in the last weeks.
    habits: Mapping[str, str] = field(default_factory=dict)

    def cause(self, name: str) -> Cause:
        return next(cause for cause in self.causes if cause.name == name)


MONTHS = 18
PASSED_ON, APPROVAL = "passed_on", "approval"


def one_of(*choices: str) -> Filler:
    return lambda random: random.choice(choices)


def number(low: int, high: int, form: str = "{}") -> Filler:
    return lambda random: form.format(random.randint(low, high))
