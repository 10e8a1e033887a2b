"""Drawing the cases of a story: the same seed and the same now give the same cases."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from itertools import accumulate, islice
from operator import itemgetter
from random import Random
from zoneinfo import ZoneInfo

from cso.demo.story import MONTHS, Cause, Division, Filler, Story, Team

CHANNELS = {"p": "phone", "e": "email", "w": "web", "c": "chat", "i": "in_person", "k": "colleague"}
MONTH = timedelta(days=30.44)
HOUR = timedelta(hours=1)
# How busy each hour of the day is, from midnight on.
_HOURS = (1, 1, 1, 1, 2, 4, 7, 9, 10, 10, 9, 9, 9, 8, 8, 9, 10, 10, 9, 8, 7, 5, 3, 2)
_REOPENED, _FORGOTTEN = 0.035, 0.025
# One of so many cases is proposed not to count.
_ONE_EXCLUDED_OF = 100
# In each team of someone who signs in, so much waits: just come in, due soon, overdue.
_OPEN_FOR_MINUTES = (95, 22 * 60 + 20, 31 * 60)
_WEAK_SPOT, _WEEKEND, _TREND = -1.1, -0.2, 0.35
# Before the improvement its cause is this many times as frequent, afterwards so rare.
_BEFORE, _AFTER = 2.5, 0.12


@dataclass(frozen=True)
class Undoing:
    """The first fix did not hold; `fixed_again_at` None: it is still open."""

    disputed: bool
    at: datetime
    note: str
    fixed_again_at: datetime | None


@dataclass(frozen=True)
class Exclusion:
    reason: str
    note: str
    at: datetime


@dataclass(frozen=True)
class DrawnCase:
    """A case as it will have been told; `fixed_at` is its first fix."""

    external_id: str
    division: str
    unit: str
    customer: str | None
    cause: str
    channel: str
    summary: str
    occurred_at: datetime | None
    reported_at: datetime
    fixed_at: datetime | None
    undoing: Undoing | None
    exclusion: Exclusion | None

    def row(self) -> dict[str, str | None]:
        """As an integration sends it to the batch endpoint."""
        instants = {"occurred_at": self.occurred_at, "reported_at": self.reported_at, "fixed_at": self.fixed_at}
        return {
            "external_id": self.external_id,
            "unit": self.unit,
            "customer": self.customer,
            "cause": self.cause,
            "channel": self.channel,
            "summary": self.summary,
            **{name: instant.isoformat() if instant else None for name, instant in instants.items()},
        }


def story_begins(now: datetime) -> datetime:
    return now - MONTHS * MONTH


def bad_week_of(story: Story, now: datetime) -> date:
    """The Monday of the bad week."""
    today = now.astimezone(ZoneInfo(story.time_zone)).date()
    return today - timedelta(days=today.weekday(), weeks=story.bad_week.weeks_ago)


def draw_cases(story: Story, customers: Mapping[str, float], *, seed: int, now: datetime) -> list[DrawnCase]:
    """The story's cases by report, oldest first. customers: external id -> how often they come, relative."""
    random = Random(f"{seed} {story.slug} cases")  # noqa: S311 (a story, not a secret)
    return list(_Drawing(story, customers, random, now).cases())


@dataclass(frozen=True)
class _Mood:
    """What decides how many cases of which causes a day brings."""

    month: int
    is_bad: bool
    is_improved: bool


class _Drawing:
    def __init__(self, story: Story, customers: Mapping[str, float], random: Random, now: datetime) -> None:
        self.story, self.random, self.now = story, random, now
        self.zone = ZoneInfo(story.time_zone)
        self.customers = list(customers)
        self.customer_weights = list(accumulate(customers.values()))
        self.teams = [(division, team) for division in story.divisions for team in division.teams]
        self.team_ease = {team.code: random.gauss(0, 0.22) for _, team in self.teams}
        self.improved_at = now - story.improvement.months_ago * MONTH
        self.bad_monday = bad_week_of(story, now)
        self.excluded = {
            start + random.randrange(_ONE_EXCLUDED_OF) for start in range(0, story.cases, _ONE_EXCLUDED_OF)
        }
        self._weights: dict[_Mood, tuple[list[float], list[list[float]]]] = {}
        self._bases: dict[tuple[str, bool], float] = {}

    def cases(self) -> Iterator[DrawnCase]:
        open_now = [
            (self.now - timedelta(minutes=minutes), home) for home in self._homes() for minutes in _OPEN_FOR_MINUTES
        ]
        reports = [(at, None) for at in islice(self._reports(), self.story.cases - len(open_now))]
        for n, (at, home) in enumerate(sorted([*reports, *open_now], key=itemgetter(0))):
            yield self._case(n, at, open_at=home)

    def _homes(self) -> list[str]:
        """The teams of the people whose password is told; a division's leader looks at its first team."""
        first = {division.code: division.teams[0].code for division in self.story.divisions}
        return [first.get(role.unit, role.unit) for role in self.story.roles if role.unit]

    def _reports(self) -> Iterator[datetime]:
        days = self._days
        weights = [self._busyness(day) for day in days]
        while True:
            day = self.random.choices(days, weights)[0]
            hour = self.random.choices(range(24), _HOURS)[0]
            wall = datetime.combine(day, time(hour), self.zone)
            reported_at = wall.astimezone(UTC) + timedelta(seconds=self.random.randrange(3600))
            if reported_at < self.now:
                yield reported_at

    @cached_property
    def _days(self) -> list[date]:
        first, last = story_begins(self.now).astimezone(self.zone).date(), self.now.astimezone(self.zone).date()
        return [first + timedelta(days=n) for n in range((last - first).days + 1)]

    def _busyness(self, day: date) -> float:
        teams, _ = self._weights_on(self._mood(day))
        return teams[-1] * self.story.weekdays[day.weekday()] * self.story.months[day.month - 1]

    def _mood(self, day: date) -> _Mood:
        is_bad = 0 <= (day - self.bad_monday).days < 7
        return _Mood(day.month, is_bad, day >= self.improved_at.astimezone(self.zone).date())

    def _weights_on(self, mood: _Mood) -> tuple[list[float], list[list[float]]]:
        """Cumulative weights of the teams, and for each team those of the story's causes."""
        if mood not in self._weights:
            sizes, causes = [], []
            for division, team in self.teams:
                weights = [self._weight(cause, division, team, mood) for cause in self.story.causes]
                usually = sum(self.story.mix[team.kind].values())
                sizes.append(team.size * sum(weights) / usually)
                causes.append(list(accumulate(weights)))
            self._weights[mood] = list(accumulate(sizes)), causes
        return self._weights[mood]

    def _weight(self, cause: Cause, division: Division, team: Team, mood: _Mood) -> float:
        weight = self.story.mix[team.kind].get(cause.name, 0.0) * cause.busy.get(mood.month, 1.0)
        if mood.is_bad and cause.name in self.story.bad_week.causes:
            weight *= self.story.bad_week.times
        if division.code == self.story.improvement.division and cause.name == self.story.improvement.cured:
            weight *= _AFTER if mood.is_improved else _BEFORE
        return weight

    def _case(self, n: int, reported_at: datetime, *, open_at: str | None) -> DrawnCase:
        """The nth case, of any team; or one that is still open in the team `open_at`, from a customer that is known."""
        random, day = self.random, reported_at.astimezone(self.zone).date()
        mood = self._mood(day)
        teams, causes = self._weights_on(mood)
        codes = [team.code for _, team in self.teams]
        chosen = codes.index(open_at or random.choices(codes, cum_weights=teams)[0])
        division, team = self.teams[chosen]
        cause = random.choices(self.story.causes, cum_weights=causes[chosen])[0]
        occurred_at = None
        if not open_at and random.random() < cause.known:
            occurred_at = reported_at - timedelta(seconds=int(3600 * cause.lag * min(random.lognormvariate(0, 0.7), 6)))
        chance = self._chance(division, team, cause, mood, reported_at)
        fixed_at = None if open_at else self._fix(occurred_at or reported_at, reported_at, chance)
        return DrawnCase(
            external_id=f"{self.story.prefix}-{100_001 + n}",
            division=division.code,
            unit=team.code,
            customer=self._customer(is_known=open_at is not None),
            cause=cause.name,
            channel=CHANNELS[random.choice(cause.channels)],
            summary=self._summary(cause, mood),
            occurred_at=occurred_at,
            reported_at=reported_at,
            fixed_at=fixed_at,
            undoing=self._undoing(fixed_at) if fixed_at else None,
            exclusion=self._exclusion(reported_at) if n in self.excluded and not open_at else None,
        )

    def _chance(self, division: Division, team: Team, cause: Cause, mood: _Mood, reported_at: datetime) -> float:
        """How likely the case is fixed within 24 hours."""
        told = (reported_at - story_begins(self.now)) / (MONTHS * MONTH)
        odds = self._base(division, mood.is_improved) + self.team_ease[team.code] + _ease(division, cause)
        odds += _TREND * (told - 0.7)
        if reported_at.astimezone(self.zone).weekday() >= 5:
            odds += _WEEKEND
        if mood.is_bad:
            odds -= self.story.bad_week.harder if cause.name in self.story.bad_week.causes else 1.0
        return 1 / (1 + math.exp(-odds))

    def _base(self, division: Division, is_improved: bool) -> float:
        """The log-odds at which the division's usual causes, easy and hard, come to its share."""
        key = division.code, is_improved
        if key not in self._bases:
            improvement = self.story.improvement
            share = improvement.share if is_improved and division.code == improvement.division else division.share
            mood = _Mood(5, is_bad=False, is_improved=is_improved)
            total = eased = 0.0
            for team in division.teams:
                weights = [(cause, self._weight(cause, division, team, mood)) for cause in self.story.causes]
                total += team.size
                eased += team.size * sum(w * _ease(division, c) for c, w in weights) / (sum(w for _, w in weights) or 1)
            self._bases[key] = math.log(share / (1 - share)) - eased / total
        return self._bases[key]

    def _fix(self, start: datetime, reported_at: datetime, chance: float) -> datetime | None:
        random = self.random
        if random.random() < chance:
            hours = 24 * random.betavariate(1.3, 2.7)
        else:
            hours = 24 + min(random.lognormvariate(math.log(30), 1.05), 900)
            # Now and then one is forgotten.
            if random.random() < _FORGOTTEN and reported_at > self.now - timedelta(days=120):
                return None
        fixed_at = start + timedelta(seconds=int(3600 * hours))
        fixed_at = max(fixed_at, reported_at + timedelta(seconds=random.randint(180, 5400)))
        return fixed_at if fixed_at < self.now else None

    def _undoing(self, fixed_at: datetime) -> Undoing | None:
        random = self.random
        if random.random() > _REOPENED:
            return None
        at = fixed_at + timedelta(seconds=int(3600 * min(0.5 + random.expovariate(1 / 60), 480)))
        disputed = random.random() < 0.4
        note = random.choice(self.story.disputed if disputed else self.story.reopened)
        again = at + timedelta(seconds=int(3600 * min(random.lognormvariate(math.log(14), 1.0), 300)))
        if at >= self.now:
            return None
        return Undoing(disputed, at, note, again if again < self.now else None)

    def _exclusion(self, reported_at: datetime) -> Exclusion | None:
        random = self.random
        reason, note = random.choice(self.story.exclusions)
        at = reported_at + timedelta(seconds=random.randint(1800, 60 * 3600))
        return Exclusion(reason, note, at) if at < self.now else None

    def _customer(self, *, is_known: bool) -> str | None:
        is_known = is_known or self.random.random() * 100 < self.story.named_percent
        if not self.customers or not is_known:
            return None
        return self.random.choices(self.customers, cum_weights=self.customer_weights)[0]

    def _summary(self, cause: Cause, mood: _Mood) -> str:
        random, texts = self.random, cause.texts
        if mood.is_bad and cause.name in self.story.bad_week.causes and random.random() < 0.75:
            texts = self.story.bad_week.texts
        text = random.choice(texts)
        if random.random() < 0.4:
            text = f"{text} {random.choice(self.story.additions)}"
        return text.format_map(_Slots(self.story.fillers, random))


class _Slots(dict[str, str]):
    """Fills each slot of a text as it comes."""

    def __init__(self, fillers: Mapping[str, Filler], random: Random) -> None:
        super().__init__()
        self.fillers, self.random = fillers, random

    def __missing__(self, name: str) -> str:
        return self.fillers[name](self.random)


def _ease(division: Division, cause: Cause) -> float:
    return cause.ease + (_WEAK_SPOT if division.weak_spot == cause.name else 0.0)
