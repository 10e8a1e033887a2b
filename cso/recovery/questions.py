"""Asking a customer, by mail, whether it is fixed: once for each fix, reminded once, and not too often."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.timezone import override as in_zone
from django.utils.translation import override as in_language

from cso.alarms.actions import cancel_alarm, set_alarm, when_ringing
from cso.customers.asking import may_ask, record_asked
from cso.customers.models import Customer
from cso.languages import when
from cso.outbox.actions import cancel_mails, write_mail
from cso.outbox.models import OutgoingMail
from cso.recovery.links import link_of
from cso.recovery.models import HOLDING_TIME, Case, CaseEvent, EventKind
from cso.recovery.settings import recovery_settings
from tenants.models import Membership
from tenants.scope import current_tenant

ASK, REMIND = "ask_questions", "remind_questions"
QUESTIONS, REMINDER, ACKNOWLEDGEMENT = "questions", "questions_reminder", "acknowledgement"
# An answer may be given and changed so long after the fix that it is about; as long as a fix may be disputed.
ANSWER_TIME = HOLDING_TIME
# A fix that is recorded later than this belongs to the past: nobody is asked about what they have forgotten.
FRESH = timedelta(hours=48)
_WHILE_HELD = timedelta(seconds=5)


def ask_soon(case: Case, *, now: datetime) -> None:
    """Let the customer be asked about the fix that was just recorded, after this transaction."""
    if case.customer_id is not None and case.fixed_at is not None and now - case.fixed_at <= FRESH:
        set_alarm(ASK, case.pk, now)


@when_ringing(ASK)
def ask_by_alarm(subject: UUID, *, now: datetime) -> None:
    _unless_held(ASK, subject, ask_questions, now)


def ask_questions(case: Case, *, now: datetime) -> OutgoingMail | None:
    """Write the mail with the three questions to the customer of a fixed case, and remind them once.

    None, and no mail: the case is open, does not count or was fixed more than 48 h ago; no address is known; the
    customer was erased, asked not to be asked, is an employee, was asked as often as the tenant's limit allows, by
    whatever question, or about a case within the days of rest (unless it is they who said of this case that it was not
    fixed: they are owed the next word).
    """
    case, customer = _hold(case)
    if customer is None or not _is_fixed(case) or now - case.fixed_at > FRESH:  # type: ignore[operator]
        return None
    if not may_be_asked(customer) or _rests(case, customer, now) or not may_ask(customer, now=now):
        return None
    mail = _write(case, customer, QUESTIONS, now)
    if mail is not None:
        record_asked(customer, by="case", about=case.pk, now=now)
        CaseEvent.objects.create(case=case, kind=EventKind.QUESTION_SENT, at=now)
        set_alarm(REMIND, case.pk, now + timedelta(days=recovery_settings().question_reminder_days))
    return mail


@when_ringing(REMIND)
def remind_by_alarm(subject: UUID, *, now: datetime) -> None:
    _unless_held(REMIND, subject, remind, now)


def remind(case: Case, *, now: datetime) -> OutgoingMail | None:
    """Ask once more about the same fix; not after an answer, a reopening or an erasure, nor when it is too late."""
    case, customer = _hold(case)
    was_asked = OutgoingMail.objects.filter(key=_key(case, QUESTIONS)).exclude(status="cancelled").exists()
    if customer is None or not was_asked or not _is_fixed(case) or is_answered(case):
        return None
    if now > case.fixed_at + ANSWER_TIME or not may_be_asked(customer):  # type: ignore[operator]
        return None
    return _write(case, customer, REMINDER, now)


def stop_asking(case: Case) -> None:
    """What would ask about a fix is no longer wanted: it was answered, or it did not hold, or they declined, or it is
    another's."""
    cancel_alarm(ASK, case.pk)
    cancel_alarm(REMIND, case.pk)
    cancel_mails(case.pk, QUESTIONS, REMINDER)


def acknowledge(case: Case, *, now: datetime) -> OutgoingMail | None:
    """Tell a customer who reported a case themselves that it has arrived, and give them their link.

    None when no address is known. None of the words of the report go into it, so that nobody can have us send theirs
    to somebody else's address.
    """
    customer = case.customer
    if customer is None or not customer.email or customer.erased_at is not None:
        return None
    return _write(case, customer, ACKNOWLEDGEMENT, now)


def is_answered(case: Case) -> bool:
    """Whether the customer answered since the fix that holds."""
    return case.answered_at is not None and case.fixed_at is not None and case.answered_at >= case.fixed_at


def may_be_asked(customer: Customer) -> bool:
    return (
        bool(customer.email)
        and customer.erased_at is None
        and customer.declined_questions_at is None
        and not is_employee(customer)
    )


def is_employee(customer: Customer) -> bool:
    """Whether somebody who works here signs in with the customer's address."""
    return (
        bool(customer.email) and Membership.objects.filter(ended_at=None, user__email__iexact=customer.email).exists()
    )


def write_to_staff(
    case: Case, kind: str, recipient: str, *, language: str, key: str, now: datetime, **context: Any
) -> None:
    """A mail to somebody who works here, about a case; it opens the case's own page in the portal."""
    url = f"{settings.PUBLIC_URL}/{current_tenant().slug}/cases/{case.pk}/"
    write_mail(
        key=key,
        kind=kind,
        recipient=recipient,
        template=f"recovery/{kind}",
        context={"case": case, "url": url, "company": current_tenant().name} | context,
        language=language,
        now=now,
        about=case.pk,
    )


def _unless_held(kind: str, subject: UUID, act: Callable[..., Any], now: datetime) -> None:
    """Do what an alarm is for. While somebody holds its case it rings again soon: they may wait for this very alarm."""
    case = Case.objects.filter(pk=subject).first()
    if case is None:
        return
    customers = Customer.objects.select_for_update(no_key=True, skip_locked=True)
    is_free = case.customer_id is None or customers.filter(pk=case.customer_id).first() is not None
    if is_free and Case.objects.select_for_update(skip_locked=True).filter(pk=subject).exists():
        act(case, now=now)
    else:
        set_alarm(kind, subject, now + _WHILE_HELD)


def _is_fixed(case: Case) -> bool:
    return case.fixed_at is not None and case.is_valid and case.merged_into_id is None


def _rests(case: Case, customer: Customer, now: datetime) -> bool:
    if case.said_fixed is False:
        return False
    since = now - timedelta(days=recovery_settings().question_rest_days)
    asked = OutgoingMail.objects.filter(recipient=customer.email.lower(), kind=QUESTIONS, written_at__gt=since)
    return asked.exclude(status="cancelled").exists()


def _hold(case: Case) -> tuple[Case, Customer | None]:
    """Both locked, as they are now: two cases of one customer, fixed at once, do not both ask, and no case that is
    reopened at this moment is asked about. The customer first, as in an erasure; others may still refer to them.
    """
    customer = Customer.objects.select_for_update(no_key=True).filter(pk=case.customer_id or UUID(int=0)).first()
    return Case.objects.select_for_update().get(pk=case.pk), customer


def _key(case: Case, kind: str) -> str:
    """One mail of a kind for each fix; the acknowledgement is one for the case."""
    fix = 0 if kind == ACKNOWLEDGEMENT else case.times_undone
    return f"{kind}:{case.pk}:{fix}"


def _write(case: Case, customer: Customer, kind: str, now: datetime) -> OutgoingMail | None:
    found = recovery_settings()
    company, language = found.mail_name or current_tenant().name, customer.language or found.language
    with in_language(language), in_zone(current_tenant().zone):
        last_day = when(case.fixed_at + ANSWER_TIME) if case.fixed_at is not None else ""
    return write_mail(
        key=_key(case, kind),
        kind=kind,
        recipient=customer.email.lower(),
        template=f"recovery/{kind}",
        context={"case": case, "company": company, "url": link_of(case), "answer_until": last_day},
        language=language,
        now=now,
        about=case.pk,
        sender_name=company,
        reply_to=found.mail_address,
    )
