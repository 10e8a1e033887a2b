"""What customers wrote becomes remarks, of which nobody can tell who wrote them or whom they blame."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from secrets import SystemRandom
from uuid import UUID

from django.db import connection
from django.db.models import Count

from cso.panels.grouping import Groups, Tree, shown_units
from cso.panels.masking import Names, is_doubtful, masked
from cso.panels.models import MAX_WORDS, Answer, Question, Remark, Wave
from cso.panels.scores import SIDES
from cso.people.models import Person, Position
from tenants.scope import current_tenant_id

_WORDS = """
    SELECT answer.id, answer.question_id, response.id, response.unit_id, response.language, answer.words,
        COALESCE(customer.name, '')
    FROM panels_response response
    JOIN panels_answer answer ON answer.tenant_id = response.tenant_id AND answer.response_id = response.id
    LEFT JOIN panels_invitation invitation
        ON invitation.tenant_id = response.tenant_id AND invitation.id = response.invitation_id
    LEFT JOIN customers_customer customer
        ON customer.tenant_id = response.tenant_id AND customer.id = invitation.customer_id
    WHERE response.tenant_id = %s AND response.wave_id = %s AND response.is_counted
        AND answer.question_id = ANY(%s) AND answer.words <> ''
"""


@dataclass(frozen=True)
class _Wording:
    answer: UUID
    question: UUID
    response: UUID
    unit: UUID
    language: str
    words: str
    author: str


def write_remarks(
    wave: Wave, questions: Sequence[Question], groups: Mapping[UUID, Groups[UUID]], tree: Tree[UUID]
) -> None:
    """Make a remark of whatever was written in a wave that is being closed. groups: those of each question's answers.

    Praise names whom it praises, and its unit. Criticism is of the lowest unit in which enough people criticised;
    where too few did in all, the steward alone reads it.
    """
    assert wave.smallest_group is not None, "the wave is counted"
    wordings = _wordings(wave, questions)
    asks_right = {question.pk for question in questions if question.asks_for == Question.AsksFor.RIGHT}
    critics = _critics(wave)
    praise = {each.answer for each in wordings if each.question in asks_right and _is_praise(each, critics)}
    shown = {
        question.pk: shown_units(
            Counter(
                tree.known(each.unit) for each in wordings if each.question == question.pk and each.answer not in praise
            ),
            tree,
            wave.smallest_group,
            within=groups[question.pk].units,
        )
        for question in questions
    }
    staff = staff_names(wave.smallest_group)
    remarks = []
    for each in wordings:
        is_praise, units = each.answer in praise, shown[each.question]
        names = [Names.of([each.author])] if is_praise else [staff, Names.of([each.author])]
        unit = tree.known(each.unit) if is_praise else _lowest(each.unit, units, tree)
        remarks.append(
            Remark(
                wave=wave,
                question_id=each.question,
                answer_id=each.answer,
                unit_id=unit or wave.unit_id,
                is_praise=is_praise,
                is_held_back=unit is None,
                language=each.language,
                words=masked(each.words, *names)[:MAX_WORDS],
            )
        )
    # Their ids ascend: in the order of the answers they would tell whose they are.
    SystemRandom().shuffle(remarks)
    Remark.objects.bulk_create(remarks, batch_size=1_000)


def staff_names(smallest_group: int, *, misspelt: bool = True) -> Names:
    """The names of all who work or worked for the tenant, and the titles of posts that fewer people hold."""
    held = Person.objects.exclude(position=None).order_by().values_list("position_id").annotate(Count("pk"))
    rare = [position for position, holders in held if holders < smallest_group]
    titles = Position.objects.filter(pk__in=rare).values_list("title", flat=True)
    return Names.of(Person.objects.values_list("name", flat=True), titles, misspelt=misspelt)


def _wordings(wave: Wave, questions: Sequence[Question]) -> list[_Wording]:
    with connection.cursor() as cursor:
        cursor.execute(_WORDS, [current_tenant_id(), wave.pk, [question.pk for question in questions]])
        return [_Wording(*row) for row in cursor.fetchall()]


def _critics(wave: Wave) -> set[UUID]:
    """The responses with a score on the unfavourable side: what they say went right is not taken for praise."""
    found: set[UUID] = set()
    for kind, (highest, _) in SIDES.items():
        questions = list(Question.objects.filter(wave=wave, kind=kind).values_list("pk", flat=True))
        low = Answer.objects.filter(question__in=questions, score__lte=highest)
        found.update(low.values_list("response_id", flat=True))
    return found


def _is_praise(wording: _Wording, critics: set[UUID]) -> bool:
    return wording.response not in critics and not is_doubtful(wording.words)


def _lowest(unit: UUID, shown: frozenset[UUID], tree: Tree[UUID]) -> UUID | None:
    return Groups(shown, frozenset()).unit_of(unit, tree) if shown else None
