"""Tells how a story's people recover: who owns and does what, what is promised and given, what customers answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from random import Random

from cso.customers.models import Customer
from cso.customers.preferences import add_preference
from cso.customers.purchases import AT_ONCE, record_purchases
from cso.demo.cases import DrawnCase
from cso.demo.organization import Organization
from cso.demo.story import Story
from cso.people.actions import name_intake_owner
from cso.people.models import Person, Position
from cso.recovery import call_backs, closing, contacts, customer_page, promises, teamwork
from cso.recovery.actions import open_case
from cso.recovery.approvals import decide_remedy
from cso.recovery.authority import give_remedy, set_authority
from cso.recovery.models import Case, ContactKind, Promise, Remedy, Solution
from cso.recovery.settings import set_recovery
from cso.rules.actions import register_rule
from cso.rules.models import Rule
from tenants.models import Membership

Deed = tuple[datetime, Callable[[Case], Case | None]]

MINUTE = timedelta(minutes=1)
# Of the cases that were loaded, so many are told with the customer's answer, of the last months and before; of every
# second one the closing too.
ANSWERED_LATELY, ANSWERED_BEFORE, LATELY = 0.12, 0.01, timedelta(days=85)
# Of the last days' cases.
OWNED, PROMISED, PAID, ASKED, TASKED, PLANNED = 0.85, 0.45, 0.3, 0.05, 0.12, 0.6
CLOSED, TOLD, ANSWERED = 0.9, 0.85, 0.5
QUOTES_POLICY = frozenset({"Rule quoted instead of help", "Asked for proof we had", "Ticket issued in error"})


def set_up(story: Story, organization: Organization, *, now: datetime) -> None:
    """Due times, the right to act, who takes what nobody took, and the rules that stand in the way."""
    texts, cso = story.recovery, organization.roles["cso"]
    set_recovery(
        by=cso,
        currency=story.currency,
        mail_name=story.name,
        mail_address=f"care@{story.slug}.example",
        intake_unit=organization.units[story.prefix],
    )
    for position in Position.objects.filter(title__in=story.titles):
        set_authority(
            position,
            by=cso,
            currency=story.currency,
            per_case_minor=texts.per_case_minor,
            per_day_minor=texts.per_day_minor,
            exceptions=list(texts.exceptions),
        )
    name_intake_owner(organization.units[story.prefix], cso, by=None)
    for code, agent in organization.agents.items():
        name_intake_owner(organization.units[code], agent, by=None)
    for rule in texts.rules:
        owner = organization.leaders.get(rule.division or "")
        register_rule(
            by=cso,
            code=rule.code,
            title=rule.title,
            text=rule.text,
            origin=rule.origin,
            citation=rule.citation,
            unit=organization.units[rule.division] if rule.division else None,
            owner=Person.objects.filter(member=owner).first() if owner else None,
            now=now - timedelta(days=500),
        )


def tell_secrets(story: Story, organization: Organization, *, seed: int, now: datetime) -> None:
    """What is known of some customers, and what they bought since."""
    random = Random(f"{seed} {story.slug} secrets")  # noqa: S311 (a story, not a secret)
    known = list(Customer.objects.order_by("external_id"))
    for customer in random.sample(known, min(len(known), 120)):
        at = now - timedelta(days=random.randint(3, 400))
        add_preference(
            customer,
            text=random.choice(story.recovery.secrets),
            source=random.choice(["told_us", "told_us", "observed"]),
            consented_at=at,
            expires_on=(at + timedelta(days=730)).date(),
            by=organization.roles["cso"],
            now=at,
        )
    rows: list[dict[str, object]] = [
        {
            "external_id": f"P-{n:05}-{m}",
            "customer": customer.external_id,
            "bought_at": now - timedelta(days=random.uniform(0, 520)),
            "amount_minor": customer.spend_per_visit_minor or 10_00,
            "currency": story.currency,
        }
        for n, customer in enumerate(known)
        for m in range(random.choice([0, 0, 1, 1, 2, 3]))
    ]
    for start in range(0, len(rows), AT_ONCE):
        record_purchases(rows[start : start + AT_ONCE], by=None, now=now)


def tell_loose_ends(story: Story, organization: Organization, *, now: datetime) -> None:
    """Of the newest open cases of each home: one customer wants to be called, another has written once more."""
    for role in story.roles:
        unit = organization.units[role.unit] if role.unit else None
        waiting = Case.objects.filter(unit=unit, fixed_at=None, customer__isnull=False).order_by("-reported_at")[:2]
        if unit is None or len(waiting) < 2:
            continue
        asked_at = max(now - 40 * MINUTE, waiting[0].reported_at)
        call_backs.ask_call_back(waiting[0], phone="+1 555 0142 7788", note=story.recovery.call_back, now=asked_at)
        open_case(
            by=None,
            unit=unit,
            reported_at=max(now - 25 * MINUTE, waiting[1].reported_at),
            now=now,
            summary=waiting[1].summary,
            channel="email",
            cause=waiting[1].cause.name if waiting[1].cause else "",
            customer=waiting[1].customer,
            external_id=f"{waiting[1].external_id}-M",
        )


class Recoveries:
    """The deeds on each case, in their order of time; `by_hand` are the cases whose whole course is told."""

    def __init__(self, story: Story, organization: Organization, *, seed: int, now: datetime) -> None:
        self.story, self.texts, self.organization, self.now = story, story.recovery, organization, now
        self.random = Random(f"{seed} {story.slug} recoveries")  # noqa: S311 (a story, not a secret)
        self.people = {person.member_id: person for person in Person.objects.filter(member__isnull=False)}
        self.rules: Mapping[str | None, Sequence[Rule]] = {}
        rules = {rule.code: rule for rule in Rule.objects.all()}
        self.rules = {
            division: [rules[rule.code] for rule in self.texts.rules if rule.division in {division, None}]
            for division in organization.agents
        }

    def deeds(self, case: DrawnCase, by: Membership, *, by_hand: bool) -> Iterator[Deed]:
        """Before the fix only for cases told by hand; after it the closing and the answer, of some."""
        if by_hand:
            yield from self._on_the_way(case, by)
        if case.fixed_at is None or case.exclusion:
            return
        answers, closes = self._what_follows(case, by_hand=by_hand)
        surprised = self.random.random() < self._delight(case)
        closed_at = case.fixed_at + self.random.uniform(2, 240) * MINUTE
        if closes and self._stands(case, closed_at):
            if case.customer and self.random.random() < TOLD:
                yield closed_at, self._contact(ContactKind.RESOLUTION, by, closed_at)
            yield closed_at, self._closing(case, by, closed_at, surprised=surprised)
        answered_at = case.fixed_at + self.random.uniform(300, 7_000) * MINUTE
        if answers and case.customer and self._stands(case, answered_at):
            yield answered_at, self._answer(answered_at, surprised=surprised)

    def _what_follows(self, case: DrawnCase, *, by_hand: bool) -> tuple[bool, bool]:
        """Whether the customer answers, and whether its closing is told."""
        random = self.random
        if by_hand:
            return random.random() < ANSWERED, random.random() < CLOSED
        lately = case.reported_at > self.now - LATELY
        answers = random.random() < (ANSWERED_LATELY if lately else ANSWERED_BEFORE)
        return answers, answers and random.random() < 0.5

    def _stands(self, case: DrawnCase, at: datetime) -> bool:
        return at < self.now and (case.undoing is None or at < case.undoing.at)

    def _delight(self, case: DrawnCase) -> float:
        assert case.fixed_at is not None
        hours = (case.fixed_at - (case.occurred_at or case.reported_at)) / timedelta(hours=1)
        return 0.62 if hours <= 12 else 0.42 if hours <= 24 else 0.12

    def _on_the_way(self, case: DrawnCase, by: Membership) -> Iterator[Deed]:
        """One step after the other, each some minutes after the one before, as long as the case is open."""
        random, at, end = self.random, case.reported_at, case.fixed_at or self.now
        if random.random() > OWNED:
            return
        has_customer = 1.0 if case.customer else 0.0
        steps: list[tuple[float, float, Callable[[datetime], Iterator[Deed]]]] = [
            (1.0, 50, lambda at: iter([(at, lambda known: teamwork.take_case(known, by=by, now=at))])),
            (has_customer, 25, lambda at: iter([(at, self._contact(ContactKind.ACKNOWLEDGE, by, at))])),
            (has_customer * PROMISED, 10, lambda at: self._promise(by, at, end)),
            (TASKED, 30, lambda at: self._task(by, at, end)),
            (PAID, 60, lambda at: self._remedy(case, by, at)),
            (PLANNED if case.fixed_at is None else 0.0, 10, lambda at: iter([(at, self._plan(by, at))])),
        ]
        for chance, within, step in steps:
            if random.random() < chance:
                at += random.uniform(1, within) * MINUTE
                if at >= end:
                    return
                yield from step(at)

    def _plan(self, by: Membership, at: datetime) -> Callable[[Case], Case]:
        plan = self.random.choice(self.texts.surprises)
        return lambda known: closing.plan_surprise(known, plan, by=by, now=at)

    def _contact(self, kind: ContactKind, by: Membership, at: datetime) -> Callable[[Case], None]:
        note = self.random.choice(self.texts.contacts)

        def contact(case: Case) -> None:
            contacts.record_contact(case, kind, by=by, at=at, now=at, channel="phone", note=note)

        return contact

    def _promise(self, by: Membership, at: datetime, end: datetime) -> Iterator[Deed]:
        what, words = self.random.choice(self.texts.promises)
        made: list[Promise] = []
        yield at, lambda known: made.append(promises.make_promise(known, what=what, words=words, by=by, at=at, now=at))
        due = promises.due_from_words(words, at)
        assert due is not None, "the demo's words are among those of a new tenant"
        late = self.random.random() < 0.2
        kept_at = min(due + self.random.uniform(20, 200) * MINUTE if late else at + (due - at) * 0.7, end)
        if kept_at < self.now:
            yield kept_at, lambda _: void(promises.keep_promise(made[0], by=by, at=kept_at, now=kept_at))

    def _task(self, by: Membership, at: datetime, end: datetime) -> Iterator[Deed]:
        units = [unit for code, unit in self.organization.units.items() if code in self.organization.agents]
        unit, what = self.random.choice(units), self.random.choice(self.texts.tasks)
        added: list[object] = []
        due = at + self.random.uniform(60, 300) * MINUTE
        yield at, lambda known: added.append(teamwork.add_task(known, unit=unit, what=what, due_at=due, by=by, now=at))
        done = min(at + self.random.uniform(30, 330) * MINUTE, end)
        if done < self.now:
            yield done, lambda _: void(teamwork.finish_task(added[0], by=by, now=done))  # type: ignore[arg-type]

    def _remedy(self, case: DrawnCase, by: Membership, at: datetime) -> Iterator[Deed]:
        random, texts = self.random, self.texts
        is_asked = random.random() < ASKED / PAID
        amount = random.randint(*(texts.asked_minor if is_asked else texts.usual_minor)) // 500 * 500
        money = {"amount_minor": amount, "currency": self.story.currency}
        kind = money if random.random() < 0.7 or is_asked else {"exception": random.choice(texts.exceptions)}
        given: list[Remedy] = []
        person = self.people[by.pk]
        yield at, lambda known: given.append(give_remedy(known, person=person, by=by, now=at, **kind))
        decided_at = at + random.uniform(4, 25) * MINUTE
        leader = self.organization.leaders[case.division]
        if is_asked and decided_at < self.now and random.random() < 0.85:
            yield decided_at, lambda _: self._decide(given[0], leader, decided_at)

    def _decide(self, remedy: Remedy, leader: Membership, at: datetime) -> None:
        if remedy.status == Remedy.Status.ASKED:
            decide_remedy(remedy, by=leader, approve=True, now=at, note="Of course.")

    def _closing(self, case: DrawnCase, by: Membership, at: datetime, *, surprised: bool) -> Callable[[Case], Case]:
        random, texts = self.random, self.texts
        rule = (
            random.choice(self.rules[case.division]) if case.cause in QUOTES_POLICY or random.random() < 0.05 else None
        )
        solution = (
            Solution.POLICY_QUOTED
            if rule
            else random.choice(
                [Solution.PUT_RIGHT, Solution.PUT_RIGHT, Solution.REPLACED, Solution.PAID_BACK, Solution.EXCEPTION]
            )
        )
        right = random.choice(["time", "time", "way", "product", "place"])
        surprise = random.choice(texts.surprises) if surprised else ""
        idea = random.choice(texts.ideas) if rule or random.random() < 0.08 else ""
        return lambda known: closing.close_case(
            known,
            by=by,
            at=at,
            now=at,
            solution=solution,
            quoted_rule=rule,
            failed_right=right,
            given_surprise=surprise,
            change_idea=idea,
        )

    def _answer(self, at: datetime, *, surprised: bool) -> Callable[[Case], None]:
        random, texts = self.random, self.texts
        apology = random.choice([True, True, True, True, False, None])
        words = random.choice(texts.happy_words if surprised else texts.unhappy_words) if random.random() < 0.35 else ""

        def answer(known: Case) -> None:
            customer_page.answer_questions(
                known, is_fixed=True, apology=apology, surprised=surprised, words=words, now=at
            )

        return answer


def void(_: object) -> None:
    """A deed that leaves the case itself as it was."""
