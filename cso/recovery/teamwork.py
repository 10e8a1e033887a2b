"""Several people at one case: its one owner, the tasks of units, how long each held it, and the punches it took."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext

from cso.errors import ConflictError, InvalidFieldsError, NotAllowedError
from cso.people.models import Unit
from cso.recovery import permissions
from cso.recovery.actions import lock_case, save_case, since_changed_hands
from cso.recovery.clocks import Floor, act_instant, since_start
from cso.recovery.models import Case, CaseTask, EventKind, SupportNote
from cso.recovery.owners import held_by, owner_of, owners_of
from cso.texts import as_uuid, text_errors
from tenants.models import Actor, Membership
from tenants.roles import Can

__all__ = [
    "Held",
    "add_task",
    "cancel_task",
    "custody",
    "finish_task",
    "hand_over",
    "held_by",
    "owner_of",
    "owners_of",
    "support_notes",
    "take_case",
    "take_punch",
    "write_support_note",
]

MAX_TASK = 300
MAX_SUPPORT_NOTE = 2_000


def take_case(
    case: Case, *, by: Actor | None, now: datetime, at: datetime | None = None, member: Membership | None = None
) -> Case:
    """`member` (None: `by`) owns the case since `at` (None: now).

    Raises `ConflictError` (`taken`) while another has taken it: that one hands it over, or somebody takes the punch.
    """
    case = lock_case(case, by)
    owner = case.owner
    if owner is not None and owner.ended_at is None and owner != _taker(by, member):
        raise ConflictError(gettext("%(name)s has taken this case.") % {"name": owner.label}, code="taken")
    return _take(case, by, now, at, member)


def take_punch(
    case: Case, *, by: Actor | None, now: datetime, at: datetime | None = None, member: Membership | None = None
) -> Case:
    """Take a hot case over from whoever has it; nothing names them, or counts that they let it go."""
    return _take(lock_case(case, by), by, now, at, member)


def _take(case: Case, by: Actor | None, now: datetime, at: datetime | None, member: Membership | None) -> Case:
    owner = _able(_taker(by, member))
    if case.owner_id == owner.pk:
        return case
    at = act_instant(at, now=now, after=[since_start(case), since_changed_hands(case)])
    case.owner = owner
    return save_case(case, EventKind.TAKEN, by, at, "", "owner", changes={"owner": owner.label})


def hand_over(
    case: Case, to: Membership, *, by: Actor | None, now: datetime, at: datetime | None = None, note: str = ""
) -> Case:
    """`to` owns the case since `at` (None: now); the log tells from whom to whom."""
    case = lock_case(case, by)
    if case.owner_id == _able(to).pk:
        return case
    at = act_instant(at, now=now, after=[since_start(case), since_changed_hands(case)])
    before = owner_of(case)
    case.owner = to
    changes = {"owner": [before.label if before else None, to.label]}
    return save_case(case, EventKind.HANDED_OVER, by, at, note, "owner", changes=changes)


def _taker(by: Actor | None, member: Membership | None) -> Membership:
    taker = member or by
    if not isinstance(taker, Membership):
        raise InvalidFieldsError.of("owner", "required", gettext("Say who takes it."))
    return taker


def _able(member: Membership) -> Membership:
    if not member.can(Can.WORK_CASE):
        raise InvalidFieldsError.of(
            "owner", "cannot_work_cases", gettext("%(name)s cannot work on cases.") % {"name": member.label}
        )
    return member


@dataclass(frozen=True)
class Held:
    """For how long one unit held a case, [since, until); `until` None: it holds it still, by now for `seconds`."""

    unit: Unit
    since: datetime
    until: datetime | None
    seconds: int

    @property
    def unit_name(self) -> str:
        return self.unit.name


def custody(case: Case, *, now: datetime) -> list[Held]:
    """Which unit held a case when, from its report to the fix that holds, or until `now`; a move after it counts not.

    The seconds are whole, and sum up to those of the whole time, rounded up.
    """
    start = case.reported_at
    end = max(case.fixed_at or now, start)
    units, moved_at = _holders_in_turn(case)
    # Where the clock began before the report, a move may be told from then on.
    turns = [start, *(min(max(at, start), end) for at in moved_at), end]
    held = [
        Held(unit, since, until, _whole(until - start) - _whole(since - start))
        for unit, (since, until) in zip(units, pairwise(turns), strict=True)
    ]
    held = [each for each in held if each.seconds] or held[:1]
    return held if case.fixed_at else [*held[:-1], replace(held[-1], until=None)]


def _whole(time: timedelta) -> int:
    return math.ceil(time.total_seconds())


def _holders_in_turn(case: Case) -> tuple[list[Unit], list[datetime]]:
    """The units that held a case, in turn, and when each but the first got it."""
    log = case.events.filter(changes__has_any_keys=["unit", "unit_id"]).order_by("at", "recorded_at", "id")
    # Bulk loads once wrote the ids of units where all else writes their codes.
    moves = [(at, changes.get("unit") or changes["unit_id"]) for at, changes in log.values_list("at", "changes")]
    words = [moves[0][1][0], *(after for _, (_, after) in moves)] if moves else [case.unit.code]
    named = Q(code__in=words) | Q(pk__in=[word for word in map(as_uuid, words) if word])
    known = {key: unit for unit in Unit.objects.filter(named) for key in (str(unit.pk), unit.code)}
    return [known[word] for word in words], [at for at, _ in moves]


def add_task(
    case: Case,
    *,
    unit: Unit,
    what: str,
    due_at: datetime,
    by: Actor | None,
    now: datetime,
    id: UUID | None = None,  # noqa: A002 (the name of the column)
) -> CaseTask:
    """Ask a unit to do its part by `due_at`; whoever leads or works there sees the case until it is done.

    `id` is chosen by who asks, so that a form sent twice asks once: the second raises `ConflictError` with the code
    `sent_twice`.
    """
    case = lock_case(case, by)
    if id is not None and CaseTask.objects.filter(pk=id).exists():
        raise ConflictError(gettext("This was sent already."), code="sent_twice")
    if not what.strip():
        raise InvalidFieldsError.of("what", "required", gettext("Say what is to be done."))
    if errors := text_errors("what", what, MAX_TASK):
        raise InvalidFieldsError(errors)
    if due_at <= now:
        raise InvalidFieldsError.of("due_at", "in_the_past", gettext("This has passed: say by when it is to be done."))
    added_by = by if isinstance(by, Membership) else None
    known = {"id": id} if id else {}
    task = CaseTask.objects.create(
        case=case, unit=unit, what=what, due_at=due_at, added_at=now, added_by=added_by, **known
    )
    changes = {"asked_of": unit.name, "due_at": due_at.isoformat()}
    save_case(case, EventKind.TASK_ADDED, by, now, what, changes=changes)
    return task


def finish_task(task: CaseTask, *, by: Actor | None, now: datetime, at: datetime | None = None) -> CaseTask:
    """The unit has done its part since `at` (None: now)."""
    case, task = _waiting(task, by)
    before_asked = Floor(task.added_at, "before_asked", gettext("This is before it was asked for."))
    task.done_at = act_instant(at, now=now, after=[before_asked])
    task.done_by = by if isinstance(by, Membership) else None
    task.save(update_fields=["done_at", "done_by"])
    save_case(case, EventKind.TASK_DONE, by, task.done_at, task.what, changes={"asked_of": task.unit.name})
    return task


def cancel_task(task: CaseTask, *, by: Actor | None, now: datetime) -> CaseTask:
    """It is not needed any more."""
    case, task = _waiting(task, by)
    task.cancelled_at = now
    task.save(update_fields=["cancelled_at"])
    save_case(case, EventKind.TASK_CANCELLED, by, now, task.what, changes={"asked_of": task.unit.name})
    return task


def _waiting(task: CaseTask, by: Actor | None) -> tuple[Case, CaseTask]:
    """The task with its case, both locked; raises `ConflictError` unless it waits."""
    case = lock_case(task.case, by)
    task = CaseTask.objects.select_for_update().get(pk=task.pk)
    if task.done_at is not None:
        raise ConflictError(gettext("This task is done already."), code="task_done")
    if task.cancelled_at is not None:
        raise ConflictError(gettext("This task is no longer needed."), code="task_cancelled")
    return case, task


def write_support_note(case: Case, text: str, *, by: Membership, now: datetime) -> SupportNote:
    """What the case did to its author, for their own eyes: no log, count or export tells that there is one."""
    if not permissions.can_write_support_note(by, case):
        raise NotAllowedError(gettext("You cannot write a note on this case."))
    if not text.strip():
        raise InvalidFieldsError.of("text", "required", gettext("Write something, or leave it."))
    if errors := text_errors("text", text, MAX_SUPPORT_NOTE):
        raise InvalidFieldsError(errors)
    return SupportNote.objects.create(case=case, author=by, text=text, written_at=now)


def support_notes(viewer: Actor, case: Case) -> QuerySet[SupportNote]:
    """What the viewer wrote, and nothing of anybody else, whatever their role."""
    if not isinstance(viewer, Membership):
        return SupportNote.objects.none()
    return SupportNote.objects.filter(case=case, author=viewer).order_by("written_at", "id")
