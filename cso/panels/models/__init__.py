"""The tables of the feedback panels."""

from cso.panels.models.panels import LEAST_GROUP, MAX_SEGMENT, ListeningSettings, Panel, PanelMember, Quota
from cso.panels.models.results import Remark, ResultGroup, Theme
from cso.panels.models.sessions import Commitment, PanelSession, Presence, RosterEntry, Truth
from cso.panels.models.waves import (
    MAX_TEXT,
    MAX_WORDS,
    Answer,
    Invitation,
    Option,
    Question,
    Response,
    SegmentShare,
    Wave,
)

__all__ = [
    "LEAST_GROUP",
    "MAX_SEGMENT",
    "MAX_TEXT",
    "MAX_WORDS",
    "Answer",
    "Commitment",
    "Invitation",
    "ListeningSettings",
    "Option",
    "Panel",
    "PanelMember",
    "PanelSession",
    "Presence",
    "Question",
    "Quota",
    "Remark",
    "Response",
    "ResultGroup",
    "RosterEntry",
    "SegmentShare",
    "Theme",
    "Truth",
    "Wave",
]
