"""What the application's role may not do, whatever SQL reaches it."""

from __future__ import annotations

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from tenants.base import TenantModel
from tests.tenants.checks import visiting
from tests.tenants.conftest import World
from tests.tenants.rows import TENANT_MODELS

REFUSED = "must be owner|permission denied|must be able to SET ROLE|must be superuser|must have"

ON_A_TABLE = [
    "ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY",
    "ALTER TABLE {table} ADD COLUMN mine int",
    "ALTER TABLE {table} DISABLE TRIGGER ALL",
    "ALTER TABLE {table} DROP CONSTRAINT {table}_tenant_fk",
    "ALTER TABLE {table} OWNER TO cso_app",
    "ALTER POLICY same_tenant ON {table} USING (true)",
    "CREATE POLICY wide ON {table} USING (true)",
    "DROP POLICY same_tenant ON {table}",
    "CREATE INDEX ON {table} (id)",
    "CREATE RULE nothing AS ON INSERT TO {table} DO INSTEAD NOTHING",
    "TRUNCATE {table}",
    "DROP TABLE {table}",
]
ELSEWHERE = [
    *(f"SET ROLE {role}" for role in ("cso_owner", "cso_migrator", "cso_backup", "postgres", "pg_read_all_data")),
    "SET SESSION AUTHORIZATION cso_owner",
    "SET session_replication_role = replica",  # would switch off triggers, and foreign keys with them
    "CREATE TABLE public.mine (id int)",
    "CREATE VIEW public.mine AS SELECT 1",
    "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql RETURN 1",
    "CREATE SCHEMA mine",
    "CREATE ROLE mine",
    "ALTER ROLE cso_app BYPASSRLS",
    "ALTER ROLE cso_owner LOGIN PASSWORD 'x'",
    "GRANT cso_owner TO cso_app",
    "GRANT cso_dispatcher TO cso_app WITH INHERIT TRUE",
    "DROP FUNCTION audit_chain CASCADE",
    "CREATE OR REPLACE FUNCTION audit_hash(entry tenants_auditentry) RETURNS bytea LANGUAGE sql RETURN ''::bytea",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "SELECT pg_read_file('/etc/hostname')",
    "SELECT * FROM pg_statistic",
    "UPDATE pg_policy SET polqual = NULL",
]


def refused(statement: str) -> None:
    with pytest.raises(DatabaseError, match=REFUSED), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize("model", TENANT_MODELS, ids=lambda model: model._meta.label)
def test_the_application_cannot_touch_a_wall(world: World, model: type[TenantModel]) -> None:
    for statement in ON_A_TABLE:
        refused(statement.format(table=model._meta.db_table))


@pytest.mark.parametrize("statement", ELSEWHERE)
def test_the_application_cannot_raise_itself(world: World, statement: str) -> None:
    refused(statement)


@pytest.mark.parametrize(
    "model", [model for model in TENANT_MODELS if model.rules.append_only], ids=lambda model: model._meta.label
)
def test_what_is_appended_stays(world: World, model: type[TenantModel]) -> None:
    table = model._meta.db_table
    with visiting(world.here.tenant):
        assert model._default_manager.filter(pk=world.here.id).exists()
        for statement in (
            f"UPDATE {table} SET id = id",
            f"DELETE FROM {table}",
            f"MERGE INTO {table} USING (SELECT 1) one ON true WHEN MATCHED THEN DELETE",
            f"SELECT * FROM {table} FOR UPDATE",
        ):
            refused(statement)


def test_switching_row_security_off_shows_an_error_and_no_rows(world: World) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL row_security = off")
        with pytest.raises(DatabaseError, match="would be affected by row-level security"), transaction.atomic():
            cursor.execute("SELECT count(*) FROM recovery_case")


def test_the_backup_reads_everything_and_changes_nothing(world: World, admin: psycopg.Connection) -> None:
    admin.execute("SET ROLE cso_backup")
    tenants = admin.execute("SELECT count(DISTINCT tenant_id) FROM recovery_case").fetchone()
    assert tenants == (2,)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        admin.execute("DELETE FROM recovery_case")
