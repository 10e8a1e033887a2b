"""Above one's authority: who is asked, whose turn it is as time passes, and what they decide.

Whose turn it is follows from the clock alone, so that a worker that stands still keeps nobody waiting; the alarm only
tells the next one by mail.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import override

from cso.alarms.actions import cancel_alarm, set_alarm, when_ringing
from cso.errors import ConflictError, InvalidFieldsError, NotAllowedError
from cso.money import money_words
from cso.outbox.actions import write_mail
from cso.people.models import Leadership, Person, UnitAncestor
from cso.people.queries import leading_on
from cso.recovery.actions import lock_case, save_case
from cso.recovery.duplicates import lock_both
from cso.recovery.models import Case, EventKind, Remedy
from cso.recovery.settings import language_of, recovery_settings
from cso.texts import text_errors
from tenants.models import Actor, Membership
from tenants.roles import Can, Role
from tenants.scope import current_tenant, day_of

PASSES_ON = "approval_passes_on"
MAX_NOTE = 500


def ask(remedy: Remedy, case: Case, *, by: Actor | None, at: datetime, now: datetime) -> Remedy:
    """Ask those above for a checked remedy of a locked case; the first of them is told at once."""
    remedy.approvers = _way_up(case, remedy.person, at)
    if not remedy.approvers:
        message = _("This is above your authority, and nobody above you here could approve it: no leader, and no CSO.")
        raise ConflictError(message, code="nobody_to_ask")
    remedy.status, remedy.on_own_authority = Remedy.Status.ASKED, False
    remedy.asked_at = at
    remedy.minutes_each = recovery_settings().approval_minutes
    remedy.save(force_insert=True)
    case.approvals_asked += 1
    save_case(case, EventKind.APPROVAL_ASKED, by, at, remedy.note, "approvals_asked", changes=said_of(remedy))
    tell_whose_turn_it_is(remedy.pk, now=now)
    return remedy


def who_is_asked(case: Case, person: Person, *, now: datetime) -> list[Membership]:
    """Who would be asked for what is above the person's authority, in their order, with the users."""
    way = _way_up(case, person, now)
    members = Membership.objects.select_related("user").in_bulk(way)
    return [members[pk] for pk in way]


def _way_up(case: Case, person: Person, at: datetime) -> list[UUID]:
    """The members who lead the case's unit and those above it on that day, then the CSOs; each once, never `person`."""
    above = UnitAncestor.objects.filter(unit=case.unit_id).order_by("distance").values_list("ancestor", flat=True)
    held = Leadership.objects.filter(leading_on(day_of(at)), unit__in=above).select_related("person__member")
    leaders = {leadership.unit_id: leadership.person for leadership in held}
    found: list[UUID] = []
    for leader in filter(None, map(leaders.get, above)):
        if leader.pk == person.pk:
            # Nobody decides what their own leader asks for.
            found.clear()
        elif leader.member is not None and leader.member.can(Can.WORK_CASE):
            found.append(leader.member.pk)
    officers = Membership.objects.filter(role=Role.CSO, ended_at=None).order_by("created_at", "id")
    found += officers.values_list("pk", flat=True)
    return [member for member in dict.fromkeys(found) if member != person.member_id]


def may_decide(member: Membership, remedy: Remedy, *, now: datetime) -> bool:
    """Whether it is this member's turn, and still open: the asker's it never is.

    The first of the way up may decide at once, each further one `minutes_each` after the one before, the last one
    always; but none who leads there no more. So may a CSO who came later, lest it waits for ever for those who left.
    """
    return _has_turn(member, remedy, now) and remedy.case.unit_id in _led_by(member, [remedy], now)


def _has_turn(member: Membership, remedy: Remedy, now: datetime) -> bool:
    if remedy.status != Remedy.Status.ASKED or not member.can(Can.WORK_CASE):
        return False
    if member.pk in {remedy.person.member_id, remedy.member_id}:
        return False
    if member.pk not in remedy.approvers:
        return member.role == Role.CSO
    turn = remedy.approvers.index(member.pk)
    return turn <= _turn(remedy, now) or turn == len(remedy.approvers) - 1


def _led_by(member: Membership, remedies: Iterable[Remedy], now: datetime) -> set[UUID]:
    """The units of these remedies' cases above which the member stands today: as a CSO of all, else as a leader."""
    units = {remedy.case.unit_id for remedy in remedies}
    if member.role == Role.CSO or not units:
        return units
    led = Leadership.objects.filter(leading_on(day_of(now)), person__member=member).values_list("unit_id", flat=True)
    below = UnitAncestor.objects.filter(ancestor__in=list(led), unit__in=units)
    return set(below.values_list("unit_id", flat=True))


def _turn(remedy: Remedy, now: datetime) -> int:
    """The place, on the way up, of the last one to whom it has passed on."""
    assert remedy.asked_at is not None
    return max((now - remedy.asked_at) // timedelta(minutes=remedy.minutes_each), 0)


def _turn_begins(remedy: Remedy, turn: int) -> datetime:
    assert remedy.asked_at is not None
    return remedy.asked_at + turn * timedelta(minutes=remedy.minutes_each)


def waiting_for(member: Membership, *, now: datetime) -> list[Remedy]:
    """What this member may decide now, the one that waits longest first."""
    asked_of = Q(approvers__contains=[member.pk])
    asked = Remedy.objects.filter(Q() if member.role == Role.CSO else asked_of, status=Remedy.Status.ASKED)
    rows = asked.select_related("case__unit", "person", "unit").order_by("asked_at", "id")
    theirs_now = [remedy for remedy in rows if _has_turn(member, remedy, now)]
    units = _led_by(member, theirs_now, now)
    return [remedy for remedy in theirs_now if remedy.case.unit_id in units]


def decide_remedy(remedy: Remedy, *, by: Membership, approve: bool, now: datetime, note: str = "") -> Remedy:
    """Approve, and so give, or refuse; also after the case is closed.

    Raises `ConflictError` (`decided_already`) for a second decision and `NotAllowedError` out of turn.
    """
    case, remedy = _locked(remedy, by)
    if not may_decide(by, remedy, now=now):
        raise NotAllowedError(_("This is not yours to decide, or not yet."))
    if errors := text_errors("decision_note", note, MAX_NOTE):
        raise InvalidFieldsError(errors)
    assert remedy.asked_at is not None
    decided_at = max(now, remedy.asked_at)  # the asker's clock may run a little ahead
    remedy.decided_at, remedy.decided_by, remedy.decision_note = decided_at, by, note.strip()
    if approve:
        remedy.status, remedy.given_at, remedy.day = Remedy.Status.GIVEN, decided_at, day_of(decided_at)
    else:
        remedy.status = Remedy.Status.REFUSED
    kind = EventKind.APPROVED if approve else EventKind.APPROVAL_REFUSED
    return _settled(case, remedy, kind, by, decided_at, remedy.decision_note)


def withdraw_remedy(remedy: Remedy, *, by: Actor | None, now: datetime) -> Remedy:
    """The asker needs it no more: the case, and what it was merged into, count as if it had not been asked for."""
    survivor = _locked_survivor(remedy, by)
    case, remedy = _locked(remedy, by)
    if case.merged_into_id != (survivor and survivor.pk):
        raise ConflictError(_("This case was merged or split just now: try again."), code="merged")
    if isinstance(by, Membership) and by.pk not in {remedy.person.member_id, remedy.member_id}:
        raise NotAllowedError(_("Only who asked can withdraw this."))
    remedy.status = Remedy.Status.WITHDRAWN
    case.approvals_asked -= 1
    if survivor is not None:
        survivor.approvals_asked -= 1
        survivor.revision += 1
        survivor.save(update_fields=["approvals_asked", "revision"])
    return _settled(case, remedy, EventKind.REMEDY_WITHDRAWN, by, now, "", "approvals_asked")


def _locked_survivor(remedy: Remedy, by: Actor | None) -> Case | None:
    """What the remedy's case is merged into, if it is, locked together with that case."""
    case = Case.objects.select_related("merged_into").get(pk=remedy.case_id)
    return lock_both(by, case, case.merged_into)[1] if case.merged_into else None


def _locked(remedy: Remedy, by: Actor | None) -> tuple[Case, Remedy]:
    """A request that waits, under its case's lock; also of a case that was merged meanwhile."""
    case = lock_case(remedy.case, by, merged_too=True)
    remedy = Remedy.objects.select_related("person", "case").get(pk=remedy.pk)
    if remedy.status != Remedy.Status.ASKED:
        raise ConflictError(_("This does not wait for anybody any more."), code="decided_already")
    return case, remedy


def _settled(
    case: Case, remedy: Remedy, kind: EventKind, by: Actor | None, at: datetime, note: str, *fields: str
) -> Remedy:
    remedy.save()
    save_case(case, kind, by, at, note, *fields, changes=said_of(remedy))
    cancel_alarm(PASSES_ON, remedy.pk)
    remedy.refresh_from_db()
    return remedy


def said_of(remedy: Remedy) -> dict[str, Any]:
    """What the case's log keeps of a remedy; the giver, where it is not who acted."""
    what: dict[str, Any] = (
        {"exception": remedy.exception}
        if remedy.exception
        else {"amount_minor": remedy.amount_minor, "currency": remedy.currency}
    )
    return what | ({} if remedy.member_id else {"person": remedy.person.name})


@when_ringing(PASSES_ON)
def tell_whose_turn_it_is(subject: UUID, *, now: datetime) -> None:
    """Write to each approver whose turn has come, once; and again when it passes on."""
    remedy = (
        Remedy.objects.select_related("case__unit", "person").filter(pk=subject, status=Remedy.Status.ASKED).first()
    )
    if remedy is None:
        return
    turn = _turn(remedy, now)
    _write_to(remedy, turn, now)
    if turn + 1 < len(remedy.approvers):
        set_alarm(PASSES_ON, remedy.pk, _turn_begins(remedy, turn + 1))


def _write_to(remedy: Remedy, turn: int, now: datetime) -> None:
    slug = current_tenant().slug
    context = {
        "asker": remedy.person.name,
        "remedy": remedy,
        "case": remedy.case,
        "company": current_tenant().name,
        "url": f"{settings.PUBLIC_URL}/{slug}/approvals/{remedy.pk}/",
    }
    told = Membership.objects.filter(pk__in=remedy.approvers[: turn + 1], ended_at=None).select_related("user")
    for member in told:
        next_turn = remedy.approvers.index(member.pk) + 1
        passes_on_at = _turn_begins(remedy, next_turn)
        is_theirs_alone = next_turn < len(remedy.approvers) and passes_on_at > now
        language = language_of(member)
        with override(language):
            what = remedy.exception or money_words(remedy.amount_minor, remedy.currency)
        write_mail(
            key=f"{PASSES_ON}:{remedy.pk}:{member.pk}",
            kind=PASSES_ON,
            about=remedy.pk,
            recipient=member.user.email,
            template="recovery/approval",
            context=context | {"what": what, "passes_on_at": passes_on_at if is_theirs_alone else None},
            language=language,
            now=now,
        )
