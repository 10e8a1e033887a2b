"""The triggers that mark what became stale, in the transaction that changed the facts.

A statement-level trigger sees all rows of a bulk load at once, so that a load of 5,000 cases writes a few dozen marks.
No path can forget it: ORM, bulk load, a data migration and a hand-written UPDATE all pass it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

_FUNCTION = """
-- Planned anew each time: a plan kept from a statement of one row joins the rows of a load one by one.
CREATE OR REPLACE FUNCTION mark_{source}() RETURNS trigger LANGUAGE plpgsql
SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO metrics_mark (tenant_id, source, unit_id, day)
        SELECT DISTINCT r.tenant_id, '{source}', r.unit_id, d.day FROM new_rows r, {days} WHERE {known};
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO metrics_mark (tenant_id, source, unit_id, day)
        SELECT DISTINCT r.tenant_id, '{source}', r.unit_id, d.day FROM old_rows r, {days} WHERE {known};
    ELSE
        -- Both where the facts stood and where they stand now; a change of wording alone marks nothing.
        INSERT INTO metrics_mark (tenant_id, source, unit_id, day)
        SELECT DISTINCT r.tenant_id, '{source}', r.unit_id, d.day
        FROM (
            SELECT was.* FROM old_rows was JOIN new_rows now USING (tenant_id, id) WHERE {changed}
            UNION ALL
            SELECT now.* FROM old_rows was JOIN new_rows now USING (tenant_id, id) WHERE {changed}
        ) r, {days} WHERE {known};
    END IF;
    RETURN NULL;
END $$
"""
_TRANSITIONS = {
    "INSERT": "NEW TABLE AS new_rows",
    "UPDATE": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "DELETE": "OLD TABLE AS old_rows",
}


def marking_statements(table: str, source: str, instants: Sequence[str], facts: Sequence[str]) -> Iterator[str]:
    """The function and the three triggers for one table of facts.

    instants: columns whose UTC day decides in which cells a row counts. facts: columns that decide how it counts.
    """
    days = ", ".join(f"((r.{instant} AT TIME ZONE 'UTC')::date)" for instant in instants)
    decisive = ["unit_id", *instants, *facts]
    was, now = (", ".join(f"{side}.{column}" for column in decisive) for side in ("was", "now"))
    yield _FUNCTION.format(
        source=source,
        # A row of no unit counts nowhere.
        known="d.day IS NOT NULL AND r.unit_id IS NOT NULL",
        days=f"LATERAL (VALUES {days}) d(day)",
        changed=f"ROW({was}) IS DISTINCT FROM ROW({now})",
    )
    for event, transition in _TRANSITIONS.items():
        name = f"mark_{source}_{event.lower()}"
        yield f'DROP TRIGGER IF EXISTS {name} ON "{table}"'
        yield (
            f'CREATE TRIGGER {name} AFTER {event} ON "{table}" REFERENCING {transition}'
            f" FOR EACH STATEMENT EXECUTE FUNCTION mark_{source}()"
        )


class MarkChanges(Operation):
    """Migration operation: changes of this table mark their cells as stale."""

    reduces_to_sql = True
    reversible = False

    def __init__(self, table: str, source: str, *, instants: Sequence[str], facts: Sequence[str]) -> None:
        self.table, self.source, self.instants, self.facts = table, source, list(instants), list(facts)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return "MarkChanges", [self.table, self.source], {"instants": self.instants, "facts": self.facts}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Nothing of Django's picture of the models changes."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        for statement in marking_statements(self.table, self.source, self.instants, self.facts):
            schema_editor.execute(statement)

    def describe(self) -> str:
        return f"Mark the cells of {self.source} when it changes"
