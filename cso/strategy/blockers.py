"""Blockers: what stands in the way, raised to the executive meeting, with one person who clears it."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from cso.errors import ConflictError, FieldError, InvalidFieldsError, NotAllowedError
from cso.people.models import Person, Unit
from cso.strategy.models import Blocker, BlockerHandover, Outcome
from cso.strategy.permissions import may_clear, may_reopen
from cso.strategy.wording import MAX_HOW, MAX_WHAT, MAX_WHY, plain, said
from tenants import audit
from tenants.models import Actor, Membership
from tenants.permissions import require
from tenants.roles import Can


def raise_blocker(
    what: str,
    *,
    owner: Person,
    by: Actor | None,
    now: datetime,
    severity: Blocker.Severity | str = Blocker.Severity.SLOWS,
    outcome: Outcome | None = None,
    unit: Unit | None = None,
) -> Blocker:
    """Tell the executive meeting what stands in the way. owner: who clears it, and answers for how long it takes.

    outcome, unit: what it blocks, and whom, as far as known.
    """
    require(by, Can.RAISE_BLOCKER)
    what = plain(what)
    errors = said("what", what, MAX_WHAT, _("Say what stands in the way."))
    if severity not in Blocker.Severity.values:
        message = _("Use one of: %(choices)s.") % {"choices": ", ".join(Blocker.Severity.values)}
        errors.append(FieldError("severity", "unknown", message))
    if outcome is not None and not Outcome.objects.filter(pk=outcome.pk, ended_at=None).exists():
        errors.append(FieldError("outcome", "ended", _("This outcome has ended.")))
    if errors:
        raise InvalidFieldsError(errors)
    blocker = Blocker.objects.create(
        what=what,
        severity=severity,
        outcome=outcome,
        unit=unit,
        owner=owner,
        raised_by=by if isinstance(by, Membership) else None,
        raised_at=now,
    )
    _audit(by, "raise_blocker", blocker, owner=owner.name, severity=str(severity))
    return blocker


def hand_over_blocker(blocker: Blocker, owner: Person, *, why: str, by: Actor | None, now: datetime) -> Blocker:
    """Somebody else clears it from now on; its age stays, and through whose hands it went is shown."""
    blocker = _open(blocker, by)
    why = plain(why)
    errors = said("why", why, MAX_WHY, _("Say why somebody else clears it."))
    if owner.pk == blocker.owner_id:
        errors.append(FieldError("owner", "unchanged", _("%(name)s clears it already.") % {"name": owner.name}))
    if errors:
        raise InvalidFieldsError(errors)
    before, blocker.owner = blocker.owner, owner
    BlockerHandover.objects.create(blocker=blocker, from_owner=before, to_owner=owner, why=why, at=now)
    blocker.save(update_fields=["owner"])
    _audit(by, "hand_over_blocker", blocker, before=before.name, after=owner.name, why=why)
    return blocker


def clear_blocker(blocker: Blocker, *, how: str, by: Actor | None, now: datetime) -> Blocker:
    """It is gone; `how` says what removed it."""
    blocker = _open(blocker, by)
    how = plain(how)
    if errors := said("how", how, MAX_HOW, _("Say how it was removed.")):
        raise InvalidFieldsError(errors)
    blocker.cleared_at, blocker.how = now, how
    blocker.save(update_fields=["cleared_at", "how"])
    _audit(by, "clear_blocker", blocker, how=how)
    return blocker


def reopen_blocker(blocker: Blocker, *, by: Actor | None) -> Blocker:
    """It still stands, and is as old as if it had never been cleared. Said by its owner, or by who raised it."""
    blocker = _locked(blocker)
    if not may_reopen(by, blocker):
        raise NotAllowedError(_("Only its owner does this, who raised it, or the Chief Serving Officer."))
    if blocker.cleared_at is None:
        raise ConflictError(_("This is not cleared."), code="not_cleared")
    was, blocker.cleared_at, blocker.how = blocker.how, None, ""
    blocker.save(update_fields=["cleared_at", "how"])
    _audit(by, "reopen_blocker", blocker, how=was)
    return blocker


def _open(blocker: Blocker, by: Actor | None) -> Blocker:
    blocker = _locked(blocker)
    if not may_clear(by, blocker):
        raise NotAllowedError(_("Only its owner does this, or the Chief Serving Officer."))
    if blocker.cleared_at is not None:
        raise ConflictError(_("This is cleared already."), code="cleared")
    return blocker


def _locked(blocker: Blocker) -> Blocker:
    Blocker.objects.select_for_update().get(pk=blocker.pk)
    return Blocker.objects.select_related("owner").get(pk=blocker.pk)


def _audit(by: Actor | None, act: str, blocker: Blocker, **details: object) -> None:
    audit.record(by, act, blocker.what, blocker=str(blocker.pk), **details)
