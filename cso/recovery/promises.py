"""Promises to customers: dated by what was said, moved with consent, kept or broken.

`at` is when an act happened; None: now. A promise falls due by the clock: whatever is done or rings after that derives
the same verdict again, so nothing is lost when the alarm rings late, twice, or when what was done in time is only told
later.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.utils.translation import gettext as _

from cso.alarms.actions import cancel_alarm, set_alarm, when_ringing
from cso.errors import ConflictError, FieldError, InvalidFieldsError
from cso.recovery.actions import lock_case, save_case
from cso.recovery.clocks import Floor, act_instant, since_start
from cso.recovery.models import BrokenBecause, Case, EventKind, Promise
from cso.recovery.settings import promise_words
from cso.recovery.words import minutes_said
from cso.texts import text_errors
from tenants.models import Actor, ApiKey, Membership

FALLS_DUE = "promise_falls_due"
MAX_WHAT = 300
MAX_WORDS = 40
# A promise for later than this is a typing error.
LONGEST = timedelta(days=366)
# What was done at the very instant was done in time.
_INSTANT = timedelta(microseconds=1)
_WHILE_CASE_IS_HELD = timedelta(seconds=5)


def due_from_words(words: str, at: datetime) -> datetime | None:
    """By when something said at `at` is due: "in 3 hours", "dans 2 jours", or the longest of the tenant's words in it.

    None where it is vague and no word of the tenant's dates it.
    """
    found = minutes_said(words, promise_words())
    return at + timedelta(minutes=found[1]) if found else None


def make_promise(
    case: Case,
    *,
    what: str,
    by: Actor | None,
    at: datetime | None,
    now: datetime,
    due_at: datetime | None = None,
    words: str = "",
    id: UUID | None = None,  # noqa: A002 (the name of the column)
) -> Promise:
    """Promise the customer something: by `due_at`, else by what `words` mean here, else by what `what` itself says.

    `id` is chosen by who asks, so that a form sent twice promises once: the second raises `ConflictError` with the code
    `sent_twice`. Raises `InvalidFieldsError` by field; of `due_at` with the code `vague` where nothing dates it.
    """
    case = lock_case(case, by)
    if id is not None and Promise.objects.filter(pk=id).exists():
        raise ConflictError(_("This was sent already."), code="sent_twice")
    at = act_instant(at, now=now, after=[since_start(case)])
    what, words = what.strip(), words.strip()
    if errors := _text_errors(what, words):
        raise InvalidFieldsError(errors)
    if due_at is None:
        words, due_at = _dated(words, what, at)
    _require_due(due_at, at)
    promise = Promise.objects.create(
        case=case,
        unit_id=case.unit_id,
        what=what,
        words=words,
        made_at=at,
        first_due_at=due_at,
        due_at=due_at,
        member=by if isinstance(by, Membership) else None,
        api_key=by if isinstance(by, ApiKey) else None,
        **({"id": id} if id else {}),
    )
    save_case(case, EventKind.PROMISED, by, at, what, changes={"due_at": due_at.isoformat()})
    return _judged(promise, case, now)


def _text_errors(what: str, words: str) -> list[FieldError]:
    errors = text_errors("what", what, MAX_WHAT) + text_errors("words", words, MAX_WORDS)
    if not what:
        errors.append(FieldError("what", "required", _("Say what was promised.")))
    return errors


def _dated(words: str, what: str, at: datetime) -> tuple[str, datetime]:
    found = minutes_said(words or what, promise_words())
    if found is None:
        raise InvalidFieldsError.of("due_at", "vague", _("Say by when: nothing in these words dates it."))
    return words or found[0][:MAX_WORDS], at + timedelta(minutes=found[1])


def _require_due(due_at: datetime, at: datetime) -> None:
    if due_at < at:
        raise InvalidFieldsError.of("due_at", "before_made", _("A promise is for later."))
    if due_at > at + LONGEST:
        raise InvalidFieldsError.of(
            "due_at", "too_far", _("This is more than %(days)s days away.") % {"days": LONGEST.days}
        )


def move_promise(
    promise: Promise, due_at: datetime, *, agreed: bool, by: Actor | None, at: datetime | None, now: datetime
) -> Promise:
    """Another due time. It can only count as kept if the customer agreed before it fell due, and once."""
    case, promise = _locked(promise, by)
    at = act_instant(at, now=now, after=[_since_made(promise)])
    _require_due(due_at, at)
    before = promise.due_at
    promise.move_agreed = agreed and promise.times_moved == 0 and at < before
    promise.times_moved += 1
    promise.due_at = due_at
    promise.save(update_fields=["move_agreed", "times_moved", "due_at"])
    changes = {"due_at": [before.isoformat(), due_at.isoformat()], "agreed": agreed}
    save_case(case, EventKind.PROMISE_MOVED, by, at, promise.what, changes=changes)
    return _judged(promise, case, now)


def keep_promise(promise: Promise, *, by: Actor | None, at: datetime | None, now: datetime) -> Promise:
    """What was promised is done since `at`: in time, or too late."""
    case, promise = _locked(promise, by)
    at = act_instant(at, now=now, after=[_since_made(promise)])
    promise.done_at = at
    promise.save(update_fields=["done_at"])
    in_time = at <= _deadline(promise)
    promise = _judged(promise, case, now)
    save_case(case, EventKind.PROMISE_KEPT if in_time else EventKind.PROMISE_LATE, by, at, promise.what)
    return promise


def cancel_promise(promise: Promise, *, by: Actor | None, at: datetime | None, now: datetime) -> Promise:
    """The customer needs it no more, before it falls due: it counts nowhere. What fell due stays a broken promise."""
    case, promise = _locked(promise, by)
    at = act_instant(at, now=now, after=[_since_made(promise)])
    if at > _deadline(promise):
        message = _("It fell due before that, and stays a broken promise: say why, and make it good.")
        raise ConflictError(message, code="fell_due")
    promise.cancelled_at = at
    promise.save(update_fields=["cancelled_at"])
    promise = _judged(promise, case, now)
    save_case(case, EventKind.PROMISE_CANCELLED, by, at, promise.what)
    return promise


def dispute_promise(promise: Promise, *, by: Actor | None, at: datetime | None, now: datetime) -> Promise:
    """The customer says that it was not done as promised: it is broken, whatever we say. The first dispute counts."""
    case = lock_case(promise.case, by, merged_too=True)
    promise = Promise.objects.get(pk=promise.pk)
    if promise.done_at is None:
        raise ConflictError(_("Nobody says yet that this was done."), code="not_done")
    if promise.disputed_at is not None:
        raise ConflictError(_("The customer disputed this already."), code="already_disputed")
    done = Floor(promise.done_at, "before_done", _("This is before it was done."))
    at = act_instant(at, now=now, after=[done])
    promise.disputed_at = at
    promise.save(update_fields=["disputed_at"])
    return _judged(promise, case, now, by=by)


def explain_broken(promise: Promise, because: str, *, by: Actor | None, now: datetime) -> Promise:
    """Which of the five causes broke it; none of them is a person. May be said anew."""
    case = lock_case(promise.case, by, merged_too=True)
    judge_promises(case, now=now)
    promise = Promise.objects.get(pk=promise.pk)
    if promise.broken_at is None:
        raise ConflictError(_("This promise is not broken."), code="not_broken")
    if because not in BrokenBecause.values:
        raise InvalidFieldsError.of(
            "because", "unknown", _("Use one of: %(choices)s.") % {"choices": ", ".join(BrokenBecause.values)}
        )
    changes = {"broken_because": [promise.broken_because, because]}
    promise.broken_because = because
    promise.save(update_fields=["broken_because"])
    save_case(case, EventKind.CORRECTED, by, now, promise.what, changes=changes)
    return promise


def _locked(promise: Promise, by: Actor | None) -> tuple[Case, Promise]:
    """A promise that is still to be kept, under its case's lock; also of a case that was merged meanwhile."""
    case = lock_case(promise.case, by, merged_too=True)
    promise = Promise.objects.get(pk=promise.pk)
    if promise.done_at is not None:
        raise ConflictError(_("This was done already."), code="already_done")
    if promise.cancelled_at is not None:
        raise ConflictError(_("The customer needs this no more."), code="already_cancelled")
    return case, promise


def _since_made(promise: Promise) -> Floor:
    return Floor(promise.made_at, "before_made", _("This is before it was promised."))


def _deadline(promise: Promise) -> datetime:
    """The last instant at which it can be kept."""
    if promise.move_agreed and promise.times_moved == 1:
        return max(promise.first_due_at, promise.due_at)
    return promise.first_due_at


def _broken_at(promise: Promise, now: datetime) -> datetime | None:
    """When it was broken, as far as that is so by `now`."""
    deadline = _deadline(promise)
    if promise.cancelled_at is not None:
        return None
    if promise.disputed_at is not None:
        return min(deadline, promise.disputed_at)
    return deadline if (promise.done_at or now) > deadline else None


def judge_promises(case: Case, *, now: datetime, by: Actor | None = None) -> None:
    """Derive from a locked case's promises which are broken, and the first of them; log those newly found to be."""
    found = []
    for promise in Promise.objects.filter(case=case).order_by("made_at", "id"):
        before, promise.broken_at = promise.broken_at, _broken_at(promise, now)
        if promise.broken_at != before:
            promise.save(update_fields=["broken_at"])
        if promise.broken_at is not None and before is None:
            found.append(promise)
    broken = Promise.objects.filter(case=case, broken_at__isnull=False).order_by("broken_at")
    first = broken.values_list("broken_at", flat=True).first()
    if first != case.first_promise_broken_at:
        case.first_promise_broken_at = first
        case.save(update_fields=["first_promise_broken_at"])
    for promise in found:
        assert promise.broken_at is not None
        save_case(case, EventKind.PROMISE_BROKEN, by, promise.broken_at, promise.what)


def _judged(promise: Promise, case: Case, now: datetime, by: Actor | None = None) -> Promise:
    """After an act on one promise: the verdicts of the case, and the alarm that tells when this one falls due."""
    judge_promises(case, now=now, by=by)
    promise = Promise.objects.get(pk=promise.pk)
    if promise.done_at or promise.cancelled_at or promise.broken_at:
        cancel_alarm(FALLS_DUE, promise.pk)
    else:
        set_alarm(FALLS_DUE, promise.pk, _deadline(promise) + _INSTANT)
    return promise


@when_ringing(FALLS_DUE)
def promise_falls_due(subject: UUID, *, now: datetime) -> None:
    """Find a promise broken. While somebody holds its case it rings again soon: they may wait for this very alarm."""
    promise = Promise.objects.filter(pk=subject).first()
    if promise is None:
        return
    case = Case.objects.select_for_update(skip_locked=True).filter(pk=promise.case_id).first()
    if case is None:
        set_alarm(FALLS_DUE, subject, now + _WHILE_CASE_IS_HELD)
    else:
        judge_promises(case, now=now)
