"""The boot guard: what must be true of the database before a process may serve anyone.

Each check is one query against PostgreSQL's own catalogue, so that a table made by hand is seen as well as a model's.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.apps import apps
from django.db import connection

from tenants.base import TenantModel
from tenants.isolation import DISPATCHER_ROLE, GLOBAL_TABLES


class UnsafeDatabaseError(RuntimeError):
    """The database would not keep tenants apart; the message names each reason."""


_ROLE = """
SELECT 'The process signs in as ' || rolname || ', which may pass row-level security.'
FROM pg_roles WHERE rolname = current_user AND (rolsuper OR rolbypassrls)
"""
_OWNER = """
SELECT 'The process owns the table ' || relname || ' and could lift its policies.'
FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
AND pg_has_role(current_user, relowner, 'USAGE')
"""
_NO_TENANT = """
SELECT 'Table ' || relname || ' has no tenant_id NOT NULL and is not on the list of global tables.'
FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
AND NOT relname = ANY(%(global)s) AND NOT EXISTS (
    SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND a.attnotnull)
"""
_NO_RLS = """
SELECT 'Table ' || relname || ' does not force row-level security.'
FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
AND NOT relname = ANY(%(global)s) AND NOT (relrowsecurity AND relforcerowsecurity)
"""
_POLICIES = """
SELECT c.relname, COALESCE(array_agg(p.polname::text || ':' || p.polcmd::text || ':' ||
    COALESCE(pg_get_expr(p.polqual, p.polrelid), '') || ':' || COALESCE(pg_get_expr(p.polwithcheck, p.polrelid), '')
    || ':' || (SELECT string_agg(CASE r WHEN 0 THEN 'public' ELSE pg_get_userbyid(r) END, ',')
               FROM unnest(p.polroles) r)
    ORDER BY p.polname) FILTER (WHERE p.oid IS NOT NULL), '{}')
FROM pg_class c LEFT JOIN pg_policy p ON p.polrelid = c.oid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relname = ANY(%(global)s)
GROUP BY c.relname
"""
_UNIQUE = """
SELECT 'Unique index ' || i.indexrelid::regclass || ' does not begin with tenant_id.'
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
WHERE c.relnamespace = 'public'::regnamespace AND i.indisunique AND NOT c.relname = ANY(%(global)s)
AND a.attname IS DISTINCT FROM 'tenant_id'
"""
_FOREIGN_KEY = """
SELECT 'Foreign key ' || f.conname || ' on ' || f.conrelid::regclass || ' could point into another tenant.'
FROM pg_constraint f JOIN pg_class target ON target.oid = f.confrelid
WHERE f.contype = 'f' AND f.connamespace = 'public'::regnamespace AND NOT target.relname = ANY(%(global)s)
AND NOT EXISTS (
    SELECT 1 FROM generate_subscripts(f.conkey, 1) n
    JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[n] AND a.attname = 'tenant_id'
    JOIN pg_attribute b ON b.attrelid = f.confrelid AND b.attnum = f.confkey[n] AND b.attname = 'tenant_id')
"""
_VIEW = """
SELECT 'View ' || relname || ' would show all tenants.' FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm')
AND NOT (relkind = 'v' AND 'security_invoker=true' = ANY(COALESCE(reloptions, '{}')))
"""
_DEFINER = """
SELECT 'Function ' || proname || ' runs with the rights of its owner.'
FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef
"""

_SAME_TENANT = "(tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::bigint)"
_OWN_ROWS = "({column} = (NULLIF(current_setting('app.user_id'::text, true), ''::text))::bigint)"


def violations() -> list[str]:
    """Every reason why this database, under this role, would not keep tenants apart; empty when it does."""
    parameters = {"global": list(GLOBAL_TABLES)}
    found: list[str] = []
    with connection.cursor() as cursor:
        for query in (_ROLE, _OWNER, _NO_TENANT, _NO_RLS, _UNIQUE, _FOREIGN_KEY, _VIEW, _DEFINER):
            cursor.execute(query, parameters)
            found += [sentence for (sentence,) in cursor.fetchall()]
        cursor.execute(_POLICIES, parameters)
        found += list(_wrong_policies(cursor.fetchall()))
    return found


def _wrong_policies(rows: Iterable[tuple[str, list[str]]]) -> Iterable[str]:
    rules = {model._meta.db_table: model.rules for model in apps.get_models() if issubclass(model, TenantModel)}
    for table, policies in rows:
        expected = {f"same_tenant:*:{_SAME_TENANT}:{_SAME_TENANT}:public"}
        if table in rules and (column := rules[table].own_rows):
            expected.add(f"own_rows:r:{_OWN_ROWS.format(column=column)}::public")
        if table in rules and rules[table].dispatcher_sees_tenants:
            expected.add(f"dispatcher:r:true::{DISPATCHER_ROLE}")
        if set(policies) != expected:
            yield f"Table {table} has other policies than its model declares: {sorted(policies)}."


def refuse_unsafe_database() -> None:
    """Raise `UnsafeDatabaseError` unless the database keeps tenants apart; called where a process starts."""
    found = violations()
    if found:
        raise UnsafeDatabaseError("Refusing to start.\n" + "\n".join(f"- {sentence}" for sentence in found))
