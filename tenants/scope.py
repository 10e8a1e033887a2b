"""The one door to a tenant's rows.

`tenant_scope` opens a transaction and tells the database which tenant it serves; row-level security does the rest.
The setting is local to the transaction, so neither a connection pool nor pgbouncer can carry it to another client.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import connection, transaction

if TYPE_CHECKING:
    from tenants.models import Tenant, User

_current: ContextVar[Tenant | None] = ContextVar("current_tenant", default=None)


class NoTenantScopeError(RuntimeError):
    """A tenant's table was touched outside `tenant_scope`."""


@contextmanager
def tenant_scope(tenant: Tenant) -> Iterator[Tenant]:
    """One durable transaction that reads and writes the rows of `tenant` and of nobody else.

    Raises RuntimeError when opened inside another transaction: its rows would then commit at a moment that the
    caller does not see.
    """
    with _transaction_with("app.tenant_id", tenant.pk):
        token = _current.set(tenant)
        try:
            yield tenant
        finally:
            # Before the commit: what runs on it stands outside the scope and, should it forget that, must fail loudly
            # instead of finding no rows.
            _current.reset(token)


@contextmanager
def user_scope(user: User) -> Iterator[None]:
    """One transaction that sees the memberships of `user` in all tenants, and no other tenant row."""
    with _transaction_with("app.user_id", user.pk):
        yield


@contextmanager
def _transaction_with(setting: str, value: int) -> Iterator[None]:
    with transaction.atomic(durable=True):
        _set_local(setting, str(value))
        yield
    # Only inside a test's own transaction does the connection still stand in a block here: there the setting
    # would outlive its scope.
    if connection.in_atomic_block and not connection.needs_rollback:
        _set_local(setting, "")


def _set_local(setting: str, value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [setting, value])


def current_tenant() -> Tenant:
    """The tenant whose scope is open; raises `NoTenantScopeError` when there is none."""
    tenant = _current.get()
    if tenant is None:
        raise NoTenantScopeError("Open `with tenant_scope(tenant):` before touching a tenant's rows.")
    return tenant


def current_tenant_id() -> int:
    return current_tenant().pk


def day_of(instant: datetime) -> date:
    """The day of an aware instant in the current tenant's zone."""
    return instant.astimezone(current_tenant().zone).date()
