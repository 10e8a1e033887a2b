"""What panels said, viewer first: figures of groups, never of answers, and only once a wave has closed.

One breakdown at a time: whoever could read units by segments could subtract his way to one person.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from django.db.models import Count, Prefetch, Q, QuerySet
from django.utils.translation import gettext as _

from cso.errors import ConflictError
from cso.panels.models import Invitation, Option, Panel, Question, ResultGroup, Wave
from cso.panels.permissions import is_steward, visible_panels
from cso.panels.scores import Score, WeightedScore, has_value, together
from cso.people.models import Unit, UnitAncestor
from cso.people.queries import visible_units
from tenants.models import Actor, Membership
from tenants.roles import Can

By = Literal["all", "unit", "segment"]


@dataclass(frozen=True)
class Part:
    """A group of people and what they say.

    unit: with all units below, `depth` levels below the wave's. segment: "" is not known, or with `is_pooled` the
    segments too small to stand alone. Neither: everybody. weighted: None where nothing is weighted, by unit, and where
    the weights would tell of too few people.
    """

    score: Score
    weighted: WeightedScore | None = None
    unit: Unit | None = None
    depth: int = 0
    segment: str | None = None
    is_pooled: bool = False

    @property
    def label(self) -> str:
        if self.unit is not None:
            return self.unit.name
        if self.segment is None:
            return _("Everybody")
        return _("All others together") if self.is_pooled else self.segment or _("Not known")


@dataclass(frozen=True)
class QuestionResult:
    """What was said to one question. whole: None where too few answered, or too few work where they did.

    parts: units in the tree's order, parents before children; segments, the largest first and the pooled ones last;
    none by "all". They are as many as may be shown: what is not shown of a unit is in the figure of the one above.
    """

    question: Question
    whole: Part | None
    parts: list[Part]

    @property
    def has_value(self) -> bool:
        """Whether its figure is one number: a score, or of reasons the share of the price alone."""
        return has_value(self.question)

    @property
    def options(self) -> list[Option]:
        """In the order of the scores' `counts`."""
        return list(self.question.options.all())


@dataclass(frozen=True)
class Results:
    """A closed wave, question by question. Nothing is shown of fewer than `smallest_group` people."""

    wave: Wave
    by: By
    smallest_group: int
    questions: list[QuestionResult]


@dataclass(frozen=True)
class TrendPoint:
    """The question with the same code in one wave; part None where too few answered."""

    wave: Wave
    question: Question
    part: Part | None


@dataclass(frozen=True)
class Rate:
    """Who answered of whom: `counted` is everybody invited less those whose mail bounced or who withdrew."""

    label: str
    invited: int
    counted: int
    answered: int
    bounced: int
    withdrew: int

    @property
    def share(self) -> float | None:
        """0 to 1; None where nobody counts."""
        return self.answered / self.counted if self.counted else None


def results_of(viewer: Actor, wave: Wave, *, by: By = "all") -> Results:
    """The results of a closed wave, whole, by unit or by segment; a leader reads of units those that they lead.

    Raises `Wave.DoesNotExist` where the viewer may not see the panel, `ConflictError` with the code `not_closed` before
    the close.
    """
    wave = visible_wave(viewer, wave)
    if wave.status != Wave.Status.CLOSED or wave.smallest_group is None:
        raise ConflictError(_("There are results once the wave has closed."), code="not_closed")
    questions = _questions(Question.objects.filter(wave=wave).order_by("position"))
    rows = _rows(ResultGroup.objects.filter(wave=wave, by__in={ResultGroup.By.WHOLE, _partition(by)}))
    tree = _Tree.of(viewer, wave, (row.unit_id for groups in rows.values() for row in groups)) if by == "unit" else None
    is_weighted = wave.weighting != Wave.Weighting.NONE
    found = [_result(question, rows[question.pk], by, tree, is_weighted) for question in questions]
    return Results(wave, by, wave.smallest_group, found)


def trend(viewer: Actor, panel: Panel, code: str) -> list[TrendPoint]:
    """The question `code` in each closed wave of a panel that asked it, oldest first."""
    if not visible_panels(viewer).filter(pk=panel.pk).exists():
        return []
    asked = Question.objects.filter(wave__panel=panel, wave__status=Wave.Status.CLOSED, code=code)
    questions = _questions(asked.select_related("wave").order_by("wave__closes_at", "wave_id"))
    rows = _rows(ResultGroup.objects.filter(question__in=questions, by=ResultGroup.By.WHOLE))
    return [
        TrendPoint(each.wave, each, _whole(rows[each.pk], each.wave.weighting != Wave.Weighting.NONE))
        for each in questions
    ]


def response_rate(viewer: Actor, wave: Wave, *, by: By = "all") -> list[Rate]:
    """How many answered of those who were invited; an imported wave was asked elsewhere, and has none.

    Raises `Wave.DoesNotExist` where the viewer may not see the panel.
    """
    wave = visible_wave(viewer, wave)
    column = {"all": None, "unit": "unit__name", "segment": "segment"}[by]
    invited = Invitation.objects.filter(wave=wave).order_by()
    seen = units_seen(viewer, wave)
    if by == "unit" and seen is not None:
        invited = invited.filter(unit__in=seen)
    parts: Any = invited.values(*[column or "wave_id"])
    rows = parts.annotate(
        invited=Count("pk"),
        counted=Count("pk", filter=Q(is_counted=True)),
        answered=Count("pk", filter=Q(is_counted=True, has_answered=True)),
        bounced=Count("pk", filter=Q(bounced_at__isnull=False)),
        withdrew=Count("pk", filter=Q(withdrew_at__isnull=False)),
    )
    rates = [_rate(row, row[column] or _("Not known") if column else _("Everybody")) for row in rows]
    return sorted(rates, key=lambda rate: (-rate.counted, rate.label))


def visible_wave(viewer: Actor, wave: Wave) -> Wave:
    """The wave with its panel and unit. Raises `Wave.DoesNotExist` where the viewer may not see its panel."""
    return Wave.objects.select_related("panel", "unit").get(pk=wave.pk, panel__in=visible_panels(viewer))


def units_seen(viewer: Actor, wave: Wave) -> list[UUID] | None:
    """Of which units the viewer may see figures; None for all."""
    sees_all = not isinstance(viewer, Membership) or viewer.can(Can.SEE_SCORECARD)
    if sees_all or is_steward(viewer, wave.panel):
        return None
    return list(visible_units(viewer).values_list("pk", flat=True))


def _partition(by: By) -> str:
    return {"all": ResultGroup.By.WHOLE, "unit": ResultGroup.By.UNIT, "segment": ResultGroup.By.SEGMENT}[by]


def _questions(questions: QuerySet[Question]) -> list[Question]:
    options = Option.objects.order_by("position", "id")
    return list(questions.prefetch_related(Prefetch("options", options)))


def _rows(groups: Iterable[ResultGroup]) -> dict[UUID, list[ResultGroup]]:
    found: dict[UUID, list[ResultGroup]] = defaultdict(list)
    for row in groups:
        found[row.question_id].append(row)
    return found


@dataclass(frozen=True)
class _Tree:
    """The units below a wave's: in their order, with their depth; and for each unit with answers those above it."""

    units: list[tuple[Unit, int]]
    above: dict[UUID, set[UUID]]

    @classmethod
    def of(cls, viewer: Actor, wave: Wave, with_answers: Iterable[UUID]) -> _Tree:
        below = UnitAncestor.objects.filter(ancestor=wave.unit_id)
        inside = dict(below.values_list("unit_id", "distance"))
        above: dict[UUID, set[UUID]] = defaultdict(set)
        lines = UnitAncestor.objects.filter(unit__in=set(with_answers))
        for unit, ancestor in lines.values_list("unit_id", "ancestor_id"):
            # A unit that has moved elsewhere since stands by itself.
            if ancestor in inside or ancestor == unit:
                above[unit].add(ancestor)
        known, seen = set().union(*above.values()), units_seen(viewer, wave)
        if seen is not None:
            known &= set(seen)
        return cls(_in_order(Unit.objects.filter(pk__in=known), inside), above)


def _in_order(units: Iterable[Unit], depths: dict[UUID, int]) -> list[tuple[Unit, int]]:
    """Parents before their children, by name beside each other."""
    known = {unit.pk: unit for unit in units}
    children: dict[UUID | None, list[Unit]] = defaultdict(list)
    for unit in sorted(known.values(), key=lambda unit: (unit.name, unit.code)):
        children[unit.parent_id if unit.parent_id in known else None].append(unit)

    def walk(parent: UUID | None) -> Iterable[tuple[Unit, int]]:
        for unit in children[parent]:
            yield unit, depths.get(unit.pk, 0)
            yield from walk(unit.pk)

    return list(walk(None))


def _result(
    question: Question, rows: Sequence[ResultGroup], by: By, tree: _Tree | None, is_weighted: bool
) -> QuestionResult:
    whole = _whole(rows, is_weighted)
    if tree is not None:
        return QuestionResult(question, whole, _by_unit(rows, tree))
    if by == "segment":
        segments = [row for row in rows if row.by == ResultGroup.By.SEGMENT]
        segments.sort(key=lambda row: (row.is_pooled, -row.answers, row.segment))
        parts = [
            Part(_score(row), _weighted(row, is_weighted), segment=row.segment, is_pooled=row.is_pooled)
            for row in segments
        ]
        return QuestionResult(question, whole, parts)
    return QuestionResult(question, whole, [])


def _whole(rows: Iterable[ResultGroup], is_weighted: bool) -> Part | None:
    return next(
        (Part(_score(row), _weighted(row, is_weighted)) for row in rows if row.by == ResultGroup.By.WHOLE), None
    )


def _by_unit(rows: Sequence[ResultGroup], tree: _Tree) -> list[Part]:
    groups = [row for row in rows if row.by == ResultGroup.By.UNIT]
    parts = []
    for unit, depth in tree.units:
        inside = [_score(row) for row in groups if unit.pk in tree.above[row.unit_id]]
        if inside:
            parts.append(Part(together(inside), unit=unit, depth=depth))
    return parts


def _score(row: ResultGroup) -> Score:
    return Score(row.kind, row.answers, row.favourable, row.unfavourable, row.score_sum, tuple(row.counts))


def _weighted(row: ResultGroup, is_weighted: bool) -> WeightedScore | None:
    if not is_weighted or not row.weight:
        return None
    sides = (row.weight_favourable, row.weight_unfavourable)
    return WeightedScore(row.kind, row.weight, row.weight_squares, *sides, row.weight_score)


def _rate(row: dict[str, Any], label: str) -> Rate:
    return Rate(label, row["invited"], row["counted"], row["answered"], row["bounced"], row["withdrew"])
