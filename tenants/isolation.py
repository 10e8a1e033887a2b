"""The database's wall between tenants, generated from the models.

`SecureTenantTable("Case")` in a migration gives the table, from the model's own fields:
- row-level security, forced, with one policy for all commands;
- the primary key `(tenant_id, id)`;
- a composite foreign key for each `TenantForeignKey`, so that a row cannot point into another tenant;
- a foreign key to the tenant, unless one of those implies it (`TableRules.tenant_through`);
- the grants of its `TableRules`.
It may be repeated after a later migration adds a field; `tenants.guard` refuses to start a process without it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from tenants.fields import TenantForeignKey

APP_ROLE = "cso_app"
DISPATCHER_ROLE = "cso_dispatcher"

# Not wrapped in (SELECT ...): wrapped, the planner cannot see which tenant is asked for and guesses its row counts.
SAME_TENANT = "tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::bigint"
OWN_ROWS = "{column} = NULLIF(current_setting('app.user_id', true), '')::bigint"

# Tables without a tenant, each with the reason why it may be read by the process that serves any of them.
GLOBAL_TABLES: dict[str, str] = {
    "tenants_tenant": "the address of a request is looked up before its scope opens",
    "tenants_user": "a person signs in before choosing a workspace",
    "account_emailaddress": "sign-in (allauth)",
    "account_emailconfirmation": "sign-in (allauth)",
    "mfa_authenticator": "sign-in (allauth)",
    "django_session": "sign-in",
    "django_content_type": "Django's own list of models",
    "auth_group": "created by django.contrib.auth, unused",
    "auth_group_permissions": "created by django.contrib.auth, unused",
    "auth_permission": "created by django.contrib.auth, unused",
    "django_migrations": "Django's own list of migrations",
    "metrics_workerheartbeat": "when a worker was last alive; says nothing of a tenant",
}


def isolation_statements(model: type[models.Model]) -> Iterator[str]:
    """The statements that wall off the table of `model`; each may be run again."""
    table = model._meta.db_table
    rules = model.rules  # type: ignore[attr-defined]
    yield f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY'
    yield f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY'
    yield f'DROP POLICY IF EXISTS same_tenant ON "{table}"'
    yield f'CREATE POLICY same_tenant ON "{table}" USING ({SAME_TENANT}) WITH CHECK ({SAME_TENANT})'
    if rules.own_rows:
        yield f'DROP POLICY IF EXISTS own_rows ON "{table}"'
        yield f'CREATE POLICY own_rows ON "{table}" FOR SELECT USING ({OWN_ROWS.format(column=rules.own_rows)})'
    if rules.dispatcher_sees_tenants:
        yield f'DROP POLICY IF EXISTS dispatcher ON "{table}"'
        yield f'CREATE POLICY dispatcher ON "{table}" FOR SELECT TO {DISPATCHER_ROLE} USING (true)'
        columns = ", ".join(filter(None, ["tenant_id", rules.dispatcher_sees_due]))
        yield f'GRANT SELECT ({columns}) ON "{table}" TO {DISPATCHER_ROLE}'
    if rules.append_only:
        yield f'REVOKE UPDATE, DELETE ON "{table}" FROM {APP_ROLE}'
    yield from _keys(model)


def _keys(model: type[models.Model]) -> Iterator[str]:
    table = model._meta.db_table
    # A key that others refer to cannot be laid twice, so it is laid only while it is still Django's.
    yield f"""DO $$ BEGIN
        IF (SELECT array_length(conkey, 1) FROM pg_constraint WHERE conname = '{table}_pkey') = 1 THEN
            ALTER TABLE "{table}" DROP CONSTRAINT "{table}_pkey", ADD PRIMARY KEY (tenant_id, id);
        END IF; END $$"""
    if model.rules.tenant_through:  # type: ignore[attr-defined]
        yield f'ALTER TABLE "{table}" DROP CONSTRAINT IF EXISTS "{table}_tenant_fk"'
    else:
        yield from _foreign_key(table, f"{table}_tenant_fk", "tenant_id", "tenants_tenant", "id")
    for field in model._meta.local_fields:
        if isinstance(field, TenantForeignKey):
            target = field.related_model._meta.db_table
            column = f"tenant_id, {field.column}"
            yield from _foreign_key(table, f"{table}_{field.name}_fk", column, target, "tenant_id, id")


def _foreign_key(table: str, name: str, columns: str, target: str, key: str) -> Iterator[str]:
    yield f'ALTER TABLE "{table}" DROP CONSTRAINT IF EXISTS "{name}"'
    yield f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" FOREIGN KEY ({columns}) REFERENCES "{target}" ({key})'


class SecureTenantTable(Operation):
    """Migration operation: wall off the table of one model of this app. Put it right after its CreateModel."""

    reduces_to_sql = True
    reversible = True

    def __init__(self, model_name: str) -> None:
        self.model_name = model_name

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return self.__class__.__qualname__, [self.model_name], {}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Nothing of Django's picture of the models changes."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        from django.apps import apps

        # Historic models carry fields but no class attributes: the rules come from the model of today.
        historic = to_state.apps.get_model(app_label, self.model_name)
        historic.rules = apps.get_model(app_label, self.model_name).rules
        # PostgreSQL refuses to alter a table with deferred checks still to come.
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for statement in isolation_statements(historic):
            schema_editor.execute(statement)

    def database_backwards(self, *args: Any) -> None:
        """The wall goes with its table."""

    def describe(self) -> str:
        return f"Wall off the rows of {self.model_name} by tenant"
