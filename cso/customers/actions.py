"""Changes to customers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction

from cso.customers.models import Customer
from cso.customers.queries import customer_known_by
from cso.errors import ConflictError, FieldError, InvalidFieldsError
from cso.texts import text_errors
from tenants.models import Actor
from tenants.permissions import require
from tenants.roles import Can

FIELDS = (
    "external_id",
    "name",
    "email",
    "phone",
    "segment",
    "spend_per_visit_minor",
    "currency",
    "visits_per_year",
)


def save_customer(customer: Customer, *, by: Actor | None, **values: Any) -> Customer:
    """Create or change a customer by the given fields (those of `FIELDS`).

    Raises `InvalidFieldsError` with each wrong field (a customer needs one of external id, name, e-mail or phone), and
    `ConflictError` for an external id in use.
    """
    require(by, Can.EDIT_CUSTOMERS)
    for field, value in values.items():
        setattr(customer, field, value)
    customer.external_id = customer.external_id or None
    if not (customer.external_id or customer.name or customer.email or customer.phone):
        raise InvalidFieldsError.of("name", "required", "Give an external id, a name, an e-mail address or a phone.")
    try:
        customer.full_clean(exclude=["tenant", "email_ci"])
    except ValidationError as error:
        raise InvalidFieldsError(_field_errors(error)) from error
    _require_free(customer)
    customer.save()
    return customer


def find_or_add_customer(wording: str, *, by: Actor | None) -> Customer:
    """The customer known by this contact, or a new one of whom no more is known yet; for whoever logs a case.

    What a new one is known by: an e-mail address, a phone (digits after a +), a name (several words without a digit),
    else an external id such as an order number. Raises `InvalidFieldsError` of the field `customer`.
    """
    if by is not None and not (by.can(Can.LOG_CASE) or by.can(Can.EDIT_CUSTOMERS)):
        raise PermissionDenied
    wording = wording.strip()
    if errors := text_errors("customer", wording, 254):
        raise InvalidFieldsError(errors)
    # Among all, whatever `by` may read: nobody gets the contact of another.
    if found := customer_known_by(wording, among=Customer.objects.all()):
        return found
    try:
        with transaction.atomic():
            return save_customer(Customer(), by=None, **{_kind_of_contact(wording): wording})
    except InvalidFieldsError as error:
        raise InvalidFieldsError([replace(problem, field="customer") for problem in error.errors]) from error
    except IntegrityError:
        # Another added them at the same moment.
        if found := customer_known_by(wording, among=Customer.objects.all()):
            return found
        raise


def _kind_of_contact(wording: str) -> str:
    if "@" in wording:
        return "email"
    if re.fullmatch(r"\+[0-9 ().-]+", wording):
        return "phone"
    return "name" if " " in wording and not any(sign.isdigit() for sign in wording) else "external_id"


def _require_free(customer: Customer) -> None:
    others = Customer.objects.all() if customer._state.adding else Customer.objects.exclude(pk=customer.pk)
    if customer.external_id and others.filter(external_id=customer.external_id).exists():
        message = f"A customer with the external id “{customer.external_id}” exists already."
        raise ConflictError(message, code="external_id_in_use")


def add_customers(rows: Iterable[Mapping[str, Any]], *, by: Actor | None) -> None:
    """Add many customers at once, by the fields of `FIELDS`; each row names its external id.

    A customer who exists already stays as they are. Raises `InvalidFieldsError` for the first row that is wrong.
    """
    require(by, Can.EDIT_CUSTOMERS)
    customers = [Customer(**row) for row in rows]
    for customer in customers:
        if not customer.external_id:
            raise InvalidFieldsError.of("external_id", "required", "Give each customer an external id.")
        try:
            customer.clean_fields(exclude=["tenant", "email_ci"])
        except ValidationError as error:
            raise InvalidFieldsError(_field_errors(error)) from error
    Customer.objects.bulk_create(customers, ignore_conflicts=True, batch_size=1_000)


def _field_errors(error: ValidationError) -> list[FieldError]:
    found = []
    for field, problems in error.error_dict.items():
        name = "currency" if field == "__all__" else field
        found += [FieldError(name, problem.code or "invalid", " ".join(problem.messages)) for problem in problems]
    return found
