"""The customer's own page of a case: what it tells, and what the customer says through it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import F
from django.utils.translation import gettext as _

from cso.customers.models import Customer
from cso.errors import ConflictError, InvalidFieldsError, NotAllowedError
from cso.recovery.actions import dispute_case, lock_case, save_case
from cso.recovery.links import case_by_token, link_of
from cso.recovery.models import CallBack, Case, CaseEvent, CustomerAnswer, EventKind, Promise
from cso.recovery.questions import (
    ANSWER_TIME,
    acknowledge,
    ask_questions,
    is_employee,
    stop_asking,
)
from cso.recovery.settings import in_office_language
from cso.texts import text_errors
from tenants.models import Actor

# Beside the page itself: whatever the customer's own link is used for.
__all__ = [
    "CustomerView",
    "acknowledge",
    "answer_questions",
    "ask_questions",
    "case_by_token",
    "decline_questions",
    "last_answer",
    "link_of",
    "revoke_links",
    "view_of",
]

MAX_WORDS = 2_000


@dataclass(frozen=True)
class CustomerView:
    """What a customer is told of a case. Nothing that colleagues wrote for each other is in it.

    `state`: `open`, `fixed`, or `again` for one that is open although it was fixed before. `answer_until` is None while
    there is nothing to answer; `answer` is what the customer said about the fix in question.
    """

    case: Case
    state: str
    promises: list[Promise]
    call_back: CallBack | None
    answer_until: datetime | None
    answer: CustomerAnswer | None
    can_decline: bool

    @property
    def may_answer(self) -> bool:
        return self.answer_until is not None


def view_of(case: Case, *, now: datetime) -> CustomerView:
    fix = _fix_in_question(case)
    until = fix + ANSWER_TIME if fix is not None and now <= fix + ANSWER_TIME else None
    customer = case.customer
    return CustomerView(
        case=case,
        state="fixed" if case.fixed_at else "again" if case.first_fixed_at else "open",
        promises=list(case.promises.filter(cancelled_at=None).order_by("due_at")),
        call_back=case.call_backs.filter(called_at=None).first(),
        answer_until=until,
        answer=last_answer(case, since=fix) if fix is not None else None,
        can_decline=customer is not None and customer.declined_questions_at is None,
    )


def answer_questions(
    case: Case,
    *,
    is_fixed: bool,
    apology: bool | None,
    surprised: bool | None,
    words: str,
    now: datetime,
    by: Actor | None = None,
) -> Case:
    """What the customer says of the fix; None is "I don't know". Until 14 days after that fix the last answer counts.

    "It is not fixed" disputes the fix and reopens the case; taking that back later does not close it. The same answer
    twice is one. Raises `NotAllowedError` for an employee (`by` is whoever is signed in here), `ConflictError`
    (`not_fixed_yet`, `answer_time_over`) and `InvalidFieldsError` of `words`.
    """
    if by is not None or (case.customer is not None and is_employee(case.customer)):
        raise NotAllowedError(_("Only the customer can answer, and nobody who works here."))
    if text_errors("words", words, MAX_WORDS):
        raise InvalidFieldsError.of("words", "too_long", _("Please use fewer words: 2,000 characters at most."))
    case = lock_case(case, None)
    fix = _fix_in_question(case)
    if fix is None:
        raise ConflictError(_("We are still working on this, so there is nothing to answer yet."), code="not_fixed_yet")
    if now > fix + ANSWER_TIME:
        raise ConflictError(_("The time to answer is over. Please ask us to call you back."), code="answer_time_over")
    said = {"is_fixed": is_fixed, "apology": apology, "surprised": surprised, "words": words.strip()}
    before = last_answer(case, since=fix)
    if before is not None and all(getattr(before, name) == value for name, value in said.items()):
        return case
    CustomerAnswer.objects.create(case=case, at=now, **said)
    changes = {
        name: [getattr(before, name, None), value]
        for name, value in said.items()
        if name != "words" and getattr(before, name, None) != value
    }
    case.answered_at = now
    case.said_fixed, case.said_apology, case.said_surprised = is_fixed, apology, surprised
    columns = ("answered_at", "said_fixed", "said_apology", "said_surprised")
    case = save_case(case, EventKind.ANSWERED, None, now, words.strip(), *columns, changes=changes)
    stop_asking(case)
    if is_fixed or case.fixed_at is None:
        return case
    with in_office_language():
        note = words.strip() or _("The customer says that it is not fixed.")
    return dispute_case(case, by=None, at=max(now, case.fixed_at), now=now, note=note)


def last_answer(case: Case, *, since: datetime) -> CustomerAnswer | None:
    """The last answer about the fix of that instant."""
    return case.answers.filter(at__gte=since).order_by("-at", "-id").first()


def decline_questions(case: Case, *, now: datetime, by: Actor | None = None) -> None:
    """The customer does not want to be asked again, about this case or another."""
    if by is not None:
        raise NotAllowedError(_("Only the customer can say this, and nobody who works here."))
    if case.customer_id is not None:
        Customer.objects.filter(pk=case.customer_id, declined_questions_at=None).update(declined_questions_at=now)
    stop_asking(case)


def revoke_links(case: Case, *, by: Actor | None, now: datetime) -> Case:
    """Make every link to a case worthless that was sent so far, as when one fell into the wrong hands."""
    case = lock_case(case, by)
    case.link_version += 1
    # A link to a duplicate of it leads here too.
    Case.objects.filter(merged_into=case).update(link_version=F("link_version") + 1)
    changes = {"link_version": [case.link_version - 1, case.link_version]}
    return save_case(case, EventKind.CORRECTED, by, now, "", "link_version", changes=changes)


def _fix_in_question(case: Case) -> datetime | None:
    """The fix that the customer may be asked about: the one that holds; or the last one, which they answered about."""
    if case.fixed_at is not None:
        return case.fixed_at
    if case.answered_at is None or case.first_fixed_at is None:
        return None
    fixes = CaseEvent.objects.filter(case=case, kind=EventKind.FIXED).order_by("-at").values_list("at", flat=True)
    fix: datetime = fixes.first() or case.first_fixed_at
    return fix if case.answered_at >= fix else None
