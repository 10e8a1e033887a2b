"""What becomes of a remark: praise a recognition, a complaint a case. Each remark becomes one thing."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from cso.customers.actions import require_not_erased
from cso.customers.models import Customer
from cso.errors import ConflictError, NotAllowedError
from cso.panels.models import Invitation, Remark, Response
from cso.panels.remarks import CASE, RECOGNITION, keeps, readable_remark
from cso.people.models import Person
from cso.recognition.actions import MAX_CUSTOMER_WORDS, recognise
from cso.recognition.models import Recognition
from cso.recovery.actions import open_case
from cso.recovery.models import Case
from cso.texts import shown
from tenants import audit
from tenants.models import Actor


def praise_to_recognition(
    remark: Remark,
    person: Person,
    *,
    by: Actor | None,
    now: datetime,
    kind: str = Recognition.Kind.DELIGHT,
    what: str = "",
) -> Recognition:
    """Celebrate whom a customer praises, in the customer's words (`what` empty). One praise may be of several people.

    Raises `ConflictError` with the code `not_praise`, or `recognised_already`; what `recognise` raises.
    """
    remark = hold_remark(remark.pk, by)
    if not remark.is_praise:
        raise ConflictError(_("This is not praise: nobody is named for it."), code="not_praise")
    words = shown(remark.words, MAX_CUSTOMER_WORDS)
    recognition = recognise(
        person,
        kind=kind,
        what=what or words,
        customer_words=words,
        by=by,
        now=now,
        source=Recognition.Source.REMARK,
        source_id=remark.pk,
    )
    if not remark.became:
        mark_became(remark, RECOGNITION, recognition.pk, by=by)
    return recognition


def complaint_to_case(remark: Remark, *, by: Actor | None, now: datetime) -> Case:
    """Open a case for what a customer complains of; with the customer only if they agreed to be contacted.

    By the panel's steward alone. The case says no more than the remark: the words without names, the unit of their
    group, and now, for all who work on cases read it. Raises `NotAllowedError` for anybody else; `ConflictError` with
    the code `is_praise` or `became_already`; what `open_case` raises.
    """
    if by is not None and not keeps(by, readable_remark(by, remark.pk).wave):
        raise NotAllowedError(_("Only the steward of the panel opens a case for what was written to it."))
    customer = _customer_of(remark)  # before the remark: customers are locked first
    remark = hold_remark(remark.pk, by)
    if remark.is_praise:
        raise ConflictError(_("This is praise."), code="is_praise")
    refuse_turned(remark)
    case = open_case(by=by, unit=remark.unit, reported_at=now, now=now, summary=remark.words, customer=customer)
    mark_became(remark, CASE, case.pk, by=by)
    return case


def hold_remark(pk: UUID, by: Actor | None) -> Remark:
    """The remark as it stands, locked, for whoever may read it. Raises `Remark.DoesNotExist` for anybody else."""
    Remark.objects.select_for_update(no_key=True).get(pk=pk)
    return readable_remark(by, pk)


def refuse_turned(remark: Remark) -> None:
    """Raises `ConflictError` with the code `became_already` where something was made of it."""
    if remark.became:
        raise ConflictError(_("Something was made of this already."), code="became_already")


def mark_became(remark: Remark, what: str, pk: UUID, *, by: Actor | None) -> None:
    remark.became, remark.became_id = what, pk
    remark.save(update_fields=["became", "became_id"])
    audit.record(by, "turn_remark", what, remark=str(remark.pk), became=str(pk))


def _customer_of(remark: Remark) -> Customer | None:
    """Who wrote it, locked, where they agreed to be contacted and were not erased since."""
    asked = Response.objects.filter(answers=remark.answer_id, may_contact=True).values("invitation")
    invitation = Invitation.objects.filter(pk__in=asked).first()
    if invitation is None:
        return None
    customer = Customer.objects.filter(pk=invitation.customer_id, erased_at=None).first()
    return require_not_erased(customer) if customer else None
