"""What leaders commit themselves to before a panel: by when, what came of it, and that the members are told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from cso.errors import ConflictError, FieldError, InvalidFieldsError, NotAllowedError
from cso.panels.models import Commitment, Panel, PanelSession, Truth
from cso.panels.permissions import may_run_panel, require_panel
from cso.panels.truths import without_names
from cso.people.models import Person
from cso.people.queries import units_of
from cso.texts import text_errors
from tenants import audit
from tenants.models import Actor, Membership
from tenants.scope import day_of

MAX_WHAT, MAX_YOU_SAID, MAX_WE_DID, MAX_BECAUSE = 300, 300, 500, 300
# What is due later than this is a typing error, or no commitment.
LONGEST = timedelta(days=731)


def commit(
    panel: Panel,
    *,
    owner: Person,
    what: str,
    due_at: datetime,
    by: Actor | None,
    now: datetime,
    you_said: str = "",
    session: PanelSession | None = None,
    truth: Truth | None = None,
) -> Commitment:
    """`owner` does something by `due_at`, because of what the members said. Said by who runs the panel, or the owner.

    `you_said` is told to the members, names of staff masked; empty, it is the words of `truth`. Raises
    `InvalidFieldsError` by field.
    """
    if not (may_run_panel(by, panel) or is_owner(by, owner)):
        raise NotAllowedError(_("Only they themselves commit themselves, or who runs the panel says so."))
    session = session or (truth.session if truth else None)
    what, you_said = " ".join(what.split()), " ".join((you_said or (truth.words if truth else "")).split())
    if truth is not None:
        you_said = you_said[:MAX_YOU_SAID]
    errors = text_errors("what", what, MAX_WHAT) + text_errors("you_said", you_said, MAX_YOU_SAID)
    if not what:
        errors.append(FieldError("what", "required", _("Say what will be done.")))
    if errors := errors + _due_errors(due_at, now) + _place_errors(panel, session, truth):
        raise InvalidFieldsError(errors)
    units, _tops = units_of([owner], day_of(now))
    made = Commitment.objects.create(
        panel=panel,
        session=session,
        truth=truth,
        unit_id=units.get(owner.pk, panel.unit_id),
        owner=owner,
        what=what,
        you_said=without_names(you_said)[:MAX_YOU_SAID],
        made_at=now,
        due_at=due_at,
    )
    _audit(by, "commit", made, owner=owner.name, due_at=due_at.isoformat())
    return made


def keep_commitment(
    commitment: Commitment, *, we_did: str, by: Actor | None, now: datetime, at: datetime | None = None
) -> Commitment:
    """It is done since `at` (None: now): in time, or late. `we_did` is what the members are told."""
    commitment = _open(commitment, by)
    we_did, at = " ".join(we_did.split()), at or now
    errors = text_errors("we_did", we_did, MAX_WE_DID)
    if not we_did:
        errors.append(FieldError("we_did", "required", _("Say what was done: the members are told.")))
    if at > now:
        errors.append(FieldError("at", "in_the_future", _("This is still to come.")))
    if at < commitment.made_at:
        errors.append(FieldError("at", "before_made", _("This is before it was committed.")))
    if errors:
        raise InvalidFieldsError(errors)
    commitment.done_at, commitment.we_did = at, we_did
    commitment.save(update_fields=["done_at", "we_did"])
    _audit(by, "keep_commitment", commitment, at=at.isoformat())
    return commitment


def reopen_commitment(commitment: Commitment, *, by: Actor | None, now: datetime) -> Commitment:
    """It is not done after all; as long as no member was told that it is (`ConflictError`, `told`)."""
    commitment = _locked(commitment)
    _require_part(commitment, by)
    if commitment.done_at is None:
        raise ConflictError(_("This is not done."), code="not_done")
    if commitment.told_at is not None:
        raise ConflictError(_("The members were told that this is done."), code="told")
    commitment.done_at, commitment.we_did = None, ""
    commitment.save(update_fields=["done_at", "we_did"])
    _audit(by, "reopen_commitment", commitment)
    return commitment


def withdraw_commitment(
    commitment: Commitment, *, because: str, by: Actor | None, now: datetime, was_mistake: bool = False
) -> Commitment:
    """It will not be done, for a reason that is shown: it stays a miss.

    `was_mistake`: nobody ever committed themselves to it, so it counts nowhere. Its owner cannot say that, nor anybody
    once it has fallen due (`ConflictError`, `fell_due`).
    """
    commitment = _open(commitment, by)
    because = " ".join(because.split())
    errors = text_errors("because", because, MAX_BECAUSE)
    if not because:
        errors.append(FieldError("because", "required", _("Say why.")))
    if errors:
        raise InvalidFieldsError(errors)
    if was_mistake:
        _require_mistake(commitment, by, now)
    commitment.withdrawn_at, commitment.withdrawn_because, commitment.was_mistake = now, because, was_mistake
    commitment.save(update_fields=["withdrawn_at", "withdrawn_because", "was_mistake"])
    _audit(by, "withdraw_commitment", commitment, because=because, was_mistake=was_mistake)
    return commitment


def is_owner(by: Actor | None, owner: Person) -> bool:
    return isinstance(by, Membership) and by.ended_at is None and owner.member_id == by.pk


def may_change(by: Actor | None, commitment: Commitment) -> bool:
    """Say that it is done, or withdraw it."""
    return is_owner(by, commitment.owner) or may_run_panel(by, commitment.panel)


def may_tell(by: Actor | None, commitments: Sequence[Commitment]) -> bool:
    return all(may_run_panel(by, each.panel) for each in commitments)


def _require_mistake(commitment: Commitment, by: Actor | None, now: datetime) -> None:
    require_panel(by, commitment.panel)
    if is_owner(by, commitment.owner):
        raise NotAllowedError(_("Somebody else than its owner says that it was a mistake."))
    if now > commitment.due_at:
        raise ConflictError(_("It has fallen due, and stays a miss."), code="fell_due")


def _due_errors(due_at: datetime, now: datetime) -> list[FieldError]:
    if due_at <= now:
        return [FieldError("due_at", "in_the_past", _("A commitment is for later."))]
    if due_at > now + LONGEST:
        return [FieldError("due_at", "too_far", _("Name a day within two years."))]
    return []


def _place_errors(panel: Panel, session: PanelSession | None, truth: Truth | None) -> list[FieldError]:
    if session is not None and session.panel_id != panel.pk:
        return [FieldError("session", "other_panel", _("This session is another panel's."))]
    if session is not None and truth is not None and truth.session_id != session.pk:
        return [FieldError("truth", "other_session", _("This truth was heard in another session."))]
    return []


def _open(commitment: Commitment, by: Actor | None) -> Commitment:
    commitment = _locked(commitment)
    _require_part(commitment, by)
    if commitment.done_at is not None:
        raise ConflictError(_("This is done already."), code="already_done")
    if commitment.withdrawn_at is not None:
        raise ConflictError(_("This was withdrawn."), code="withdrawn")
    return commitment


def _require_part(commitment: Commitment, by: Actor | None) -> None:
    if not may_change(by, commitment):
        raise NotAllowedError(_("Only its owner does this, or who runs the panel."))


def _locked(commitment: Commitment) -> Commitment:
    Commitment.objects.select_for_update().get(pk=commitment.pk)
    return Commitment.objects.select_related("panel", "owner").get(pk=commitment.pk)


def _audit(by: Actor | None, act: str, commitment: Commitment, **details: object) -> None:
    audit.record(by, act, commitment.what, commitment=str(commitment.pk), panel=commitment.panel.name, **details)
