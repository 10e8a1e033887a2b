"""The tables of the committees, by theme."""

from cso.committees.models.ballots import Ballot, Choice, Motion, OutcomeRecord, RollEntry, SecretCount, VoteEvent
from cso.committees.models.bodies import Base, CharterVersion, Committee, Delegation, QuietVoter, Seat, SeatTenure
from cso.committees.models.coverage import UnitCoverage
from cso.committees.models.nominations import Nomination, RuleBreak
from cso.committees.models.orders import KillOrder, KillStep

__all__ = [
    "Ballot",
    "Base",
    "CharterVersion",
    "Choice",
    "Committee",
    "Delegation",
    "KillOrder",
    "KillStep",
    "Motion",
    "Nomination",
    "OutcomeRecord",
    "QuietVoter",
    "RollEntry",
    "RuleBreak",
    "Seat",
    "SeatTenure",
    "SecretCount",
    "UnitCoverage",
    "VoteEvent",
]
