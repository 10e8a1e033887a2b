"""Ballots: opened, voted, closed, declared.

What is sent to `votes` is kept nowhere but where it counts: no answer to it is kept under an Idempotency-Key, since
even a hash of its body would tell a vote. One seat has one vote, so that to send it twice does no harm.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import django_filters
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, Instant, Text
from api.filters import ListFilters, ReferenceFilter
from api.idempotency import idempotent
from api.pagination import page
from api.resources import Resource, only
from api.schema import IDEMPOTENCY_KEY, IF_NONE_MATCH, endpoint
from api.v1.committees.representation import (
    BALLOT_SUMMARIES,
    BALLOTS,
    OUTCOMES,
    BallotShape,
    BallotSummaryShape,
    OutcomeShape,
)
from api.v1.remedies import NoBody
from api.v1.shapes import Shape
from cso.committees import balloting
from cso.committees.correcting import MAX_BECAUSE, correct_outcome
from cso.committees.models import Ballot, Choice, Committee, Motion, OutcomeRecord, RollEntry, Seat
from cso.errors import FieldError, InvalidFieldsError
from cso.texts import as_uuid
from tenants.roles import Can

MOST_VOTES = 1_000
_SEAT = "Id of a seat, or its label, in which many spaces are one."


class NewBallot(Body):
    opens_at = Instant(required=False, help_text="Now when left out.")
    closes_at = Instant(required=False, help_text="After the charter's hours when left out; within 60 days.")


class OneVote(Body):
    seat = Text(max_length=200, help_text=_SEAT)
    choice = serializers.ChoiceField(Choice.choices)


class OneRecusal(Body):
    seat = Text(max_length=200, help_text=_SEAT)
    because = Text(max_length=300, help_text="The conflict of interest.")


class VotesBody(Body):
    seat = Text(max_length=200, required=False, help_text=_SEAT)
    choice = serializers.ChoiceField(Choice.choices, required=False)
    votes = serializers.ListField(child=OneVote(), required=False, max_length=MOST_VOTES)
    recusals = serializers.ListField(
        child=OneRecusal(), required=False, max_length=MOST_VOTES, help_text="Of this roll call; they come first."
    )

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        one = {name: values.pop(name) for name in ("seat", "choice") if name in values}
        many = "votes" in values or "recusals" in values
        missing = [] if many and not one else [name for name in ("seat", "choice") if name not in one]
        if missing:
            raise InvalidFieldsError(
                [FieldError(name, "required", "Name the seat and its choice.") for name in missing]
            )
        if many and one:
            raise InvalidFieldsError.of("votes", "one_or_many", "Send one vote, or a list of them.")
        return values | ({"votes": [one]} if one else {})


class RecuseBody(Body):
    seat = Text(max_length=200, help_text=_SEAT)
    because = Text(max_length=300, help_text="The conflict of interest.")


class CorrectedVote(Body):
    seat = Text(max_length=200, help_text=_SEAT)
    choice = serializers.ChoiceField(Choice.choices, allow_null=True, help_text="Null: it did not vote.")


class CorrectBody(Body):
    votes = serializers.ListField(child=CorrectedVote(), min_length=1, max_length=MOST_VOTES)
    because = Text(max_length=MAX_BECAUSE, help_text="What was wrong; it stands in the new record.")


class CastingVote(Body):
    choice = serializers.ChoiceField([("yes", "Yes"), ("no", "No")])


class ExtendBody(Body):
    closes_at = Instant(help_text="Later than it closes now.")


class CancelBody(Body):
    because = Text(max_length=500)


class TakenShape(Shape):
    ballot = serializers.UUIDField()
    taken = serializers.IntegerField(help_text="Votes of this request that count.")
    voted = serializers.IntegerField(help_text="Seats that have voted by now.")
    eligible = serializers.IntegerField()


class BallotFilters(ListFilters):
    committee = ReferenceFilter(
        Committee, "name", field_name="motion__committee", help_text="Id or name of a committee."
    )
    motion = ReferenceFilter(Motion, "text", help_text="Id of a motion.")
    status = django_filters.ChoiceFilter(choices=Ballot.Status.choices, help_text="As it was recorded last.")


class OutcomeFilters(ListFilters):
    committee = ReferenceFilter(
        Committee, "name", field_name="ballot__motion__committee", help_text="Id or name of a committee."
    )
    result = django_filters.ChoiceFilter(choices=OutcomeRecord.Result.choices)


class Ballots(Resource):
    acts = {"GET": (Can.SEE_PEOPLE,)}

    @endpoint("list_ballots", "Ballots, the latest first", answer=BallotSummaryShape, filters=BallotFilters)
    def get(self, request: Request) -> Response:
        return page(request, BallotFilters(request, Ballot.objects.all(), now=self.now).rows(), BALLOT_SUMMARIES)


class BallotsOnMotion(Resource):
    acts = {"GET": (Can.SEE_PEOPLE,), "POST": (Can.RUN_COMMITTEES,)}

    @endpoint(
        "list_ballots_on_motion",
        "The ballots on a motion, the latest first",
        answer=BallotSummaryShape,
        filters=ListFilters,
    )
    def get(self, request: Request, pk: UUID) -> Response:
        rows = Ballot.objects.filter(motion=only(Motion.objects.filter(pk=pk)))
        return page(request, ListFilters(request, rows, now=self.now).rows(), BALLOT_SUMMARIES)

    @endpoint(
        "open_ballot",
        "Open a ballot on a motion, at once or later",
        body=NewBallot,
        answer=BallotShape,
        status=201,
        parameters=[IDEMPOTENCY_KEY],
        example={"closes_at": "2026-03-21T16:00:00Z"},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """Its charter, its motion, its evidence and its roll are frozen when it opens.

        While the owner of the rule may reply, it opens no sooner; a charter with `deliberation_hours` 0 asks nobody.
        """
        motion = only(Motion.objects.filter(pk=pk))
        ballot = balloting.schedule_ballot(motion, **self.read(NewBallot), by=self.key, now=self.now)
        location = reverse("api:ballot", args=[ballot.pk])
        return self.show(Ballot.objects.filter(pk=ballot.pk), BALLOTS, status=201, location=location)


class OneBallot(Resource):
    acts = {"GET": (Can.SEE_PEOPLE,)}

    @endpoint(
        "read_ballot", "One ballot, with its roll and its outcome", answer=BallotShape, parameters=[IF_NONE_MATCH]
    )
    def get(self, request: Request, pk: UUID) -> Response:
        """Whoever reads it past its opening or its deadline has it opened, or tallied."""
        rows = Ballot.objects.filter(pk=pk)
        balloting.catch_up(only(rows), now=self.now)
        return self.show(rows, BALLOTS)


class Votes(Resource):
    acts = {"POST": (Can.CAST_VOTES,)}

    @endpoint(
        "tell_votes",
        "Tell the vote of a seat, or a whole roll call",
        body=VotesBody,
        answer=TakenShape,
        example={
            "votes": [{"seat": "District 1", "choice": "yes"}, {"seat": "District 2", "choice": "abstain"}],
            "recusals": [{"seat": "District 3", "because": "Her husband owns the carrier."}],
        },
    )
    def post(self, request: Request, pk: UUID) -> Response:
        """All of them count, or none. A named vote may be changed until the close where the charter lets it, and told
        twice it counts once; a secret one is refused the second time (`voted`). Whoever is absent is left out.
        An Idempotency-Key is not needed, and not kept: nothing but the ballot remembers a vote.
        """
        ballot = only(Ballot.objects.filter(pk=pk))
        values = self.read(VotesBody)
        recusals, votes = values.get("recusals", []), values.get("votes", [])
        where = "votes" if isinstance(request.data, dict) and "votes" in request.data else ""
        recused = _by_seat(ballot, recusals, "recusals")
        told = _by_seat(ballot, votes, where)
        for seat in sorted(recused):
            balloting.recuse(ballot, seat, because=recused[seat]["because"], by=self.key)
        choices = {seat: vote["choice"] for seat, vote in told.items()}
        taken = balloting.cast_votes(ballot, choices, by=self.key) if choices else []
        roll = RollEntry.objects.filter(ballot=ballot).values_list("status", "has_voted")
        return Response(
            {
                "ballot": ballot.pk,
                "taken": len(taken),
                "voted": sum(has_voted for _, has_voted in roll),
                "eligible": sum(status == RollEntry.Status.ELIGIBLE for status, _ in roll),
            }
        )


class BallotAct(Resource):
    """One act on one ballot; answers with the ballot as it then is."""

    acts = {"POST": (Can.RUN_COMMITTEES,)}

    def done(self, act: Callable[..., Any], pk: UUID, body: type[Body]) -> Response:
        rows = Ballot.objects.filter(pk=pk)
        act(only(rows), **self.read(body), by=self.key)
        return self.show(rows, BALLOTS)


class CloseBallot(BallotAct):
    @endpoint(
        "close_ballot",
        "Close a ballot, tally it and declare its outcome",
        body=NoBody,
        answer=BallotShape,
        parameters=[IDEMPOTENCY_KEY],
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """Before its time only where the charter lets it (`not_early`). A tie that the chair may break stays `closed`
        until the casting vote; closing a closed ballot changes nothing.
        """
        return self.done(balloting.close_ballot, pk, NoBody)


class ExtendBallot(BallotAct):
    @endpoint(
        "extend_ballot",
        "Close a ballot later",
        body=ExtendBody,
        answer=BallotShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"closes_at": "2026-03-24T16:00:00Z"},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        return self.done(balloting.extend_ballot, pk, ExtendBody)


class CancelBallot(BallotAct):
    @endpoint(
        "cancel_ballot",
        "Call a ballot off before its close",
        body=CancelBody,
        answer=BallotShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"because": "The new text was read out wrongly."},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """The motion may be balloted again."""
        return self.done(balloting.cancel_ballot, pk, CancelBody)


class RecuseSeat(BallotAct):
    acts = {"POST": (Can.CAST_VOTES,)}

    @endpoint(
        "recuse_seat",
        "Take a seat out of a ballot, for a conflict of interest",
        body=RecuseBody,
        answer=BallotShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"seat": "District 3", "because": "Her husband owns the carrier."},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """What it voted is void; a secret vote cannot be taken back (`voted`)."""
        rows = Ballot.objects.filter(pk=pk)
        ballot = only(rows)
        [(seat, said)] = _by_seat(ballot, [self.read(RecuseBody)], "").items()
        balloting.recuse(ballot, seat, because=said["because"], by=self.key)
        return self.show(rows, BALLOTS)


class BreakTie(BallotAct):
    acts = {"POST": (Can.CAST_VOTES,)}

    @endpoint(
        "cast_casting_vote",
        "The chair's casting vote, after a tie",
        body=CastingVote,
        answer=BallotShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"choice": "yes"},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """Where the charter grants it; it is named, whatever the ballot."""
        return self.done(balloting.cast_breaking_vote, pk, CastingVote)


class OutcomeOfBallot(Resource):
    acts = {"GET": (Can.SEE_PEOPLE,)}

    @endpoint("read_outcome_of_ballot", "What came of a ballot", answer=OutcomeShape, parameters=[IF_NONE_MATCH])
    def get(self, request: Request, pk: UUID) -> Response:
        """404 until it is declared; its latest correction where there is one."""
        ballot = only(Ballot.objects.filter(pk=pk))
        return self.show(OutcomeRecord.objects.filter(ballot=ballot).order_by("-number"), OUTCOMES)


class Outcomes(Resource):
    acts = {"GET": (Can.SEE_PEOPLE,)}

    @endpoint("list_outcomes", "Outcomes, the latest first", answer=OutcomeShape, filters=OutcomeFilters)
    def get(self, request: Request) -> Response:
        return page(request, OutcomeFilters(request, OutcomeRecord.objects.all(), now=self.now).rows(), OUTCOMES)


class OneOutcome(Resource):
    acts = {"GET": (Can.SEE_PEOPLE,)}

    @endpoint("read_outcome", "One outcome", answer=OutcomeShape, parameters=[IF_NONE_MATCH])
    def get(self, request: Request, pk: UUID) -> Response:
        return self.show(OutcomeRecord.objects.filter(pk=pk), OUTCOMES)


class CorrectOutcome(Resource):
    acts = {"POST": (Can.RUN_COMMITTEES,)}

    @endpoint(
        "correct_outcome",
        "Correct an outcome whose roll was taken down wrong, by a new record",
        body=CorrectBody,
        answer=OutcomeShape,
        status=201,
        parameters=[IDEMPOTENCY_KEY],
        example={
            "votes": [{"seat": "District 1", "choice": "no"}],
            "because": "The clerk wrote down the vote of District 2.",
        },
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """No record is ever changed: the new one names it in `corrects`. Never of a secret ballot (`secret`).

        Where it decides otherwise, what follows is done; a kill is taken back while nobody has executed it, later it is
        refused (`in_effect`).
        """
        outcome = only(OutcomeRecord.objects.filter(pk=pk).select_related("ballot"))
        values = self.read(CorrectBody)
        told = _by_seat(outcome.ballot, values["votes"], "votes")
        choices = {seat: line["choice"] or "" for seat, line in told.items()}
        made = correct_outcome(outcome, choices, because=values["because"], by=self.key)
        location = reverse("api:outcome", args=[made.pk])
        return self.show(OutcomeRecord.objects.filter(pk=made.pk), OUTCOMES, status=201, location=location)


def _by_seat(ballot: Ballot, lines: Sequence[dict[str, Any]], field: str) -> dict[UUID, dict[str, Any]]:
    """What is said of each seat, by its id; raises for each line whose seat is unknown, or named before.

    Of a ballot that has not opened yet, the seats of its committee.
    """
    roll = list(RollEntry.objects.filter(ballot=ballot).values_list("seat_id", "label")) if lines else []
    if lines and not roll:
        seats = Seat.objects.filter(committee__motions=ballot.motion_id, retired_at=None)
        roll = list(seats.values_list("id", "label"))
    ids, labels = {seat for seat, _ in roll}, {label: seat for seat, label in roll}
    found: dict[UUID, dict[str, Any]] = {}
    errors = []
    for number, line in enumerate(lines):
        wording = line["seat"]
        where = f"{field}.{number}.seat" if field else "seat"
        named = as_uuid(wording)
        seat = named if named in ids else labels.get(" ".join(wording.split()))
        if seat is None:
            errors.append(FieldError(where, "unknown", "This ballot has no seat of this id or label."))
        elif seat in found:
            errors.append(FieldError(where, "twice", "This seat is named before."))
        else:
            found[seat] = line
    if errors:
        raise InvalidFieldsError(errors)
    return found
