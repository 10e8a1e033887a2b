"""Figures of panels against an independent computation from the raw rows, in fractions."""

from __future__ import annotations

import random
from collections import Counter
from fractions import Fraction
from typing import Any

import pytest

from cso.errors import ConflictError
from cso.panels.models import ResultGroup, Wave
from cso.panels.results import Part, response_rate, results_of, trend
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.panels.survey import Row, open_survey, panel_of, survey
from tests.personas import Company

SCALES = {"nps": (0, 10), "csat": (1, 5), "effort": (1, 7)}
SEGMENTS = {"business": "0.3", "leisure": "0.5", "crew": "0.2"}
ASKED: list[dict[str, Any]] = [
    {"code": "right", "kind": "words", "asks_for": "right"},
    {"code": "nps", "kind": "nps"},
    {"code": "clean", "kind": "csat", "touch_point": "Toilets"},
    {"code": "effort", "kind": "effort"},
    {
        "code": "why",
        "kind": "choice",
        "asks_for": "reasons",
        "takes_several": True,
        "options": [
            {"code": "price", "text_en": "The price", "is_price": True},
            {"code": "staff", "text_en": "The staff"},
        ],
    },
]


def _rows(seed: int, count: int = 400) -> list[Row]:
    """Some answer nothing to a question, some do not know."""
    chance = random.Random(seed)
    rows = []
    for _ in range(count):
        says: dict[str, Any] = {}
        for code, kind in (("nps", "nps"), ("clean", "csat"), ("effort", "effort")):
            if chance.random() < 0.9:
                low, high = SCALES[kind]
                says[code] = None if chance.random() < 0.1 else chance.randint(low, high)
        says["why"] = chance.choice([["price"], ["staff"], ["price", "staff"], []])
        weight = str(Fraction(chance.randint(20, 300), 100).__float__())
        unit = chance.choice(["north", "north-2", "south"])
        rows.append(Row(unit, chance.choice(list(SEGMENTS)), says, weight))
    return rows


def _told(rows: list[Row], code: str, weigh: Any = lambda row: 1) -> Fraction:
    """The figure as anybody would compute it from the rows."""
    scored = [(row.says[code], Fraction(weigh(row))) for row in rows if isinstance(row.says.get(code), int)]
    good = {"nps": {9, 10}, "clean": {4, 5}, "effort": {5, 6, 7}}[code]
    bad = set(range(7)) if code == "nps" else set()
    total = sum(weight for _, weight in scored)
    return sum(((score in good) - (score in bad)) * weight for score, weight in scored) / Fraction(total)


def _parts(company: Company, wave: Wave, by: Any) -> dict[str, dict[str, Part]]:
    results = results_of(company.member(Role.CSO), wave, by=by)
    return {each.question.code: {part.label: part for part in each.parts} for each in results.questions}


def test_scores_equal_an_independent_computation(acme: Company) -> None:
    rows = _rows(1)
    with tenant_scope(acme.tenant):
        wave = survey(acme, ASKED, rows)
        whole = {each.question.code: each.whole for each in results_of(acme.member(Role.CSO), wave).questions}
        by_segment, by_unit = _parts(acme, wave, "segment"), _parts(acme, wave, "unit")
    for code in ("nps", "clean", "effort"):
        part = whole[code]
        assert part is not None
        scores = [row.says[code] for row in rows if isinstance(row.says.get(code), int)]
        assert (part.score.value, part.score.answers) == (_told(rows, code), len(scores))
        assert part.score.mean == Fraction(sum(scores), len(scores))
        assert part.weighted is None
        low = SCALES["csat" if code == "clean" else code][0]
        assert dict(enumerate(part.score.counts, low)) == Counter(scores)
        assert part.score.interval.low < part.score.value < part.score.interval.high
        for segment in SEGMENTS:
            mine = [row for row in rows if row.segment == segment]
            assert by_segment[code][segment].score.value == _told(mine, code)
        for unit, below in {
            "Top": {"north", "north-2", "south"},
            "North": {"north", "north-2"},
            "South": {"south"},
        }.items():
            mine = [row for row in rows if row.unit in below]
            assert by_unit[code][unit].score.value == _told(mine, code)
    assert whole["right"] is None  # nobody wrote anything
    chosen = [row.says["why"] for row in rows if row.says["why"]]
    why = whole["why"]
    assert why is not None
    assert why.score.counts == (sum("price" in each for each in chosen), sum("staff" in each for each in chosen))
    assert why.score.value == Fraction(sum(each == ["price"] for each in chosen), len(chosen))


@pytest.mark.parametrize("weighting", [Wave.Weighting.SEGMENTS, Wave.Weighting.GIVEN])
def test_weighted_scores_equal_an_independent_computation(acme: Company, weighting: str) -> None:
    rows = _rows(2)
    with tenant_scope(acme.tenant):
        wave = survey(acme, ASKED, rows, weighting=weighting, shares=SEGMENTS)
        whole = {each.question.code: each.whole for each in results_of(acme.member(Role.CSO), wave).questions}
        by_segment, by_unit = _parts(acme, wave, "segment"), _parts(acme, wave, "unit")
    for code in ("nps", "clean", "effort"):
        sizes = Counter(row.segment for row in rows if isinstance(row.says.get(code), int))

        def weigh(row: Row, sizes: Counter[str] = sizes) -> Fraction:
            if weighting == Wave.Weighting.SEGMENTS:
                return Fraction(SEGMENTS[row.segment]) / sizes[row.segment]
            return Fraction(row.weight or 0)

        part = whole[code]
        assert part is not None
        assert part.weighted is not None
        assert part.score.value == _told(rows, code)
        assert part.weighted.value == pytest.approx(float(_told(rows, code, weigh)), rel=1e-13)
        scored = [(row.says[code], weigh(row)) for row in rows if isinstance(row.says.get(code), int)]
        total, squares = sum(weight for _, weight in scored), sum(weight**2 for _, weight in scored)
        assert part.weighted.mean == pytest.approx(float(sum(s * w for s, w in scored) / total), rel=1e-13)
        assert part.weighted.effective_answers == pytest.approx(float(total**2 / squares), rel=1e-12)
        for segment in SEGMENTS:
            mine = by_segment[code][segment].weighted
            assert mine is not None
            assert mine.value == pytest.approx(
                float(_told([r for r in rows if r.segment == segment], code, weigh)), rel=1e-13
            )
        assert all(each.weighted is None for each in by_unit[code].values())


def test_pooled_segments_are_weighed_together(acme: Company) -> None:
    """By their own shares the weighted sum and the plain one would tell the two apart."""
    rows = (
        [Row("top", "a", {"nps": 10}) for _ in range(6)]
        + [Row("top", "b", {"nps": 0})] * 3
        + [Row("top", "c", {"nps": 10})] * 2
    )
    with tenant_scope(acme.tenant):
        wave = survey(acme, [ASKED[1]], rows, weighting="segments", shares={"a": "5", "b": "3", "c": "2"})
        parts = _parts(acme, wave, "segment")["nps"]
        whole = results_of(acme.member(Role.CSO), wave).questions[0].whole
    assert list(parts) == ["a", "All others together"]
    pool = parts["All others together"]
    assert pool.weighted is not None
    assert pool.weighted.value == pytest.approx(float(pool.score.value)) == pytest.approx(-1 / 5)
    assert whole is not None
    assert whole.weighted is not None
    assert whole.weighted.value == pytest.approx((5 * 1 + 5 * -1 / 5) / 10)


def test_a_segment_without_a_share_weighs_nothing(acme: Company) -> None:
    rows = [Row("top", "a", {"nps": 10})] * 5 + [Row("top", "b", {"nps": 0})] * 5
    with tenant_scope(acme.tenant):
        wave = survey(acme, [ASKED[1]], rows, weighting="segments", shares={"a": "1"})
        parts = _parts(acme, wave, "segment")["nps"]
        whole = results_of(acme.member(Role.CSO), wave).questions[0].whole
    assert parts["b"].weighted is None
    assert whole is not None
    assert whole.weighted is not None
    assert whole.score.value == 0
    assert whole.weighted.value == 1


def test_few_answers_and_open_waves_tell_nothing(acme: Company) -> None:
    cso = acme.member(Role.CSO)
    rows = [Row("top", "a", {"nps": 3, "clean": 1})] * 4 + [Row("top", "a", {"clean": 5, "nps": None})]
    with tenant_scope(acme.tenant):
        wave = survey(acme, ASKED, rows)
        nps, clean = (each.whole for each in results_of(cso, wave).questions[1:3])
        assert nps is None
        assert clean is not None
        assert (clean.score.answers, clean.score.is_small) == (5, True)
        assert not ResultGroup.objects.filter(wave=wave, kind="nps").exists()
        draft = open_survey(acme, ASKED)
        with pytest.raises(ConflictError, match="once the wave has closed"):
            results_of(cso, draft)


def test_a_question_is_followed_over_waves(acme: Company) -> None:
    cso = acme.member(Role.CSO)
    with tenant_scope(acme.tenant):
        panel = panel_of(acme)
        for score in (10, 0, 8):
            survey(acme, [ASKED[1]], [Row("top", "", {"nps": score})] * 6, panel=panel)
        survey(acme, [ASKED[1]], [Row("top", "", {"nps": 9})] * 3, panel=panel)
        found = sorted(trend(cso, panel, "nps"), key=lambda point: point.wave.made_at)
        assert [point.part and point.part.score.value for point in found] == [1, -1, 0, None]
        assert trend(cso, panel, "csat") == []


def test_leaders_read_of_units_those_they_lead(acme: Company, other: Company) -> None:
    rows = [Row(unit, "", {"nps": 9}) for unit in ("north-2", "south") for _ in range(6)]
    with tenant_scope(acme.tenant):
        wave = survey(acme, [ASKED[1]], rows)
        read = results_of(acme.member(Role.LEADER), wave, by="unit").questions[0]
        assert [(part.label, part.depth) for part in read.parts] == [("North", 1), ("North-2", 2)]
        assert read.whole is not None
        south = survey(acme, [ASKED[1]], rows, panel=panel_of(acme, "south"))
        with pytest.raises(Wave.DoesNotExist):
            results_of(acme.member(Role.LEADER), south)
        assert response_rate(acme.member(Role.CSO), wave) == []
    with tenant_scope(other.tenant), pytest.raises(Wave.DoesNotExist):
        results_of(other.member(Role.CSO), wave)
