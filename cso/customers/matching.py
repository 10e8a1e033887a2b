"""The same customer over every channel: found by what they are reached by, and added when new."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import NamedTuple

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import validate_email
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from cso.customers.actions import save_customer
from cso.customers.models import Customer
from cso.customers.queries import customer_known_by
from cso.errors import FieldError, InvalidFieldsError
from cso.languages import LANGUAGES
from cso.texts import text_errors
from tenants.locks import hold_names
from tenants.models import Actor
from tenants.roles import Can

# What a number is compared by: the digits that a country code, or the 0 of a trunk, stands before.
NATIONAL_DIGITS = 10
_LONGEST = {"external_id": 100, "email": 254, "phone": 40, "name": 200, "language": 5}


def match_customer(
    *,
    email: str = "",
    phone: str = "",
    external_id: str = "",
    name: str = "",
    language: str = "",
    is_self_told: bool = False,
) -> Customer:
    """The customer known by these, in this order: external id, e-mail address in any case, phone; else a new one.

    What was not known of them is filled in, nothing is overwritten. Where two of the three name different customers,
    the first in that order is meant and both stay; the cases of both are then offered as probable duplicates. Somebody
    known by another external id than the given one is not meant, whatever address they share. A name alone finds
    nobody, and an erased customer is never found.

    Two numbers are the same when their digits are; or, where one has a country code (+ or 00) and the other has none,
    when their last ten digits are: +1 416 555 0100 is (416) 555-0100, and not +44 416 555 0100.

    is_self_told: a stranger says this of themselves. It finds nobody by phone beside an unknown e-mail address, and
    fills in no address: else whoever knows a customer's number could have that customer's mail sent to themselves.

    Two who ask at once for the same get one customer. Raises `InvalidFieldsError` by field.
    """
    given = {"external_id": external_id, "email": email, "phone": phone, "name": name, "language": language}
    return _matched(given, is_self_told=is_self_told)


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
    if found := customer_known_by(wording, among=_living()) or _by_phone(wording):
        return found
    try:
        return _matched({_kind_of_contact(wording): wording}, is_self_told=False)
    except InvalidFieldsError as error:
        raise InvalidFieldsError([replace(problem, field="customer") for problem in error.errors]) from error


def customers_alike(customer: Customer) -> QuerySet[Customer]:
    """The customer, and those whom they share an e-mail address or a phone with."""
    same = Q(pk=customer.pk)
    if customer.email:
        same |= Q(email_ci=customer.email.lower())
    if customer.phone:
        same |= Q(pk__in=[other.pk for other in _with_phone(customer.phone)])
    return Customer.objects.filter(same)


def _matched(given: dict[str, str], *, is_self_told: bool) -> Customer:
    given = {field: value.strip() for field, value in given.items() if value.strip()}
    _check(given)
    hold_names(*_names_of(given))
    found = _held(_found(given, is_self_told=is_self_told))
    if found is None:
        return save_customer(Customer(), by=None, **given)
    return _filled_in(found, given, {"name", "language"} if is_self_told else set(given))


class _Number(NamedTuple):
    digits: str
    has_country: bool
    # What `Customer.phone_digits` is of it.
    tail: str

    @classmethod
    def of(cls, phone: str) -> _Number:
        digits = "".join(sign for sign in phone if sign in "0123456789")
        tail, is_dialled = digits[-NATIONAL_DIGITS:], digits.startswith("00")
        has_country = is_dialled or phone.strip().startswith("+")
        return cls(digits[2:] if is_dialled else digits, has_country, tail)

    def is_same_as(self, other: _Number) -> bool:
        if self.digits == other.digits:
            return True
        if self.has_country == other.has_country or min(len(self.digits), len(other.digits)) < NATIONAL_DIGITS:
            return False
        return self.digits[-NATIONAL_DIGITS:] == other.digits[-NATIONAL_DIGITS:]


def _living() -> QuerySet[Customer]:
    return Customer.objects.filter(erased_at=None)


def _found(given: dict[str, str], *, is_self_told: bool) -> Customer | None:
    known = _living().order_by("created_at", "id")
    external_id = given.get("external_id")
    if external_id:
        if found := known.filter(external_id=external_id).first():
            return found
        known = known.filter(external_id=None)
    if "email" in given:
        if found := known.filter(email_ci=given["email"].lower()).first():
            return found
        if is_self_told:
            return None
    with_phone = _with_phone(given.get("phone", ""))
    return next((found for found in with_phone if not (external_id and found.external_id)), None)


def _held(found: Customer | None) -> Customer | None:
    """The same, locked; None for one who was erased at this moment."""
    return _living().select_for_update().filter(pk=found.pk).first() if found else None


def _by_phone(wording: str) -> Customer | None:
    """Somebody known by this as a phone number, if it can be one: an order number is seldom as long."""
    if not re.fullmatch(r"[+0-9 ().-]+", wording) or len(_Number.of(wording).digits) < NATIONAL_DIGITS:
        return None
    return next(iter(_with_phone(wording)), None)


def _with_phone(phone: str) -> list[Customer]:
    """Customers of this number, who was known first standing first."""
    number = _Number.of(phone)
    if not number.tail:
        return []
    alike = _living().filter(phone_digits=number.tail).order_by("created_at", "id")
    return [customer for customer in alike if number.is_same_as(_Number.of(customer.phone))]


def _filled_in(customer: Customer, given: dict[str, str], fields: set[str]) -> Customer:
    new = {field: given[field] for field in sorted(fields) if field in given and not getattr(customer, field)}
    if new:
        for field, value in new.items():
            setattr(customer, field, value)
        customer.save(update_fields=list(new))
        customer.refresh_from_db()
    return customer


def _check(given: dict[str, str]) -> None:
    """Raise `InvalidFieldsError` unless a customer could be known by all that is given."""
    if not given.keys() - {"language"}:
        raise InvalidFieldsError.of(
            "email", "required", _("Give an external id, an e-mail address, a phone or a name.")
        )
    errors = [error for field, value in given.items() for error in text_errors(field, value, _LONGEST[field])]
    if "email" in given and not errors:
        try:
            validate_email(given["email"])
        except ValidationError as error:
            errors.append(FieldError("email", "invalid", " ".join(error.messages)))
    if given.get("language", "en") not in LANGUAGES:
        errors.append(
            FieldError("language", "unknown", _("Use one of: %(choices)s.") % {"choices": ", ".join(LANGUAGES)})
        )
    if errors:
        raise InvalidFieldsError(errors)


def _names_of(given: dict[str, str]) -> list[str]:
    """What two who ask for the same customer at once both hold."""
    phone = _Number.of(given.get("phone", "")).tail
    keys = {"id": given.get("external_id", ""), "email": given.get("email", "").lower(), "phone": phone}
    return [f"customer:{kind}:{value}" for kind, value in keys.items() if value]


def _kind_of_contact(wording: str) -> str:
    if "@" in wording:
        return "email"
    if re.fullmatch(r"\+[0-9 ().-]+", wording):
        return "phone"
    return "name" if " " in wording and not any(sign.isdigit() for sign in wording) else "external_id"
