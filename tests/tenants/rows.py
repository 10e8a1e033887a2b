"""A row of any tenant's model, made from its fields, so that a new model is tested without a line written for it.

All rows of one tenant carry the same id: whatever an address or a reference asks for, that id finds it, if the wall
lets it. Their texts carry a marker, so that a page or an answer that shows one is found out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import models

from cso.recovery.models import Exposure
from tenants.base import TenantModel
from tenants.fields import TenantForeignKey
from tenants.models import Tenant, User
from tenants.roles import Role
from tenants.scope import tenant_scope

INSTANT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
FAR_OFF = datetime(2099, 3, 2, 9, 30, tzinfo=UTC)

TENANT_MODELS: list[type[TenantModel]] = [model for model in apps.get_models() if issubclass(model, TenantModel)]
TENANT_KEYS: list[tuple[type[TenantModel], TenantForeignKey]] = [
    (model, field)
    for model in TENANT_MODELS
    for field in model._meta.local_fields
    if isinstance(field, TenantForeignKey)
]

# What cannot be told from a field's type: model -> field -> value.
SPECIAL: dict[str, dict[str, Any]] = {
    "tenants.Membership": {"role": Role.CSO},
    "tenants.ApiKey": {"scopes": ["cases:read"]},
    # An exclusion that is proposed: the key of whoever proposed or confirmed it can then be tried alone.
    # Neither to be opened nor to be tallied by whoever reads it.
    "committees.Ballot": {"opens_at": FAR_OFF, "closes_at": FAR_OFF + timedelta(hours=1)},
    "committees.RollEntry": {"member": "its tenant's row"},
    "committees.SeatTenure": {"member": "its tenant's row", "holder_name": ""},
    "committees.KillOrder": {"nomination": "its tenant's row"},
    "panels.Wave": {"closes_at": FAR_OFF},
    "panels.Response": {"invitation": "its tenant's row", "external_id": None},
    "panels.ResultGroup": {"answers": 5, "counts": []},
    "panels.Remark": {"became": "", "became_id": None},
    "panels.PanelMember": {"left_because": ""},
    "panels.Commitment": {"due_at": FAR_OFF, "we_did": ""},
    "panels.Theme": {"words": ["queue"]},
    "metrics.Discrepancy": {"family": "due", "period": date(2026, 3, 1), "kept": None, "rebuilt": None},
    "scorecards.MeasureFigure": {"month": date(2026, 3, 1)},
    "scorecards.Plan": {"year": 2026},
    "scorecards.PlanVersion": {"starts_on": date(2026, 3, 1)},
    "scorecards.PlanItem": {"metric": "", "measure": "its tenant's row", "target": Decimal(9)},
    "scorecards.ScoreSnapshot": {"items": []},
    "scorecards.ProcessChange": {"rebased_because": "", "withdrawn_because": ""},
    "strategy.Blocker": {"how": ""},
    "strategy.Outcome": {"ended_because": ""},
    "strategy.Initiative": {"what_came_of_it": ""},
    "recognition.Recognition": {"source": "", "source_id": None},
    "customers.AskingLimit": {"most": 1, "days": 1},
    "recovery.Case": {
        "excluded_as": "test",
        "exclusion_note": "Proposed",
        "excluded_by": "its tenant's row",
        "solution": "policy_quoted",
        "quoted_rule": "its tenant's row",
    },
    "recovery.PromiseWord": {"minutes": 1},
    "recovery.Remedy": {
        "status": "asked",
        "asked_at": INSTANT,
        "amount_minor": 1,
        "currency": "CAD",
        "exception": "",
    },
}


@dataclass(frozen=True)
class Home:
    """A tenant with one row of each model, all with the same `id`; texts begin with `marker`."""

    tenant: Tenant
    id: UUID
    marker: str
    rows: dict[type[TenantModel], TenantModel]


def make_home(slug: str, home_id: UUID) -> Home:
    """Write one row of each tenant's model; a model that cannot be filled fails with a sentence."""
    tenant = Tenant.objects.create(slug=slug, name=slug.title(), time_zone="America/Toronto")
    home = Home(tenant, home_id, f"seen-{slug}", {})
    with tenant_scope(tenant):
        # Exposures last: a trigger derives those of a customer anew when a purchase of theirs comes.
        for model in sorted(TENANT_MODELS, key=lambda model: model is Exposure):
            make_row(home, model)
    return home


def make_row(home: Home, model: type[TenantModel]) -> TenantModel:
    """The home's row of `model`, made with all that it refers to if it is not there yet."""
    if model not in home.rows:
        given = {
            field.name: _value(home, model, field)
            for field in model._meta.local_fields
            if field.name not in {"id", "tenant"} and _is_needed(model, field)
        }
        try:
            # By hand, because the key `id` is only unique within a tenant.
            home.rows[model] = models.QuerySet(model).create(id=home.id, **given)
        except Exception as error:
            raise AssertionError(
                f"No row of {model._meta.label} can be made from its fields ({error}). "
                "Say in SPECIAL in tests/tenants/rows.py what its fields must be."
            ) from error
    return home.rows[model]


def _is_needed(model: type[TenantModel], field: models.Field[Any, Any]) -> bool:
    if field.name in SPECIAL.get(model._meta.label, {}):
        return True
    optional = field.null or field.has_default() or field.db_default is not models.NOT_PROVIDED
    is_text = isinstance(field, models.CharField | models.TextField) and not field.choices
    return not field.generated and (not optional or is_text)


def _value(home: Home, model: type[TenantModel], field: models.Field[Any, Any]) -> Any:
    special = SPECIAL.get(model._meta.label, {})
    if isinstance(field, models.ForeignKey):
        if field.related_model is User:
            return User.objects.create(email=f"{home.marker}@example.com", name=home.marker, password="!")
        assert issubclass(field.related_model, TenantModel)
        return make_row(home, field.related_model)
    if field.name in special:
        return special[field.name]
    if field.choices:
        return field.flatchoices[0][0]
    for kind, make in _BY_TYPE.items():
        if isinstance(field, kind):
            return make(home, field)
    raise AssertionError(
        f"No value is known for {type(field).__name__} ({model._meta.label}.{field.name}). "
        "Add the type to _BY_TYPE, or the field to SPECIAL, in tests/tenants/rows.py."
    )


def _text(home: Home, field: models.Field[Any, Any]) -> str:
    return f"{home.marker} {field.name}"[: field.max_length or 60]


# In this order: a date and time is a date too.
_BY_TYPE: dict[type[models.Field[Any, Any]], Callable[[Home, models.Field[Any, Any]], Any]] = {
    models.EmailField: lambda home, _: f"{home.marker}@example.com",
    models.CharField: _text,
    models.TextField: _text,
    models.DateTimeField: lambda _, __: INSTANT,
    models.DateField: lambda _, __: date(2026, 3, 2),
    models.BooleanField: lambda _, __: False,
    models.DecimalField: lambda _, __: Decimal(1),
    models.IntegerField: lambda _, __: 0,
    models.FloatField: lambda _, __: 1.0,
    models.BinaryField: lambda _, __: b"\x01",
    models.JSONField: lambda _, __: {},
    models.UUIDField: lambda home, _: home.id,
    ArrayField: lambda home, field: [_BY_TYPE[_kind(field.base_field)](home, field.base_field)],  # type: ignore[attr-defined]
}


def _kind(field: models.Field[Any, Any]) -> type[models.Field[Any, Any]]:
    return next(kind for kind in _BY_TYPE if isinstance(field, kind))
