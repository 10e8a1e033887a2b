"""What the wall must hold, for one model at a time: each check passes or raises AssertionError.

They ask the database itself, past the managers' filter. `test_wall` runs them all on each model; `test_guard` takes the
wall down and expects them to notice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import psycopg
from django.db import DatabaseError, connection, models, transaction
from django.db.backends.utils import CursorWrapper

from tenants.base import TenantModel
from tenants.models import Tenant
from tenants.scope import tenant_scope
from tests.tenants.conftest import World

Model = type[TenantModel]
Check = Callable[[World, Model], None]
POLICY = "violates row-level security policy"


@contextmanager
def visiting(tenant: Tenant) -> Iterator[CursorWrapper]:
    """A scope whose writes are undone at the end."""
    with tenant_scope(tenant), connection.cursor() as cursor:
        yield cursor
        transaction.set_rollback(True)


@contextmanager
def refused(reason: str = POLICY) -> Iterator[None]:
    """The database must refuse what is done here, for this reason and no other; the transaction goes on."""
    try:
        with transaction.atomic():
            yield
    except (DatabaseError, psycopg.Error) as error:  # a COPY is not translated by Django
        if reason not in str(error):
            raise AssertionError(f"Refused, but not by the wall: {error}") from error
    else:
        raise AssertionError("The database let it pass.")


def columns_of(model: Model) -> list[str]:
    """The columns that a statement may set."""
    return [str(field.column) for field in model._meta.local_fields if not field.generated]


def row_of(cursor: CursorWrapper, model: Model, row_id: Any) -> tuple[Any, ...]:
    """One row as it stands, in the order of `columns_of`; fails when the cursor's tenant cannot see it."""
    cursor.execute(f"SELECT {_list(columns_of(model))} FROM {model._meta.db_table} WHERE id = %s", [row_id])
    row = cursor.fetchone()
    assert row is not None, f"The tenant does not even see its own row of {model._meta.label}."
    return tuple(row)


def leaking_row(world: World, model: Model) -> tuple[Any, ...]:
    """What could leak: a row of the other tenant, which the other tenant sees."""
    with visiting(world.there.tenant) as cursor:
        return row_of(cursor, model, world.there.id)


def select_by_id(world: World, model: Model) -> None:
    leaking_row(world, model)
    with visiting(world.here.tenant) as cursor:
        cursor.execute(f"SELECT 1 FROM {model._meta.db_table} WHERE id = %s", [world.there.id])
        assert cursor.fetchall() == []
        assert not models.QuerySet(model).filter(pk=world.there.id).exists()


def select_all(world: World, model: Model) -> None:
    leaking_row(world, model)
    with visiting(world.here.tenant) as cursor:
        cursor.execute(f"SELECT DISTINCT tenant_id FROM {model._meta.db_table}")
        assert cursor.fetchall() == [(world.here.tenant.pk,)]
        assert {row.tenant_id for row in models.QuerySet[TenantModel](model)} == {world.here.tenant.pk}


def insert(world: World, model: Model) -> None:
    row = leaking_row(world, model)
    with visiting(world.here.tenant) as cursor, refused():
        insert_row(cursor, model, row, id=uuid4())


def upsert(world: World, model: Model) -> None:
    row = leaking_row(world, model)
    update = "ON CONFLICT (tenant_id, id) DO UPDATE SET tenant_id = EXCLUDED.tenant_id"
    forbidden = "permission denied" if model.rules.append_only else POLICY
    with visiting(world.here.tenant) as cursor:
        with refused(forbidden):
            insert_row(cursor, model, row, update)
        with refused():
            insert_row(cursor, model, row, "ON CONFLICT DO NOTHING")


def bulk_create(world: World, model: Model) -> None:
    leaking_row(world, model)
    theirs = world.there.rows[model]
    twins = [_twin(theirs, pk=uuid4()), _twin(theirs, pk=uuid4())]
    with visiting(world.here.tenant):
        with refused():
            models.QuerySet[TenantModel](model).bulk_create(twins)
        with refused():
            model._default_manager.bulk_create(twins, ignore_conflicts=True)


def load_through_staging(world: World, model: Model) -> None:
    row = leaking_row(world, model)
    table, columns = model._meta.db_table, _list(columns_of(model))
    with visiting(world.here.tenant) as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE staged ON COMMIT DROP AS SELECT {columns} FROM {table} WITH NO DATA")
        insert_row(cursor, model, row, into="staged", id=uuid4())
        with refused():
            cursor.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM staged")
        with refused("COPY FROM not supported with row-level security"), cursor.copy(f"COPY {table} FROM STDIN"):
            pass


def update(world: World, model: Model) -> None:
    leaking_row(world, model)
    with visiting(world.here.tenant) as cursor:
        if model.rules.append_only:
            with refused("permission denied"):
                cursor.execute(f"UPDATE {model._meta.db_table} SET tenant_id = tenant_id")
            return
        assert _touch(cursor, model, world.here.id) == 1
        assert _touch(cursor, model, world.there.id) == 0
        assert models.QuerySet(model).filter(pk=world.there.id).update(tenant=world.here.tenant) == 0


def give_away(world: World, model: Model) -> None:
    """A row of ours cannot become one of theirs."""
    leaking_row(world, model)
    forbidden = "permission denied" if model.rules.append_only else POLICY
    with visiting(world.here.tenant) as cursor, refused(forbidden):
        cursor.execute(
            f"UPDATE {model._meta.db_table} SET tenant_id = %s, id = %s WHERE id = %s",
            [world.there.tenant.pk, uuid4(), world.here.id],
        )


def delete(world: World, model: Model) -> None:
    row = leaking_row(world, model)
    with visiting(world.here.tenant) as cursor:
        row_of(cursor, model, world.here.id)
        if model.rules.append_only:
            with refused("permission denied"):
                cursor.execute(f"DELETE FROM {model._meta.db_table}")
        else:
            cursor.execute(f"DELETE FROM {model._meta.db_table} WHERE id = %s", [world.there.id])
            assert cursor.rowcount == 0
    assert leaking_row(world, model) == row


def without_scope(world: World, model: Model) -> None:
    row = leaking_row(world, model)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {model._meta.db_table}")
        assert cursor.fetchone() == (0,)
        with refused():
            insert_row(cursor, model, row, id=uuid4())
        if not model.rules.append_only:
            assert _touch(cursor, model, world.there.id) == 0
        transaction.set_rollback(True)


CHECKS: dict[str, Check] = {
    check.__name__: check
    for check in (
        *(select_by_id, select_all, insert, upsert, bulk_create, load_through_staging),
        *(update, give_away, delete, without_scope),
    )
}


def insert_row(
    cursor: CursorWrapper, model: Model, row: tuple[Any, ...], clause: str = "", *, into: str = "", **changes: Any
) -> None:
    """Insert a row as `row_of` gave it, with some columns changed."""
    fields = [field for field in model._meta.local_fields if not field.generated]
    values = [
        field.get_db_prep_value(changes.get(str(field.column), value), connection)
        if isinstance(field, models.JSONField)
        else changes.get(str(field.column), value)
        for field, value in zip(fields, row, strict=True)
    ]
    marks = ", ".join(["%s"] * len(values))
    columns = _list(columns_of(model))
    cursor.execute(f"INSERT INTO {into or model._meta.db_table} ({columns}) VALUES ({marks}) {clause}", values)


def _touch(cursor: CursorWrapper, model: Model, row_id: Any) -> int:
    cursor.execute(f"UPDATE {model._meta.db_table} SET tenant_id = tenant_id WHERE id = %s", [row_id])
    return int(cursor.rowcount)


def _twin(row: TenantModel, **changes: Any) -> TenantModel:
    values = {field.attname: getattr(row, field.attname) for field in row._meta.local_fields if not field.generated}
    return type(row)(**(values | {"id": changes["pk"]}))


def _list(columns: list[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)
