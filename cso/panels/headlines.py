"""The one number by which a closed wave is told."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from cso.panels.models import Question, ResultGroup, Wave
from cso.panels.results import Part
from cso.panels.scales import SCALES
from cso.panels.scores import Score, WeightedScore


def headlines(waves: Collection[Wave]) -> dict[UUID, Part]:
    """Of each wave what everybody said to its first NPS question, else of satisfaction, else of effort; by the wave's
    id. Without those of whom too few answered. The caller has found the waves for who looks. One statement.
    """
    rows = ResultGroup.objects.filter(wave__in=waves, by=ResultGroup.By.WHOLE, kind__in=SCALES)
    rank = {
        str(kind): place for place, kind in enumerate((Question.Kind.NPS, Question.Kind.CSAT, Question.Kind.EFFORT))
    }
    weighted = {wave.pk for wave in waves if wave.weighting != Wave.Weighting.NONE}
    found: dict[UUID, Part] = {}
    for row in sorted(rows.select_related("question"), key=lambda row: (rank[row.kind], row.question.position)):
        found.setdefault(row.wave_id, _part(row, is_weighted=row.wave_id in weighted))
    return found


def _part(row: ResultGroup, *, is_weighted: bool) -> Part:
    score = Score(row.kind, row.answers, row.favourable, row.unfavourable, row.score_sum, tuple(row.counts))
    if not is_weighted or not row.weight:
        return Part(score)
    sides = (row.weight_favourable, row.weight_unfavourable)
    return Part(score, WeightedScore(row.kind, row.weight, row.weight_squares, *sides, row.weight_score))
