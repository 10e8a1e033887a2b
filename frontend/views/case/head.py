"""What stands first on a case's page: its state in a sentence, both clocks, whose it is, what is at stake."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from cso.customers.worth import worth_of
from cso.languages import format_date
from cso.recovery.models import Case
from cso.recovery.teamwork import owner_of
from frontend.access import MemberRequest
from frontend.words.figures import case_state, contact_state, span_words
from frontend.words.money import range_words
from tenants.roles import Can


def head(request: MemberRequest, case: Case, offered: Collection[str]) -> dict[str, Any]:
    """`offered`: the names of the acts that the viewer can do."""
    kind, state = ("", _("Merged")) if case.merged_into_id else case_state(case, request.now)
    return {
        "kind": kind,
        "state": state,
        "is_dazzled": case.is_valid and case.dazzled,
        "sentence": _sentence(case, request.now),
        "clocks": [
            _fix(case, kind, state),
            _contact(case, request.now),
            _owner(request, case, offered),
            *_at_stake(request, case),
        ],
    }


def _sentence(case: Case, now: datetime) -> str:
    if case.merged_into_id is not None:
        return _("It goes on in the case that it was merged into.")
    if case.fixed_at is None:
        return _open_words(case, now)
    took = {"time": span_words(case.seconds_to_recover)}
    if not case.recovered_24h:
        if case.undone_in_14d:
            return _("Fixed for good after %(time)s; the first fix did not hold.") % took
        return _("Fixed after %(time)s, later than the 24 hours.") % took
    if case.dazzled:
        return _("Fixed in %(time)s, and the customer says that we did something they did not expect.") % took
    if case.answered_at is None:
        return _("Fixed in %(time)s. Whether it was a surprise, only the customer can say.") % took
    return _("Fixed in %(time)s.") % took


def _open_words(case: Case, now: datetime) -> str:
    day = {"due": _day(case.due_at)}
    if case.times_undone:
        return _("The fix did not hold. Make it good now, and surprise them.")
    return _("The 24 hours ended on %(due)s.") % day if now > case.due_at else _("The 24 hours end on %(due)s.") % day


def _day(instant: datetime) -> str:
    return format_date(localtime(instant), "D j M, H:i")


def _fix(case: Case, kind: str, state: str) -> dict[str, Any]:
    tone = "worse" if kind in {"late", "missed"} else ""
    if case.fixed_at is None:
        note = _("24 h from %(start)s") % {"start": _day(case.clock_start)}
        return {"label": _("To fix it"), "value": state, "tone": tone, "note": note}
    value = span_words(case.seconds_to_recover)
    return {"label": _("Fixed in"), "value": value, "tone": tone, "note": _day(case.fixed_at)}


def _contact(case: Case, now: datetime) -> dict[str, Any]:
    owed = contact_state(case, now)
    if not owed:
        note = _("nobody knows whose case it is") if case.customer is None else _("the customer has heard all")
        return {"label": _("Next contact"), "value": _("None"), "tone": "", "note": note}
    tone = "worse" if owed["tone"] == "silent" else ""
    return {"label": _("Next contact"), "value": owed["words"], "tone": tone, "note": owed["name"]}


def _owner(request: MemberRequest, case: Case, offered: Collection[str]) -> dict[str, Any]:
    taken = case.owner is not None and case.owner.ended_at is None
    owner = case.owner if taken else owner_of(case)
    is_mine = owner is not None and owner.pk == request.member.pk
    name = _("You") if is_mine else owner.label if owner else _("Nobody")
    note = "" if taken else _("takes what nobody took") if owner else _("no one takes what comes in here")
    tile = {"label": _("Owner"), "value": name, "tone": "" if owner else "worse", "note": note, "is_words": True}
    if case.closed_at is None and "take" in offered:
        tile |= {"act": _("Take it"), "act_url": case_url(request, case, "take")}
    elif case.closed_at is None and "take-over" in offered:
        tile |= {"link": _("Take this over"), "link_url": case_url(request, case, "take-over")}
    return tile


def _at_stake(request: MemberRequest, case: Case) -> list[dict[str, Any]]:
    if not request.member.can(Can.SEE_CUSTOMERS) or case.customer is None:
        return []
    found = worth_of(case.customer)
    worth = range_words(found.low_minor, found.high_minor, found.currency) if found else ""
    note = _("what this customer may spend in the years to come") if worth else _("their visits or spend are not known")
    return [{"label": _("At stake"), "value": worth or _("Not known"), "tone": "", "note": note, "is_words": True}]


def case_url(request: MemberRequest, case: Case, act: str = "", thing: object = None) -> str:
    """The address of a case, or of an act on it or on one of its things."""
    args = [request.tenant.slug, case.pk, *([thing] if thing else [])]
    return reverse(f"case_{act}" if act else "case", args=args)
