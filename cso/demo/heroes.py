"""Tells for what people were celebrated: recoveries, and everything that nobody hears of otherwise."""

from __future__ import annotations

from datetime import datetime, timedelta

from cso.demo.listening_texts import Deed, ListeningTexts
from cso.demo.organization import Organization
from cso.panels.models import Panel, Remark, Wave
from cso.panels.turning import praise_to_recognition
from cso.people.models import Person
from cso.recognition.actions import recognise
from cso.recovery.models import CaseEvent, CustomerAnswer, EventKind
from tenants.models import Membership

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
# So many are celebrated for a case, and so many in the words of a customer.
FROM_CASES, FROM_PRAISE = 3, 3
# A wave's praise is read so many days after its close.
READ_AFTER = 4


def tell_heroes(texts: ListeningTexts, panel: Panel, organization: Organization, *, now: datetime) -> None:
    """After the cases and the waves, in which customers name them."""
    cso = organization.roles["cso"]
    _from_cases(cso)
    _from_praise(panel, cso)
    for deed in texts.deeds:
        recognise(
            _somebody_of(deed),
            kind=deed.kind,
            what=deed.what,
            customer_words=deed.customer_words,
            by=organization.roles[deed.by],
            now=now - deed.days * DAY,
        )


def _from_cases(cso: Membership) -> None:
    """Who closed a case whose customer was surprised: the latest ones, each of somebody else."""
    dazzled = CaseEvent.objects.filter(kind=EventKind.CLOSED, case__dazzled=True, case__is_valid=True)
    closings = dazzled.exclude(case__given_surprise="").exclude(member=None).select_related("case")
    people = {person.member_id: person for person in Person.objects.filter(member__isnull=False)}
    celebrated: set[Person] = set()
    for closing in closings.order_by("-at", "id"):
        person = people[closing.member_id]
        if person in celebrated or len(celebrated) == FROM_CASES:
            continue
        celebrated.add(person)
        answer = CustomerAnswer.objects.filter(case=closing.case_id).latest("at")
        recognise(
            person,
            kind="recovery",
            what=closing.case.given_surprise,
            customer_words=answer.words,
            by=cso,
            now=max(closing.at, answer.at),
            source="case",
            source_id=closing.case_id,
        )


def _from_praise(panel: Panel, cso: Membership) -> None:
    """Whom customers of the last wave thanked by name."""
    wave = Wave.objects.filter(panel=panel, status=Wave.Status.CLOSED).latest("closes_at")
    at = wave.closes_at + READ_AFTER * DAY
    people = {person.name: person for person in Person.objects.filter(member=None)}
    celebrated: set[Person] = set()
    for remark in Remark.objects.filter(wave=wave, is_praise=True).order_by("words"):
        person = next((person for name, person in people.items() if name in remark.words), None)
        if person is None or person in celebrated or len(celebrated) == FROM_PRAISE:
            continue
        what = f"Thanked by name in the {wave.name.lower()}."
        praise_to_recognition(remark, person, by=cso, now=at + len(celebrated) * HOUR, what=what)
        celebrated.add(person)


def _somebody_of(deed: Deed) -> Person:
    """One who works there and leads nobody."""
    people = Person.objects.filter(unit__code=deed.unit, member=None, leaderships=None)
    person = people.order_by("external_id").first()
    assert person is not None, "each team of a story has people"
    return person
