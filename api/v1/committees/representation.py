"""How ballots and their outcomes are shown: of a secret ballot nothing but how many have voted, until it is declared.

Of a named one who has voted, too; what they voted only after the close, or where the charter shows the tally.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Count, Q
from rest_framework import serializers

from api.pagination import Listing, Row
from api.v1.committees.bodies import HolderShape
from api.v1.committees.motions import CommitteeRef, RuleRef, rule_ref
from api.v1.shapes import Shape
from cso.committees.balloting import database_now, status_at
from cso.committees.models import Ballot, Choice, KillOrder, Motion, OutcomeRecord, RollEntry

_AFTER_CLOSE = (Ballot.Status.CLOSED, Ballot.Status.DECLARED)


class OutcomeLineShape(Shape):
    seat = serializers.CharField()
    member = serializers.CharField(allow_null=True, help_text="Who held it when the ballot opened.")
    status = serializers.ChoiceField(RollEntry.Status.choices)
    voted = serializers.BooleanField()
    choice = serializers.ChoiceField(Choice.choices, allow_null=True, required=False, help_text="Of a named ballot.")
    by_delegate = serializers.BooleanField(required=False)


class OutcomeShape(Shape):
    id = serializers.UUIDField()
    number = serializers.IntegerField(help_text="Its place in the workspace's chain of outcomes.")
    ballot = serializers.UUIDField()
    corrects = serializers.UUIDField(allow_null=True, help_text="The outcome that this one corrects.")
    result = serializers.ChoiceField(OutcomeRecord.Result.choices)
    passed = serializers.BooleanField(allow_null=True, help_text="Whether it carried; null without a quorum.")
    sentence = serializers.CharField(help_text="The arithmetic in words.")
    yes = serializers.IntegerField(allow_null=True, help_text="Null for fewer than three secret papers.")
    no = serializers.IntegerField(allow_null=True)
    abstain = serializers.IntegerField(allow_null=True)
    voted = serializers.IntegerField(help_text="Seats that took part, abstentions too; of them the quorum is met.")
    eligible = serializers.IntegerField(help_text="Seats that could; a share of them is the quorum.")
    recused = serializers.IntegerField()
    vacant = serializers.IntegerField()
    quorum = serializers.IntegerField(help_text="How many had to take part.")
    base_count = serializers.IntegerField(allow_null=True, help_text="Of how many a majority was needed.")
    yes_needed = serializers.IntegerField(allow_null=True)
    casting_vote = serializers.ChoiceField(Choice.choices, allow_null=True)
    terms = serializers.DictField(help_text="The charter as it stood when the ballot opened.")
    roll = OutcomeLineShape(many=True)
    evidence_hash = serializers.CharField(help_text="SHA-256 of the ballot's evidence, as canonical JSON.")
    declared_at = serializers.DateTimeField()
    previous_hash = serializers.CharField(help_text="Of the outcome before it; empty for the first.")
    hash = serializers.CharField()
    kill_order = serializers.UUIDField(allow_null=True, help_text="What a carried kill ordered.")


class RollShape(Shape):
    seat = serializers.UUIDField()
    label = serializers.CharField()  # type: ignore[assignment]
    is_chair = serializers.BooleanField()
    holder = HolderShape(allow_null=True, help_text="When the ballot opened.")
    status = serializers.ChoiceField(RollEntry.Status.choices)
    recused_because = serializers.CharField(allow_null=True)
    voted = serializers.BooleanField(allow_null=True, help_text="Null in a secret ballot.")
    choice = serializers.ChoiceField(
        Choice.choices, allow_null=True, help_text="Of a named ballot, from when its tally is shown."
    )


class TallyShape(Shape):
    yes = serializers.IntegerField()
    no = serializers.IntegerField()
    abstain = serializers.IntegerField()


class BallotMotion(Shape):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(Motion.Kind.choices)


class BallotSummaryShape(Shape):
    id = serializers.UUIDField()
    motion = BallotMotion()
    committee = CommitteeRef()
    rule = RuleRef()
    status = serializers.ChoiceField(Ballot.Status.choices, help_text="Past its deadline an open ballot reads closed.")
    is_secret = serializers.BooleanField()
    charter = serializers.IntegerField(allow_null=True, help_text="The number of the charter; null until it opens.")
    opens_at = serializers.DateTimeField()
    closes_at = serializers.DateTimeField(help_text="No vote counts from this instant on.")
    opened_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    extended_at = serializers.DateTimeField(allow_null=True, help_text="When it was extended for want of a quorum.")
    cancelled_because = serializers.CharField(allow_null=True)
    voted = serializers.IntegerField(help_text="Seats that have voted.")
    eligible = serializers.IntegerField()
    recused = serializers.IntegerField()
    vacant = serializers.IntegerField()
    tally = TallyShape(
        allow_null=True, help_text="Null of a secret ballot, and before the close unless the charter says."
    )


class BallotShape(BallotSummaryShape):
    motion_text = serializers.CharField(help_text="As it stood when the ballot opened, like all that follows.")
    rule_text = serializers.CharField()
    evidence = serializers.DictField(help_text="What spoke for it: cases, breaks, nominations, money at risk.")
    evidence_hash = serializers.CharField()
    roll = RollShape(many=True)
    outcome = OutcomeShape(allow_null=True)


_BALLOT = (
    "id",
    "is_secret",
    "opens_at",
    "closes_at",
    "opened_at",
    "closed_at",
    "extended_at",
)
_FROZEN = ("motion_text", "rule_text", "evidence", "evidence_hash")
_COUNTS = ("voted", "eligible", "recused", "vacant")
_COLUMNS = (
    *_BALLOT,
    "status",
    "cancelled_because",
    "motion_id",
    "motion__kind",
    "motion__committee_id",
    "motion__committee__name",
    "motion__rule_id",
    "motion__rule__code",
    "motion__rule__title",
    "charter__number",
    "charter__shows_tally",
)
_OUTCOME = (
    "id",
    "number",
    "result",
    "sentence",
    "yes",
    "no",
    "abstain",
    *_COUNTS,
    "quorum",
    "base_count",
    "yes_needed",
    "terms",
    "roll",
    "evidence_hash",
    "declared_at",
    "previous_hash",
    "hash",
)


def ballot_summary_json(row: Row) -> Row:
    return {
        **{name: row[name] for name in _BALLOT},
        "motion": {"id": row["motion_id"], "kind": row["motion__kind"]},
        "committee": {"id": row["motion__committee_id"], "name": row["motion__committee__name"]},
        "rule": rule_ref(row, "motion__rule"),
        "status": row["reads"],
        "charter": row["charter__number"],
        "cancelled_because": row["cancelled_because"] or None,
        **{name: row["counts"][name] for name in _COUNTS},
        "tally": {choice: row["counts"][choice] for choice in Choice.values} if _is_told(row) else None,
    }


def ballot_json(row: Row) -> Row:
    frozen = {name: row[name] for name in _FROZEN}
    return ballot_summary_json(row) | frozen | {"roll": row["lines"], "outcome": row["outcome"]}


def outcome_json(row: Row) -> Row:
    return {
        **{name: row[name] for name in _OUTCOME},
        "ballot": row["ballot_id"],
        "corrects": row["corrects_id"],
        "passed": None if row["result"] == "inquorate" else row["result"] == "carried",
        "casting_vote": row["casting_vote"] or None,
        "kill_order": row["kill_order"],
    }


def _is_told(row: Row) -> bool:
    """Whether what was voted is shown: never of a secret ballot, whose outcome alone is."""
    return not row["is_secret"] and bool(row["charter__shows_tally"] or row["status"] in _AFTER_CLOSE)


def _with_counts(rows: Sequence[Row]) -> None:
    """How each ballot reads now, and the counts of its roll."""
    now = database_now()
    status = Q(has_voted=True)
    counted = {state: Count("id", filter=Q(status=state)) for state in RollEntry.Status.values}
    given = {choice: Count("id", filter=Q(choice=choice)) for choice in Choice.values}
    roll = RollEntry.objects.filter(ballot__in=[row["id"] for row in rows]).values("ballot_id").order_by()
    counts = {each["ballot_id"]: each for each in roll.annotate(voted=Count("id", filter=status), **counted, **given)}
    none = dict.fromkeys((*_COUNTS, *Choice.values), 0)
    for row in rows:
        times = {name: row[name] for name in ("status", "opens_at", "closes_at")}
        row |= {"reads": status_at(Ballot(**times), now), "counts": counts.get(row["id"], none)}


def _with_rolls(rows: Sequence[Row]) -> None:
    _with_counts(rows)
    lines: dict[UUID, list[Row]] = {row["id"]: [] for row in rows}
    told = {row["id"]: row for row in rows}
    columns = ("seat_id", "label", "is_chair", "member_id", "member__user__name", "holder_name", "status")
    roll = RollEntry.objects.filter(ballot__in=lines).order_by("label")
    for entry in roll.values("ballot_id", *columns, "recused_because", "has_voted", "choice"):
        lines[entry["ballot_id"]].append(_line(entry, told[entry["ballot_id"]]))
    declared = OutcomeRecord.objects.filter(ballot__in=lines).order_by("number").values(*OUTCOMES.columns)
    outcomes = {outcome["ballot"]: outcome for outcome in OUTCOMES.shown(declared)}
    for row in rows:
        row |= {"lines": lines[row["id"]], "outcome": outcomes.get(row["id"])}


def _line(entry: Row, ballot: Row) -> Row:
    name = entry["member__user__name"] or entry["holder_name"]
    return {
        "seat": entry["seat_id"],
        "label": entry["label"],
        "is_chair": entry["is_chair"],
        "holder": {"id": entry["member_id"], "name": name} if name else None,
        "status": entry["status"],
        "recused_because": entry["recused_because"] or None,
        "voted": None if ballot["is_secret"] else entry["has_voted"],
        "choice": (entry["choice"] or None) if _is_told(ballot) else None,
    }


def _with_orders(rows: Sequence[Row]) -> None:
    """By ballot: a correction stands for what the record before it had ordered."""
    given = KillOrder.objects.filter(outcome__ballot__in=[row["ballot_id"] for row in rows]).order_by("ordered_at")
    orders: dict[Any, UUID] = dict(given.values_list("outcome__ballot_id", "id"))
    for row in rows:
        row["kill_order"] = orders.get(row["ballot_id"])


OUTCOMES = Listing(("-number",), (*_OUTCOME, "ballot_id", "corrects_id", "casting_vote"), outcome_json, _with_orders)
BALLOT_SUMMARIES = Listing(("-id",), _COLUMNS, ballot_summary_json, _with_counts)
BALLOTS = Listing(("-id",), (*_COLUMNS, *_FROZEN), ballot_json, _with_rolls)
