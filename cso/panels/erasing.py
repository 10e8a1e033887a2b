"""Erasing a customer from the panels: they leave, their words are gone, and every count stays what it was."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from cso.customers.erasing import when_erased
from cso.customers.models import Customer
from cso.outbox.models import OutgoingMail
from cso.panels.holding import hold_wave
from cso.panels.inviting import INVITATION, REMINDER, mail_key
from cso.panels.members import Because, leave_panel
from cso.panels.models import Answer, Commitment, Invitation, PanelMember, Remark, Truth
from cso.panels.telling import YOU_SAID
from cso.recognition.actions import erase_customer_words
from cso.recognition.models import Recognition
from cso.recovery.erasure import ERASED
from cso.recovery.models import Case


@when_erased
def erase_from_panels(customer: Customer, *, now: datetime) -> Iterable[UUID]:
    """Their memberships end, and what they wrote is blanked, also where it was quoted; scores, segments, groups stay.

    The waves in which they were asked are held, so that none is counted with their words meanwhile.
    """
    for member in PanelMember.objects.filter(customer=customer, left_at=None).select_related("panel"):
        leave_panel(member, because=Because.ERASED, by=None, now=now)
    PanelMember.objects.filter(customer=customer).exclude(consent_source="").update(consent_source=ERASED)
    asked = Invitation.objects.filter(customer=customer)
    for wave in sorted(asked.values_list("wave_id", flat=True)):
        hold_wave(wave, alone=False)
    # Whoever answers at this moment is waited for; who comes after finds that they left.
    invitations = [invitation.pk for invitation in asked.select_for_update(no_key=True).order_by("pk")]
    written = Answer.objects.filter(response__invitation__in=invitations).exclude(words="")
    answers = list(written.values_list("pk", flat=True))
    _blank(Answer.objects.filter(pk__in=answers), "words")
    _erase_remarks(answers)
    return _mails_to(customer.pk, invitations)


def _erase_remarks(answers: list[UUID]) -> None:
    """The remarks, and what was made of them in their words."""
    remarks = Remark.objects.filter(answer__in=answers)
    cases = [pk for pk in remarks.filter(became="case").values_list("became_id", flat=True) if pk is not None]
    ids = list(remarks.values_list("pk", flat=True))
    _blank(Remark.objects.filter(pk__in=ids), "words")
    truths = list(Truth.objects.filter(remark__in=ids).values_list("pk", flat=True))
    _blank(Truth.objects.filter(pk__in=truths), "words")
    _blank(Commitment.objects.filter(truth__in=truths), "you_said")
    erase_customer_words(Recognition.Source.REMARK, ids)
    _blank(Case.objects.filter(pk__in=cases), "summary")


def _blank(rows: QuerySet[Any], field: str) -> None:
    """Not nothing: whether there was something is counted."""
    rows.exclude(**{field: ""}).update(**{field: ERASED})


def _mails_to(customer: UUID, invitations: Iterable[UUID]) -> list[UUID]:
    """Of all kinds that a panel writes, whatever address they went to."""
    panels = list(PanelMember.objects.filter(customer=customer).values_list("panel_id", flat=True))
    told = Commitment.objects.filter(panel__in=panels, told_at__isnull=False).values_list("pk", flat=True)
    keys = [mail_key(kind, pk) for pk in invitations for kind in (INVITATION, REMINDER)]
    keys += [f"{YOU_SAID}:{commitment}:{customer}" for commitment in told]
    return list(OutgoingMail.objects.filter(key__in=keys).values_list("pk", flat=True))
