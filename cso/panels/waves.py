"""Waves: drafted, opened, closed; who is asked what, and when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from cso.alarms.actions import cancel_alarm, set_alarm, when_ringing
from cso.clock import database_now
from cso.errors import ConflictError, FieldError, InvalidFieldsError
from cso.panels.holding import hold_wave
from cso.panels.inviting import invite_soon, stop_inviting
from cso.panels.models import MAX_SEGMENT, Invitation, Panel, PanelMember, Question, SegmentShare, Wave
from cso.panels.permissions import require_panel
from cso.panels.publishing import publish
from cso.panels.questions import (
    add_question,
    change_question,
    copy_questions,
    hold_draft,
    move_question,
    remove_question,
    standard_questions,
)
from cso.people.models import Unit, UnitAncestor
from cso.texts import counted, text_errors
from tenants import audit
from tenants.models import Actor, Membership

__all__ = [
    "add_question",
    "cancel_wave",
    "change_question",
    "change_wave",
    "close_wave",
    "copy_wave",
    "draft_wave",
    "move_question",
    "open_wave",
    "remove_question",
    "set_share",
    "standard_questions",
    "warnings_of",
]

CLOSES = "close_wave"
MAX_NAME = 120
MOST_IN_A_SAMPLE = 1_000_000
HIGHEST_SHARE = Decimal(1_000)
LONGEST = timedelta(days=366)
MOST_QUESTIONS = 200
MOST_REMINDER_DAYS = 60
# What `change_wave` may change.
CHANGEABLE = (
    "name",
    "unit",
    "opens_at",
    "closes_at",
    "sample_size",
    "reminder_days",
    "most_questions",
    "weighting",
)


def draft_wave(
    panel: Panel,
    name: str,
    *,
    opens_at: datetime,
    closes_at: datetime,
    by: Actor | None,
    now: datetime,
    unit: Unit | None = None,
    sample_size: int | None = None,
    reminder_days: int = 3,
    most_questions: int = 5,
    weighting: str = Wave.Weighting.NONE,
    is_imported: bool = False,
) -> Wave:
    """A wave that nobody is asked yet; its questions are added, then it is opened.

    unit: the panel's (None), or one below it, whose members alone are asked. sample_size: how many are drawn (None: all
    who may be asked). reminder_days: after how many days who has not answered is asked once more (0: never).
    is_imported: it was asked elsewhere, whenever that was, and its responses are loaded.

    Raises `InvalidFieldsError` by field, `ConflictError` with the code `name_taken` or `panel_closed`.
    """
    require_panel(by, panel)
    wave = Wave(
        panel=Panel.objects.select_related("unit").get(pk=panel.pk),
        name=" ".join(name.split()),
        unit=unit or panel.unit,
        opens_at=opens_at,
        closes_at=closes_at,
        sample_size=sample_size,
        reminder_days=reminder_days,
        most_questions=most_questions,
        weighting=weighting,
        is_imported=is_imported,
        made_by=by if isinstance(by, Membership) else None,
        made_at=now,
    )
    if wave.panel.closed_at is not None:
        raise ConflictError(_("This panel is closed."), code="panel_closed")
    _check(wave)
    _save(wave)
    audit.record(by, "draft_wave", wave.name, panel=panel.name, wave=str(wave.pk))
    return wave


def change_wave(wave: Wave, *, by: Actor | None, now: datetime, **values: Any) -> Wave:
    """Change any of `CHANGEABLE` of a draft."""
    if unknown := set(values) - set(CHANGEABLE):
        raise ValueError(f"Not changeable: {sorted(unknown)}")
    wave = hold_draft(wave, by)
    for name, value in values.items():
        setattr(wave, name, " ".join(value.split()) if name == "name" else value)
    _check(wave)
    _save(wave, update_fields=list(values))
    told = {name: str(getattr(value, "code", value)) for name, value in values.items()}
    audit.record(by, "change_wave", wave.name, wave=str(wave.pk), **told)
    return wave


def set_share(wave: Wave, segment: str, share: Decimal | None, *, by: Actor | None) -> SegmentShare | None:
    """What share of all customers a segment is, in a unit of your choice (1, per cent, heads); None: not known.

    Answers of a segment whose share is not known weigh nothing, which is told. Raises `InvalidFieldsError` by field.
    """
    wave = hold_draft(wave, by)
    segment = " ".join(segment.split())
    if errors := text_errors("segment", segment, MAX_SEGMENT):
        raise InvalidFieldsError(errors)
    shares = SegmentShare.objects.filter(wave=wave, segment=segment)
    if share is None:
        shares.delete()
        return None
    if not Decimal("0.00000001") <= share <= HIGHEST_SHARE:
        raise InvalidFieldsError.of(
            "share",
            "out_of_range",
            _("Use a share above 0, at most %(most)s.") % {"most": counted(HIGHEST_SHARE)},
        )
    return SegmentShare.objects.update_or_create(wave=wave, segment=segment, defaults={"share": share})[0]


def copy_wave(
    wave: Wave, name: str, *, opens_at: datetime, closes_at: datetime, by: Actor | None, now: datetime
) -> Wave:
    """A draft that asks the same again, with the same settings, questions and shares."""
    kept = ("unit", "sample_size", "reminder_days", "most_questions", "weighting")
    copy = draft_wave(
        wave.panel,
        name,
        opens_at=opens_at,
        closes_at=closes_at,
        by=by,
        now=now,
        **{field: getattr(wave, field) for field in kept},
    )
    copy_questions(wave, copy)
    shares = SegmentShare.objects.filter(wave=wave).values_list("segment", "share")
    SegmentShare.objects.bulk_create([SegmentShare(wave=copy, segment=each, share=share) for each, share in shares])
    return copy


def open_wave(wave: Wave, *, by: Actor | None, now: datetime) -> Wave:
    """Let it be asked from its `opens_at` on, which is now where that is past. From here on no question changes.

    Raises `InvalidFieldsError` of `questions` (none; the first one does not ask what went right; more than the wave
    allows; a choice with fewer than two options), of `closes_at` and `weighting`. An imported wave may ask what it
    asked, and when.
    """
    wave = hold_draft(wave, by)
    if wave.panel.closed_at is not None:
        raise ConflictError(_("This panel is closed."), code="panel_closed")
    if not wave.is_imported:
        wave.opens_at = max(wave.opens_at, now)
    if errors := _opening_errors(wave):
        raise InvalidFieldsError(errors)
    wave.status, wave.opened_at = Wave.Status.OPEN, now
    wave.save(update_fields=["status", "opened_at", "opens_at"])
    if not wave.is_imported:
        invite_soon(wave)
        set_alarm(CLOSES, wave.pk, wave.closes_at)
    audit.record(by, "open_wave", wave.name, wave=str(wave.pk), questions=wave.questions.count())
    return wave


def warnings_of(wave: Wave) -> list[str]:
    """What speaks against opening a wave as it is, and does not forbid it; in sentences."""
    found = []
    questions = list(wave.questions.order_by("position"))
    speak_french = PanelMember.objects.filter(panel=wave.panel_id, left_at=None, customer__language="fr-ca")
    if any(not question.text_fr for question in questions) and speak_french.exists():
        found.append(_("Some members speak French, and not all questions are written in French."))
    if wave.weighting == Wave.Weighting.SEGMENTS:
        known = set(wave.segment_shares.values_list("segment", flat=True))
        segments = set(PanelMember.objects.filter(panel=wave.panel_id, left_at=None).values_list("segment", flat=True))
        if missing := sorted(segment or "(none)" for segment in segments - known):
            found.append(
                _("Without a share these segments weigh nothing: %(segments)s.") % {"segments": ", ".join(missing)}
            )
    return found


def cancel_wave(wave: Wave, *, by: Actor | None, now: datetime) -> Wave:
    """Call it off before it is closed: it counts nowhere, and nothing that was answered is shown.

    Raises `ConflictError` with the code `closed`.
    """
    require_panel(by, wave.panel)
    cancel_alarm(CLOSES, wave.pk)
    stop_inviting(wave.pk)
    wave, db_now = hold_wave(wave.pk, alone=True)
    if wave.status == Wave.Status.CANCELLED:
        return wave
    if wave.status == Wave.Status.CLOSED or (not wave.is_imported and db_now >= wave.closes_at):
        raise ConflictError(_("A wave that is closed cannot be called off."), code="closed")
    wave.status, wave.cancelled_at = Wave.Status.CANCELLED, now
    wave.save(update_fields=["status", "cancelled_at"])
    Invitation.objects.filter(wave=wave).update(closes_at=None)
    audit.record(by, "cancel_wave", wave.name, wave=str(wave.pk))
    return wave


def close_wave(wave: Wave, *, by: Actor | None, now: datetime) -> Wave:
    """Close it and count its answers, once and for all; closed twice it stays as it was.

    Before its time only by who runs the panel; `by` None (a worker, or whoever reads the page) closes what is past its
    time alone, and an imported wave. Raises `ConflictError` with the code `not_open` (a draft, one that was called off,
    or one that opens later).
    """
    if by is not None:
        require_panel(by, wave.panel)
    if not wave.is_imported and by is None and not _is_due(wave.pk):
        return Wave.objects.select_related("panel", "unit").get(pk=wave.pk)
    cancel_alarm(CLOSES, wave.pk)
    stop_inviting(wave.pk)
    wave, db_now = hold_wave(wave.pk, alone=True)
    if wave.status == Wave.Status.CLOSED:
        return wave
    if wave.status != Wave.Status.OPEN or db_now <= wave.opens_at:
        raise ConflictError(_("This wave is not open."), code="not_open")
    if db_now < wave.closes_at:
        # Early: what comes from here on is late, and counts in no other period.
        wave.closes_at = db_now
        wave.save(update_fields=["closes_at"])
        Invitation.objects.filter(wave=wave).update(closes_at=db_now)
    wave = publish(wave, now=db_now)
    audit.record(by, "close_wave", wave.name, wave=str(wave.pk))
    return wave


@when_ringing(CLOSES)
def _close_due(subject: UUID, *, now: datetime) -> None:
    wave = Wave.objects.select_related("panel").filter(pk=subject, status=Wave.Status.OPEN).first()
    if wave is None:
        return
    if close_wave(wave, by=None, now=now).status == Wave.Status.OPEN:
        # This clock runs ahead of the database's.
        set_alarm(CLOSES, wave.pk, wave.closes_at)


def _is_due(wave: UUID) -> bool:
    return Wave.objects.filter(pk=wave, status=Wave.Status.OPEN, closes_at__lte=database_now()).exists()


def _opening_errors(wave: Wave) -> list[FieldError]:
    questions = list(wave.questions.order_by("position"))
    if not questions:
        return [FieldError("questions", "required", _("Ask at least one question."))]
    errors = [] if wave.is_imported else _asking_errors(wave, questions)
    for question in questions:
        if question.kind == Question.Kind.CHOICE and question.options.count() < 2:
            message = _("“%(code)s” needs two options or more.") % {"code": question.code}
            errors.append(FieldError("questions", "few_options", message))
    if wave.weighting == Wave.Weighting.SEGMENTS and not wave.segment_shares.exists():
        errors.append(FieldError("weighting", "no_shares", _("Say what share of all customers each segment is.")))
    return errors


def _asking_errors(wave: Wave, questions: Sequence[Question]) -> list[FieldError]:
    errors = []
    if questions[0].asks_for != Question.AsksFor.RIGHT:
        errors.append(FieldError("questions", "right_first", _("Ask first what went right.")))
    if len(questions) > wave.most_questions:
        message = _("These are %(n)s questions, and the wave allows %(most)s.")
        message %= {"n": len(questions), "most": wave.most_questions}
        errors.append(FieldError("questions", "too_many", message))
    if wave.closes_at <= wave.opens_at:
        errors.append(FieldError("closes_at", "in_the_past", _("This is in the past.")))
    return errors


def _check(wave: Wave) -> None:
    errors = text_errors("name", wave.name, MAX_NAME)
    if not wave.name:
        errors.append(FieldError("name", "required", _("Give the wave a name.")))
    if wave.closes_at <= wave.opens_at:
        errors.append(FieldError("closes_at", "before_opening", _("Close it after it opens.")))
    elif wave.closes_at - wave.opens_at > LONGEST:
        errors.append(FieldError("closes_at", "too_late", _("Close it within %(days)s days.") % {"days": LONGEST.days}))
    if not UnitAncestor.objects.filter(ancestor=wave.panel.unit_id, unit=wave.unit_id).exists():
        errors.append(FieldError("unit", "not_of_the_panel", _("Name the panel's unit, or one below it.")))
    errors += _weighting_errors(wave) + _range_errors(wave)
    if errors:
        raise InvalidFieldsError(errors)


def _weighting_errors(wave: Wave) -> list[FieldError]:
    if wave.weighting not in Wave.Weighting.values:
        return [
            FieldError(
                "weighting", "unknown", _("Use one of: %(choices)s.") % {"choices": ", ".join(Wave.Weighting.values)}
            )
        ]
    if wave.weighting == Wave.Weighting.GIVEN and not wave.is_imported:
        return [FieldError("weighting", "only_imported", _("Only imported responses bring weights of their own."))]
    return []


def _range_errors(wave: Wave) -> list[FieldError]:
    ranges = (
        ("sample_size", 1, MOST_IN_A_SAMPLE, wave.sample_size),
        ("reminder_days", 0, MOST_REMINDER_DAYS, wave.reminder_days),
        ("most_questions", 1, MOST_QUESTIONS, wave.most_questions),
    )
    return [
        FieldError(name, "out_of_range", _("Use %(low)s to %(high)s.") % {"low": low, "high": counted(high)})
        for name, low, high, value in ranges
        if value is not None and not low <= value <= high
    ]


def _save(wave: Wave, update_fields: list[str] | None = None) -> None:
    try:
        with transaction.atomic():
            wave.save(force_insert=wave._state.adding, update_fields=update_fields)
    except IntegrityError as error:
        if "one_wave_per_name" in str(error):
            raise ConflictError(_("The panel has a wave of that name."), code="name_taken") from error
        raise
