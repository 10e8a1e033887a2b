"""Changes to customers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from cso.customers.models import Customer
from cso.customers.worth import worth_errors
from cso.errors import ConflictError, FieldError, InvalidFieldsError
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
    "spend_per_visit_high_minor",
    "visits_per_year_high",
    "years",
    "years_high",
    "language",
)


def save_customer(customer: Customer, *, by: Actor | None, **values: Any) -> Customer:
    """Create or change a customer by the given fields (those of `FIELDS`).

    Raises `InvalidFieldsError` with each wrong field (a customer needs one of external id, name, e-mail or phone), and
    `ConflictError` for an external id in use, or for one who was erased.
    """
    require(by, Can.EDIT_CUSTOMERS)
    is_new = customer._state.adding
    if not is_new:
        require_not_erased(customer)
    for field, value in values.items():
        setattr(customer, field, value)
    customer.external_id = customer.external_id or None
    if not (customer.external_id or customer.name or customer.email or customer.phone):
        raise InvalidFieldsError.of("name", "required", _("Give an external id, a name, an e-mail address or a phone."))
    if errors := worth_errors(customer):
        raise InvalidFieldsError(errors)
    try:
        customer.full_clean(exclude=["tenant"])
    except ValidationError as error:
        raise InvalidFieldsError(_field_errors(error)) from error
    _require_free(customer)
    # Only what was asked for: what others write meanwhile, such as a wish not to be asked, stays.
    customer.save(force_insert=is_new, update_fields=None if is_new else values)
    return customer


def require_not_erased(customer: Customer) -> Customer:
    """The customer as they stand, locked; raises `ConflictError` when they were erased, however lately."""
    held = Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
    if held.erased_at is not None:
        raise ConflictError(_("This customer was erased at their own request."), code="erased")
    return held


def _require_free(customer: Customer) -> None:
    others = Customer.objects.all() if customer._state.adding else Customer.objects.exclude(pk=customer.pk)
    if customer.external_id and others.filter(external_id=customer.external_id).exists():
        message = _("A customer with the external id “%(external_id)s” exists already.") % {
            "external_id": customer.external_id
        }
        raise ConflictError(message, code="external_id_in_use")


def add_customers(rows: Iterable[Mapping[str, Any]], *, by: Actor | None) -> None:
    """Add many customers at once, by the fields of `FIELDS`; each row names its external id.

    A customer who exists already stays as they are. Raises `InvalidFieldsError` for the first row that is wrong.
    """
    require(by, Can.EDIT_CUSTOMERS)
    customers = [Customer(**row) for row in rows]
    for customer in customers:
        if not customer.external_id:
            raise InvalidFieldsError.of("external_id", "required", _("Give each customer an external id."))
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
