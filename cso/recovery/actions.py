"""What people do with a case. Each act checks, changes and logs in one transaction, under the case's row lock."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from cso.customers.models import Customer
from cso.errors import ConflictError, FieldError, InvalidFieldsError, NotAllowedError
from cso.people.models import Unit
from cso.recovery import permissions
from cso.recovery.causes import cause_errors, cleaned, find_or_add_cause
from cso.recovery.clocks import AFTER_RECORDED, Floor, act_instant, instant_errors, since_start
from cso.recovery.contact_clock import reset_contact_clock, start_contact_clock
from cso.recovery.merged_clocks import correct_own
from cso.recovery.models import (
    CLOCK_TOLERANCE,
    MAX_SUMMARY,
    Case,
    CaseEvent,
    Channel,
    EventKind,
    ExclusionReason,
)
from cso.recovery.questions import ask_soon, stop_asking
from cso.recovery.triggers import lock_customers
from cso.texts import text_errors
from tenants import audit
from tenants.models import Actor, ApiKey, Membership
from tenants.permissions import require
from tenants.roles import Can

MAX_NOTE = 2_000
MAX_EXCLUSION_NOTE = 500
# What `correct_case` may change: field of the case -> name in the log.
CORRECTABLE = ("occurred_at", "reported_at", "summary", "channel", "cause", "customer")
CONTACT_CLOCK_RUNS_BY = frozenset({"customer", "reported_at", "fixed_at", "answered_at"})
# After each of these another owner holds the case.
CHANGED_HANDS = (EventKind.MOVED, EventKind.TAKEN, EventKind.HANDED_OVER)


def open_case(
    *,
    by: Actor | None,
    unit: Unit,
    reported_at: datetime,
    now: datetime,
    occurred_at: datetime | None = None,
    summary: str = "",
    channel: str = "",
    cause: str = "",
    customer: Customer | None = None,
    external_id: str | None = None,
    id: UUID | None = None,  # noqa: A002 (the name of the column)
) -> Case:
    """Log an OOPS. Raises `InvalidFieldsError` by field, `ConflictError` for an external id in use.

    `cause` is a name, added when new. `id` is chosen by who asks, so that a form sent twice makes one case: the second
    raises `ConflictError` with the code `sent_twice`.
    """
    require(by, Can.LOG_CASE)
    case = Case(
        unit=unit,
        reported_at=reported_at,
        occurred_at=occurred_at,
        summary=summary,
        channel=channel,
        customer=customer,
        external_id=external_id or None,
        opened_by=by if isinstance(by, Membership) else None,
        recorded_at=now,
    )
    cause = cleaned(cause)
    _check(case, cause, now)
    case.cause = find_or_add_cause(cause)
    start_contact_clock(case)
    if id is not None:
        case.id = id
    try:
        with transaction.atomic():
            case.save(force_insert=True)
    except IntegrityError as error:
        if "_pkey" in str(error):
            raise ConflictError(_("This case was logged already."), code="sent_twice") from error
        if "one_case_per_external_id" in str(error):
            message = _("A case with the external id “%(external_id)s” exists already.") % {"external_id": external_id}
            raise ConflictError(message, code="external_id_in_use") from error
        raise
    return case


def fix_case(case: Case, *, by: Actor | None, at: datetime, now: datetime, note: str = "") -> Case:
    """The mistake is fixed since `at`. The first fix decides the 24 hours; a later one only closes the case again."""
    case = lock_case(case, by)
    if not permissions.can_fix_case(by, case):
        raise ConflictError(_("This case is fixed already."), code="already_fixed")
    undone_at = _last_undone_at(case) if case.first_fixed_at else None
    before_reopened = Floor(undone_at, "before_reopened", _("The case cannot be fixed before it was reopened."))
    at = act_instant(at, now=now, after=[since_start(case), before_reopened])
    case.first_fixed_at = case.first_fixed_at or at
    case.fixed_at = at
    case = save_case(case, EventKind.FIXED, by, at, note, "first_fixed_at", "fixed_at")
    ask_soon(case, now=now)
    return case


def reopen_case(case: Case, *, by: Actor | None, at: datetime, now: datetime, note: str) -> Case:
    """The fix did not hold. Within 14 days of the first fix this turns a hit into a miss, in its original period."""
    return _undo_fix(case, EventKind.REOPENED, by=by, at=at, now=now, note=note)


def dispute_case(case: Case, *, by: Actor | None, at: datetime, now: datetime, note: str) -> Case:
    """The customer says that it is not fixed; counts and reopens like `reopen_case`, and stays told apart."""
    return _undo_fix(case, EventKind.DISPUTED, by=by, at=at, now=now, note=note)


def _undo_fix(case: Case, kind: EventKind, *, by: Actor | None, at: datetime, now: datetime, note: str) -> Case:
    case = lock_case(case, by)
    if not permissions.can_undo_fix(by, case):
        raise ConflictError(_("This case is open already."), code="already_open")
    if not note.strip():
        raise InvalidFieldsError.of("note", "required", _("Say what was not fixed."))
    # Before the closing too: the customer may have said so before somebody closed the case, unaware of it.
    before_fixed = Floor(case.fixed_at, "before_fixed", _("The case cannot be reopened before it was fixed."))
    at = act_instant(at, now=now, after=[before_fixed])
    case.first_undone_at = case.first_undone_at or at
    case.times_undone += 1
    case.fixed_at = None
    changes = {"solution": [case.solution, None]} if case.solution else {}
    # What failed, what was given and what should change stay true; how it was solved does not.
    case.closed_at, case.solution, case.quoted_rule = None, "", None
    fields = ("first_undone_at", "times_undone", "fixed_at", "closed_at", "solution", "quoted_rule")
    stop_asking(case)
    return save_case(case, kind, by, at, note, *fields, changes=changes)


def move_case(
    case: Case, unit: Unit, *, by: Actor | None, now: datetime, at: datetime | None = None, note: str = ""
) -> Case:
    """Another unit answers for the case since `at` (None: now), and whoever takes in there owns it.

    Its clock runs on, and its figures move with it.
    """
    case = lock_case(case, by)
    if case.unit_id == unit.pk:
        return case
    at = act_instant(at, now=now, after=[since_start(case), since_changed_hands(case)])
    changes = {"unit": [case.unit.code, unit.code]}
    case.unit, case.owner = unit, None
    return save_case(case, EventKind.MOVED, by, at, note, "unit", "owner", changes=changes)


def since_changed_hands(case: Case) -> Floor:
    """Who owns a case is told in the order in which it happened."""
    last = case.events.filter(kind__in=CHANGED_HANDS).aggregate(at=Max("at"))["at"]
    return Floor(last, "before_last_owner", _("The case changed hands after this."))


def correct_case(case: Case, *, by: Actor | None, now: datetime, **values: Any) -> Case:
    """Set any of `CORRECTABLE`, the cause by its name; each change is logged with what it was.

    The instants of a case that holds duplicates are its own; its clock stays the earliest of them all. Raises
    `InvalidFieldsError` by field.
    """
    case = lock_case(case, by)
    unknown = set(values) - set(CORRECTABLE)
    if unknown:
        raise ValueError(f"Not correctable: {sorted(unknown)}")
    before = {field: getattr(case, field) for field in values}
    if "cause" in values:
        before["cause"] = case.cause.name if case.cause else None
        values["cause"] = cleaned(values["cause"] or "") or None
    changes = {field: value for field, value in values.items() if before[field] != value}
    if not changes:
        return case
    log = {field: [_plain(before[field]), _plain(value)] for field, value in changes.items()}
    for field in changes.keys() - {"cause"}:
        setattr(case, field, changes[field])
    cause = changes.get("cause") or ""
    _check(case, cause, now)
    if "cause" in changes:
        case.cause = find_or_add_cause(cause)
    follows = correct_own(case, changes.keys())
    if "customer" in changes and before["customer"] is not None:
        follows += _leave_former_customer(case, now)
    return save_case(case, EventKind.CORRECTED, by, now, "", *changes, *follows, changes=log)


def _leave_former_customer(case: Case, now: datetime) -> tuple[str, ...]:
    """Whose case it never was can open it no more and is asked nothing; which fields to save."""
    stop_asking(case)
    ask_soon(case, now=now)
    case.link_version += 1
    return ("link_version",)


def propose_exclusion(case: Case, reason: str, note: str, *, by: Membership, now: datetime) -> Case:
    """Ask that a case leave the figures. It counts on until a second person agrees."""
    case = lock_case(case, by)
    if not permissions.can_propose_exclusion(by, case):
        raise NotAllowedError(_("You cannot propose to exclude this case."))
    if reason not in ExclusionReason.values:
        raise InvalidFieldsError.of(
            "reason", "unknown", _("Use one of: %(choices)s.") % {"choices": ", ".join(ExclusionReason.values)}
        )
    if not note.strip():
        raise InvalidFieldsError.of("note", "required", _("Say why this case should not count."))
    if errors := text_errors("note", note, MAX_EXCLUSION_NOTE):
        raise InvalidFieldsError(errors)
    case.excluded_as, case.exclusion_note, case.excluded_by = reason, note, by
    fields = ("excluded_as", "exclusion_note", "excluded_by")
    return save_case(case, EventKind.EXCLUSION_PROPOSED, by, now, note, *fields, changes={"reason": reason})


def confirm_exclusion(case: Case, *, by: Membership, now: datetime) -> Case:
    """The second person agrees: from now on the case counts nowhere."""
    case = lock_case(case, by)
    if not permissions.can_confirm_exclusion(by, case):
        raise NotAllowedError(_("A second person, other than the one who proposed it, must confirm an exclusion."))
    case.exclusion_confirmed_by = by
    audit.record(by, "exclude_case", case.reference, reason=case.excluded_as, note=case.exclusion_note)
    return save_case(case, EventKind.EXCLUSION_CONFIRMED, by, now, "", "exclusion_confirmed_by")


def withdraw_exclusion(case: Case, *, by: Membership, now: datetime) -> Case:
    """The case counts again, as if never excluded."""
    case = lock_case(case, by)
    if not permissions.can_withdraw_exclusion(by, case):
        raise NotAllowedError(_("There is no exclusion of this case that you could withdraw."))
    case.excluded_as, case.exclusion_note = "", ""
    case.excluded_by = case.exclusion_confirmed_by = None
    fields = ("excluded_as", "exclusion_note", "excluded_by", "exclusion_confirmed_by")
    audit.record(by, "include_case", case.reference)
    return save_case(case, EventKind.EXCLUSION_WITHDRAWN, by, now, "", *fields)


def _check(case: Case, cause: str, now: datetime) -> None:
    """Raise `InvalidFieldsError` with whatever is wrong with a case as it would stand, and with its cause's name."""
    if case.reported_at is None:
        raise InvalidFieldsError.of("reported_at", "required", _("Say when the case was first reported."))
    errors = instant_errors(
        occurred_at=case.occurred_at, reported_at=case.reported_at, first_fixed_at=case.first_fixed_at, now=now
    )
    if case.recorded_at + CLOCK_TOLERANCE < case.reported_at <= now + CLOCK_TOLERANCE:
        errors.append(FieldError("reported_at", "after_recorded", str(AFTER_RECORDED)))
    errors += text_errors("summary", case.summary, MAX_SUMMARY)
    errors += text_errors("external_id", case.external_id or "", 100)
    if case.channel and case.channel not in Channel.values:
        errors.append(
            FieldError("channel", "unknown", _("Use one of: %(choices)s.") % {"choices": ", ".join(Channel.values)})
        )
    errors += cause_errors(cause)
    if errors:
        raise InvalidFieldsError(errors)


def lock_case(case: Case, by: Actor | None, *, merged_too: bool = False) -> Case:
    """The case as it is now, locked until the transaction ends: the first step of every act on it.

    Raises PermissionDenied unless `by` may work on cases, and `ConflictError` (`merged`) for a duplicate that went into
    another case, which takes the acts instead; only a split takes hold of such a one.
    """
    require(by, Can.WORK_CASE)
    # The customer first, whose other cases and worth at risk follow this one: else two acts could wait for each other.
    lock_customers([case.customer_id])
    # The case alone: joined with its unit, a case that is moved while we wait for its lock would not be found.
    locked = Case.objects.select_for_update().get(pk=case.pk)
    if locked.merged_into is not None and not merged_too:
        message = _("This case was merged into %(reference)s: work on that one.") % {
            "reference": locked.merged_into.reference
        }
        raise ConflictError(message, code="merged")
    return locked


def save_case(
    case: Case,
    kind: EventKind,
    by: Actor | None,
    at: datetime,
    note: str,
    *fields: str,
    changes: dict[str, Any] | None = None,
) -> Case:
    """The last step of every act on a locked case: log it, write its `fields`, and the contact that is owed since."""
    if errors := text_errors("note", note, MAX_NOTE):
        raise InvalidFieldsError(errors)
    CaseEvent.objects.create(
        case=case,
        kind=kind,
        at=at,
        member=by if isinstance(by, Membership) else None,
        api_key=by if isinstance(by, ApiKey) else None,
        note=note,
        changes=changes or {},
    )
    if kind == EventKind.CONTACTED or CONTACT_CLOCK_RUNS_BY.intersection(fields):
        reset_contact_clock(case)
    case.revision += 1
    case.save(update_fields=[*fields, "next_contact", "next_contact_due_at", "revision"])
    case.refresh_from_db()
    return case


def _last_undone_at(case: Case) -> datetime:
    undone = case.events.filter(kind__in=[EventKind.REOPENED, EventKind.DISPUTED])
    last = undone.order_by("-recorded_at", "-id").values_list("at", flat=True).first()
    assert last is not None, "a case with a first fix that is open has been undone"
    return last


def _plain(value: Any) -> Any:
    if isinstance(value, Customer):
        return str(value.pk)  # never their name, which the log would keep of a customer who is erased
    return value.isoformat() if isinstance(value, datetime) else None if value is None else str(value)
