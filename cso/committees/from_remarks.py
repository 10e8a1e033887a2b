"""Nominating a rule by what a customer wrote to a panel."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from cso.committees.models import Nomination
from cso.committees.nominations import MAX_WORDS, nominate
from cso.customers.erasing import when_erased
from cso.customers.models import Customer
from cso.errors import ConflictError
from cso.panels.masking import masked
from cso.panels.models import Remark
from cso.panels.remarks import NOMINATION, names_in
from cso.panels.turning import hold_remark, mark_became, refuse_turned
from cso.recovery.erasure import ERASED
from cso.rules.models import Rule
from cso.texts import shown
from tenants.models import Actor


def nominate_from_remark(remark: Remark, *, by: Actor | None, now: datetime, rule: Rule | None = None) -> Nomination:
    """Ask for a rule to go, in the words of the customer whom it annoyed, without the names in them.

    Raises `Remark.DoesNotExist` for who may not read it, `ConflictError` with the code `is_praise` or `became_already`,
    and what `nominate` raises.
    """
    remark = hold_remark(remark.pk, by)
    if remark.is_praise:
        raise ConflictError(_("This is praise."), code="is_praise")
    refuse_turned(remark)
    words = shown(masked(remark.words, names_in(remark.wave)), MAX_WORDS)
    nomination = nominate(
        words, by=by, now=now, rule=rule, source=Nomination.Source.PANEL, unit=rule.unit if rule else remark.unit
    )
    mark_became(remark, NOMINATION, nomination.pk, by=by)
    return nomination


@when_erased
def erase_nominations(customer: Customer, *, now: datetime) -> Iterable[UUID]:
    """Rules are nominated still, no longer in the words of who was erased."""
    remarks = Remark.objects.filter(answer__response__invitation__customer=customer, became=NOMINATION)
    ids = [pk for pk in remarks.values_list("became_id", flat=True) if pk is not None]
    Nomination.objects.filter(pk__in=ids).update(words=ERASED)
    return []
