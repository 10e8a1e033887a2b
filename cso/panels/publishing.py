"""Closing a wave: its answers are counted into groups, its words become remarks, once and for all.

Nothing else reads answers to tell others of them. What is to be had afterwards, whatever is asked, added up or
subtracted, are sums of the groups that `cso.panels.grouping` allows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any
from uuid import UUID

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from cso.errors import ConflictError
from cso.panels.cells import WEIGHT_SCALE, Cell, Counted, Tally, counted_in, together, width_of
from cso.panels.grouping import Groups, Tree, groups_of
from cso.panels.models import LEAST_GROUP, ListeningSettings, Question, ResultGroup, SegmentShare, Wave
from cso.panels.scales import SCALES
from cso.panels.scores import has_value, is_about_reasons
from cso.panels.weighting import Side, weighable, weights_by_share
from cso.panels.wording import write_remarks
from cso.people.models import Person, Unit, UnitAncestor

# Of a partition: unit, segment and whether it is the pool -> its sums.
_Key = tuple[UUID, str, bool]


def publish(wave: Wave, *, now: datetime) -> Wave:
    """Count an open (or imported) wave and mark it closed; the wave as it is then.

    The caller holds the wave's row alone, so that nobody answers meanwhile (`cso.panels.holding`). Raises
    `ConflictError` with the code `closed` or `cancelled`.
    """
    if wave.status in {Wave.Status.CLOSED, Wave.Status.CANCELLED}:
        raise ConflictError(_("This wave has ended already."), code=str(wave.status))
    wave.smallest_group = _smallest_group()
    wave.status, wave.closed_at = Wave.Status.CLOSED, now
    wave.save(update_fields=["smallest_group", "status", "closed_at"])
    tree = tree_of(wave)
    questions = list(Question.objects.filter(wave=wave).order_by("position").prefetch_related("options"))
    groups = _write_groups(wave, questions, tree)
    write_remarks(wave, [each for each in questions if each.kind == Question.Kind.WORDS], groups, tree)
    return wave


def tree_of(wave: Wave) -> Tree[UUID]:
    """The units below a wave's, and how many people work in each now."""
    below = UnitAncestor.objects.filter(ancestor=wave.unit_id)
    ids = list(below.exclude(unit=wave.unit_id).values_list("unit_id", flat=True))
    parents = dict(Unit.objects.filter(pk__in=ids).values_list("pk", "parent_id"))
    there = Person.objects.filter(Q(member=None) | Q(member__ended_at=None), unit__in=[wave.unit_id, *ids])
    staff = dict(there.order_by().values_list("unit_id").annotate(Count("pk")))
    return Tree(wave.unit_id, parents, staff, is_everything=wave.unit.parent_id is None)


def _smallest_group() -> int:
    found = ListeningSettings.objects.values_list("smallest_group", flat=True).first()
    default: int = ListeningSettings._meta.get_field("smallest_group").default
    return max(found or default, LEAST_GROUP)


def _write_groups(wave: Wave, questions: Sequence[Question], tree: Tree[UUID]) -> dict[UUID, Groups[UUID]]:
    """By question: which groups were written."""
    assert wave.smallest_group is not None, "set just before"
    counted = counted_in(wave, questions)
    shares = _shares(wave)
    found: dict[UUID, Groups[UUID]] = {}
    rows: list[ResultGroup] = []
    for question in questions:  # what one depends on comes before it
        within = found[question.only_if_id] if question.only_if_id else None
        groups = groups_of(counted[question.pk].people, tree, wave.smallest_group, within=within)
        found[question.pk] = groups
        if groups.units:
            rows += _rows(wave, question, _Parts(counted[question.pk], groups, tree, width_of(question)), shares)
    ResultGroup.objects.bulk_create(rows, batch_size=1_000)
    return found


def _shares(wave: Wave) -> dict[str, Fraction]:
    shares = SegmentShare.objects.filter(wave=wave).values_list("segment", "share")
    return {segment: Fraction(share) for segment, share in shares}


class _Parts:
    """The sums of one question's groups: by unit, by segment (its name, None for the pool), and of all."""

    def __init__(self, counted: Counted, groups: Groups[UUID], tree: Tree[UUID], width: int) -> None:
        self.by_unit = _added(((groups.unit_of(cell.key, tree), cell) for cell in counted.by_unit), width)
        self.by_segment = _added(((groups.segment_of(cell.key), cell) for cell in counted.by_segment), width)
        self.pooled = {cell.key for cell in counted.by_segment} - groups.segments
        self.whole = together(self.by_segment.values(), width)


def _added(cells: Iterable[tuple[Any, Cell[Any]]], width: int) -> dict[Any, Tally]:
    found: dict[Any, Tally] = {}
    for key, cell in cells:
        if key not in found:
            found[key] = Tally([0] * width)
        found[key].add(cell)
    return found


def _rows(wave: Wave, question: Question, parts: _Parts, shares: Mapping[str, Fraction]) -> list[ResultGroup]:
    weights = _weights(wave, question, parts, shares)
    rows = [_row(wave, question, ResultGroup.By.WHOLE, parts.whole, weights[_WHOLE])]
    rows += [
        _row(wave, question, ResultGroup.By.UNIT, tally, _NOTHING, unit_id=unit)
        for unit, tally in parts.by_unit.items()
    ]
    rows += [
        _row(wave, question, ResultGroup.By.SEGMENT, tally, weights[each], segment=each or "", is_pooled=each is None)
        for each, tally in parts.by_segment.items()
    ]
    return rows


# Weight, its squares, favourable, unfavourable, weight x score.
_Weights = tuple[Fraction, Fraction, Fraction, Fraction, Fraction]
_NOTHING: _Weights = (Fraction(0),) * 5
_WHOLE = object()


def _weights(wave: Wave, question: Question, parts: _Parts, shares: Mapping[str, Fraction]) -> dict[Hashable, _Weights]:
    """The weights of each segment's group, and of the whole."""
    if not has_value(question):
        return defaultdict(lambda: _NOTHING)
    if wave.weighting == Wave.Weighting.GIVEN:
        return _given(wave, question, parts)
    counts = {each: tally.people for each, tally in parts.by_segment.items()}
    each_weighs: dict[str | None, Fraction] = dict.fromkeys(counts, Fraction(1))
    if wave.weighting == Wave.Weighting.SEGMENTS:
        pool = sum((shares.get(segment, Fraction(0)) for segment in parts.pooled), Fraction(0))
        known: dict[str | None, Fraction] = {None: pool}
        known.update(shares)
        each_weighs = weights_by_share(counts, known)
    found: dict[Hashable, _Weights] = {
        each: _alike(tally, each_weighs[each]) for each, tally in parts.by_segment.items()
    }
    found[_WHOLE] = _sum(found.values())
    return found


def _alike(tally: Tally, weight: Fraction) -> _Weights:
    """Where each answer of a group weighs the same."""
    people, squares = tally.people * weight, tally.people * weight * weight
    return people, squares, tally.favourable * weight, tally.unfavourable * weight, tally.score * weight


def _given(wave: Wave, question: Question, parts: _Parts) -> dict[Hashable, _Weights]:
    """Each answer with the weight that came with it; of groups in which that tells of too few people, nothing."""
    assert wave.smallest_group is not None, "set before counting"
    segments = list(parts.by_segment)
    sides = [_side(question, parts.by_segment[each]) for each in segments]
    told = dict(zip(segments, weighable(sides, wave.smallest_group), strict=True))
    found: dict[Hashable, _Weights] = {
        each: _own(tally) if told[each] else _NOTHING for each, tally in parts.by_segment.items()
    }
    may_tell_all = _side(question, parts.whole).may_be_weighed(wave.smallest_group)
    found[_WHOLE] = _own(parts.whole) if may_tell_all else _NOTHING
    return found


def _side(question: Question, tally: Tally) -> Side:
    is_net = question.kind == Question.Kind.NPS
    return Side(tally.people, tally.unfavourable if is_net else tally.people - tally.favourable)


def _own(tally: Tally) -> _Weights:
    return (
        Fraction(tally.weight, WEIGHT_SCALE),
        Fraction(tally.squares, WEIGHT_SCALE**2),
        Fraction(tally.weight_favourable, WEIGHT_SCALE),
        Fraction(tally.weight_unfavourable, WEIGHT_SCALE),
        Fraction(tally.weight_score, WEIGHT_SCALE),
    )


def _sum(weights: Iterable[_Weights]) -> _Weights:
    return tuple(map(sum, zip(*weights, strict=True)))  # type: ignore[return-value]


def _row(wave: Wave, question: Question, by: str, tally: Tally, weights: _Weights, **part: Any) -> ResultGroup:
    weight, squares, favourable, unfavourable, score = map(float, weights)
    return ResultGroup(
        wave=wave,
        question=question,
        kind=question.kind,
        is_about_reasons=is_about_reasons(question),
        by=by,
        at=wave.closes_at,
        answers=tally.people,
        favourable=tally.favourable,
        unfavourable=tally.unfavourable,
        score_sum=tally.score if question.kind in SCALES else 0,
        counts=tally.counts,
        weight=weight,
        weight_squares=squares,
        weight_favourable=favourable,
        weight_unfavourable=unfavourable,
        weight_score=score,
        **({"unit_id": wave.unit_id} | part),
    )
