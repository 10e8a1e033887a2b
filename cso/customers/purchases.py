"""What customers bought, as integrations tell: the proof that somebody at risk came back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from cso.customers.actions import require_not_erased
from cso.customers.models import MAX_SPEND, Customer, Purchase
from cso.errors import ConflictError, FieldError, InvalidFieldsError
from cso.texts import text_errors
from tenants.models import Actor
from tenants.permissions import require
from tenants.roles import Can

AT_ONCE = 1_000
_TOLERANCE = timedelta(seconds=60)
_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
_CURRENCY = re.compile(r"[A-Z]{3}")
_SAME = ("customer_id", "bought_at", "amount_minor", "currency")


@dataclass(frozen=True)
class Outcome:
    """What became of one row: "created", "unchanged" (known already) or "refused", then with its errors by field."""

    line: int
    status: str
    external_id: str
    id: UUID | None = None
    errors: list[FieldError] = field(default_factory=list)


def record_purchase(
    customer: Customer,
    *,
    external_id: str,
    bought_at: datetime,
    amount_minor: int,
    currency: str,
    by: Actor | None,
    now: datetime,
) -> Purchase:
    """Record what the customer bought, once under its external id; told again, it is the same purchase.

    Money in minor units. Raises `InvalidFieldsError` by field, and `ConflictError` for one who was erased or for an
    external id under which something else was told.
    """
    require(by, Can.EDIT_CUSTOMERS)
    told = Purchase(
        customer=require_not_erased(customer),
        external_id=external_id.strip(),
        bought_at=bought_at,
        amount_minor=amount_minor,
        currency=currency,
    )
    if errors := _errors(told, now):
        raise InvalidFieldsError(errors)
    Purchase.objects.bulk_create([told], ignore_conflicts=True)
    known = Purchase.objects.get(external_id=told.external_id)
    if not _is_same(known, told):
        message = f"Another purchase is known under the external id “{told.external_id}”."
        raise ConflictError(message, code="external_id_in_use")
    return known


def record_purchases(rows: Sequence[dict[str, Any]], *, by: Actor | None, now: datetime) -> list[Outcome]:
    """Record up to `AT_ONCE` purchases; each row stands for itself, and a wrong one harms no other.

    A row has `customer` (their external id) and what `record_purchase` takes. One outcome a row, in their order, with
    its line from 1.
    """
    require(by, Can.EDIT_CUSTOMERS)
    if len(rows) > AT_ONCE:
        raise InvalidFieldsError.of("purchases", "too_many", f"Send at most {AT_ONCE:,} at once.")
    ids = {row["customer"] for row in rows if "\x00" not in row["customer"]}
    # Locked against an erasure meanwhile, in one order.
    customers = {
        customer.external_id: customer
        for customer in Customer.objects.filter(external_id__in=ids).select_for_update(no_key=True).order_by("id")
    }
    told, outcomes = {}, []
    for line, row in enumerate(rows, 1):
        purchase, errors = _read(row, customers, now)
        if errors:
            outcomes.append(Outcome(line, "refused", row["external_id"], errors=errors))
        else:
            told[line] = purchase
    new = {purchase.external_id: purchase for purchase in reversed(told.values())}
    before = set(Purchase.objects.filter(external_id__in=new).values_list("external_id", flat=True))
    Purchase.objects.bulk_create(new.values(), ignore_conflicts=True)
    known = {purchase.external_id: purchase for purchase in Purchase.objects.filter(external_id__in=new)}
    for line, purchase in told.items():
        outcomes.append(
            _outcome(line, purchase, known[purchase.external_id], is_new=purchase.external_id not in before)
        )
        before.add(purchase.external_id)
    return sorted(outcomes, key=lambda outcome: outcome.line)


def _read(
    row: dict[str, Any], customers: dict[str | None, Customer], now: datetime
) -> tuple[Purchase, list[FieldError]]:
    customer = customers.get(row["customer"])
    values = {name: row[name] for name in ("bought_at", "amount_minor", "currency")}
    purchase = Purchase(external_id=row["external_id"].strip(), **values)
    errors = _errors(purchase, now)
    if customer is None:
        errors.insert(0, FieldError("customer", "unknown", "There is no customer with this external id."))
    else:
        purchase.customer = customer
    return purchase, errors


def _outcome(line: int, told: Purchase, known: Purchase, *, is_new: bool) -> Outcome:
    if not _is_same(known, told):
        errors = [FieldError("external_id", "external_id_in_use", "Another purchase is known under this external id.")]
        return Outcome(line, "refused", told.external_id, errors=errors)
    return Outcome(line, "created" if is_new else "unchanged", told.external_id, known.pk)


def _is_same(one: Purchase, other: Purchase) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in _SAME)


def _errors(purchase: Purchase, now: datetime) -> list[FieldError]:
    errors = text_errors("external_id", purchase.external_id, 100)
    if not purchase.external_id:
        errors.append(FieldError("external_id", "required", "Give your own key of the purchase."))
    if purchase.bought_at > now + _TOLERANCE:
        errors.append(FieldError("bought_at", "in_the_future", "This is in the future."))
    if purchase.bought_at < _EARLIEST:
        errors.append(FieldError("bought_at", "too_early", f"This is before {_EARLIEST.year}."))
    if not 0 <= purchase.amount_minor <= MAX_SPEND:
        errors.append(FieldError("amount_minor", "out_of_range", f"Use 0 to {MAX_SPEND:,}."))
    if not _CURRENCY.fullmatch(purchase.currency):
        errors.append(FieldError("currency", "invalid", "Use a code of ISO 4217, such as CAD."))
    return errors
