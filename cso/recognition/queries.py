"""Reads of recognitions, viewer first."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from cso.recognition.models import Recognition
from tenants.models import Actor
from tenants.permissions import require
from tenants.roles import Can


def recognitions(viewer: Actor) -> QuerySet[Recognition]:
    """Those that are shown, the newest first, with the hero, their unit and who recognised them: for everybody."""
    require(viewer, Can.SEE_PEOPLE)
    shown = Recognition.objects.filter(withdrawn_at=None)
    return shown.select_related("person", "unit", "recognised_by__user").order_by("-recognised_at", "-id")


def recognitions_behind(found: QuerySet[Recognition], last: Recognition) -> QuerySet[Recognition]:
    """Those of `found`, newest first, that come after `last`."""
    same = Q(recognised_at=last.recognised_at, id__lt=last.pk)
    return found.filter(Q(recognised_at__lt=last.recognised_at) | same, recognised_at__lte=last.recognised_at)


def recognised_for(viewer: Actor, source: str, ids: Iterable[UUID]) -> QuerySet[Recognition]:
    """Those that come from these cases or remarks."""
    return recognitions(viewer).filter(source=source, source_id__in=list(ids))


def counts_by_kind(found: QuerySet[Recognition]) -> dict[str, int]:
    """How many of each kind, all kinds named."""
    counted = found.order_by().values_list("kind").annotate(n=Count("*"))
    return dict.fromkeys(Recognition.Kind.values, 0) | dict(counted)
