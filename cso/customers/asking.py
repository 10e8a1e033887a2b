"""How often a customer may be asked: so many times in so many days, whether by a panel or after a case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from django.db.models import Count, Max, Q, QuerySet
from django.utils.translation import gettext as _

from cso.customers.models import Asked, AskingLimit, Customer
from cso.errors import FieldError, InvalidFieldsError
from cso.people.queries import among
from tenants import audit
from tenants.models import Actor
from tenants.permissions import require
from tenants.roles import Can

MOST_TIMES = 100
MOST_DAYS = 366


def asking_limit() -> AskingLimit:
    """The one row of the current tenant, made when first asked for."""
    return AskingLimit.objects.first() or AskingLimit.objects.get_or_create()[0]


def set_asking_limit(*, by: Actor | None, most: int, days: int) -> AskingLimit:
    """From now on nobody is asked more than `most` times in `days` days. Raises `InvalidFieldsError` by field."""
    require(by, Can.RUN_PANELS)
    errors = []
    if not 1 <= most <= MOST_TIMES:
        errors.append(FieldError("most", "out_of_range", _("Ask 1 to %(most)s times.") % {"most": MOST_TIMES}))
    if not 1 <= days <= MOST_DAYS:
        errors.append(FieldError("days", "out_of_range", _("Use 1 to %(most)s days.") % {"most": MOST_DAYS}))
    if errors:
        raise InvalidFieldsError(errors)
    asking_limit()
    limit = AskingLimit.objects.select_for_update().get()
    before = [limit.most, limit.days]
    if before != [most, days]:
        limit.most, limit.days = most, days
        limit.save(update_fields=["most", "days"])
        audit.record(by, "set_asking_limit", "asking limit", before=before, after=[most, days])
    return limit


def may_ask(customer: Customer, *, now: datetime) -> bool:
    """Whether the limit lets them be asked once more; whoever shares their e-mail address is the same person here.

    Ask it while holding the customer's row, until `record_asked`: else two who ask at once both may.
    """
    limit = asking_limit()
    if customer.email:
        return times_asked([customer.email.lower()], now=now)[customer.email.lower()] < limit.most
    return _lately(limit, now).filter(customer=customer).count() < limit.most


def times_asked(emails: Iterable[str], *, now: datetime) -> Counter[str]:
    """How often each of these addresses (in lower case) was asked in the days of the limit."""
    # The ids first: the planner knows too little of a new tenant to join these well.
    owners = dict(Customer.objects.filter(email_ci__in=list(emails)).values_list("pk", "email_ci"))
    asked = _lately(asking_limit(), now).filter(customer__in=list(owners))
    return Counter(owners[customer] for customer in asked.values_list("customer_id", flat=True))


def last_asked(customers: Sequence[UUID], *, now: datetime) -> dict[UUID, tuple[datetime, bool]]:
    """When each of these was asked last, and whether the limit lets them be asked again; none who never was.

    Not counting who shares their address.
    """
    limit = asking_limit()
    lately = Count("pk", filter=Q(at__gt=now - timedelta(days=limit.days)))
    asked = Asked.objects.filter(among(customers, "customer_id"), at__lte=now).order_by().values("customer_id")
    found = asked.annotate(last=Max("at"), times=lately).values_list("customer_id", "last", "times")
    return {customer: (last, times < limit.most) for customer, last, times in found}


def _lately(limit: AskingLimit, now: datetime) -> QuerySet[Asked]:
    return Asked.objects.filter(at__gt=now - timedelta(days=limit.days), at__lte=now)


def record_asked(customer: Customer, *, by: Literal["case", "panel"], about: UUID, now: datetime) -> Asked:
    """They are asked now, about a case or a wave (its id)."""
    return Asked.objects.create(customer=customer, at=now, by=by, about=about)
