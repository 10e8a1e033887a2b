"""What every model of a tenant's rows inherits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from django.db import connection, models
from django.db.models.expressions import DatabaseDefault

from tenants.fields import UuidV7
from tenants.scope import current_tenant_id

M = TypeVar("M", bound=models.Model, covariant=True)


@dataclass(frozen=True)
class TableRules:
    """What a table's isolation allows or forbids beyond the common wall.

    append_only: the application may insert and read, never update or delete.
    own_rows: column with a user's id; that user's rows are readable in `user_scope`, in every tenant.
    dispatcher_sees_tenants: the dispatcher role may read the `tenant_id` column of all rows, and nothing else.
    dispatcher_sees_due: column with the instant from which a row is work; the dispatcher may read that one too.
    tenant_through: a required reference to a row that has a tenant's key itself. Its own key is composite, so it holds
    the tenant as well; where the engine writes many rows, the tenant is not looked up a second time for each.
    """

    append_only: bool = False
    own_rows: str | None = None
    dispatcher_sees_tenants: bool = False
    dispatcher_sees_due: str | None = None
    tenant_through: str | None = None


class TenantQuerySet(models.QuerySet[M]):
    def bulk_create(self, objs: Iterable[M], *args: Any, **kwargs: Any) -> list[M]:
        """As Django's; the objects know their ids afterwards, which Django forgets where the database makes them."""
        objects = list(objs)
        unnamed = [each for each in objects if isinstance(each.pk, DatabaseDefault)]
        with connection.cursor() as cursor:
            cursor.execute("SELECT uuidv7() FROM generate_series(1, %s)", [len(unnamed)])
            for each, (pk,) in zip(unnamed, cursor.fetchall(), strict=True):
                each.pk = pk
        return super().bulk_create(objects, *args, **kwargs)


class TenantManager(models.Manager[M]):
    """Adds the tenant to each query: better plans, and an error instead of silence outside a scope.

    The wall is row-level security; this filter is not relied upon for it.
    """

    def get_queryset(self) -> TenantQuerySet[M]:
        queryset: TenantQuerySet[M] = TenantQuerySet(self.model, using=self._db)
        return queryset.filter(tenant_id=current_tenant_id())


class TenantModel(models.Model):
    """A row of exactly one tenant. Its table's key is `(tenant_id, id)`; see `tenants.isolation`."""

    tenant = models.ForeignKey(
        "tenants.Tenant",
        on_delete=models.PROTECT,
        default=current_tenant_id,
        editable=False,
        db_index=False,
        db_constraint=False,
        related_name="+",
    )
    id = models.UUIDField(primary_key=True, db_default=UuidV7(), editable=False)

    rules: ClassVar[TableRules] = TableRules()

    objects = TenantManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"
