"""Names that one transaction of a tenant holds at a time: what no row stands for yet cannot be locked as a row."""

from __future__ import annotations

from django.db import connection

from tenants.scope import current_tenant_id


def hold_names(*names: str) -> None:
    """Wait until nobody else in this tenant holds any of `names`; they are let go when the transaction ends.

    Taken in one order by everybody, so that two who need the same names never wait for each other.
    """
    with connection.cursor() as cursor:
        for name in sorted(set(names)):
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, %s))", [name, current_tenant_id()])
