"""Field types from which the isolation of a tenant's table is generated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import models
from django.db.models.expressions import RawSQL


class UuidV7(models.Func):
    """PostgreSQL 18's `uuidv7()`: globally unique and ascending in time, so that index pages fill in order."""

    function = "uuidv7"
    output_field = models.UUIDField()


class TenantForeignKey(models.ForeignKey[Any, Any]):
    """A reference between two rows of one tenant.

    Django makes neither constraint nor index of its own: the database key is composite, `(tenant_id, <field>_id)` ->
    `(tenant_id, id)`, and is laid by `SecureTenantTable`, because a plain foreign key lets a row point into another
    tenant. Declare the index that a query needs, tenant first.
    """

    def __init__(self, to: Any, on_delete: Any, **kwargs: Any) -> None:
        kwargs["db_constraint"] = False
        kwargs["db_index"] = False
        super().__init__(to, on_delete, **kwargs)

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("db_constraint", None)
        kwargs.pop("db_index", None)
        return name, path, args, kwargs


def computed(expression: str, field: models.Field[Any, Any]) -> models.GeneratedField:
    """A column that the database computes, and keeps."""
    return models.GeneratedField(expression=RawSQL(expression, ()), output_field=field, db_persist=True)  # noqa: S611
