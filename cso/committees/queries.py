"""Reads of the committees, viewer first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Min, OuterRef, Q, Subquery

from cso.committees.holding import held_now
from cso.committees.models import Ballot, Committee, Delegation, KillOrder, Motion, Nomination, RollEntry
from cso.committees.standing import status_at, votes_of
from cso.committees.tally import Tally, tally
from cso.people.models import Unit
from cso.people.queries import visible_units
from cso.recovery.models import Case
from cso.rules.models import Rule
from tenants.models import Actor, Membership
from tenants.roles import Can


@dataclass(frozen=True)
class Coverage:
    """Whether a unit has a committee that is alive: somebody sits in it, and it voted within two of its cadences.

    At the very end of them it no longer is: the metric `committee_coverage` counts the same.
    """

    unit: Unit
    committee: Committee | None
    seats: int
    last_ballot_at: datetime | None
    is_live: bool


@dataclass(frozen=True)
class Moment:
    """Something that happened in a rule's story: `kind` names it (see `story_of`), `words` tell it."""

    at: datetime
    kind: str
    words: str
    count: int = 0
    subject: UUID | None = None


def awaiting_vote(member: Membership, *, now: datetime) -> list[RollEntry]:
    """The lines of open rolls where the member's own vote, or one delegated to them, is missing; closing soonest first.

    Ballot, motion, rule and committee are read with them, by a second query, for mostly there are none.
    """
    delegating = Delegation.objects.filter(revoked_at=None).values("seat")
    entries = RollEntry.objects.filter(
        Q(member=member) | Q(delegate=member, seat__in=delegating),
        status=RollEntry.Status.ELIGIBLE,
        has_voted=False,
        ballot__status=Ballot.Status.OPEN,
        ballot__closes_at__gt=now,
    )
    found = list(entries.values_list("pk", flat=True))
    if not found:
        return []
    related = ("ballot__charter", "ballot__motion__rule", "ballot__motion__committee__unit", "member__user")
    told = RollEntry.objects.filter(pk__in=found).select_related(*related)
    return list(told.order_by("ballot__closes_at", "ballot_id", "label"))


def tally_shown(
    viewer: Actor, ballot: Ballot, *, now: datetime, roll: Sequence[RollEntry] | None = None
) -> Tally | None:
    """What is in, as the viewer may see it: None while the charter hides it, and always of a secret ballot.

    Named ballots show it from their close on. What a secret one came to stands in its outcome alone. `roll`: its roll,
    where that was read already.
    """
    if ballot.charter is None or ballot.is_secret or not viewer.can(Can.SEE_PEOPLE):
        return None
    status = status_at(ballot, now)
    if status == Ballot.Status.CANCELLED or (status == Ballot.Status.OPEN and not ballot.charter.shows_tally):
        return None
    return tally(votes_of(ballot, roll), ballot.charter.terms)


def delegations_in(committee: Committee) -> list[Delegation]:
    """Those that stand, by the label of the seat; both seats read."""
    standing = Delegation.objects.filter(seat__committee=committee, revoked_at=None, seat__retired_at=None)
    return list(standing.select_related("seat", "to_seat").order_by("seat__label"))


def committee_coverage(viewer: Actor, *, now: datetime) -> list[Coverage]:
    """Every unit that the viewer sees, in the order of the tree, with its committee: the liveliest, where it has more.

    Three statements, however many units.
    """
    # A subquery, for rows cannot be grouped by an `id` that is no key of its own in the database.
    opened = Ballot.objects.filter(motion__committee=OuterRef("pk"), opened_at__isnull=False).order_by("-opened_at")
    committees = (
        Committee.objects.filter(dissolved_at=None)
        .annotate(last_ballot_at=Subquery(opened.values("opened_at")[:1]))
        .order_by("founded_at", "id")
    )
    seats = dict(held_now().values_list("seat__committee").annotate(n=Count("id")).order_by())
    by_unit: dict[UUID, list[Committee]] = defaultdict(list)
    for committee in committees:
        by_unit[committee.unit_id].append(committee)
    covered = []
    for unit in visible_units(viewer).order_by("name", "id"):
        own = [_coverage(unit, each, seats.get(each.pk, 0), now) for each in by_unit[unit.pk]]
        nobody = Coverage(unit, None, 0, None, False)
        covered.append(max(own, key=lambda each: (each.is_live, each.seats), default=nobody))
    return covered


def story_of(rule: Rule) -> list[Moment]:
    """Everything that happened to a rule, the first complaint first.

    Kinds: `first_case` (`count`: of cases that cite it), `registered`, `nominated`, `moved`, `replied`, `opened`,
    `decided`, `ordered`, `executed`, `verified`, `effect`, `reinstated`, `ended`. Only the owner of an order is named.
    """
    moments = [*_of_rule(rule), *_of_nominations(rule), *_of_motions(rule), *_of_orders(rule)]
    return sorted(moments, key=lambda moment: moment.at)


def _coverage(unit: Unit, committee: Committee, seats: int, now: datetime) -> Coverage:
    last: datetime | None = committee.last_ballot_at  # type: ignore[attr-defined]
    lively = timedelta(days=2 * committee.cadence_days)
    is_live = seats > 0 and now - max(last or committee.founded_at, committee.founded_at) < lively
    return Coverage(unit, committee, seats, last, is_live)


def _of_rule(rule: Rule) -> list[Moment]:
    cited = Case.objects.filter(quoted_rule=rule, is_valid=True).aggregate(first=Min("clock_start"), n=Count("id"))
    first = rule.versions.order_by("number").first()
    moments = [Moment(first.in_force_from if first else rule.created_at, "registered", rule.title, subject=rule.pk)]
    if cited["first"]:
        moments.append(Moment(cited["first"], "first_case", "", cited["n"], rule.pk))
    is_by_order = KillOrder.objects.filter(rule=rule, executed_at__isnull=False).exists()
    if rule.withdrawn_at is not None and not is_by_order:
        moments.append(Moment(rule.withdrawn_at, "ended", rule.withdrawn_because, subject=rule.pk))
    return moments


def _of_nominations(rule: Rule) -> list[Moment]:
    return [
        Moment(each.submitted_at, "nominated", each.words, subject=each.pk)
        for each in Nomination.objects.filter(rule=rule)
    ]


def _of_motions(rule: Rule) -> list[Moment]:
    moments = []
    for motion in Motion.objects.filter(rule=rule):
        moments.append(Moment(motion.moved_at, "moved", motion.text, subject=motion.pk))
        if motion.owner_replied_at:
            moments.append(Moment(motion.owner_replied_at, "replied", motion.owner_reply, subject=motion.pk))
    for ballot in Ballot.objects.filter(motion__rule=rule, opened_at__isnull=False).prefetch_related("outcomes"):
        assert ballot.opened_at is not None
        moments.append(Moment(ballot.opened_at, "opened", ballot.motion_text, subject=ballot.pk))
        moments += [
            Moment(outcome.declared_at, "decided", outcome.words, subject=outcome.pk)
            for outcome in ballot.outcomes.all()
        ]
    return moments


def _of_orders(rule: Rule) -> list[Moment]:
    moments = []
    for order in KillOrder.objects.filter(rule=rule).select_related("owner"):
        owner = order.owner.name if order.owner else ""
        told = [
            (order.ordered_at, "ordered", owner),
            (order.executed_at, "executed", order.evidence),
            (order.verified_at, "verified", ""),
            (order.effect_checked_at, "effect", str(order.get_status_display())),
            (order.reinstated_at, "reinstated", order.reinstated_because),
        ]
        moments += [Moment(at, kind, words, subject=order.pk) for at, kind, words in told if at is not None]
    return moments
