"""The boot guard: what must be true of the database before a process may serve anyone.

Each check is one query against PostgreSQL's own catalogue, so that a table made by hand is seen as well as a model's.
Roles are judged by who signed in (`session_user`): what was only set for the moment can be reset.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import apps
from django.db import connection
from django.db.backends.utils import CursorWrapper

from tenants.base import TenantModel
from tenants.fields import TenantForeignKey
from tenants.isolation import DISPATCHER_ROLE, GLOBAL_TABLES


class UnsafeDatabaseError(RuntimeError):
    """The database would not keep tenants apart; the message names each reason."""


_ROLE = """
SELECT 'The process signs in as ' || rolname || ', which may pass row-level security.'
FROM pg_roles WHERE rolname = session_user AND (rolsuper OR rolbypassrls)
"""
_BECOMES = """
SELECT 'The process may become ' || rolname || ', which may pass row-level security.'
FROM pg_roles WHERE (rolsuper OR rolbypassrls) AND rolname <> session_user
AND pg_has_role(session_user, oid, 'MEMBER')
"""
# A policy counts for whoever inherits the rights of its role.
_DISPATCHES = """
SELECT 'The process has the rights of ' || rolname || ' at all times, not only where it says so.'
FROM pg_roles WHERE rolname = %(dispatcher)s AND pg_has_role(session_user, oid, 'USAGE')
"""
_OWNER = """
SELECT 'The process owns the table ' || relname || ' and could lift its policies.'
FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'f')
AND pg_has_role(session_user, relowner, 'MEMBER')
"""
# Policies do not stand before these.
_RIGHTS = """
SELECT 'The process may ' || lower(act) || ' the table ' || relname || ', past its policies.'
FROM pg_class, unnest(ARRAY['TRUNCATE', 'REFERENCES', 'TRIGGER']) act
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'f')
AND has_table_privilege(session_user, oid, act) AND NOT pg_has_role(session_user, relowner, 'MEMBER')
"""
_APPEND_ONLY = """
SELECT 'The process may change or remove rows of ' || relname || ', which is append-only.'
FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname = ANY(%(append_only)s)
AND (has_any_column_privilege(session_user, oid, 'UPDATE') OR has_table_privilege(session_user, oid, 'DELETE'))
"""
_SCHEMA = """
SELECT 'The process may use the schema ' || nspname || ', which nobody watches.'
FROM pg_namespace WHERE nspname NOT IN ('public', 'information_schema') AND nspname !~ '^pg_'
AND has_schema_privilege(session_user, oid, 'USAGE')
"""
_SETTING = """
SELECT 'The setting ' || split_part(setting, '=', 1) || ' is fixed for the role or the database.'
FROM pg_db_role_setting, unnest(setconfig) setting
WHERE starts_with(setting, 'app.')
AND setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
AND setrole IN (0, (SELECT oid FROM pg_roles WHERE rolname = session_user))
"""
_NO_TENANT = """
SELECT 'Table ' || relname || ' has no tenant_id NOT NULL and is not on the list of global tables.'
FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'f')
AND NOT relname = ANY(%(global)s) AND NOT EXISTS (
    SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND a.attnotnull)
"""
_NO_RLS = """
SELECT 'Table ' || relname || ' does not force row-level security.'
FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'f')
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
# An index that refuses rows tells of other tenants' rows; one for an exclusion has expressions in place of columns.
_UNIQUE = """
SELECT 'Unique index ' || i.indexrelid::regclass || ' does not begin with tenant_id.'
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
WHERE c.relnamespace = 'public'::regnamespace AND NOT c.relname = ANY(%(global)s)
AND (i.indisunique OR i.indisexclusion)
AND pg_get_indexdef(i.indexrelid, 1, true) NOT IN ('tenant_id', 'int8range(tenant_id, tenant_id, ''[]''::text)')
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
# What the role may do; pointless to list for a superuser, who may do all.
_RIGHTS_CHECKS = (_BECOMES, _DISPATCHES, _OWNER, _RIGHTS, _APPEND_ONLY, _SCHEMA)
_CHECKS = (_SETTING, _NO_TENANT, _NO_RLS, _UNIQUE, _FOREIGN_KEY, _VIEW, _DEFINER)
_DEFINED_KEYS = """
SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype = 'f' AND connamespace = 'public'::regnamespace
"""

_SAME_TENANT = "(tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::bigint)"
_OWN_ROWS = "({column} = (NULLIF(current_setting('app.user_id'::text, true), ''::text))::bigint)"


def violations() -> list[str]:
    """Every reason why this database, under this role, would not keep tenants apart; empty when it does."""
    models = [model for model in apps.get_models() if issubclass(model, TenantModel)]
    parameters: dict[str, Any] = {
        "global": list(GLOBAL_TABLES),
        "append_only": [model._meta.db_table for model in models if model.rules.append_only],
        "dispatcher": DISPATCHER_ROLE,
    }
    with connection.cursor() as cursor:
        found = _sentences(cursor, (_ROLE,), parameters)
        if not found:
            found = _sentences(cursor, _RIGHTS_CHECKS, parameters)
        found += _sentences(cursor, _CHECKS, parameters)
        cursor.execute(_POLICIES, parameters)
        found += _wrong_policies(models, cursor.fetchall())
        cursor.execute(_DEFINED_KEYS)
        found += _missing_keys(models, set(cursor.fetchall()))
    return found


def _sentences(cursor: CursorWrapper, queries: Iterable[str], parameters: dict[str, Any]) -> list[str]:
    found: list[str] = []
    for query in queries:
        cursor.execute(query, parameters)
        found += [sentence for (sentence,) in cursor.fetchall()]
    return found


def _wrong_policies(models: Iterable[type[TenantModel]], rows: Iterable[tuple[str, list[str]]]) -> Iterator[str]:
    rules = {model._meta.db_table: model.rules for model in models}
    for table, policies in rows:
        expected = {f"same_tenant:*:{_SAME_TENANT}:{_SAME_TENANT}:public"}
        if table in rules and (column := rules[table].own_rows):
            expected.add(f"own_rows:r:{_OWN_ROWS.format(column=column)}::public")
        if table in rules and rules[table].dispatcher_sees_tenants:
            expected.add(f"dispatcher:r:true::{DISPATCHER_ROLE}")
        if set(policies) != expected:
            yield f"Table {table} has other policies than its model declares: {sorted(policies)}."


def _missing_keys(models: Iterable[type[TenantModel]], defined: set[tuple[str, str]]) -> Iterator[str]:
    """References that no key holds: a field of the wrong kind, or one added without `SecureTenantTable`."""
    for model in models:
        table = model._meta.db_table
        tenant = "FOREIGN KEY (tenant_id) REFERENCES tenants_tenant(id)"
        if not model.rules.tenant_through and (table, tenant) not in defined:
            yield f"Table {table} lacks its {tenant}; repeat SecureTenantTable in a migration."
        for field in model._meta.local_fields:
            target = field.related_model
            if not isinstance(target, type) or not issubclass(target, TenantModel):
                continue
            key = f"FOREIGN KEY (tenant_id, {field.column}) REFERENCES {target._meta.db_table}(tenant_id, id)"
            if not isinstance(field, TenantForeignKey):
                yield f"Field {field.name} of {table} is not a TenantForeignKey."
            elif (table, key) not in defined:
                yield f"Table {table} lacks its {key}; repeat SecureTenantTable in a migration."


def refuse_unsafe_database() -> None:
    """Raise `UnsafeDatabaseError` unless the database keeps tenants apart; called where a process starts."""
    found = violations()
    if found:
        raise UnsafeDatabaseError("Refusing to start.\n" + "\n".join(f"- {sentence}" for sentence in found))
