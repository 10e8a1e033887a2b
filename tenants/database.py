"""Roles and database, from nothing: what a superuser does once before the first migration.

Roles: `cso_owner` owns every table and cannot sign in · the migrator signs in and acts as the owner · the app reads
and writes rows, under row-level security, and can change no table · `cso_dispatcher` sees which tenants have work ·
`cso_backup` reads everything (pg_dump).
"""

from __future__ import annotations

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tenants.isolation import APP_ROLE, DISPATCHER_ROLE

OWNER_ROLE = "cso_owner"
MIGRATOR_ROLE = "cso_migrator"
BACKUP_ROLE = "cso_backup"


def prepare_database(admin_url: str, app_url: str, migrator_url: str) -> None:
    """Create roles, passwords and database as the two URLs name them; safe to repeat.

    Raises ValueError when the URLs name other users than `cso_app` and `cso_migrator`, or two databases.
    """
    app, migrator = conninfo_to_dict(app_url), conninfo_to_dict(migrator_url)
    if app.get("user") != APP_ROLE or migrator.get("user") != MIGRATOR_ROLE:
        raise ValueError(f"DATABASE_URL must name the user {APP_ROLE}, MIGRATOR_DATABASE_URL {MIGRATOR_ROLE}.")
    if app.get("dbname") != migrator.get("dbname"):
        raise ValueError("DATABASE_URL and MIGRATOR_DATABASE_URL must name the same database.")
    database = str(app["dbname"])
    with psycopg.connect(admin_url, autocommit=True) as admin:
        # Two hosts that start at once would trip over each other's changes to one role; the lock ends with us.
        admin.execute("SELECT pg_advisory_lock(hashtextextended('prepare_database', 0))")
        _create_roles(admin)
        _set_password(admin, APP_ROLE, str(app.get("password", "")))
        _set_password(admin, MIGRATOR_ROLE, str(migrator.get("password", "")))
        _create_database(admin, database)
        with psycopg.connect(make_conninfo(admin_url, dbname=database), autocommit=True) as inside:
            _grant(inside, database)


def _create_roles(admin: psycopg.Connection) -> None:
    login = {
        OWNER_ROLE: "NOLOGIN",
        DISPATCHER_ROLE: "NOLOGIN",
        MIGRATOR_ROLE: "LOGIN",
        APP_ROLE: "LOGIN",
        BACKUP_ROLE: "NOLOGIN BYPASSRLS",
    }
    existing = {name for (name,) in admin.execute("SELECT rolname FROM pg_roles")}
    for role, options in login.items():
        if role not in existing:
            admin.execute(sql.SQL("CREATE ROLE {} " + options).format(sql.Identifier(role)))
    # Said each time, so that a right given to the app by hand does not stay.
    admin.execute(f"ALTER ROLE {APP_ROLE} NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB NOREPLICATION")
    # The migrator acts as the owner from the moment it signs in, so that the owner owns all that it makes.
    admin.execute(f"GRANT {OWNER_ROLE} TO {MIGRATOR_ROLE}")
    admin.execute(f"ALTER ROLE {MIGRATOR_ROLE} SET role = '{OWNER_ROLE}'")
    # Without INHERIT: the dispatcher's policy counts only where the app says SET LOCAL ROLE.
    admin.execute(f"GRANT {DISPATCHER_ROLE} TO {APP_ROLE} WITH INHERIT FALSE, SET TRUE")
    admin.execute(f"GRANT pg_read_all_data TO {BACKUP_ROLE}")


def _set_password(admin: psycopg.Connection, role: str, password: str) -> None:
    if not password:
        raise ValueError(f"The URL of {role} must carry a password.")
    # Hashed here, so that the server's log of statements never holds the password.
    hashed = admin.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    admin.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(hashed)))


def _create_database(admin: psycopg.Connection, database: str) -> None:
    known = admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone()
    if known is None:
        # The same text in the same order everywhere: the byte order of UTF-8, whatever the machine's locale.
        statement = "CREATE DATABASE {} OWNER {} ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0"
        admin.execute(sql.SQL(statement).format(sql.Identifier(database), sql.Identifier(OWNER_ROLE)))


def _grant(admin: psycopg.Connection, database: str) -> None:
    name = sql.Identifier(database)
    admin.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(name, sql.Identifier(OWNER_ROLE)))
    admin.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    # TEMPORARY: bulk loads stage their rows in a temporary table.
    admin.execute(sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(name, sql.Identifier(APP_ROLE)))
    admin.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, sql.Identifier(BACKUP_ROLE)))
    admin.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    admin.execute(f"GRANT USAGE, CREATE ON SCHEMA public TO {OWNER_ROLE}")
    admin.execute(f"GRANT USAGE ON SCHEMA public TO {APP_ROLE}, {DISPATCHER_ROLE}")
    rows = "SELECT, INSERT, UPDATE, DELETE ON TABLES"
    admin.execute(f"ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER_ROLE} IN SCHEMA public GRANT {rows} TO {APP_ROLE}")
    admin.execute(
        f"ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER_ROLE} IN SCHEMA public GRANT USAGE ON SEQUENCES TO {APP_ROLE}"
    )
