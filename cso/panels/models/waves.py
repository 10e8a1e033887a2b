"""Waves: the questions that a panel is asked at one time, who was invited, and what they answered."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from cso.customers.models import Customer
from cso.panels.models.panels import MAX_SEGMENT, Panel, PanelMember
from cso.people.models import Unit
from tenants.base import TenantModel
from tenants.fields import TenantForeignKey, computed
from tenants.models import Membership

MAX_TEXT = 300
MAX_WORDS = 2_000


class Wave(TenantModel):
    """One asking of a panel, open for answers in [opens_at, closes_at) of the database's clock.

    Closing counts its answers into groups once and for all (`ResultGroup`, `Remark`), with the `smallest_group` of
    that time: nobody sees results before, and none change after. An imported wave was asked elsewhere: nobody is
    invited by us. `weighting`: by nothing, by the segments' shares, or by the weight that came with each response.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        OPEN = "open", _("Open")
        CLOSED = "closed", _("Closed")
        CANCELLED = "cancelled", _("Cancelled")

    class Weighting(models.TextChoices):
        NONE = "none", _("Each answer alike")
        SEGMENTS = "segments", _("By the segments' shares")
        GIVEN = "given", _("As the responses say")

    panel = TenantForeignKey(Panel, models.CASCADE, related_name="waves")
    unit = TenantForeignKey(Unit, models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT)
    is_imported = models.BooleanField(default=False)
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    # How many members are drawn; None: all who may be asked.
    sample_size = models.PositiveIntegerField(null=True, blank=True)
    reminder_days = models.PositiveSmallIntegerField(default=3, db_default=3)
    most_questions = models.PositiveSmallIntegerField(default=5, db_default=5)
    weighting = models.CharField(max_length=10, choices=Weighting, default=Weighting.NONE)
    smallest_group = models.PositiveSmallIntegerField(null=True, editable=False)
    made_by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField(db_default=Now(), editable=False)
    opened_at = models.DateTimeField(null=True, editable=False)
    closed_at = models.DateTimeField(null=True, editable=False)
    cancelled_at = models.DateTimeField(null=True, editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "panel", "name"], name="one_wave_per_name"),
            models.CheckConstraint(condition=Q(closes_at__gt=F("opens_at")), name="a_wave_lasts"),
            models.CheckConstraint(
                condition=~Q(status="closed") | Q(closed_at__isnull=False, smallest_group__isnull=False),
                name="a_closed_wave_was_counted",
            ),
            models.CheckConstraint(condition=Q(most_questions__gte=1, most_questions__lte=200), name="few_questions"),
        ]
        indexes = [models.Index(fields=["tenant", "status", "closes_at"], name="wave_by_status")]

    def __str__(self) -> str:
        return self.name


class Question(TenantModel):
    """One question of a wave. The first one asks what went right.

    `code` is its key for imports and the API. Scores: NPS 0-10, CSAT 1-5, effort 1-7 (7: it was easy). `asks_for` says
    what words and choices are about. It is asked only if the answer to `only_if` is a score from `only_if_low` to
    `only_if_high`, or one of `only_if_options`.
    """

    class Kind(models.TextChoices):
        NPS = "nps", _("How likely to recommend, 0 to 10")
        CSAT = "csat", _("How satisfied, 1 to 5")
        EFFORT = "effort", _("How easy, 1 to 7")
        CHOICE = "choice", _("A choice")
        WORDS = "words", _("In their own words")

    class AsksFor(models.TextChoices):
        RIGHT = "right", _("What went right")
        WRONG = "wrong", _("What went wrong")
        REASONS = "reasons", _("Reasons to stay or to leave")
        OTHER = "other", _("Something else")

    wave = TenantForeignKey(Wave, models.CASCADE, related_name="questions")
    position = models.PositiveSmallIntegerField()
    code = models.SlugField(max_length=40, db_index=False)
    kind = models.CharField(max_length=10, choices=Kind)
    asks_for = models.CharField(max_length=10, choices=AsksFor, default=AsksFor.OTHER)
    text_en = models.CharField(max_length=MAX_TEXT)
    text_fr = models.CharField(max_length=MAX_TEXT, blank=True, default="")
    touch_point = models.CharField(max_length=80, blank=True, default="")
    takes_several = models.BooleanField(default=False)
    only_if = TenantForeignKey("self", models.CASCADE, null=True, blank=True, related_name="+")
    only_if_low = models.PositiveSmallIntegerField(null=True, blank=True)
    only_if_high = models.PositiveSmallIntegerField(null=True, blank=True)
    only_if_options = ArrayField(models.CharField(max_length=40), default=list, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "wave", "code"], name="one_question_per_code"),
            models.UniqueConstraint(
                fields=["tenant", "wave", "position"],
                name="one_question_at_a_place",
                deferrable=models.Deferrable.DEFERRED,
            ),
        ]

    def __str__(self) -> str:
        return self.code


class Option(TenantModel):
    """What may be chosen. `is_price`: the reason is the price."""

    question = TenantForeignKey(Question, models.CASCADE, related_name="options")
    position = models.PositiveSmallIntegerField()
    code = models.SlugField(max_length=40, db_index=False)
    text_en = models.CharField(max_length=120)
    text_fr = models.CharField(max_length=120, blank=True, default="")
    is_price = models.BooleanField(default=False)

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["tenant", "question", "code"], name="one_option_per_code")]
        indexes = [models.Index(fields=["tenant", "question", "position"], name="option_of_question")]

    def __str__(self) -> str:
        return self.code


class SegmentShare(TenantModel):
    """What share of all customers a segment is, for the weights of a wave; the shares need not add up to 1."""

    wave = TenantForeignKey(Wave, models.CASCADE, related_name="segment_shares")
    segment = models.CharField(max_length=MAX_SEGMENT)
    share = models.DecimalField(max_digits=12, decimal_places=8)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "wave", "segment"], name="one_share_per_segment"),
            models.CheckConstraint(condition=Q(share__gt=0), name="a_share_is_above_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.segment}: {self.share}"


class Invitation(TenantModel):
    """A member asked in a wave: once, however often they are reminded.

    Segment, unit and the wave's `closes_at` (None: the wave was cancelled) are copied, for the response rate is counted
    by them. It counts unless the mail bounced or the consent was withdrawn before the close.
    """

    wave = TenantForeignKey(Wave, models.CASCADE, related_name="invitations")
    member = TenantForeignKey(PanelMember, models.CASCADE, related_name="invitations")
    customer = TenantForeignKey(Customer, models.CASCADE, related_name="+")
    segment = models.CharField(max_length=MAX_SEGMENT, blank=True, default="")
    unit = TenantForeignKey(Unit, models.PROTECT, related_name="+")
    invited_at = models.DateTimeField()
    closes_at = models.DateTimeField(null=True)
    reminded_at = models.DateTimeField(null=True)
    bounced_at = models.DateTimeField(null=True)
    withdrew_at = models.DateTimeField(null=True)
    # When a complete answer arrived in time.
    answered_at = models.DateTimeField(null=True)

    is_counted = computed("bounced_at IS NULL AND withdrew_at IS NULL", models.BooleanField())
    has_answered = computed("answered_at IS NOT NULL", models.BooleanField())

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["tenant", "wave", "customer"], name="invited_once_per_wave")]
        indexes = [
            models.Index(
                fields=["tenant", "unit", "closes_at"],
                include=["is_counted", "has_answered"],
                name="invitation_by_close",
            ),
            models.Index(fields=["tenant", "member"], name="invitations_of_member"),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} in {self.wave_id}"


class Response(TenantModel):
    """What one person answers in a wave; kept as they go, final from `submitted_at` on.

    It came by an `invitation` of ours or, imported, under an `external_id`. Late or not complete, it is kept and not
    counted. Nobody reads responses one by one: see `cso.panels.publishing`.
    """

    wave = TenantForeignKey(Wave, models.CASCADE, related_name="responses")
    invitation = TenantForeignKey(Invitation, models.CASCADE, null=True, related_name="+")
    external_id = models.CharField(max_length=100, null=True, blank=True)
    segment = models.CharField(max_length=MAX_SEGMENT, blank=True, default="")
    unit = TenantForeignKey(Unit, models.PROTECT, related_name="+")
    weight = models.DecimalField(max_digits=14, decimal_places=8, null=True)
    language = models.CharField(max_length=5, default="en")
    # The customer agrees to be contacted about what they said.
    may_contact = models.BooleanField(default=False)
    started_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)
    is_late = models.BooleanField(default=False)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    is_counted = computed("submitted_at IS NOT NULL AND NOT is_late", models.BooleanField())

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "invitation"], name="one_response_per_invitation"),
            models.UniqueConstraint(fields=["tenant", "wave", "external_id"], name="one_response_per_external_id"),
            models.CheckConstraint(
                condition=Q(invitation__isnull=False, external_id=None) | Q(invitation=None, external_id__isnull=False),
                name="invited_or_imported",
            ),
            models.CheckConstraint(condition=Q(weight=None) | Q(weight__gt=0), name="a_weight_is_above_zero"),
        ]
        indexes = [models.Index(fields=["tenant", "wave", "is_counted"], name="response_of_wave")]

    def __str__(self) -> str:
        return f"response in {self.wave_id}"


class Answer(TenantModel):
    """What a response says to one question: a score, choices or words; "don't know" and a blank are no score."""

    response = TenantForeignKey(Response, models.CASCADE, related_name="answers")
    question = TenantForeignKey(Question, models.CASCADE, related_name="answers")
    score = models.PositiveSmallIntegerField(null=True)
    choices = ArrayField(models.CharField(max_length=40), default=list, db_default=[])
    words = models.CharField(max_length=MAX_WORDS, blank=True, default="", db_default="")
    does_not_know = models.BooleanField(default=False, db_default=False)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "response", "question"], name="one_answer_per_question"),
            models.CheckConstraint(
                condition=Q(does_not_know=False) | Q(score=None, choices=[], words=""), name="not_knowing_is_no_answer"
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "question"], include=["response", "score"], name="answer_to_question")
        ]

    def __str__(self) -> str:
        return f"answer to {self.question_id}"
