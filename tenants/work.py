"""Which tenants have something to do: the only question asked across tenants, answered with ids alone."""

from __future__ import annotations

from django.db import connection, transaction

from tenants.base import TenantModel
from tenants.isolation import DISPATCHER_ROLE


def tenants_with(model: type[TenantModel]) -> list[int]:
    """Ids of the tenants with at least one row in the table of `model`, ascending.

    Where the model's rules name an instant from which a row is work, only rows whose instant has come count.

    Runs as the dispatcher role, which may read `tenant_id` of tables whose `TableRules` say so, and nothing else.
    Costs one index probe per tenant with work, however many rows wait.
    """
    table, due = model._meta.db_table, model.rules.dispatcher_sees_due
    is_due = f"w.{due} <= now()" if due else "TRUE"
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {DISPATCHER_ROLE}")
        cursor.execute(
            f"""
            WITH RECURSIVE busy(tenant_id) AS (
                (SELECT w.tenant_id FROM {table} w WHERE {is_due} ORDER BY w.tenant_id LIMIT 1)
                UNION ALL
                SELECT (SELECT w.tenant_id FROM {table} w WHERE w.tenant_id > busy.tenant_id AND {is_due}
                        ORDER BY w.tenant_id LIMIT 1)
                FROM busy WHERE busy.tenant_id IS NOT NULL
            )
            SELECT tenant_id FROM busy WHERE tenant_id IS NOT NULL
            """
        )
        found = [tenant_id for (tenant_id,) in cursor.fetchall()]
        # Inside a test's own transaction the role would outlive this one.
        cursor.execute("RESET ROLE")
        return found
