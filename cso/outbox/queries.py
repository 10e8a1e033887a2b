"""Reads of mails, viewer first."""

from __future__ import annotations

from django.db.models import Count, Q, QuerySet

from cso.outbox.models import OutgoingMail
from tenants.models import Actor
from tenants.permissions import require
from tenants.roles import Can


def visible_mails(viewer: Actor) -> QuerySet[OutgoingMail]:
    """All mails of the tenant, for those who answer for them, the newest first."""
    require(viewer, Can.SET_RECOVERY)
    return OutgoingMail.objects.order_by("-written_at", "-id")


def mails_behind(mails: QuerySet[OutgoingMail], last: OutgoingMail) -> QuerySet[OutgoingMail]:
    """Those of `mails`, newest first, that come after `last`."""
    same = Q(written_at=last.written_at, id__lt=last.pk)
    return mails.filter(Q(written_at__lt=last.written_at) | same, written_at__lte=last.written_at)


def counts_by_status(viewer: Actor) -> dict[str, int]:
    """How many wait, and how many were given up; the others are many, and nobody has to do anything about them."""
    pressing = [OutgoingMail.Status.WAITING.value, OutgoingMail.Status.FAILED.value]
    counted = visible_mails(viewer).filter(status__in=pressing).order_by().values_list("status")
    return dict.fromkeys(pressing, 0) | dict(counted.annotate(number=Count("*")))
