"""The parts of every plan: serving, and whatever else the tenant holds leaders to."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Max
from django.utils.text import slugify
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cso.errors import ConflictError, InvalidFieldsError
from cso.recovery.settings import in_office_language
from cso.scorecards.models import Category
from cso.scorecards.models.measures import MAX_CODE
from cso.texts import text_errors
from tenants import audit
from tenants.locks import hold_names
from tenants.models import Actor
from tenants.permissions import require
from tenants.roles import Can

MAX_NAME = 80
SERVING = "serving"
# Code and name of those with which every tenant begins; the first weighs as much as each other one.
FIRST = ((SERVING, _("Serving")), ("financial", _("Financial")), ("people", _("People")), ("process", _("Process")))


def first_categories(*, by: Actor | None) -> list[Category]:
    """Those with which a tenant begins, made where it has none yet; all of them, in their order."""
    require(by, Can.SET_PLANS)
    hold_names("categories")
    if not Category.objects.exists():
        with in_office_language():
            Category.objects.bulk_create(
                Category(code=code, name=str(name), is_serving=code == SERVING, position=position)
                for position, (code, name) in enumerate(FIRST)
            )
        audit.record(by, "first_categories", "categories", codes=[code for code, _name in FIRST])
    return list(Category.objects.order_by("position", "code"))


def add_category(code: str, name: str, *, by: Actor | None) -> Category:
    """One more category, behind the others. Raises `ConflictError` for a code in use."""
    first_categories(by=by)
    check_code(code)
    _check_name(name)
    if Category.objects.filter(code=code).exists():
        raise ConflictError(
            gettext("A category with the code “%(code)s” exists already.") % {"code": code}, code="code_in_use"
        )
    last = Category.objects.aggregate(last=Max("position"))["last"]
    category = Category.objects.create(code=code, name=name.strip(), position=last + 1)
    audit.record(by, "add_category", code, name=category.name)
    return category


def rename_category(category: Category, name: str, *, by: Actor | None) -> None:
    require(by, Can.SET_PLANS)
    _check_name(name)
    before, category.name = category.name, name.strip()
    category.save(update_fields=["name"])
    audit.record(by, "rename_category", category.code, before=before, after=category.name)


def retire_category(category: Category, *, by: Actor | None, now: datetime) -> None:
    """No version made from now on may use it; those that do stay as they are. Raises `ConflictError` for serving."""
    require(by, Can.SET_PLANS)
    if category.is_serving:
        raise ConflictError(gettext("Serving is part of every plan."), code="serving_stays")
    if category.retired_at is not None:
        return
    category.retired_at = now
    category.save(update_fields=["retired_at"])
    audit.record(by, "retire_category", category.code)


def check_code(code: str) -> None:
    """Raise `InvalidFieldsError` for what is no code: a to z, 0 to 9 and hyphens."""
    if not code or slugify(code) != code or len(code) > MAX_CODE:
        raise InvalidFieldsError.of(
            "code", "malformed", gettext("Use up to 40 of a-z, 0-9 and -, such as net-promoter.")
        )


def _check_name(name: str) -> None:
    if not name.strip():
        raise InvalidFieldsError.of("name", "required", gettext("This is required."))
    if errors := text_errors("name", name, MAX_NAME):
        raise InvalidFieldsError(errors)
