"""Erasing a customer at their own request: nothing that tells who they were is left, and no figure changes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Case as Choice
from django.db.models import CharField, F, Q, QuerySet, Value, When
from django.db.models.functions import Cast, Concat

from cso.alarms.models import Alarm
from cso.customers.erasing import erase_elsewhere
from cso.customers.models import Customer, Purchase
from cso.outbox.actions import SEND
from cso.outbox.models import OutgoingMail
from cso.recognition.actions import erase_customer_words
from cso.recognition.models import Recognition
from cso.recovery.models import (
    Attachment,
    CallBack,
    Case,
    CaseTask,
    CustomerAnswer,
    IncomingMail,
    Promise,
    Remedy,
    SupportNote,
)
from cso.recovery.questions import ASK, REMIND, is_employee
from tenants import audit
from tenants.models import Actor
from tenants.permissions import require
from tenants.roles import Can

# What stands in the place of a text: not nothing, for whether there was one is counted.
ERASED = "Erased at the customer's request"
# The texts about a customer that hang on their cases; the log, which nobody can change, is the exception.
_TEXTS: tuple[tuple[type[Any], tuple[str, ...]], ...] = (
    (CustomerAnswer, ("words",)),
    (CallBack, ("note",)),
    (Promise, ("what",)),
    (CaseTask, ("what",)),
    (Remedy, ("note", "decision_note")),
    (SupportNote, ("text",)),
)


def erase_customer(customer: Customer, *, by: Actor | None, now: datetime) -> Customer:
    """Erase who a customer was, from their row, from all that hangs on their cases, and from the rest of the office
    (`cso.customers.erasing`); it cannot be taken back.

    Rows, instants, money and verdicts stay, so that every count, figure and clock is what it was. What stays of words:
    the log of a case, which is append-only (docs/privacy.md). May be done again, for what came in since. Raises
    PermissionDenied.
    """
    require(by, Can.ERASE_CUSTOMER)
    # The customer before their cases, as whoever works on one does; no case can be logged for them meanwhile.
    customer = Customer.objects.select_for_update().get(pk=customer.pk)
    cases = _lock_cases_of(customer.pk)
    own_mails = erase_elsewhere(customer, now=now)
    _erase_mails(customer, cases, own_mails)
    _erase_cases(cases)
    customer.preferences.all().delete()
    Purchase.objects.filter(customer=customer).update(
        external_id=Concat(Value("erased-"), Cast("id", CharField()), output_field=CharField())
    )
    customer.external_id = None
    customer.name = customer.email = customer.phone = customer.segment = ""
    customer.erased_at = customer.erased_at or now
    customer.declined_questions_at = customer.declined_questions_at or now
    fields = ("external_id", "name", "email", "phone", "segment", "erased_at", "declined_questions_at")
    customer.save(update_fields=fields)
    audit.record(by, "erase_customer", f"customer {customer.pk}", cases=len(cases))
    customer.refresh_from_db()
    return customer


def _lock_cases_of(customer: UUID) -> list[UUID]:
    """The ids of their cases, locked in one order."""
    return [case.pk for case in Case.objects.select_for_update().filter(customer=customer).order_by("id")]


def _erase_cases(cases: list[UUID]) -> None:
    texts = ("summary", "planned_surprise", "given_surprise", "exclusion_note")
    # Every link that was sent so far opens nothing any more.
    known = Case.objects.filter(pk__in=cases)
    known.update(link_version=F("link_version") + 1, revision=F("revision") + 1, **_blanked(texts))
    for model, fields in _TEXTS:
        _of_cases(model, cases).update(**_blanked(fields))
    erase_customer_words(Recognition.Source.CASE, cases)
    _of_cases(CallBack, cases).update(phone="")
    _of_cases(Attachment, cases).update(content=b"", size=0, name=ERASED)
    Alarm.objects.filter(kind__in=(ASK, REMIND), subject__in=cases).delete()


def _erase_mails(customer: Customer, cases: list[UUID], own: list[UUID]) -> None:
    """`own`: the ids of mails that went to them and to nobody else, whatever their address was then."""
    received = _of_cases(IncomingMail, cases)
    if customer.email:
        received |= IncomingMail.objects.filter(case=None, sender__iexact=customer.email)
    received.update(sender="", sender_name="", subject=ERASED, text="")
    written = OutgoingMail.objects.filter(about__in=[*cases, customer.pk])
    # An employee is written to about other people's cases too.
    if customer.email and not is_employee(customer):
        written |= OutgoingMail.objects.filter(recipient__iexact=customer.email)
    ids = [*written.values_list("pk", flat=True), *own]
    # Before the mails are changed, as when one is being sent.
    Alarm.objects.filter(kind=SEND, subject__in=ids).delete()
    mails = OutgoingMail.objects.filter(pk__in=ids)
    mails.filter(status=OutgoingMail.Status.WAITING).update(status=OutgoingMail.Status.CANCELLED)
    # Whom of the staff a mail went to is no secret of the customer's.
    mails.filter(Q(recipient__iexact=customer.email) | Q(pk__in=own)).update(recipient="erased@invalid")
    mails.update(subject=ERASED, text="", html="", last_error="")


def _of_cases(model: type[Any], cases: list[UUID]) -> QuerySet[Any]:
    found: QuerySet[Any] = model.objects.filter(case__in=cases)
    return found


def _blanked(fields: Iterable[str]) -> dict[str, Choice]:
    """Each text replaced, where there is one."""
    return {name: Choice(When(**{name: ""}, then=Value("")), default=Value(ERASED)) for name in fields}
