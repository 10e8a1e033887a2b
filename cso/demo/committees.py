"""Tells what the committees decided: two of them, a dozen nominations, a kill that helped, and a vote that waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cso.clock import telling
from cso.committees import bodies, nominations, orders
from cso.committees.balloting import cast_vote, close_ballot, schedule_ballot
from cso.committees.models import Ballot, Committee, KillOrder, Nomination, Seat
from cso.committees.motions import move_motion, reply_as_owner
from cso.demo.committee_texts import COMMITTEES, CommitteeTexts, PastRule
from cso.demo.organization import Organization
from cso.demo.story import Story
from cso.people.models import Person
from cso.recovery.models import Case, Solution
from cso.rules.actions import register_rule
from cso.rules.models import Rule
from tenants.models import Membership

DAY = timedelta(days=1)
# How many cases quoted the killed rule in the eight weeks before its end was seen, and after.
QUOTED_BEFORE, QUOTED_AFTER = 21, 4


@dataclass(frozen=True)
class _Body:
    committee: Committee
    seats: Sequence[tuple[Seat, Membership]]


def tell_committees(story: Story, organization: Organization, *, now: datetime) -> None:
    """After the cases, which speak for and against the rules."""
    _Telling(story, organization, now).tell()


class _Telling:
    def __init__(self, story: Story, organization: Organization, now: datetime) -> None:
        self.texts: CommitteeTexts = COMMITTEES[story.slug]
        self.organization, self.now = organization, now
        self.roles, self.top = organization.roles, organization.units[story.prefix]
        self.home = next(role.unit for role in story.roles if role.role == "leader" and role.unit)
        codes = [rule.code for rule in story.recovery.rules]
        known = {rule.code: rule for rule in Rule.objects.filter(code__in=codes).select_related("unit", "owner")}
        self.rules = [known[code] for code in codes]

    def tell(self) -> None:
        local = self._found(self.texts.local, self.home, ["leader", "committee_member", "frontline"])
        whole = self._found(self.texts.whole, None, ["cso", "executive", "leader", "committee_member"])
        self._effective(local)
        self._lost(whole)
        self._secret(whole)
        self._overdue(local)
        self._open(local)
        self._nominations(local, whole)

    def _found(self, name: str, division: str | None, seated: list[str]) -> _Body:
        """The first of those seated takes the chair; the other leaders and agents fill the rest."""
        at = self._ago(400)
        unit = self.organization.units[division] if division else self.top
        committee = bodies.found_committee(unit, name, by=self.roles["cso"], now=at)
        members = [self.roles[role] for role in seated]
        others = self.organization.agents if division else self.organization.leaders
        members += [member for code, member in sorted(others.items()) if member not in members][:4]
        seats = []
        for number, member in enumerate(members, 1):
            seat = bodies.add_seat(
                committee, f"Seat {number}", by=self.roles["cso"], now=at, holder=member, is_chair=number == 1
            )
            seats.append((seat, member))
        return _Body(committee, seats)

    def _effective(self, body: _Body) -> None:
        """Nominated five months ago, killed, seen to be gone ten weeks ago, and it helped."""
        rule = self._register(self.texts.killed, body)
        self._quote(rule, self._ago(70))
        nomination = self._nominate(self.texts.killed.words, 150, rule=rule, by="frontline")
        self._decide(body, rule, nomination, "kill", 138, "yyyaynn")
        order = KillOrder.objects.get(rule=rule)
        for days, what in zip((124, 112), self.texts.steps, strict=True):
            step = orders.add_step(order, what, by=None, now=self._ago(days + 5))
            orders.finish_step(step, by=None, now=self._ago(days))
        orders.execute_order(order, by=self.roles["leader"], now=self._ago(110), evidence=self.texts.evidence)
        orders.verify_order(order, by=self.roles["cso"], now=self._ago(70))
        with telling(self.now):
            orders.check_effect(order, now=self.now)

    def _lost(self, body: _Body) -> None:
        rule = self._register(self.texts.lost, body)
        nomination = self._nominate(self.texts.lost.words, 75, rule=rule, by="committee_member")
        self._decide(body, rule, nomination, "kill", 60, "nynnyna")

    def _secret(self, body: _Body) -> None:
        """One delicate matter was voted on in secret; the charter before it holds again."""
        rule = self._register(self.texts.secret, body)
        nomination = self._nominate(self.texts.secret.words, 55, rule=rule, by="frontline")
        cso = self.roles["cso"]
        bodies.set_charter(body.committee, by=cso, now=self._ago(45), preset="secret")
        self._decide(body, rule, nomination, "change", 40, "yynyyny", new_text=self.texts.friendlier)
        bodies.set_charter(body.committee, by=cso, now=self._ago(35))

    def _overdue(self, body: _Body) -> None:
        rule = self._register(self.texts.overdue, body)
        nomination = self._nominate(self.texts.overdue.words, 70, rule=rule, by="frontline")
        self._decide(body, rule, nomination, "kill", 54, "yyynyay")
        orders.add_step(KillOrder.objects.get(rule=rule), self.texts.steps[0], by=None, now=self._ago(40))

    def _open(self, body: _Body) -> None:
        """Everybody but two has voted by now; the committee member is one of them. It closes in two days."""
        rule = self.rules[0]
        nomination = self._nominate(self.texts.open_words, 20, rule=rule, by="frontline")
        nominations.triage(nomination, by=self.roles["leader"], now=self._ago(18), ease=4, impact=5)
        for days in (40, 12, 3):
            why = self.texts.breaks[0]
            nominations.log_break(rule, by=self.roles["frontline"], why=why, now=self._ago(days), result="helped")
        motion = move_motion(body.committee, rule, "kill", by=None, now=self._ago(4), nomination=nomination)
        reply_as_owner(motion, self.texts.reply, by=None, now=self._ago(3))
        with telling(self._ago(1)):
            ballot = schedule_ballot(motion, by=None, now=self._ago(1), closes_at=self.now + 2 * DAY)
            self._vote(body, ballot, "--yyny-")

    def _nominations(self, local: _Body, whole: _Body) -> None:
        """One or more in each state, the newest untouched."""
        cso, words = self.roles["cso"], iter(self.texts.nominations)
        second, third, fourth, fifth, law = (self.rules[n] for n in (1, 2, 3, 4, 6))
        for days, rule in ((1, None), (2, third)):
            self._nominate(next(words), days, rule=rule, by="frontline")
        at = self._ago(6)
        nominations.triage(self._nominate(next(words), 9, rule=fourth), by=cso, now=at, ease=2, impact=4)
        for days, rule, body, ease in ((15, second, local, 5), (24, fifth, whole, 3)):
            docketed = self._nominate(next(words), days, rule=rule, by="frontline")
            nominations.triage(docketed, by=cso, now=self._ago(days - 2), ease=ease, impact=4)
            nominations.docket(docketed, body.committee, by=cso, now=self._ago(days - 2))
            if body is local:
                again = self._nominate(next(words), 11, rule=rule, by="committee_member")
                nominations.merge_nominations(again, docketed, by=cso, now=self._ago(10))
        for status, rule, days in (("no_such_rule", None, 30), ("external_law", law, 33)):
            ended = self._nominate(next(words), days, rule=rule, by="frontline")
            nominations.dismiss(ended, status, by=cso, now=self._ago(days - 3), note=next(words))
        taken_back = self._nominate(next(words), 28, by="committee_member")
        nominations.dismiss(taken_back, "withdrawn", by=self.roles["committee_member"], now=self._ago(27))
        quick = self._register(self.texts.quick, local)
        nomination = self._nominate(self.texts.quick.words, 14, rule=quick, by="frontline")
        nominations.quick_kill(nomination, by=self.roles["leader"], now=self._ago(13))

    def _register(self, told: PastRule, body: _Body) -> Rule:
        return register_rule(
            by=self.roles["cso"],
            title=told.title,
            text=told.text,
            origin="habit",
            unit=body.committee.unit,
            owner=Person.objects.filter(member=self.organization.leaders.get(self.home)).first(),
            code=told.code,
            now=self._ago(500),
        )

    def _nominate(self, words: str, days: float, *, rule: Rule | None = None, by: str = "leader") -> Nomination:
        return nominations.nominate(words, by=self.roles[by], now=self._ago(days), rule=rule)

    def _decide(
        self, body: _Body, rule: Rule, nomination: Nomination, kind: str, days: int, votes: str, new_text: str = ""
    ) -> None:
        """Docketed and moved five days before the ballot, which lasts three."""
        before, opened, closed = self._ago(days + 5), self._ago(days), self._ago(days - 3)
        nominations.docket(nomination, body.committee, by=self.roles["cso"], now=before)
        motion = move_motion(body.committee, rule, kind, by=None, now=before, new_text=new_text)
        with telling(opened):
            ballot = schedule_ballot(motion, by=None, now=opened, closes_at=closed)
        with telling(opened + DAY):
            self._vote(body, ballot, votes)
        with telling(closed):
            close_ballot(ballot)

    def _vote(self, body: _Body, ballot: Ballot, votes: str) -> None:
        """A letter for each seat; those that are recused do not vote."""
        words = {"y": "yes", "n": "no", "a": "abstain"}
        may = set(ballot.roll.filter(status="eligible").values_list("seat_id", flat=True))
        for (seat, member), letter in zip(body.seats, votes, strict=False):
            if letter in words and seat.pk in may:
                cast_vote(ballot, seat.pk, words[letter], by=member)

    def _quote(self, rule: Rule, verified_at: datetime) -> None:
        """The bulk load knows of no rules; some of its cases were closed by quoting this one."""
        for start, many in ((verified_at - 56 * DAY, QUOTED_BEFORE), (verified_at, QUOTED_AFTER)):
            cases = Case.objects.filter(
                clock_start__gte=start,
                clock_start__lt=start + 56 * DAY,
                is_valid=True,
                quoted_rule=None,
                solution="",
                fixed_at__isnull=False,
            ).order_by("clock_start", "id")
            own = cases.filter(unit__parent__code=self.home).values_list("pk", flat=True)[:many]
            # A small story has too few of them in one division.
            others = cases.exclude(unit__parent__code=self.home).values_list("pk", flat=True)[:many]
            chosen = [*own, *others][:many]
            Case.objects.filter(pk__in=chosen).update(quoted_rule=rule, solution=Solution.POLICY_QUOTED)

    def _ago(self, days: float) -> datetime:
        return self.now - days * DAY
