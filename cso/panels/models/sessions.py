"""Panel sessions: leaders face their customers, hear the truth, and commit themselves."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from cso.panels.models.panels import Panel
from cso.panels.models.results import Remark
from cso.panels.models.waves import Wave
from cso.people.models import Person, Unit
from tenants.base import TenantModel
from tenants.fields import TenantForeignKey, computed
from tenants.models import ApiKey, Membership


class PanelSession(TenantModel):
    """A meeting of a panel with executives: planned, held from `started_at` to `ended_at`, or cancelled."""

    panel = TenantForeignKey(Panel, models.CASCADE, related_name="sessions")
    wave = TenantForeignKey(Wave, models.SET_NULL, null=True, blank=True, related_name="+")
    title = models.CharField(max_length=120)
    agenda = models.CharField(max_length=2_000, blank=True, default="")
    planned_at = models.DateTimeField()
    planned_minutes = models.PositiveSmallIntegerField(default=60)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gt=F("started_at")), name="a_held_session_lasts"
            ),
            models.CheckConstraint(condition=Q(started_at=None) | Q(cancelled_at=None), name="held_or_cancelled"),
        ]
        indexes = [models.Index(fields=["tenant", "panel", "planned_at"], name="session_of_panel")]

    def __str__(self) -> str:
        return self.title


class RosterEntry(TenantModel):
    """An executive who is expected in a session; counted if they were on the roster when it started and it was held.

    Attended is who was present for 75 % of its seconds; a delegate is nobody's presence, and who is excused counts as
    absent. `unit` is the executive's own (else the panel's), copied; so is the session's time, once it has ended.
    """

    session = TenantForeignKey(PanelSession, models.CASCADE, related_name="roster")
    person = TenantForeignKey(Person, models.PROTECT, related_name="+")
    unit = TenantForeignKey(Unit, models.PROTECT, related_name="+")
    is_chief_executive = models.BooleanField(default=False)
    was_on_roster = models.BooleanField(default=False)
    excuse = models.CharField(max_length=300, blank=True, default="")
    delegate = models.CharField(max_length=120, blank=True, default="")
    held_at = models.DateTimeField(null=True, editable=False)
    session_seconds = models.PositiveIntegerField(null=True, editable=False)
    present_seconds = models.PositiveIntegerField(default=0, db_default=0, editable=False)

    is_counted = computed("was_on_roster AND session_seconds IS NOT NULL", models.BooleanField())
    attended = computed("present_seconds::bigint * 4 >= session_seconds::bigint * 3", models.BooleanField(null=True))

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "session", "person"], name="on_a_roster_once"),
            models.CheckConstraint(
                condition=Q(session_seconds=None) | Q(present_seconds__lte=F("session_seconds")),
                name="present_within_the_session",
            ),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "unit", "held_at"],
                include=["is_counted", "attended", "is_chief_executive"],
                name="attendance_by_start",
            )
        ]

    def __str__(self) -> str:
        return f"{self.person_id} in {self.session_id}"


class Presence(TenantModel):
    """An executive in the room, from `joined_at` to `left_at` (None: still there)."""

    entry = TenantForeignKey(RosterEntry, models.CASCADE, related_name="presences")
    joined_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(left_at=None) | Q(left_at__gt=F("joined_at")), name="left_after_joining"
            ),
            models.UniqueConstraint(fields=["tenant", "entry"], condition=Q(left_at=None), name="in_the_room_once"),
        ]
        indexes = [models.Index(fields=["tenant", "entry", "joined_at"], name="presence_of_entry")]

    def until(self, end: datetime) -> tuple[datetime, datetime]:
        """From when until when, as it stands at `end`."""
        return self.joined_at, self.left_at or max(end, self.joined_at)

    def __str__(self) -> str:
        return f"{self.entry_id} from {self.joined_at:%H:%M}"


class Truth(TenantModel):
    """A truth that was heard in a session; from a remark, or as it was said."""

    session = TenantForeignKey(PanelSession, models.CASCADE, related_name="truths")
    remark = TenantForeignKey(Remark, models.SET_NULL, null=True, blank=True, related_name="+")
    words = models.CharField(max_length=500)
    heard_by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    api_key = TenantForeignKey(ApiKey, models.PROTECT, null=True, related_name="+")
    heard_at = models.DateTimeField(db_default=Now())

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["tenant", "session", "heard_at"], name="truth_of_session")]

    def __str__(self) -> str:
        return self.words[:60]


class Commitment(TenantModel):
    """What a leader promised a panel: kept if it was done before `due_at`. Withdrawn, with a reason, it stays a miss
    that is told: only what was committed by mistake (`was_mistake`) is not counted.

    `told_at`: when the members were told what was done.
    """

    panel = TenantForeignKey(Panel, models.CASCADE, related_name="commitments")
    session = TenantForeignKey(PanelSession, models.SET_NULL, null=True, blank=True, related_name="commitments")
    truth = TenantForeignKey(Truth, models.SET_NULL, null=True, blank=True, related_name="+")
    unit = TenantForeignKey(Unit, models.PROTECT, related_name="+")
    owner = TenantForeignKey(Person, models.PROTECT, related_name="+")
    what = models.CharField(max_length=300)
    you_said = models.CharField(max_length=300, blank=True, default="")
    made_at = models.DateTimeField()
    due_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    we_did = models.CharField(max_length=500, blank=True, default="")
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_because = models.CharField(max_length=300, blank=True, default="")
    was_mistake = models.BooleanField(default=False)
    told_at = models.DateTimeField(null=True)

    is_counted = computed("NOT was_mistake", models.BooleanField())
    kept = computed("COALESCE(done_at <= due_at, false)", models.BooleanField())

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(condition=Q(due_at__gt=F("made_at")), name="due_after_it_was_made"),
            models.CheckConstraint(
                condition=Q(done_at=None, we_did="") | (Q(done_at__isnull=False) & ~Q(we_did="")),
                name="done_says_what_was_done",
            ),
            models.CheckConstraint(condition=Q(done_at=None) | Q(withdrawn_at=None), name="done_or_withdrawn"),
            models.CheckConstraint(condition=Q(told_at=None) | Q(done_at__isnull=False), name="told_what_was_done"),
            models.CheckConstraint(
                condition=Q(was_mistake=False) | Q(withdrawn_at__isnull=False), name="a_mistake_is_withdrawn"
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "unit", "due_at"], include=["is_counted", "kept"], name="commitment_by_due"),
            models.Index(fields=["tenant", "panel", "due_at"], name="commitments_of_panel"),
        ]

    def __str__(self) -> str:
        return self.what[:60]
