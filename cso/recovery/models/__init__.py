"""The tables of recovery, by theme."""

from cso.recovery.models.authority import MAX_AMOUNT, Authority, Remedy
from cso.recovery.models.cases import (
    ATTITUDE,
    CLOCK_TOLERANCE,
    HOLDING_TIME,
    MAX_SUMMARY,
    RECOVERY_TIME,
    Case,
    CaseEvent,
    Cause,
    Channel,
    ContactKind,
    EventKind,
    ExclusionReason,
    FailedRight,
    Solution,
)
from cso.recovery.models.customer_voice import CallBack, CustomerAnswer
from cso.recovery.models.exposure import Exposure
from cso.recovery.models.loading import Batch, BatchChunk, BatchRefusal
from cso.recovery.models.mail import Attachment, IncomingMail
from cso.recovery.models.merging import Merge
from cso.recovery.models.promises import BrokenBecause, Promise
from cso.recovery.models.settings import MAX_MINUTES, MailBox, PromiseWord, RecoverySettings
from cso.recovery.models.teamwork import CaseTask, Contact, SupportNote

__all__ = [
    "ATTITUDE",
    "CLOCK_TOLERANCE",
    "HOLDING_TIME",
    "MAX_AMOUNT",
    "MAX_MINUTES",
    "MAX_SUMMARY",
    "RECOVERY_TIME",
    "Attachment",
    "Authority",
    "Batch",
    "BatchChunk",
    "BatchRefusal",
    "BrokenBecause",
    "CallBack",
    "Case",
    "CaseEvent",
    "CaseTask",
    "Cause",
    "Channel",
    "Contact",
    "ContactKind",
    "CustomerAnswer",
    "EventKind",
    "ExclusionReason",
    "Exposure",
    "FailedRight",
    "IncomingMail",
    "MailBox",
    "Merge",
    "Promise",
    "PromiseWord",
    "RecoverySettings",
    "Remedy",
    "Solution",
    "SupportNote",
]
