"""The cases of the story before they are told: repeatable, believable, and with something to find in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest

from cso.demo.airline import LARKSPUR
from cso.demo.cases import MONTH, DrawnCase, bad_week_of, draw_cases, story_begins
from cso.demo.city import PORT_ELLERY
from cso.demo.habits import is_handled, tells_habit
from cso.demo.names import full_names
from cso.demo.organization import customer_rows
from cso.demo.story import APPROVAL, PASSED_ON, Story
from cso.intervals import wilson_interval
from cso.metrics.formulas.xmr import xmr_chart
from cso.recovery.models import Channel, ExclusionReason

NOW = datetime(2026, 3, 18, 15, 0, tzinfo=UTC)
DAY = timedelta(days=1)
CUSTOMERS = {"C-1": 1.0, "C-2": 3.0}
STORIES = pytest.mark.parametrize("story", [LARKSPUR, PORT_ELLERY], ids=lambda story: story.slug)


def draw(story: Story, seed: int = 7, now: datetime = NOW) -> list[DrawnCase]:
    return draw_cases(story, CUSTOMERS, seed=seed, now=now)


def is_hit(case: DrawnCase) -> bool:
    if case.fixed_at is None or case.undoing:
        return False
    return case.fixed_at - (case.occurred_at or case.reported_at) <= DAY


def share(cases: list[DrawnCase]) -> float:
    return sum(map(is_hit, cases)) / len(cases)


@STORIES
def test_a_story_names_only_what_it_defines(story: Story) -> None:
    causes = {cause.name for cause in story.causes}
    divisions = {division.code for division in story.divisions}
    teams = [team for division in story.divisions for team in division.teams]
    assert {team.kind for team in teams} == set(story.mix)
    assert {cause for mix in story.mix.values() for cause in mix} == causes
    assert set(story.bad_week.causes) | {story.improvement.cured} <= causes
    assert {division.weak_spot for division in story.divisions} - {None} <= causes
    assert {story.improvement.division, story.new_leader_of, *story.habits} <= divisions
    assert {role.unit for role in story.roles} - {None} <= divisions | {team.code for team in teams}
    assert {reason for reason, _ in story.exclusions} <= set(ExclusionReason.values)
    assert len({team.code for team in teams}) == len(teams)


@STORIES
def test_habits_stand_out_from_chance_in_the_last_four_weeks(story: Story) -> None:
    opened = [case for case in draw(story) if tells_habit(case, story, NOW)]
    assert set(story.habits.values()) == {PASSED_ON, APPROVAL}
    for division in story.habits:
        missed = [case for case in opened if case.division == division and is_handled(case, story, NOW)]
        others = sum(case.division == division for case in opened) - len(missed)
        here, there = wilson_interval(len(missed), len(missed)), wilson_interval(0, others)
        assert here is not None
        assert there is not None
        assert here.low > there.high, (division, len(missed), others)


def test_twenty_thousand_cases_in_eighteen_months() -> None:
    assert (LARKSPUR.cases, PORT_ELLERY.cases) == (12_000, 8_000)
    cases = draw(LARKSPUR)
    assert len(cases) == 12_000
    assert cases[0].reported_at - story_begins(NOW) < 3 * DAY
    assert NOW - cases[-1].reported_at < DAY


def test_the_same_seed_and_now_tell_the_same_story() -> None:
    small = replace(PORT_ELLERY, cases=500)
    assert draw(small) == draw(small)
    assert draw(small, seed=8) != draw(small)
    assert list(customer_rows(small, seed=7, most=50)) == list(customer_rows(small, seed=7, most=50))


@STORIES
def test_every_case_could_have_happened(story: Story) -> None:
    for case in draw(replace(story, cases=3_000)):
        assert (case.occurred_at or case.reported_at) <= case.reported_at < NOW
        assert case.fixed_at is None or case.reported_at < case.fixed_at < NOW
        if case.undoing:
            assert case.fixed_at is not None
            assert case.fixed_at < case.undoing.at < NOW
            assert case.undoing.fixed_again_at is None or case.undoing.at < case.undoing.fixed_again_at < NOW
        assert case.channel in Channel.values
        assert "{" not in case.summary


@pytest.mark.parametrize(
    "now",
    [
        datetime(2026, 11, 22, 2, 30, tzinfo=UTC),  # a weekend's night
        datetime(2024, 2, 29, 12, 0, tzinfo=UTC),
        datetime(2026, 11, 1, 6, 10, tzinfo=UTC),  # the clocks have just been put back
    ],
    ids=str,
)
@STORIES
def test_whenever_it_is_told_there_is_something_to_see(story: Story, now: datetime) -> None:
    cases = draw(replace(story, cases=4_000), now=now)
    lately = [case for case in cases if now - 91 * DAY < case.reported_at < now - 2 * DAY]
    target = story.targets[-1][1] / 100
    shares = [share([case for case in lately if case.division == each.code]) for each in story.divisions]
    assert sum(each < target - 0.05 for each in shares) >= 2
    assert sum(each > target for each in shares) >= 2

    for role in story.roles:
        mine = [case for case in cases if case.unit == role.unit and case.fixed_at is None and case.customer]
        ages = [now - case.reported_at for case in mine]
        if role.role in {"frontline", "committee_member"}:
            assert any(age < DAY for age in ages)
            assert any(DAY < age < 2 * DAY for age in ages)
    assert abs(sum(case.exclusion is not None for case in cases) - 40) < 5


@STORIES
def test_people_write_differently(story: Story) -> None:
    cases = draw(replace(story, cases=3_000))
    summaries = Counter(case.summary for case in cases)
    assert len(summaries) > 1_200
    assert summaries.most_common(1)[0][1] < 90


@STORIES
def test_the_right_to_act_shows_in_the_figures(story: Story) -> None:
    changed_at = NOW - story.improvement.months_ago * MONTH
    theirs = [case for case in draw(story) if case.division == story.improvement.division]
    before = [case for case in theirs if case.reported_at < changed_at]
    after = [case for case in theirs if case.reported_at > changed_at]
    assert share(after) - share(before) > 0.2
    cured = [sum(case.cause == story.improvement.cured for case in part) / len(part) for part in (before, after)]
    assert cured[1] < cured[0] / 3


@STORIES
def test_the_bad_week_is_busy_and_bad(story: Story) -> None:
    weeks = dict(_by_week(draw(story), story))
    bad = bad_week_of(story, NOW)
    others = [cases for monday, cases in weeks.items() if monday != bad and abs((monday - bad).days) < 60]
    assert len(weeks[bad]) > 1.15 * sum(map(len, others)) / len(others)
    chart = xmr_chart([share(cases) * 100 for cases in weeks.values()])
    assert ("outside", "low", (list(weeks).index(bad),)) in [(s.kind, s.side, s.points) for s in chart.signals]


def _by_week(cases: list[DrawnCase], story: Story) -> Iterator[tuple[date, list[DrawnCase]]]:
    monday = bad_week_of(story, NOW) - timedelta(weeks=10)
    for n in range(19):
        start = monday + timedelta(weeks=n)
        yield start, [c for c in cases if 0 <= (c.reported_at.date() - start).days < 7]


def test_names_do_not_run_out() -> None:
    names = full_names(Random(1))
    assert len({next(names) for _ in range(10_000)}) == 10_000
