"""Tells what leaders are scored by: plans of this year and the last, figures of others, what was seen and restated."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random

from cso.demo.organization import Organization
from cso.demo.scorecard_texts import FIGURES, ONE_HAND, ONE_QUEUE, SINCE_ONE_QUEUE, Told
from cso.demo.story import MONTHS, Story
from cso.metrics.actions import set_target_path
from cso.metrics.periods import Period, day_start, period_of
from cso.people.models import Person, Unit
from cso.scorecards.changes import mark_change, rebase_from
from cso.scorecards.digest.mail import choose_digest, give_digests
from cso.scorecards.models import Category, Measure, Plan, ScoreSnapshot
from cso.scorecards.plans.categories import first_categories
from cso.scorecards.plans.items import Item
from cso.scorecards.plans.measures import define_measure, record_figures
from cso.scorecards.plans.versions import acknowledge_plan, change_plan, copy_plan, make_plan, versions_of
from cso.scorecards.scores.snapshots import take_snapshots
from tenants.models import Membership
from tenants.scope import current_tenant

# The Chief Serving Officer plans the week on Sunday evening; all others have what they get without asking.
SUNDAY, EVENING = 6, 18
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
KEY = "recovered_24h"
# What each category weighs, so that serving weighs as much as each other one.
WEIGHT = Decimal(3)
# So much later than a month's end its figures are told; one of those is corrected when its month is final.
TOLD_AFTER = timedelta(days=4, hours=8)
CORRECTED_MONTHS_AGO = 3
# From next month on the target rises so many points each quarter, to 100 % at the end.
NEXT_STEP, STEP, EVERY, MOST_MONTHS = 2, 3, 3, 36


def tell_scorecards(story: Story, organization: Organization, *, seed: int, now: datetime) -> int:
    """After the figures are counted. How many scores were kept."""
    _Telling(story, organization, Random(f"{seed} {story.slug} scores"), now).tell()  # noqa: S311 (a story)
    return ScoreSnapshot.objects.count()


WORKS_OTHERWISE_WEEKS = 12


class _Telling:
    def __init__(self, story: Story, organization: Organization, random: Random, now: datetime) -> None:
        self.story, self.organization, self.random, self.now = story, organization, random, now
        self.cso: Membership = organization.roles["cso"]
        self.told = FIGURES[story.slug]
        self.month = period_of(now, "month", current_tenant().zone)
        self.year = self.month.first.year
        members = {code: organization.leaders[code] for code in self._divisions()}
        people = {person.member_id: person for person in Person.objects.filter(member__in=members.values())}
        self.leaders = {code: people[member.pk] for code, member in members.items()}
        # Whoever signs in as a leader has their plan changed, and still to read.
        self.first = next(code for code, member in members.items() if member == organization.roles["leader"])
        # Of the last one the ledger told nothing this year.
        self.lacking = list(self.leaders)[-1]

    def tell(self) -> None:
        categories = {category.code: category for category in first_categories(by=self.cso)}
        measures = {told.code: self._define(told) for told in self.told}
        self._path()
        plans = self._plans(self._items(categories, measures))
        self._figures(list(self._months()))
        self._read(plans)
        self._change(next(plan for plan in plans if plan.person == self.leaders[self.first]), categories)
        self._see()
        self._work_otherwise()
        self._digests()

    def _work_otherwise(self) -> None:
        """The leader who signs in keeps cases in one hand; for the whole company limits are counted anew since then."""
        leader, unit = self.organization.roles["leader"], self.organization.units[self.first]
        today = self.now.astimezone(current_tenant().zone).date()
        monday = today - timedelta(days=today.weekday(), weeks=WORKS_OTHERWISE_WEEKS)
        mark_change(unit, on=monday + timedelta(days=2), what=ONE_HAND, by=leader, now=self.now)
        [top] = Unit.objects.filter(parent=None)
        change = mark_change(top, on=monday + timedelta(weeks=1), what=ONE_QUEUE, by=self.cso, now=self.now)
        rebase_from(change, because=SINCE_ONE_QUEUE, by=self.cso, now=self.now)

    def _digests(self) -> None:
        choose_digest(self.cso, is_wanted=True, weekday=SUNDAY, hour=EVENING, by=self.cso, now=self.now)
        give_digests(now=self.now)

    def _divisions(self) -> Iterator[str]:
        return (division.code for division in self.story.divisions if division.code != self.story.vacant)

    def _define(self, told: Told) -> Measure:
        return define_measure(
            told.code,
            told.name,
            rollup="ratio" if told.of else "sum",
            better="lower",
            unit_word=told.unit_word,
            source=told.source,
            by=self.cso,
        )

    def _path(self) -> None:
        """Higher than the last target from next month on, and then step by step to 100 %."""
        start = self.month.next()
        percent = Decimal(self.story.targets[-1][1] + NEXT_STEP)
        set_target_path(
            KEY,
            starts_on=start.first,
            percent=percent,
            step=Decimal(STEP),
            every_months=EVERY,
            full_by=_months_from(start, MOST_MONTHS).first,
            by=self.cso,
        )

    def _items(self, categories: dict[str, Category], measures: dict[str, Measure]) -> list[Item]:
        serving = categories["serving"]
        items = [
            Item(serving, Decimal(2), Decimal(40), None, KEY),
            Item(serving, Decimal(1), Decimal(12), Decimal(2), "reopened"),
        ]
        return items + [
            Item(
                categories[told.category],
                WEIGHT,
                Decimal(told.floor),
                Decimal(told.target),
                measure=measures[told.code],
            )
            for told in self.told
        ]

    def _plans(self, items: list[Item]) -> list[Plan]:
        """One leader's of last year, or of that part of it of which anything is known; copied to all, and to this year.

        This year's, with whom they hold.
        """
        begins = max(date(self.year - 1, 1, 1), _months_from(self.month, 1 - MONTHS).first)
        person, unit = self.leaders[self.first], self.organization.units[self.first]
        made = make_plan(
            person, unit, self.year - 1, items=items, starts_on=begins, by=self.cso, now=self._noon(begins) - 20 * DAY
        )
        others = [each for each in self.leaders.values() if each != person]
        before = self._noon(begins) - 19 * DAY
        copy_plan(made.plan, others, self.year - 1, starts_on=begins, by=self.cso, now=before)
        december = self._noon(date(self.year - 1, 12, 10))
        copy_plan(made.plan, self.leaders.values(), self.year, by=self.cso, now=december)
        return list(Plan.objects.filter(year=self.year).select_related("person__member", "unit"))

    def _months(self) -> Iterator[Period]:
        """Those of both years that have begun, and of which the story tells; the last is running."""
        return (_months_from(self.month, -ago) for ago in range(MONTHS - 1, -1, -1))

    def _figures(self, months: list[Period]) -> None:
        rows = [
            self._row(told, code, month, min(self.now, self._end(month) + TOLD_AFTER))
            for month in months
            for code in self.leaders
            for told in self.told
            if not self._lacks(told, code, month)
        ]
        self._record(rows)

    def _lacks(self, told: Told, code: str, month: Period) -> bool:
        return code == self.lacking and told.category == "financial" and month.first.year == self.year

    def _row(self, told: Told, code: str, month: Period, as_of: datetime) -> dict[str, str]:
        row = {"measure": told.code, "unit": code, "month": month.key, "as_of": as_of.isoformat()}
        figure = self.random.randint(*told.per_month)
        if told.of is None:
            return row | {"numerator": str(figure)}
        of = self.random.randint(*told.of)
        return row | {"numerator": str(figure * of + self.random.randrange(of)), "denominator": str(of)}

    def _record(self, rows: list[dict[str, str]]) -> None:
        outcomes = record_figures(list(enumerate(rows, 1)), by=self.cso, now=self.now)
        if refused := [outcome for outcome in outcomes if outcome.status != "recorded"]:
            raise ValueError(f"The story does not hold together: {refused[:3]}")

    def _read(self, plans: list[Plan]) -> None:
        """Each leader says so of the plan that they were given."""
        for plan in plans:
            member = plan.person.member
            assert member is not None, "whoever leads a division signs in"
            acknowledge_plan(versions_of(plan)[-1], by=member)

    def _change(self, plan: Plan, categories: dict[str, Category]) -> None:
        """From next month on, or in December from its start, customers are heard too; this they have still to read."""
        starts_on = date(self.year, min(self.month.first.month + 1, 12), 1)
        serving = categories["serving"]
        items = [
            Item(serving, Decimal(2), Decimal(50), None, KEY),
            Item(serving, Decimal("0.5"), Decimal(12), Decimal(2), "reopened"),
            Item(serving, Decimal("0.5"), Decimal(10), Decimal(60), "surprised"),
            *(
                Item(each.category, each.weight, each.floor, each.target, measure=each.measure)
                for each in versions_of(plan)[-1].items.all()
                if each.measure
            ),
        ]
        change_plan(
            plan,
            items=items,
            starts_on=starts_on,
            reason="The board wants to hear from customers whether they were surprised; the floor rises with the path.",
            by=self.cso,
            now=min(self.now, self._noon(starts_on) - 10 * DAY),
        )

    def _see(self) -> None:
        """What was seen yesterday, after the ledger corrected a month that was final, and now.

        The cases are those of now: a story is told at once. What differs are figures of others, and the calendar.
        """
        take_snapshots(now=self.now - 26 * HOUR)
        [told] = [each for each in self.told if each.category == "financial"]
        month = _months_from(self.month, -CORRECTED_MONTHS_AGO)
        of = self.random.randint(*(told.of or (1, 1)))
        row = self._row(told, self.first, month, self.now - 25 * HOUR)
        self._record([row | {"numerator": str((told.floor - 1) * of), "denominator": str(of)}])
        take_snapshots(now=self.now - HOUR)
        take_snapshots(now=self.now)

    def _noon(self, day: date) -> datetime:
        return datetime.combine(day, time(12), current_tenant().zone)

    def _end(self, month: Period) -> datetime:
        return day_start(month.after, current_tenant().zone)


def _months_from(month: Period, many: int) -> Period:
    """So many months later, or earlier where that is below 0."""
    months = month.first.year * 12 + month.first.month - 1 + many
    return Period("month", date(months // 12, months % 12 + 1, 1))
