"""The boot guard names whatever would open the wall, and the wall's own tests notice it too."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

import psycopg
import pytest
from django.db import connection
from psycopg import sql

from cso import celery
from tenants.base import TenantModel
from tenants.guard import UnsafeDatabaseError, refuse_unsafe_database, violations
from tenants.isolation import isolation_statements
from tests.servers import ROOT
from tests.tenants.checks import CHECKS
from tests.tenants.conftest import World, database
from tests.tenants.connections import PASSWORD, connected, role
from tests.tenants.rows import TENANT_KEYS, TENANT_MODELS

OPEN_TO_ALL = "ALTER POLICY same_tenant ON {table} USING (true) WITH CHECK (true)"
OPENINGS = {
    "the policy dropped": "DROP POLICY same_tenant ON {table}",
    "the policy open to all": OPEN_TO_ALL,
    "the policy open to reads": "ALTER POLICY same_tenant ON {table} USING (true)",
    "the policy open to writes": "ALTER POLICY same_tenant ON {table} WITH CHECK (true)",
    "a second policy": "CREATE POLICY wide ON {table} FOR SELECT USING (true)",
    "row-level security switched off": "ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
}


@contextmanager
def altered(owner: psycopg.Connection, *statements: str, undo: str | list[str]) -> Iterator[None]:
    for statement in statements:
        owner.execute(statement)
    try:
        yield
    finally:
        for statement in [undo] if isinstance(undo, str) else undo:
            owner.execute(statement)


def policies(model: type[TenantModel]) -> list[str]:
    """The policies of one table, laid again as a migration lays them."""
    again = [statement for statement in isolation_statements(model) if "CONSTRAINT" not in statement]
    return [f"DROP POLICY IF EXISTS wide ON {model._meta.db_table}", *again]


def noticed(world: World, model: type[TenantModel]) -> bool:
    for check in CHECKS.values():
        try:
            check(world, model)
        except AssertionError:
            return True
    return False


def test_the_database_of_the_tests_is_safe(world: World) -> None:
    assert violations() == []
    refuse_unsafe_database()


@pytest.mark.parametrize("opening", OPENINGS.values(), ids=OPENINGS)
@pytest.mark.parametrize("model", TENANT_MODELS, ids=lambda model: model._meta.label)
def test_an_opened_wall_is_noticed(
    world: World, migrator: psycopg.Connection, model: type[TenantModel], opening: str
) -> None:
    with altered(migrator, opening.format(table=model._meta.db_table), undo=policies(model)):
        assert noticed(world, model)


@pytest.mark.parametrize("opening", OPENINGS.values(), ids=OPENINGS)
def test_each_opened_wall_is_named(world: World, migrator: psycopg.Connection, opening: str) -> None:
    """All at once: the guard looks through the whole database each time that it is asked."""
    tables = [model._meta.db_table for model in TENANT_MODELS]
    undo = [statement for model in TENANT_MODELS for statement in policies(model)]
    with altered(migrator, *(opening.format(table=table) for table in tables), undo=undo):
        found = violations()
    assert [table for table in tables if not any(f"Table {table} " in sentence for sentence in found)] == []


def test_every_wall_stands_again(world: World) -> None:
    assert violations() == []
    assert not [model for model in TENANT_MODELS if noticed(world, model)]


def test_each_wall_that_its_owner_may_pass_is_named(world: World, migrator: psycopg.Connection) -> None:
    tables = sorted(model._meta.db_table for model in TENANT_MODELS)
    undo = [statement for model in TENANT_MODELS for statement in policies(model)]
    with altered(migrator, *(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY" for table in tables), undo=undo):
        assert sorted(violations()) == [f"Table {table} does not force row-level security." for table in tables]


def test_each_missing_reference_is_named(world: World, migrator: psycopg.Connection) -> None:
    keys = [(model, key, f"{model._meta.db_table}_{key.name}_fk") for model, key in TENANT_KEYS]
    undo = [
        statement
        for model, _, constraint in keys
        for statement in isolation_statements(model)
        if f'"{constraint}"' in statement
    ]
    drop = [f"ALTER TABLE {model._meta.db_table} DROP CONSTRAINT {constraint}" for model, _, constraint in keys]
    with altered(migrator, *drop, undo=undo):
        found = sorted(violations())
    expected = sorted(
        f"Table {model._meta.db_table} lacks its FOREIGN KEY (tenant_id, {key.name}_id)" for model, key, _ in keys
    )
    assert [sentence.partition(" REFERENCES")[0] for sentence in found] == expected


# What someone might do by hand: statements, how to take them back, and what the guard says of it.
BY_HAND = {
    "a foreign key without the tenant": (
        [
            "ALTER TABLE people_unit ADD CONSTRAINT unit_alone UNIQUE (id)",
            "ALTER TABLE recovery_case ADD CONSTRAINT plain FOREIGN KEY (unit_id) REFERENCES people_unit (id)",
        ],
        "ALTER TABLE people_unit DROP CONSTRAINT unit_alone CASCADE",
        [
            "Unique index unit_alone does not begin with tenant_id.",
            "Foreign key plain on recovery_case could point into another tenant.",
        ],
    ),
    "a reference that is not checked": (
        [
            "ALTER TABLE people_unit DROP CONSTRAINT people_unit_parent_fk",
            "ALTER TABLE people_unit ADD CONSTRAINT people_unit_parent_fk FOREIGN KEY (tenant_id, parent_id)"
            " REFERENCES people_unit (tenant_id, id) NOT VALID",
        ],
        "ALTER TABLE people_unit VALIDATE CONSTRAINT people_unit_parent_fk",
        [
            "Table people_unit lacks its FOREIGN KEY (tenant_id, parent_id) REFERENCES people_unit(tenant_id, id);"
            " repeat SecureTenantTable in a migration."
        ],
    ),
    "a tenant that is not checked": (
        ["ALTER TABLE recovery_case DROP CONSTRAINT recovery_case_tenant_fk"],
        "ALTER TABLE recovery_case ADD CONSTRAINT recovery_case_tenant_fk"
        " FOREIGN KEY (tenant_id) REFERENCES tenants_tenant (id)",
        [
            "Table recovery_case lacks its FOREIGN KEY (tenant_id) REFERENCES tenants_tenant(id);"
            " repeat SecureTenantTable in a migration."
        ],
    ),
    "a unique index without the tenant": (
        ["CREATE UNIQUE INDEX by_code ON people_unit (code, tenant_id)"],
        "DROP INDEX by_code",
        ["Unique index by_code does not begin with tenant_id."],
    ),
    "an exclusion without the tenant": (
        ["ALTER TABLE people_unit ADD CONSTRAINT one_name EXCLUDE USING btree (name WITH =)"],
        "ALTER TABLE people_unit DROP CONSTRAINT one_name",
        ["Unique index one_name does not begin with tenant_id."],
    ),
    "a view": (
        ["CREATE VIEW all_cases AS SELECT * FROM recovery_case"],
        "DROP VIEW all_cases",
        ["View all_cases would show all tenants."],
    ),
    "a materialized view": (
        ["CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM recovery_case"],
        "DROP MATERIALIZED VIEW counted",
        ["View counted would show all tenants."],
    ),
    "a function with its owner's rights": (
        ["CREATE FUNCTION peek() RETURNS int SECURITY DEFINER LANGUAGE sql RETURN 1"],
        "DROP FUNCTION peek",
        ["Function peek runs with the rights of its owner."],
    ),
    "a table without a tenant": (
        ["CREATE TABLE notes (id int)"],
        "DROP TABLE notes",
        [
            "Table notes has no tenant_id NOT NULL and is not on the list of global tables.",
            "Table notes does not force row-level security.",
            "Table notes has other policies than its model declares: [].",
        ],
    ),
    "a right that no policy limits": (
        ["GRANT TRUNCATE ON recovery_case TO cso_app"],
        "REVOKE TRUNCATE ON recovery_case FROM cso_app",
        ["The process may truncate the table recovery_case, past its policies."],
    ),
    "a right for everybody": (
        ["GRANT REFERENCES (id) ON people_unit TO PUBLIC", "GRANT TRIGGER ON people_unit TO PUBLIC"],
        "REVOKE ALL ON people_unit FROM PUBLIC",
        ["The process may trigger the table people_unit, past its policies."],
    ),
    "a log that may be changed": (
        ["GRANT UPDATE (details) ON tenants_auditentry TO cso_app"],
        "REVOKE UPDATE (details) ON tenants_auditentry FROM cso_app",
        ["The process may change or remove rows of tenants_auditentry, which is append-only."],
    ),
    "another schema": (
        ["CREATE SCHEMA reports", "GRANT USAGE ON SCHEMA reports TO cso_app"],
        "DROP SCHEMA reports",
        ["The process may use the schema reports, which nobody watches."],
    ),
}


@pytest.mark.parametrize(("statements", "undo", "sentences"), BY_HAND.values(), ids=BY_HAND)
def test_what_a_hand_left_open_is_named(
    world: World, migrator: psycopg.Connection, statements: list[str], undo: str, sentences: list[str]
) -> None:
    with altered(migrator, *statements, undo=undo):
        assert violations() == sentences
        with pytest.raises(UnsafeDatabaseError, match="Refusing to start"):
            refuse_unsafe_database()
    assert violations() == []


# What a role may be given: its options, grants, and what the guard says when the process signs in as it.
RIGHTS = {
    "nothing more": ("", [], []),
    "to pass policies": ("BYPASSRLS", [], ["The process signs in as {role}, which may pass row-level security."]),
    "everything": ("SUPERUSER", [], ["The process signs in as {role}, which may pass row-level security."]),
    "to become the backup's role": (
        "",
        ["GRANT cso_backup TO {role} WITH INHERIT FALSE"],
        ["The process may become cso_backup, which may pass row-level security."],
    ),
    "the dispatcher's sight": (
        "",
        ["GRANT cso_dispatcher TO {role} WITH INHERIT TRUE"],
        ["The process has the rights of cso_dispatcher at all times, not only where it says so."],
    ),
    "a tenant of its own": (
        "",
        ["ALTER ROLE {role} SET app.tenant_id = '1'"],
        ["The setting app.tenant_id is fixed for the role or the database."],
    ),
}


@pytest.mark.parametrize(("options", "grants", "sentences"), RIGHTS.values(), ids=RIGHTS)
def test_a_role_with_too_many_rights_is_named(
    world: World, admin: psycopg.Connection, options: str, grants: list[str], sentences: list[str]
) -> None:
    name = f"guarded_{database()}"
    with role(admin, name, options) as identifier:
        for grant in ["GRANT cso_app TO {role}", *grants]:
            admin.execute(sql.SQL(grant).format(role=identifier))
        with connected(USER=name, PASSWORD=PASSWORD):
            assert violations() == [sentence.format(role=name) for sentence in sentences]


def test_a_role_that_may_become_the_owner_is_named(world: World, admin: psycopg.Connection) -> None:
    name = f"owner_{database()}"
    with role(admin, name, "IN ROLE cso_app") as identifier:
        admin.execute(sql.SQL("GRANT cso_owner TO {} WITH INHERIT FALSE").format(identifier))
        with connected(USER=name, PASSWORD=PASSWORD):
            assert "The process owns the table recovery_case and could lift its policies." in violations()


@pytest.mark.parametrize(
    "command",
    [
        ["-c", "import cso.wsgi"],
        ["-m", "celery", "-A", "cso", "worker", "--pool", "solo", "--queues", "none"],
    ],
    ids=["web", "worker"],
)
def test_no_process_starts_on_an_unsafe_database(command: list[str]) -> None:
    environment = os.environ | {"DATABASE_URL": os.environ["MIGRATOR_DATABASE_URL"]}
    ended = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode != 0
    assert "The process owns the table recovery_case and could lift its policies." in ended.stderr


def test_a_worker_waits_for_a_database_that_is_down(
    world: World, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It neither works unwatched nor gives up: a database that starts again takes a moment."""
    there = connection.settings_dict["HOST"]
    with connected(HOST=str(tmp_path)):
        back = Timer(0.5, connection.settings_dict.__setitem__, ["HOST", there])
        back.start()
        celery.refuse_unsafe_database()
        assert not back.is_alive()
        assert connection.settings_dict["HOST"] == there
    assert "No work before the database answers" in caplog.text
