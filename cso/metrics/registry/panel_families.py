"""What panels say and leaders make of it: the tables of facts, and what is counted in each by which instant.

Of answers only the groups are facts that a panel published: nothing here, and nothing behind a figure, is one answer.
"""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cso.metrics.registry.kinds import Family, Source, Total
from cso.panels.models import Commitment, Invitation, ResultGroup, RosterEntry

_AT_ONCE = timedelta(0)

_COUNTED = Q(is_counted=True)
_CHIEF = _COUNTED & Q(is_chief_executive=True)
_NPS, _CSAT, _EFFORT, _REASONS = Q(is_nps=True), Q(is_csat=True), Q(is_effort=True), Q(is_reasons=True)

INVITATIONS = Source(key="invitation", model=Invitation, noun=_("Invitation"), case=None, is_of_panels=True)
ROSTER = Source(key="roster", model=RosterEntry, noun=_("Executive in a session"), case=None, is_of_panels=True)
GROUPS = Source(key="result_group", model=ResultGroup, noun=_("Group of answers"), case=None, is_of_panels=True)
COMMITTED = Source(key="commitment", model=Commitment, noun=_("Commitment"), case=None, is_of_panels=True)

INVITED = Family(
    key="invited",
    source=INVITATIONS,
    column="closes_at",
    delay=_AT_ONCE,
    lies_ahead=True,
    counters={"invited": _COUNTED, "answered": _COUNTED & Q(has_answered=True)},
    base=_COUNTED,
)
ATTENDED = Family(
    key="attended",
    source=ROSTER,
    column="held_at",
    delay=_AT_ONCE,
    counters={
        "expected": _COUNTED,
        "attended": _COUNTED & Q(attended=True),
        "chief_expected": _CHIEF,
        "chief_attended": _CHIEF & Q(attended=True),
    },
    base=_COUNTED,
)
COMMITMENTS = Family(
    key="commitments",
    source=COMMITTED,
    column="due_at",
    delay=_AT_ONCE,
    lies_ahead=True,
    counters={"due": _COUNTED, "kept": _COUNTED & Q(kept=True)},
    base=_COUNTED,
)
NPS = Family(
    key="nps",
    source=GROUPS,
    column="at",
    delay=_AT_ONCE,
    counters={
        "groups": _NPS,
        "answers": Total(_NPS, "answers"),
        "promoters": Total(_NPS, "favourable"),
        "detractors": Total(_NPS, "unfavourable"),
    },
    base=_NPS,
)


def _favourable(key: str, base: Q, called: str) -> Family:
    return Family(
        key=key,
        source=GROUPS,
        column="at",
        delay=_AT_ONCE,
        counters={"groups": base, "answers": Total(base, "answers"), called: Total(base, "favourable")},
        base=base,
    )


CSAT = _favourable("csat", _CSAT, "satisfied")
EFFORT = _favourable("effort", _EFFORT, "easy")
REASONS = _favourable("reasons", _REASONS, "price_alone")
PANEL_FAMILIES = (INVITED, ATTENDED, COMMITMENTS, NPS, CSAT, EFFORT, REASONS)
