"""The wall holds for every model there is, and for every reference between two of them."""

from __future__ import annotations

from typing import Any, TypeGuard
from uuid import uuid4

import psycopg
import pytest
from django.apps import apps
from django.db import connection, models, transaction
from django.db.backends.utils import CursorWrapper

from tenants.base import TenantManager, TenantModel
from tenants.fields import TenantForeignKey
from tenants.isolation import GLOBAL_TABLES
from tenants.models import Membership
from tenants.scope import NoTenantScopeError, tenant_scope, user_scope
from tests.tenants.checks import CHECKS, Check, insert_row, leaking_row, refused, row_of, visiting
from tests.tenants.conftest import World
from tests.tenants.rows import TENANT_KEYS, TENANT_MODELS

each_model = pytest.mark.parametrize("model", TENANT_MODELS, ids=lambda model: model._meta.label)


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
@each_model
def test_the_database_keeps_rows_apart(world: World, model: type[TenantModel], check: Check) -> None:
    check(world, model)


@pytest.mark.parametrize(("model", "key"), TENANT_KEYS, ids=lambda part: getattr(part, "name", None))
def test_no_row_refers_to_another_tenants(world: World, model: type[TenantModel], key: TenantForeignKey) -> None:
    assert issubclass(key.related_model, TenantModel)
    leaking_row(world, key.related_model)
    table, constraint = model._meta.db_table, f'"{model._meta.db_table}_{key.name}_fk"'
    with visiting(world.here.tenant) as cursor:
        if model.rules.append_only:
            row = row_of(cursor, model, world.here.id)
            changes = _another(cursor, model, world, but=key) | {str(key.column): world.there.id}
            with refused(constraint):
                insert_row(cursor, model, row, **changes)
            return
        with refused(constraint):
            cursor.execute(f"UPDATE {table} SET {key.column} = %s WHERE id = %s", [world.there.id, world.here.id])
        ours = models.QuerySet[TenantModel](model).get(pk=world.here.id)
        setattr(ours, key.attname, world.there.id)
        with refused(constraint):
            ours.save(update_fields=[key.name])


def _another(
    cursor: CursorWrapper, model: type[TenantModel], world: World, *, but: TenantForeignKey | None = None
) -> dict[str, Any]:
    """The columns by which a second row of a thing differs from its first: the next number, or else another parent."""
    changes: dict[str, Any] = {"id": uuid4()}
    for each in model._meta.constraints:
        fields = [model._meta.get_field(name) for name in each.fields] if _is_unique(each) else []
        if numbers := [field for field in fields if isinstance(field, models.IntegerField)]:
            changes[str(numbers[0].column)] = 1
            continue
        parents = [field for field in fields if isinstance(field, TenantForeignKey)]
        # Differs already, or will by what is tried.
        if not parents or but in parents or str(parents[0].column) in changes:
            continue
        parent = parents[0].related_model
        assert issubclass(parent, TenantModel)
        twin = _another(cursor, parent, world)
        insert_row(cursor, parent, row_of(cursor, parent, world.here.id), **twin)
        changes[str(parents[0].column)] = twin["id"]
    return changes


def _is_unique(constraint: models.BaseConstraint) -> TypeGuard[models.UniqueConstraint]:
    return isinstance(constraint, models.UniqueConstraint)


@each_model
def test_the_orm_raises_outside_a_scope(world: World, model: type[TenantModel]) -> None:
    for manager in (model._default_manager, model._base_manager):
        assert isinstance(manager, TenantManager)
        with pytest.raises(NoTenantScopeError):
            manager.count()
    with pytest.raises(NoTenantScopeError):
        model()


@each_model
def test_the_managers_filter_too(world: World, model: type[TenantModel]) -> None:
    """So that plans see the tenant; proved apart from the wall, by what is asked."""
    with tenant_scope(world.here.tenant):
        sql, parameters = model._default_manager.all().query.sql_with_params()
    assert f'"{model._meta.db_table}"."tenant_id" = %s' in sql
    assert parameters == (world.here.tenant.pk,)


@each_model
def test_a_person_without_a_workspace_sees_their_memberships_and_nothing_else(
    world: World, model: type[TenantModel]
) -> None:
    leaking_row(world, model)
    person = world.here.rows[Membership].user  # type: ignore[attr-defined]
    with user_scope(person), connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM {model._meta.db_table}")
        expected = [(world.here.id,)] if model is Membership else []
        assert cursor.fetchall() == expected
        if not model.rules.append_only:
            cursor.execute(f"DELETE FROM {model._meta.db_table}")
            assert cursor.rowcount == 0


@each_model
def test_every_index_begins_with_the_tenant(world: World, model: type[TenantModel]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_indexdef(indexrelid, 1, true) FROM pg_index WHERE indrelid = %s::regclass",
            [model._meta.db_table],
        )
        first = {column for (column,) in cursor.fetchall()}
    assert first <= {"tenant_id", "int8range(tenant_id, tenant_id, '[]'::text)"}


def test_every_table_is_a_tenants_or_listed_as_global() -> None:
    # What is not managed is a view, which reads with the rights of who asks: see test_committee_vectors.
    tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True) if model._meta.managed}
    assert tables - {model._meta.db_table for model in TENANT_MODELS} <= set(GLOBAL_TABLES)


def test_conditions_run_behind_the_wall(world: World) -> None:
    """A function that tells what it is given is given nothing of another tenant."""
    with visiting(world.here.tenant) as cursor:
        cursor.execute(
            "CREATE FUNCTION pg_temp.tell(word text) RETURNS boolean COST 0.0001 LANGUAGE plpgsql AS "
            "$$ BEGIN IF word LIKE 'seen-there%' THEN RAISE 'told'; END IF; RETURN false; END $$"
        )
        cursor.execute("SELECT count(*) FROM customers_customer WHERE pg_temp.tell(name)")
        assert cursor.fetchone() == (0,)


def test_statistics_tell_nothing(world: World, admin: psycopg.Connection) -> None:
    """The planner's samples of a walled table hold rows of all tenants; the application cannot read them."""
    admin.execute("ANALYZE customers_customer")
    with visiting(world.here.tenant) as cursor:
        cursor.execute("SELECT count(*) FROM pg_stats WHERE tablename = 'customers_customer'")
        assert cursor.fetchone() == (0,)
