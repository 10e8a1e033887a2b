"""Which tenants have something to do: the only question asked across tenants, answered with ids alone."""

from __future__ import annotations

from django.db import connection, models, transaction

from tenants.isolation import DISPATCHER_ROLE


def tenants_with(model: type[models.Model]) -> list[int]:
    """Ids of the tenants with at least one row in the table of `model`, ascending.

    Runs as the dispatcher role, which may read `tenant_id` of tables whose `TableRules` say so, and nothing else.
    Costs one index probe per tenant with work, however many rows wait.
    """
    table = model._meta.db_table
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {DISPATCHER_ROLE}")
        cursor.execute(
            f"""
            WITH RECURSIVE busy(tenant_id) AS (
                (SELECT tenant_id FROM {table} ORDER BY tenant_id LIMIT 1)
                UNION ALL
                SELECT (SELECT w.tenant_id FROM {table} w WHERE w.tenant_id > busy.tenant_id
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
