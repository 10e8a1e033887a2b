"""The tables of facts, and what is counted in each by which instant."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cso.metrics.registry.committee_families import COMMITTEE_FAMILIES
from cso.metrics.registry.kinds import Family, Source, Total
from cso.metrics.registry.panel_families import PANEL_FAMILIES
from cso.recovery.models import RECOVERY_TIME, CallBack, Case, Exposure, Promise, Remedy

# A fix that no second failure of the same kind followed for so long held up.
REPEAT_TIME = timedelta(days=30)
# So long a customer at risk has to come back.
RETURN_TIME = timedelta(days=90)
_AT_ONCE = timedelta(0)

VALID = Q(is_valid=True)
# Told as a failure of ours: what is valid, and what was taken out because it is not ours.
CLAIMED = VALID | Q(is_not_our_failure=True)
_RECOVERED = VALID & Q(recovered_24h=True)
_PROMISED = Q(is_counted=True)
_ASKED = Q(was_asked=True)
_CALLED = Q(case_counts=True)
_EXPOSED = Q(at_risk_since__isnull=False)
_OPEN = _EXPOSED & Q(is_open=True)
_SAVED = _EXPOSED & Q(is_known=True, is_saved=True)

CASES = Source(key="case", model=Case, noun=_("Case"), case=None)
# What the fix and the closing decide is marked apart, so that a day on which one was told stales no other figure; so is
# the next contact, which changes far more often than what else is counted of a case.
FIXES = Source(key="first_fix", model=Case, noun=_("Case"), case=None)
CLOSINGS = Source(key="closing", model=Case, noun=_("Case"), case=None)
CONTACTS = Source(key="contact", model=Case, noun=_("Case"), case=None)
PROMISED = Source(key="promise", model=Promise, noun=_("Promise"))
ASKED = Source(key="remedy", model=Remedy, noun=_("Approval asked"))
CALLED = Source(key="call_back", model=CallBack, noun=_("Call-back"))
EXPOSURES = Source(key="exposure", model=Exposure, noun=_("Customer at risk"))

DUE = Family(
    key="due",
    source=CASES,
    column="clock_start",
    delay=RECOVERY_TIME,
    counters={
        "cases": VALID,
        "recovered": _RECOVERED,
        "open": VALID & Q(seconds_to_recover__isnull=True),
        "occurrence_known": VALID & Q(occurrence_known=True),
    },
    base=VALID,
    known_at="reported_at",
)
REPORTED = Family(
    key="reported",
    source=CASES,
    column="reported_at",
    delay=RECOVERY_TIME,
    counters={"cases": VALID, "recovered": VALID & Q(recovered_24h_reported=True)},
    base=VALID,
)
STARTED = Family(
    key="started",
    source=CASES,
    column="clock_start",
    delay=_AT_ONCE,
    counters={"cases": VALID, "fixed": VALID & Q(seconds_to_recover__isnull=False)},
    base=VALID,
    seconds="seconds_to_recover",
)
FIRST_FIXED = Family(
    key="first_fixed",
    source=FIXES,
    column="first_fixed_at",
    delay=_AT_ONCE,
    counters={"fixed": VALID, "undone": VALID & Q(undone_in_14d=True)},
    base=VALID,
)
ALL_DUE = Family(
    key="all_due",
    source=CASES,
    column="clock_start",
    delay=RECOVERY_TIME,
    counters={"cases": CLAIMED, "not_our_failure": CLAIMED & Q(is_not_our_failure=True)},
    base=CLAIMED,
    known_at="reported_at",
)
# As DUE, with what customers say; a family of its own, so that the cells of DUE stay as they are.
ANSWERED = Family(
    key="answered",
    source=CASES,
    column="clock_start",
    delay=RECOVERY_TIME,
    counters={
        "cases": VALID,
        "surprise_answers": VALID & Q(answered_surprise=True),
        "surprised": VALID & Q(surprised=True),
        "apology_answers": VALID & Q(answered_apology=True),
        "apologised": VALID & Q(apologised=True),
        "dazzled": VALID & Q(dazzled=True),
        "planned": VALID & Q(surprise_was_planned=True),
    },
    base=VALID,
    known_at="reported_at",
)
HELD_UP = Family(
    key="held_up",
    source=FIXES,
    column="first_fixed_at",
    delay=_AT_ONCE,
    matures=REPEAT_TIME,
    counters={"fixed": VALID, "doubly_deviated": VALID & Q(doubly_deviated=True)},
    base=VALID,
)
CLOSED = Family(
    key="closed",
    source=CLOSINGS,
    column="closed_at",
    delay=_AT_ONCE,
    counters={
        "closed": VALID,
        "within_own_authority": VALID & Q(within_own_authority=True),
        "policy_quoted": VALID & Q(policy_quoted=True),
    },
    base=VALID,
)
CONTACT_DUE = Family(
    key="contact_due",
    source=CONTACTS,
    column="next_contact_due_at",
    delay=_AT_ONCE,
    lies_ahead=True,
    counters={"owed": VALID},
    base=VALID,
)
PROMISES = Family(
    key="promises",
    source=PROMISED,
    column="first_due_at",
    delay=_AT_ONCE,
    lies_ahead=True,
    counters={
        "due": _PROMISED,
        "kept": _PROMISED & Q(kept=True),
        "kept_as_moved": _PROMISED & Q(kept_as_moved=True),
    },
    base=_PROMISED,
)
APPROVALS = Family(
    key="approvals",
    source=ASKED,
    column="asked_at",
    delay=_AT_ONCE,
    counters={"asked": _ASKED, "decided": _ASKED & Q(seconds_to_decide__isnull=False)},
    base=_ASKED,
    seconds="seconds_to_decide",
)
CALL_BACKS = Family(
    key="call_backs",
    source=CALLED,
    column="asked_at",
    delay=_AT_ONCE,
    counters={"asked": _CALLED, "called": _CALLED & Q(seconds_to_call__isnull=False)},
    base=_CALLED,
    seconds="seconds_to_call",
)
AT_RISK = Family(
    key="at_risk",
    source=EXPOSURES,
    column="at_risk_since",
    delay=_AT_ONCE,
    counters={
        "open": _OPEN,
        "open_unknown": _OPEN & Q(is_known=False),
        "open_low": Total(_OPEN & Q(is_known=True), "worth_low_minor"),
        "open_high": Total(_OPEN & Q(is_known=True), "worth_high_minor"),
    },
    base=_OPEN,
)
RISKED = Family(
    key="risked",
    source=EXPOSURES,
    column="at_risk_since",
    delay=RETURN_TIME,
    counters={
        "exposed": _EXPOSED,
        "saved": _SAVED,
        "lost": _EXPOSED & Q(is_known=True, is_saved=False),
        "unknown": _EXPOSED & Q(is_known=False),
        "saved_low": Total(_SAVED, "worth_low_minor"),
        "saved_high": Total(_SAVED, "worth_high_minor"),
        "exposed_low": Total(_EXPOSED & Q(is_known=True), "worth_low_minor"),
        "exposed_high": Total(_EXPOSED & Q(is_known=True), "worth_high_minor"),
    },
    base=_EXPOSED,
)
FAMILIES: dict[str, Family] = {
    family.key: family
    for family in (
        DUE,
        REPORTED,
        STARTED,
        FIRST_FIXED,
        ALL_DUE,
        ANSWERED,
        HELD_UP,
        CLOSED,
        CONTACT_DUE,
        PROMISES,
        APPROVALS,
        CALL_BACKS,
        AT_RISK,
        RISKED,
        *COMMITTEE_FAMILIES,
        *PANEL_FAMILIES,
    )
}


def kept() -> dict[str, Family]:
    """Those whose counts are kept in cells: all but what ends by the clock."""
    return {key: family for key, family in FAMILIES.items() if family.until is None}
