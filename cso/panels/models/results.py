"""What leaves a wave: groups of at least so many people, and remarks of whom nobody can tell who wrote them.

Every page, figure, export and search reads these rows and no answer: whatever is asked, added up or subtracted, the
smallest thing to be had is one of these groups.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q

from cso.panels.models.panels import MAX_SEGMENT
from cso.panels.models.waves import MAX_WORDS, Answer, Question, Wave
from cso.people.models import Unit
from tenants.base import TenantModel
from tenants.fields import TenantForeignKey, computed

_SEARCH = (
    "CASE language WHEN 'fr-ca' THEN to_tsvector('french'::regconfig, words)"
    " ELSE to_tsvector('english'::regconfig, words) END"
)


class ResultGroup(TenantModel):
    """The valid answers to one question of one closed wave by one group of people.

    Each question has two partitions of the same answers: by unit (`unit` is the lowest that may be shown, with the
    answers of those below that may not) and by segment ("" and `is_pooled`: the segments too small to stand alone);
    and one row of the whole.
    `counts`: how many gave each score, from the lowest on; or chose each option, in their order. Favourable is a
    promoter (9-10), satisfied (4-5), easy (5-7) or, of reasons, the price alone; unfavourable a detractor (0-6),
    dissatisfied (1-2) or hard (1-3). Weights are sums over the answers; equal to the counts where nothing is weighted,
    and 0 in a partition by unit, which is not weighted, and where the weighted figure would tell of too few people.
    `at` is the wave's `closes_at`.
    """

    class By(models.TextChoices):
        WHOLE = "whole"
        UNIT = "unit"
        SEGMENT = "segment"

    wave = TenantForeignKey(Wave, models.CASCADE, related_name="groups")
    question = TenantForeignKey(Question, models.CASCADE, related_name="groups")
    kind = models.CharField(max_length=10, choices=Question.Kind)
    is_about_reasons = models.BooleanField(default=False)
    by = models.CharField(max_length=10, choices=By)
    unit = TenantForeignKey(Unit, models.PROTECT, related_name="+")
    segment = models.CharField(max_length=MAX_SEGMENT, blank=True, default="")
    is_pooled = models.BooleanField(default=False)
    at = models.DateTimeField()
    answers = models.PositiveIntegerField()
    favourable = models.PositiveIntegerField()
    unfavourable = models.PositiveIntegerField()
    score_sum = models.PositiveBigIntegerField()
    counts = ArrayField(models.PositiveIntegerField())
    weight = models.FloatField()
    weight_squares = models.FloatField()
    weight_favourable = models.FloatField()
    weight_unfavourable = models.FloatField()
    weight_score = models.FloatField()

    is_nps = computed("\"by\" = 'unit' AND kind = 'nps'", models.BooleanField())
    is_csat = computed("\"by\" = 'unit' AND kind = 'csat'", models.BooleanField())
    is_effort = computed("\"by\" = 'unit' AND kind = 'effort'", models.BooleanField())
    is_reasons = computed("\"by\" = 'unit' AND is_about_reasons", models.BooleanField())

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "question", "by", "unit", "segment", "is_pooled"], name="each_group_once"
            ),
            models.CheckConstraint(condition=Q(answers__gte=3), name="no_group_is_tiny"),
        ]
        indexes = [
            models.Index(fields=["tenant", "wave", "by"], name="groups_of_wave"),
            models.Index(
                fields=["tenant", "unit", "at"],
                include=["is_nps", "is_csat", "is_effort", "is_reasons", "answers", "favourable", "unfavourable"],
                name="group_by_close",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.answers} answers to {self.question_id}"


class Remark(TenantModel):
    """What somebody wrote, as others than the panel's steward may read it.

    Praise names whom it praises; in anything else the names of staff, and what tells who wrote it, are masked.
    Rows are made in random order at the close and carry no instant, so that nothing of a row tells whose it is.
    `answer` is for the steward alone, and so is a remark that is held back because too few criticised with it.
    `became`: what was made of it, and its id.
    """

    wave = TenantForeignKey(Wave, models.CASCADE, related_name="remarks")
    question = TenantForeignKey(Question, models.CASCADE, related_name="remarks")
    answer = TenantForeignKey(Answer, models.CASCADE, related_name="+")
    unit = TenantForeignKey(Unit, models.PROTECT, related_name="+")
    is_praise = models.BooleanField()
    is_held_back = models.BooleanField(default=False)
    language = models.CharField(max_length=5)
    words = models.CharField(max_length=MAX_WORDS)
    tags = ArrayField(models.CharField(max_length=40), default=list, db_default=[])
    became = models.CharField(max_length=12, blank=True, default="", db_default="")
    became_id = models.UUIDField(null=True)
    # Without an index: a search is of one wave, and the wall lets none but its own conditions use one.
    search = computed(_SEARCH, SearchVectorField())

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "answer"], name="one_remark_per_answer"),
            models.CheckConstraint(
                condition=Q(became="", became_id=None) | (~Q(became="") & Q(became_id__isnull=False)),
                name="became_something",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "wave", "is_praise"], name="remarks_of_wave"),
            models.Index(fields=["tenant", "unit"], name="remarks_of_unit"),
        ]

    def __str__(self) -> str:
        return self.words[:60]


class Theme(TenantModel):
    """A theme of remarks: those in which one of its words is found, in any of their forms."""

    name = models.CharField(max_length=60)
    words = ArrayField(models.CharField(max_length=40))

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["tenant", "name"], name="one_theme_per_name")]

    def __str__(self) -> str:
        return self.name
