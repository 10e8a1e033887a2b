"""The metrics of panels by the engine, against plain Python over what customers answered and leaders did."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest

from cso.customers.models import Customer
from cso.intervals import net_interval
from cso.metrics.counting import Window
from cso.metrics.engine.refresh import refresh
from cso.metrics.periods import parse_period
from cso.metrics.queries.beside import net_of
from cso.metrics.queries.breakdown import breakdown, ways_to_part
from cso.metrics.queries.drilldown import facts_behind
from cso.metrics.queries.figures import Figure, figure_of, figures_between, whole_tenant
from cso.metrics.registry import METRICS
from cso.panels.models import Commitment, Invitation, PanelMember, PanelSession, ResultGroup, RosterEntry, Wave
from cso.people.models import Unit
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.panels.survey import Row, open_survey, panel_of, survey
from tests.personas import NOW, Company

DAY = timedelta(days=1)
FEBRUARY, MARCH, QUARTER = parse_period("2026-02"), parse_period("2026-03"), parse_period("2026-Q1")
ASKED: list[dict[str, Any]] = [
    {"code": "nps", "kind": "nps"},
    {"code": "csat", "kind": "csat"},
    {"code": "effort", "kind": "effort"},
    {
        "code": "reasons",
        "kind": "choice",
        "asks_for": "reasons",
        "options": [{"code": "price", "text_en": "Price", "is_price": True}, {"code": "care", "text_en": "Care"}],
    },
]
BELOW = {"top": {"north", "north-2", "south"}, "north": {"north", "north-2"}, "south": {"south"}}


def _rows(chance: random.Random) -> list[Row]:
    return [
        Row(
            chance.choice(["north", "north-2", "south"]),
            chance.choice("ab"),
            {
                "nps": chance.randint(0, 10),
                "csat": chance.choice([1, 2, 3, 4, 5, None]),
                "effort": chance.randint(1, 7),
                "reasons": [chance.choice(["price", "care"])],
            },
        )
        for _ in range(120)
    ]


GOOD: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "nps": ("nps", lambda score: score >= 9),
    "csat": ("csat", lambda score: score >= 4),
    "effort": ("effort", lambda score: score >= 5),
    "price_only_share": ("reasons", lambda chosen: chosen == ["price"]),
}


def test_what_customers_say_is_counted_by_unit_month_and_leader(acme: Company) -> None:
    """All figures of a metric are sums of what panels published, and of nothing finer."""
    cso, chance = acme.member(Role.CSO), random.Random(7)
    by_month = {FEBRUARY: _rows(chance), MARCH: _rows(chance)}
    with tenant_scope(acme.tenant):
        survey(acme, ASKED, by_month[FEBRUARY], closes_at=datetime(2026, 2, 20, tzinfo=UTC))
        survey(acme, ASKED, by_month[MARCH], closes_at=datetime(2026, 3, 5, tzinfo=UTC))
        refresh()
        for key, (code, is_good) in GOOD.items():
            metric = METRICS[key]
            for unit, below in BELOW.items():
                for period, rows in {**by_month, QUARTER: [*by_month[FEBRUARY], *by_month[MARCH]]}.items():
                    said = [row.says[code] for row in rows if row.unit in below and row.says[code] is not None]
                    figure = figure_of(metric, [acme.units[unit].pk], period, now=NOW)
                    assert (figure.numerator, figure.denominator) == (sum(map(is_good, said)), len(said))
            window = Window(acme.units["top"].pk, *MARCH.bounds(acme.tenant.zone))
            (counted,) = figures_between(metric, [window], now=NOW, period=MARCH)
            kept = figure_of(metric, whole_tenant(), MARCH, now=NOW)
            assert counted.counts == kept.counts
            groups = facts_behind(cso, metric, "denominator", None, MARCH, now=NOW)
            assert {type(group) for group in groups} == {ResultGroup}
            assert groups.count() == kept.counts["groups"]
            assert all(group.answers >= 5 for group in groups)
            months = breakdown(cso, metric, None, QUARTER, "month", now=NOW)
            assert (
                sum(part.figure.denominator for part in months)
                == figure_of(metric, whole_tenant(), QUARTER, now=NOW).denominator
            )
            assert ways_to_part(metric) == ("month",)


def test_the_net_promoter_score_is_promoters_less_detractors(acme: Company) -> None:
    scores = [10] * 9 + [9] * 3 + [8] * 5 + [6] * 4 + [0] * 2
    with tenant_scope(acme.tenant):
        survey(acme, ASKED[:1], [Row("south", "", {"nps": score}) for score in scores])
        refresh()
        figure = figure_of(METRICS["nps"], whole_tenant(), MARCH, now=NOW)
        net, interval = net_of(figure), net_interval(12, 6, 23)
        assert net is not None
        assert interval is not None
        assert (net.value, net.low, net.high) == (Fraction(6, 23), interval.low, interval.high)
        assert net_of(figure_of(METRICS["nps"], whole_tenant(), FEBRUARY, now=NOW)) is None
        assert net_of(figure_of(METRICS["csat"], whole_tenant(), MARCH, now=NOW)) is None


def test_figures_tell_of_no_unit_in_which_few_answered(acme: Company) -> None:
    """Four in the south: neither there, nor as the whole less the north."""
    rows = [Row("south", "", {"nps": 0})] * 4 + [Row("north-2", "", {"nps": 10})] * 9
    with tenant_scope(acme.tenant):
        survey(acme, ASKED[:1], rows)
        refresh()
        read = {
            code: figure_of(METRICS["nps"], [unit.pk], MARCH, now=NOW).denominator for code, unit in acme.units.items()
        }
        assert read == {"top": 13, "north": 0, "north-1": 0, "north-2": 0, "south": 0}
        leader = acme.member(Role.LEADER)
        assert not facts_behind(leader, METRICS["nps"], "denominator", None, MARCH, now=NOW).exists()
        assert not facts_behind(
            acme.member(Role.FRONTLINE), METRICS["nps"], "denominator", None, MARCH, now=NOW
        ).exists()


@pytest.fixture
def panel_wave(acme: Company) -> Wave:
    with tenant_scope(acme.tenant):
        return open_survey(acme, ASKED[:1], panel=panel_of(acme))


def _invite(wave: Wave, unit: Unit, **values: Any) -> None:
    customer = Customer.objects.create(name="C")
    member = PanelMember.objects.create(
        panel=wave.panel,
        customer=customer,
        unit=unit,
        via="customer",
        consented_at=NOW,
        joined_at=NOW,
        consent_source="x",
    )
    given = {"closes_at": NOW - DAY, "invited_at": NOW - 3 * DAY, **values}
    Invitation.objects.create(wave=wave, member=member, customer=customer, unit=unit, **given)


def _numbers(figure: Figure) -> tuple[int, int, int]:
    return figure.numerator, figure.denominator, figure.running


def test_panel_response_counts_who_was_reached_and_answered_in_time(acme: Company, panel_wave: Wave) -> None:
    south, north = acme.units["south"], acme.units["north-2"]
    with tenant_scope(acme.tenant):
        for values in (
            {"answered_at": NOW - 2 * DAY},
            {"reminded_at": NOW - 2 * DAY},  # reminded, and silent
            {"bounced_at": NOW - 2 * DAY},  # reached nobody
            {"withdrew_at": NOW - 2 * DAY, "answered_at": NOW - 2 * DAY},  # took the consent back
            {"closes_at": None},  # the wave was called off
            {"closes_at": NOW + DAY},  # still open
        ):
            _invite(panel_wave, south, **values)
        _invite(panel_wave, north, answered_at=NOW - 2 * DAY)
        metric = METRICS["panel_response"]
        for _ in range(2):  # from the facts while the engine is behind, then from its cells
            assert _numbers(figure_of(metric, whole_tenant(), MARCH, now=NOW)) == (2, 3, 1)
            assert _numbers(figure_of(metric, [south.pk], MARCH, now=NOW)) == (1, 2, 1)
            refresh()
        rest = facts_behind(acme.member(Role.CSO), metric, "rest", None, MARCH, now=NOW)
        assert [each.reminded_at for each in rest] == [NOW - 2 * DAY]


def test_attendance_is_three_quarters_of_a_held_session(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        panel = panel_of(acme)
        held = PanelSession.objects.create(panel=panel, title="March", planned_at=NOW - DAY)
        for seconds, fields in (
            (2_700, {"is_chief_executive": True}),  # 75 %
            (2_699, {}),
            (0, {"excuse": "Ill"}),
            (0, {"delegate": "A deputy"}),
            (3_600, {"was_on_roster": False}),  # came along
            (3_600, {"held_at": None, "session_seconds": None, "present_seconds": 0}),  # was not held
        ):
            given: dict[str, Any] = {
                "was_on_roster": True,
                "held_at": NOW - DAY,
                "session_seconds": 3_600,
                "present_seconds": seconds,
            }
            person = acme.leader.__class__.objects.create(name=f"Executive {seconds} {fields}"[:200])
            RosterEntry.objects.create(session=held, person=person, unit=acme.units["top"], **(given | fields))
        refresh()
        assert _numbers(figure_of(METRICS["panel_attendance"], whole_tenant(), MARCH, now=NOW)) == (1, 4, 0)
        assert _numbers(figure_of(METRICS["chief_attendance"], whole_tenant(), MARCH, now=NOW)) == (1, 1, 0)


def test_commitments_are_kept_by_their_day(acme: Company) -> None:
    due = NOW - 2 * DAY
    with tenant_scope(acme.tenant):
        panel = panel_of(acme)
        for values in (
            {"done_at": due, "we_did": "it"},
            {"done_at": due + timedelta(microseconds=1), "we_did": "late"},
            {},
            {"withdrawn_at": due, "withdrawn_because": "Too dear"},
            {"withdrawn_at": due, "withdrawn_because": "Twice", "was_mistake": True},
            {"due_at": NOW + DAY},
        ):
            given = {"made_at": NOW - 9 * DAY, "due_at": due, **values}
            Commitment.objects.create(panel=panel, unit=acme.units["south"], owner=acme.leader, what="Soap", **given)
        for _ in range(2):
            assert _numbers(figure_of(METRICS["commitments_kept"], whole_tenant(), MARCH, now=NOW)) == (1, 4, 1)
            refresh()
