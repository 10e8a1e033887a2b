"""Tells what came of what a panel said: sessions, who of the executives was there, and what they committed to."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from cso.clock import telling
from cso.demo.listening_texts import ListeningTexts, Session, Word
from cso.demo.organization import Organization
from cso.panels import commitments, sessions, truths
from cso.panels.models import Commitment, Panel, PanelSession, Remark, RosterEntry, Truth, Wave
from cso.panels.telling import tell_members
from cso.people.actions import add_person
from cso.people.models import Person
from tenants.scope import current_tenant

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
STARTS, ENDS, LASTS = time(14), time(18), 60
# The next session, so many days from now; a truth is heard every so many minutes.
NEXT, HEARD = 9, 12
# Of what customers wrote, so much is heard as a truth.
REMARKS = 2
# What begins with the same letters, so many of them, says the same.
ALIKE = 6
CHIEF_NUMBER = 1_001


def tell_sessions(texts: ListeningTexts, panel: Panel, organization: Organization, *, now: datetime) -> None:
    """After the waves, whose words are heard in them."""
    _Telling(texts, panel, organization, now).tell()


class _Telling:
    def __init__(self, texts: ListeningTexts, panel: Panel, organization: Organization, now: datetime) -> None:
        self.texts, self.panel, self.now = texts, panel, now
        self.cso = organization.roles["cso"]
        roles = {role: organization.roles[role] for role in ("cso", "executive", "leader")}
        leaders = {place: organization.leaders[code] for place, code in _places(texts).items()}
        members = roles | leaders
        people = {person.member_id: person for person in Person.objects.filter(member__isnull=False)}
        name, title = texts.chief
        chief = add_person(
            name, by=None, external_id=f"{panel.unit.code}{CHIEF_NUMBER}", position=title, unit=panel.unit
        )
        self.people = {"chief": chief} | {key: people[member.pk] for key, member in members.items()}

    def tell(self) -> None:
        counted = Wave.objects.filter(panel=self.panel, status=Wave.Status.CLOSED).order_by("closes_at")
        for session, wave in zip(self.texts.sessions, counted, strict=True):
            self._hold(session, wave)
        title, agenda = self.texts.planned
        planned = self._plan(title, agenda, self.at(-NEXT, STARTS), now=self.now)
        sessions.set_roster(planned, self.people.values(), by=self.cso, now=self.now, chief_executive=self._chief)
        self._tell_members()

    @property
    def _chief(self) -> Person:
        return self.people["chief"]

    def at(self, days: int, hour: time) -> datetime:
        """That time of the day so many days ago, as the clocks here show it."""
        zone = current_tenant().zone
        return datetime.combine((self.now.astimezone(zone) - days * DAY).date(), hour, zone)

    def _plan(self, title: str, agenda: str, at: datetime, *, now: datetime, wave: Wave | None = None) -> PanelSession:
        planned = {"planned_at": at, "planned_minutes": LASTS, "agenda": agenda, "wave": wave}
        return sessions.plan_session(self.panel, title, by=self.cso, now=now, **planned)  # type: ignore[arg-type]

    def _hold(self, told: Session, wave: Wave) -> None:
        starts = self.at(told.days, STARTS)
        ends, by = starts + LASTS * MINUTE, self.cso
        session = self._plan(told.title, told.agenda, starts, now=starts - 7 * DAY, wave=wave)
        people = self.people.values()
        roster = sessions.set_roster(session, people, by=by, now=starts - 7 * DAY, chief_executive=self._chief)
        keys = {person.pk: key for key, person in self.people.items()}
        entries = {keys[entry.person_id]: entry for entry in roster}
        for key, delegate in told.delegates.items():
            sessions.send_delegate(entries[key], delegate, by=by, now=starts - DAY)
        for key, because in told.excuses.items():
            sessions.excuse(entries[key], because, by=by, now=starts - DAY)
        session = sessions.start_session(session, by=by, now=starts)
        for key, (comes, goes) in told.stays.items():
            self._stay(entries[key], starts + comes * MINUTE, starts + goes * MINUTE, ends)
        heard = self._hear(session, told, wave, starts)
        session = sessions.end_session(session, by=by, now=ends)
        for n, word in enumerate(told.words):
            self._commit(session, word, heard[0] if n == 0 else None, ends)

    def _stay(self, entry: RosterEntry, comes: datetime, goes: datetime, ends: datetime) -> None:
        sessions.join_session(entry, by=self.cso, now=comes)
        if goes < ends:
            sessions.leave_session(entry, by=self.cso, now=goes)

    def _hear(self, session: PanelSession, told: Session, wave: Wave, starts: datetime) -> list[Truth]:
        """What was said in the room, and what some had written."""
        written = Remark.objects.select_related("wave").filter(wave=wave, is_praise=False, is_held_back=False)
        known = {words[:ALIKE] for words in Truth.objects.values_list("words", flat=True)}
        remarks: list[Remark] = []
        for remark in written.filter(language="en").exclude(words__contains="[").order_by("words"):
            if remark.words[:ALIKE] not in known and len(remarks) < REMARKS:
                known.add(remark.words[:ALIKE])
                remarks.append(remark)
        heard: list[tuple[str, Remark | None]] = [(words, None) for words in told.truths]
        heard += [("", remark) for remark in remarks]
        return [
            truths.hear_truth(session, words, by=self.cso, now=starts + HEARD * n * MINUTE, remark=remark)
            for n, (words, remark) in enumerate(heard, 1)
        ]

    def _commit(self, session: PanelSession, word: Word, truth: Truth | None, made: datetime) -> None:
        found = commitments.commit(
            self.panel,
            owner=self.people[word.owner],
            what=word.what,
            you_said=word.you_said,
            due_at=self.at(word.due, ENDS),
            session=session,
            truth=truth,
            by=self.cso,
            now=made,
        )
        if word.done is not None:
            at = self.at(word.done, ENDS)
            commitments.keep_commitment(found, we_did=word.we_did, by=self.cso, now=at)
        if word.withdrawn is not None:
            at = self.at(word.withdrawn, ENDS)
            commitments.withdraw_commitment(found, because=word.because, by=self.cso, now=at)

    def _tell_members(self) -> None:
        """Those that are told on the same day are told in one mail."""
        told: dict[int, list[str]] = {}
        for session in self.texts.sessions:
            for word in session.words:
                if word.told is not None:
                    told.setdefault(word.told, []).append(word.what)
        for days, whats in sorted(told.items(), reverse=True):
            at = self.at(days, ENDS)
            found = list(Commitment.objects.filter(panel=self.panel, what__in=whats))
            with telling(at):
                tell_members(found, by=self.cso, now=at)


def _places(texts: ListeningTexts) -> dict[str, str]:
    return dict(zip(("first", "second", "third"), texts.expected, strict=True))
