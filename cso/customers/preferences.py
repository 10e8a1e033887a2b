"""Secrets: how a customer likes to be served. Kept with their consent alone, and no longer than they said."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from cso.customers.actions import require_not_erased
from cso.customers.models import Customer, CustomerPreference
from cso.errors import FieldError, InvalidFieldsError
from cso.texts import text_errors
from tenants import audit
from tenants.models import Actor, Membership
from tenants.roles import Can
from tenants.scope import day_of

MAX_TEXT = 300
# How far ahead of ours a caller's clock may run.
_TOLERANCE = timedelta(seconds=60)
_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)


def add_preference(
    customer: Customer,
    *,
    text: str,
    source: str,
    consented_at: datetime | None,
    expires_on: date | None,
    by: Actor | None,
    now: datetime,
) -> CustomerPreference:
    """Keep a secret that the customer agreed to at `consented_at`, until the day `expires_on` (None: until taken back).

    For whoever works cases or keeps customers. Raises `InvalidFieldsError` by field, `ConflictError` for one who was
    erased.
    """
    _require_right(by)
    customer, text = require_not_erased(customer), " ".join(text.split())
    if errors := _errors(text, source, consented_at, expires_on, now):
        raise InvalidFieldsError(errors)
    assert consented_at is not None, "without consent there is an error"
    preference = CustomerPreference.objects.create(
        customer=customer,
        text=text,
        source=source,
        consented_at=consented_at,
        expires_on=expires_on,
        recorded_by=by if isinstance(by, Membership) else None,
    )
    # By the customer's id: what is written here outlives an erasure.
    audit.record(by, "add_preference", f"customer {customer.pk}", preference=str(preference.pk), source=source)
    return preference


def take_back_preference(preference: CustomerPreference, *, by: Actor | None) -> None:
    """The customer wants it forgotten: it is deleted."""
    _require_right(by)
    audit.record(by, "take_back_preference", f"customer {preference.customer_id}", preference=str(preference.pk))
    preference.delete()


def live_preferences(viewer: Actor, customer: Customer, now: datetime) -> QuerySet[CustomerPreference]:
    """What may be used of a customer's secrets at `now`, the oldest first; none for who may not see customers."""
    if not viewer.can(Can.SEE_CUSTOMERS):
        return CustomerPreference.objects.none()
    lasting = Q(expires_on=None) | Q(expires_on__gt=day_of(now))
    known = CustomerPreference.objects.filter(lasting, customer=customer, consented_at__lte=now + _TOLERANCE)
    return known.order_by("recorded_at", "id")


def _require_right(by: Actor | None) -> None:
    if by is not None and not (by.can(Can.WORK_CASE) or by.can(Can.EDIT_CUSTOMERS)):
        raise PermissionDenied


def _errors(
    text: str, source: str, consented_at: datetime | None, expires_on: date | None, now: datetime
) -> list[FieldError]:
    errors = text_errors("text", text, MAX_TEXT)
    if not text:
        errors.append(FieldError("text", "required", _("Say what the customer likes.")))
    if source not in CustomerPreference.Source.values:
        errors.append(
            FieldError(
                "source",
                "unknown",
                _("Use one of: %(choices)s.") % {"choices": ", ".join(CustomerPreference.Source.values)},
            )
        )
    if consented_at is None:
        errors.append(FieldError("consented_at", "required", _("Keep it with the customer's consent alone: say when.")))
    elif consented_at > now + _TOLERANCE:
        errors.append(FieldError("consented_at", "in_the_future", _("This is in the future.")))
    elif consented_at < _EARLIEST:
        errors.append(FieldError("consented_at", "too_early", _("This is before %(year)s.") % {"year": _EARLIEST.year}))
    if expires_on is not None and expires_on <= day_of(now):
        errors.append(FieldError("expires_on", "not_later", _("Choose a day to come.")))
    return errors
