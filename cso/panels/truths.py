"""Truths that were heard in a session."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from cso.errors import ConflictError, InvalidFieldsError, NotAllowedError
from cso.panels.masking import masked
from cso.panels.models import PanelSession, Remark, Truth
from cso.panels.panels import listening_settings
from cso.panels.permissions import may_run_panel
from cso.panels.wording import staff_names
from cso.texts import text_errors
from tenants import audit
from tenants.models import Actor, ApiKey, Membership

MAX_TRUTH = 500


def hear_truth(
    session: PanelSession, words: str = "", *, by: Actor | None, now: datetime, remark: Remark | None = None
) -> Truth:
    """What was heard, in the customers' words; those of `remark`, where one is given, unless `words` say it.

    By who keeps the session or is on its roster. It is about what happens to customers, never about who of the staff
    did it: names are masked before it is kept.
    """
    if not (may_run_panel(by, session.panel) or is_on_roster(session, by)):
        raise NotAllowedError(_("Only who keeps the session says so, or who is on its roster."))
    if session.started_at is None:
        raise ConflictError(_("It has not started."), code="not_started")
    if remark is not None:
        _check(remark, session)
    words = " ".join((words or (remark.words if remark else "")).split())
    if not words:
        raise InvalidFieldsError.of("words", "required", _("Say what you heard."))
    if remark is not None:
        words = words[:MAX_TRUTH]
    if errors := text_errors("words", words, MAX_TRUTH):
        raise InvalidFieldsError(errors)
    truth = Truth.objects.create(
        session=session,
        remark=remark,
        words=without_names(words)[:MAX_TRUTH],
        heard_by=by if isinstance(by, Membership) else None,
        api_key=by if isinstance(by, ApiKey) else None,
        heard_at=now,
    )
    audit.record(by, "hear_truth", session.title, session=str(session.pk), truth=str(truth.pk))
    return truth


def without_names(words: str) -> str:
    """What customers said, without whom of the staff it may be about."""
    return masked(words, staff_names(listening_settings().smallest_group))


def _check(remark: Remark, session: PanelSession) -> None:
    if remark.wave.panel_id != session.panel_id:
        raise InvalidFieldsError.of("remark", "other_panel", _("This remark was made to another panel."))
    if remark.is_held_back:
        raise InvalidFieldsError.of("remark", "held_back", _("Too few wrote to this question to show their words."))


def is_on_roster(session: PanelSession, by: Actor | None) -> bool:
    return isinstance(by, Membership) and session.roster.filter(person__member=by).exists()
