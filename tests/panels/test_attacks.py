"""An attacker with every page, filter and difference at hand: nothing tells of fewer than five people."""

from __future__ import annotations

import random
from itertools import product
from typing import Any

import numpy as np
import pytest

from cso.errors import ConflictError
from cso.panels.models import Remark, ResultGroup
from cso.panels.publishing import publish
from cso.panels.remarks import remarks_of
from cso.panels.results import QuestionResult, results_of
from cso.people import actions as people
from cso.people.models import UnitAncestor
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.panels.survey import Row, respond, survey
from tests.personas import NOW, Company

K = 5
ASKED: list[dict[str, Any]] = [
    {"code": "nps", "kind": "nps"},
    {"code": "why", "kind": "csat", "only_if": "nps", "only_if_low": 0, "only_if_high": 6},
]


def _world(acme: Company, seed: int) -> list[Row]:
    """Small units and segments, of which many cells hold one person; who is unhappy says why."""
    chance = random.Random(seed)
    for unit in ("south", "north-2"):
        for n in range(chance.choice([0, 2, 5])):
            people.add_person(f"Person{seed} {unit}{n}", by=None, unit=acme.units[unit])
    rows = []
    for _ in range(chance.randint(12, 40)):
        nps = chance.randint(0, 10)
        says: dict[str, Any] = {"nps": nps} | ({"why": chance.randint(1, 5)} if nps < 7 else {})
        unit = chance.choice(["top", "north", "north-1", "north-2", "south", "south"])
        rows.append(Row(unit, chance.choice("aabbcd"), says))
    return rows


def _seen(result: QuestionResult, rows: list[Row], above: dict[str, set[str]]) -> list[list[bool]]:
    """Of each figure that a viewer reads: which of the rows it is of."""
    alone = {part.segment for part in result.parts if part.segment is not None and not part.is_pooled}
    found = []
    for part in result.parts:
        if part.unit is not None:
            code = part.unit.code
            found.append([code in above[row.unit] for row in rows])
        else:
            found.append(
                [(row.segment not in alone) if part.is_pooled else row.segment == part.segment for row in rows]
            )
        assert sum(found[-1]) == part.score.answers
    return found


@pytest.mark.parametrize("seed", range(8))
def test_no_sum_or_difference_of_figures_tells_of_few(acme: Company, seed: int) -> None:
    """All that is read of a question, each taken once, added or subtracted; and so with the question that depends on
    its answers, whose numbers tell how many gave them."""
    cso = acme.member(Role.CSO)
    with tenant_scope(acme.tenant):
        rows = _world(acme, seed)
        wave = survey(acme, ASKED, rows)
        above: dict[str, set[str]] = {}
        for unit, ancestor in UnitAncestor.objects.values_list("unit__code", "ancestor__code"):
            above.setdefault(unit, set()).add(ancestor)
        by_unit, by_segment = (results_of(cso, wave, by=by).questions for by in ("unit", "segment"))
        for n, code in enumerate(("nps", "why")):
            mine = [row for row in rows if code in row.says]
            seen = np.array(_seen(by_unit[n], mine, above) + _seen(by_segment[n], mine, above), dtype=int)
            if not len(seen):
                assert len(mine) < K
                continue
            signs = np.array(list(product((-1, 0, 1), repeat=len(seen))))
            told = np.count_nonzero(signs @ seen, axis=1)
            assert not ((told > 0) & (told < K)).any()
        shown = [{part.unit for part in questions.parts} for questions in by_unit]
        assert shown[1] <= shown[0]


def test_four_are_told_of_only_among_more(acme: Company) -> None:
    cso = acme.member(Role.CSO)
    rows = [Row("south", "a", {"nps": 0})] * 4 + [Row("north-2", "a", {"nps": 10})] * 9
    with tenant_scope(acme.tenant):
        first = results_of(cso, survey(acme, ASKED, rows), by="unit").questions[0].parts
        assert [part.label for part in first] == ["Top"]  # all less the north would be the four
        fifth = (
            results_of(cso, survey(acme, ASKED, [*rows, Row("south", "a", {"nps": 0})]), by="unit").questions[0].parts
        )
        assert [part.label for part in fifth] == ["Top", "North", "North-2", "South"]


def test_what_was_published_never_changes(acme: Company) -> None:
    """A late answer, a smaller group, a moved unit: the groups stay, and a unit's figure is a sum of them."""
    cso = acme.member(Role.CSO)
    rows = [Row("south", "a", {"nps": 0})] * 6 + [Row("north-2", "b", {"nps": 10})] * 6
    with tenant_scope(acme.tenant):
        wave = survey(acme, ASKED, rows)
        before = list(ResultGroup.objects.order_by("id").values())
        respond(acme, wave, [Row("south", "a", {"nps": 0})])
        with pytest.raises(ConflictError):
            publish(wave, now=NOW)
        people.move_unit(acme.units["north-2"], acme.units["south"], by=None)
        assert list(ResultGroup.objects.order_by("id").values()) == before
        parts = results_of(cso, wave, by="unit").questions[0].parts
        assert {part.label: part.score.answers for part in parts} == {"Top": 12, "South": 12, "North-2": 6}


def test_one_breakdown_at_a_time(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        wave = survey(acme, ASKED, [Row("south", "a", {"nps": 0})] * 9)
        with pytest.raises(KeyError):
            results_of(acme.member(Role.CSO), wave, by="unit,segment")  # type: ignore[arg-type]
        fields = {field.name for field in Remark._meta.get_fields()}
        assert not fields & {"response", "segment", "score", "at", "recorded_at", "submitted_at", "customer"}


def test_the_order_of_remarks_is_not_that_of_the_answers(acme: Company) -> None:
    asked = [{"code": "wrong", "kind": "words", "asks_for": "wrong"}]
    written = [f"remark {chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(60)]
    with tenant_scope(acme.tenant):
        wave = survey(acme, asked, [Row("south", "", {"wrong": words}) for words in written])
        read = list(remarks_of(acme.member(Role.AUDITOR), wave).remarks.values_list("words", flat=True))
    assert sorted(read) == written != read
