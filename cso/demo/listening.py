"""Tells what customers say: a panel, who joined it and how, two waves that are counted and one that is open."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from decimal import Decimal
from random import Random

from cso.clock import telling
from cso.customers.models import Customer
from cso.demo.airline_listening import LARKSPUR_LISTENING
from cso.demo.answering import Answering
from cso.demo.city_listening import PORT_ELLERY_LISTENING
from cso.demo.heroes import tell_heroes
from cso.demo.listening_texts import Asking, ListeningTexts
from cso.demo.meeting import tell_sessions
from cso.demo.names import full_names, mail_address
from cso.demo.organization import Organization
from cso.demo.story import Story
from cso.panels import bounces, inviting, member_rows, members, panels, waves
from cso.panels.links import survey_token
from cso.panels.models import Invitation, Panel, PanelMember, Question, Response, Wave
from cso.panels.themes import set_theme
from cso.recovery.models import Case
from tenants.scope import current_tenant

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
LISTENING = {"larkspur-air": LARKSPUR_LISTENING, "port-ellery": PORT_ELLERY_LISTENING}
# One member for so many cases, and never so few that groups are too small to be shown.
CASES_PER_MEMBER, LEAST_MEMBERS = 40, 70
# So many were asked when their case was solved, and so many have come lately; of the last segment some are missing.
FROM_CASES, LATELY, MISSING = 8, 4, 2
FOUNDED, JOINED, JOINED_LATELY = 250, 230, 20
OPENS, CLOSES = time(9), time(20)
CONSENT = "Ticked “ask me what I think” in the account"


def tell_listening(story: Story, organization: Organization, *, seed: int, now: datetime) -> int:
    """After the cases, from which some members and heroes come. How many answered."""
    random = Random(f"{seed} {story.slug} listening")  # noqa: S311 (a story, not a secret)
    _Telling(story, organization, random, now).tell()
    return Response.objects.count()


def survey_path() -> str | None:
    """Where a customer of the current tenant may answer the wave that is open; None once nobody may any more."""
    waiting = Invitation.objects.filter(
        wave__status=Wave.Status.OPEN, answered_at=None, is_counted=True, customer__language=""
    ).exclude(pk__in=Response.objects.filter(invitation__isnull=False).values("invitation"))
    invitation = waiting.order_by("customer__external_id").first()
    return f"/{current_tenant().slug}/s/{survey_token(invitation)}/" if invitation else None


class _Telling:
    def __init__(self, story: Story, organization: Organization, random: Random, now: datetime) -> None:
        self.texts: ListeningTexts = LISTENING[story.slug]
        self.story, self.organization, self.random, self.now = story, organization, random, now
        self.cso = organization.roles["cso"]
        self.many = max(LEAST_MEMBERS, story.cases // CASES_PER_MEMBER)

    def tell(self) -> None:
        panel = self._found()
        self._join(panel)
        for name, words in self.texts.themes.items():
            set_theme(name, words, by=self.cso)
        first, second, third = self.texts.waves
        answering = Answering(self.story, self.texts, self.random, self.now)
        asked = self._draft(panel, first)
        self._ask(asked, first, answering)
        asked = self._again(asked, second)
        self._ask(asked, second, answering, is_bumpy=True)
        self._join_lately(panel)
        asked = self._shorten(self._again(asked, third))
        self._ask(asked, third, answering)
        opens, closes = self.at(-80, OPENS), self.at(-94, CLOSES)
        waves.copy_wave(asked, self.texts.draft, opens_at=opens, closes_at=closes, by=self.cso, now=self.now - HOUR)
        tell_sessions(self.texts, panel, self.organization, now=self.now)
        tell_heroes(self.texts, panel, self.organization, now=self.now)

    def at(self, days: int, hour: time) -> datetime:
        """That time of the day so many days ago, as the clocks here show it."""
        day = (self.now.astimezone(current_tenant().zone) - days * DAY).date()
        return datetime.combine(day, hour, current_tenant().zone)

    def _found(self) -> Panel:
        top, at = self.organization.units[self.story.prefix], self.at(FOUNDED, OPENS)
        purpose = self.texts.purpose
        panel = panels.found_panel(self.texts.name, unit=top, steward=self.cso, by=self.cso, now=at, purpose=purpose)
        for segment, wanted in self._wanted().items():
            panels.set_quota(panel, segment, wanted, by=self.cso)
        return panel

    def _wanted(self) -> dict[str, int]:
        whole = sum(segment.weight for segment in self.story.segments)
        wanted = {each.name: round(self.many * each.weight / whole) for each in self.story.segments}
        return wanted | dict(self.texts.others)

    def _join(self, panel: Panel) -> None:
        """Most by import, some from cases; as many of each segment as are wanted, of the last one not quite."""
        missing = self._wanted()
        missing[self.story.segments[-1].name] -= MISSING
        missing[self.story.segments[0].name] -= LATELY
        self._from_cases(panel, missing)
        # As an import of them all does it, line by line, which takes too long for a story.
        PanelMember.objects.bulk_create(self._member(panel, customer) for customer in self._chosen(panel, missing))
        names = full_names(self.random)
        strangers = [(segment, n) for segment, many in self.texts.others.items() for n in range(many)]
        rows = enumerate((self._stranger(next(names), segment, n) for segment, n in strangers), 1)
        outcomes = member_rows.import_members(panel, rows, by=None, now=self.at(JOINED, OPENS))
        if refused := [outcome for outcome in outcomes if outcome.status != "joined"]:
            raise ValueError(f"The story does not hold together: {refused[:3]}")

    def _from_cases(self, panel: Panel, missing: dict[str, int]) -> None:
        """Those who were asked when their case was solved, where the panel misses them."""
        at = self.at(JOINED + 1, OPENS)
        cases = Case.objects.select_related("customer", "unit").filter(first_fixed_at__lt=at, is_valid=True)
        joined: set[object] = set()
        for case in cases.exclude(customer=None).exclude(customer__email="").order_by("external_id")[: 20 * FROM_CASES]:
            segment = case.customer.segment if case.customer else ""
            if case.customer_id in joined or not missing[segment] or len(joined) == FROM_CASES:
                continue
            source = "Said yes on the phone"
            members.recruit_from_case(panel, case, consented_at=at, consent_source=source, by=self.cso, now=at)
            joined.add(case.customer_id)
            missing[segment] -= 1

    def _chosen(self, panel: Panel, wanted: dict[str, int]) -> list[Customer]:
        known = members.candidates(self.cso, panel).order_by("external_id")
        there = list(known)
        return [
            customer
            for segment, many in wanted.items()
            if segment not in self.texts.others
            for customer in self.random.sample([each for each in there if each.segment == segment], many)
        ]

    def _member(self, panel: Panel, customer: Customer) -> PanelMember:
        return PanelMember(
            panel=panel,
            customer=customer,
            segment=customer.segment,
            unit=self.organization.units[self._team()],
            via=PanelMember.Via.IMPORT,
            consented_at=self._consented_at(),
            consent_source=CONSENT,
            joined_at=self.at(JOINED, OPENS),
        )

    def _stranger(self, name: str, segment: str, number: int) -> dict[str, str]:
        """Somebody whom no case names, as a line of an import."""
        return {
            "external_id": f"{segment[0]}-{number + 1}",
            "name": name,
            "email": mail_address(name, number, "mail.example"),
            "segment": segment,
            "unit": self._team(),
            "consented_at": self._consented_at().isoformat(),
            "consent_source": CONSENT,
        }

    def _team(self) -> str:
        teams = [team for division in self.story.divisions for team in division.teams]
        return self.random.choices(teams, [each.size for each in teams])[0].code

    def _consented_at(self) -> datetime:
        return self.at(JOINED + self.random.randint(1, 15), OPENS)

    def _join_lately(self, panel: Panel) -> None:
        at = self.at(JOINED_LATELY, OPENS)
        for customer in self._chosen(panel, {self.story.segments[0].name: LATELY}):
            source = "Asked at the desk"
            members.join_panel(panel, customer, consented_at=at, consent_source=source, by=self.cso, now=at)

    def _draft(self, panel: Panel, asking: Asking) -> Wave:
        opens, closes = self.at(asking.opened, OPENS), self.at(asking.closed, CLOSES)
        before = opens - DAY
        wave = waves.draft_wave(
            panel,
            asking.name,
            opens_at=opens,
            closes_at=closes,
            by=self.cso,
            now=before,
            most_questions=7,
            weighting=Wave.Weighting.SEGMENTS,
        )
        waves.standard_questions(wave, by=self.cso)
        for kind, code, scale in (("csat", "satisfied", self.texts.satisfied), ("effort", "easy", self.texts.easy)):
            waves.add_question(
                wave,
                code,
                kind,
                scale.text_en,
                by=self.cso,
                text_fr=scale.text_fr,
                touch_point=scale.touch_point,
                position=4,
            )
        whole = sum(segment.weight for segment in self.story.segments)
        for segment in self.story.segments:
            waves.set_share(wave, segment.name, Decimal(round(segment.weight / whole, 4)), by=self.cso)
        for name in self.texts.others:
            waves.set_share(wave, name, Decimal("0.005"), by=self.cso)
        return wave

    def _again(self, wave: Wave, asking: Asking) -> Wave:
        opens, closes = self.at(asking.opened, OPENS), self.at(asking.closed, CLOSES)
        return waves.copy_wave(wave, asking.name, opens_at=opens, closes_at=closes, by=self.cso, now=opens - DAY)

    def _shorten(self, wave: Wave) -> Wave:
        """To what a customer answers in a minute, which is what a wave allows unless somebody decides otherwise."""
        for scale in wave.questions.filter(kind__in=(Question.Kind.CSAT, Question.Kind.EFFORT)):
            waves.remove_question(scale, by=self.cso)
        return waves.change_wave(wave, by=self.cso, now=wave.opens_at - DAY, most_questions=5)

    def _ask(self, wave: Wave, asking: Asking, answering: Answering, *, is_bumpy: bool = False) -> None:
        """Open it, invite, let customers answer, remind the others, and close it where its time is over."""
        wave = waves.open_wave(wave, by=self.cso, now=wave.opens_at - HOUR)
        with telling(wave.opens_at):
            while inviting.invite_members(wave.pk, now=wave.opens_at):
                pass
        if is_bumpy:
            self._lose(wave)
        answers = answering.draw(wave, asking)
        reminded = wave.opens_at + wave.reminder_days * DAY
        answering.write([each for each in answers if each.at < reminded])
        with telling(reminded):
            while inviting.remind_members(wave.pk, now=reminded):
                pass
        answering.write([each for each in answers if each.at >= reminded])
        if wave.closes_at <= self.now:
            with telling(wave.closes_at):
                waves.close_wave(wave, by=None, now=wave.closes_at)

    def _lose(self, wave: Wave) -> None:
        """Two mails come back, and one customer leaves by the link in theirs."""
        asked = Invitation.objects.filter(wave=wave).exclude(segment__in=self.texts.others)
        first, second, third = asked.select_related("customer", "member__panel").order_by("customer__external_id")[:3]
        at = wave.opens_at + 2 * HOUR
        with telling(at):
            for each in (first, second):
                bounces.record_bounce(each.customer.email, by=None, now=at)
            members.leave_panel(third.member, because="asked", by=None, now=at)
