"""Loading many cases at once: upsert by external id, a result for each line, set by set instead of row by row.

Lines are staged by COPY, compared with the cases that exist, and inserted or changed by one statement each. A line that
says nothing new changes nothing: no update, no log entry, no mark; so the same file may be sent any number of times.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.db import connection

from cso.customers.models import Customer
from cso.errors import FieldError
from cso.people.models import Unit
from cso.recovery.clocks import AFTER_RECORDED
from cso.recovery.contact_clock import contact_times, reset_contact_clocks
from cso.recovery.loading.rows import Reading, Refusal, Row, check_row, read_row
from cso.recovery.models import CLOCK_TOLERANCE, Cause, ContactKind
from tenants.base import TenantModel
from tenants.models import Actor, ApiKey, Membership
from tenants.permissions import require
from tenants.roles import Can
from tenants.scope import current_tenant_id

Status = Literal["created", "updated", "unchanged", "superseded", "refused"]


@dataclass(frozen=True)
class Outcome:
    """What became of one line. `superseded`: a later line with the same external id was merged over it."""

    line: int
    status: Status
    external_id: str = ""
    id: UUID | None = None
    errors: list[FieldError] = field(default_factory=list)


def load_cases(
    raw_rows: Iterable[tuple[int, Any]], reading: Reading, *, by: Actor | None, now: datetime
) -> list[Outcome]:
    """Load decoded lines (number, mapping of field to value) in the current transaction; outcomes by line.

    Lines with the same external id count as if sent one after the other. An absent or empty value leaves what the case
    has. Raises PermissionDenied unless `by` may import.
    """
    require(by, Can.IMPORT_CASES)
    rows, outcomes = [], []
    for line, raw in raw_rows:
        row = read_row(line, raw, reading, now)
        if isinstance(row, Refusal):
            outcomes.append(Outcome(line, "refused", row.external_id, errors=row.errors))
        else:
            rows.append(row)
    rows, superseded = _merge_repeated(rows)
    merged = {outcome.external_id for outcome in superseded}
    wrong: dict[str, Outcome] = {}
    for row in rows:
        # Lines that are right one by one may be wrong together: reported at ten, and then fixed at nine.
        if row.external_id in merged and (errors := check_row(row, reading, now)):
            wrong[row.external_id] = _refused(row, errors)
    loaded = wrong | _load([row for row in rows if row.external_id not in wrong], by=by, now=now)
    outcomes += loaded.values()
    for outcome in superseded:
        # What a line was merged into speaks for it: refused together, or in together.
        into = loaded[outcome.external_id]
        is_refused = into.status == "refused"
        outcomes.append(replace(outcome, status="refused", errors=into.errors) if is_refused else outcome)
    return sorted(outcomes, key=lambda outcome: outcome.line)


def _merge_repeated(rows: Sequence[Row]) -> tuple[list[Row], list[Outcome]]:
    last: dict[str, Row] = {}
    kept: list[Row] = []
    superseded = []
    for row in rows:
        earlier = last.get(row.external_id) if row.external_id else None
        if earlier is not None:
            superseded.append(Outcome(earlier.line, "superseded", earlier.external_id or ""))
            for part in fields(Row):
                if part.name != "line" and getattr(row, part.name) is None:
                    setattr(row, part.name, getattr(earlier, part.name))
        if row.external_id:
            last[row.external_id] = row
        kept.append(row)
    gone = {outcome.line for outcome in superseded}
    return [row for row in kept if row.line not in gone], superseded


def _load(rows: Sequence[Row], *, by: Actor | None, now: datetime) -> dict[str, Outcome]:
    """Outcomes by external id, or by line where there is none."""
    units = dict(Unit.objects.filter(code__in={row.unit for row in rows if row.unit}).values_list("code", "id"))
    found: dict[str, Outcome] = {}
    known = []
    for row in rows:
        if row.unit is not None and row.unit not in units:
            error = FieldError("unit", "unknown", f"There is no unit with the code “{row.unit[:60]}”.")
            found[_key(row.external_id, row.line)] = _refused(row, [error])
        else:
            known.append(row)
    if not known:
        return found
    customers = _ids(Customer, "external_id", {row.customer for row in known if row.customer})
    causes = _ids(Cause, "name", {row.cause for row in known if row.cause})
    staged = known
    # A case that another load inserts between the comparison and the insert is compared once more.
    while staged:
        _stage(staged, units, customers, causes)
        outcomes = _apply(by, now)
        found |= {_key(outcome.external_id, outcome.line): outcome for outcome in outcomes}
        seen = {outcome.line for outcome in outcomes}
        staged = [row for row in staged if row.line not in seen]
    return found


def _key(external_id: str | None, line: int) -> str:
    # A line feed cannot stand in an external id, so the two kinds of key never meet.
    return external_id or f"\n{line}"


def _refused(row: Row, errors: list[FieldError]) -> Outcome:
    return Outcome(row.line, "refused", row.external_id or "", errors=errors)


def _ids(model: type[TenantModel], name: str, values: set[str]) -> dict[str, UUID]:
    """The rows of the given names, those missing added."""
    if not values:
        return {}
    wanted = sorted(values)
    known = dict(model.objects.filter(**{f"{name}__in": wanted}).values_list(name, "id"))
    missing = [value for value in wanted if value not in known]
    if missing:
        model.objects.bulk_create([model(**{name: value}) for value in missing], ignore_conflicts=True)
        known |= dict(model.objects.filter(**{f"{name}__in": missing}).values_list(name, "id"))
    return known


_STAGE = """
CREATE TEMPORARY TABLE intake (
    new_id uuid NOT NULL DEFAULT uuidv7(), line int NOT NULL, external_id text, unit_id uuid, customer_id uuid,
    cause_id uuid, channel text, summary text, occurred_at timestamptz, reported_at timestamptz, fixed_at timestamptz
) ON COMMIT DROP
"""

_STAGED = "line, external_id, unit_id, customer_id, cause_id, channel, summary, occurred_at, reported_at, fixed_at"


def _stage(rows: Sequence[Row], units: dict[str, UUID], customers: dict[str, UUID], causes: dict[str, UUID]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.intake")
        cursor.execute(_STAGE)
        with cursor.copy(f"COPY pg_temp.intake ({_STAGED}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(
                    (
                        row.line,
                        row.external_id,
                        units.get(row.unit) if row.unit else None,
                        customers.get(row.customer) if row.customer else None,
                        causes.get(row.cause) if row.cause else None,
                        row.channel,
                        row.summary,
                        row.occurred_at,
                        row.reported_at,
                        row.fixed_at,
                    )
                )
        cursor.execute("ANALYZE pg_temp.intake")


# The customers of the staged cases and of those that exist: theirs is what follows the cases.
_LOCK_CUSTOMERS = """
SELECT lock_customers(%(tenant)s, array_agg(customer_id)) FROM (
    SELECT customer_id FROM pg_temp.intake WHERE customer_id IS NOT NULL
    UNION
    SELECT c.customer_id FROM recovery_case c JOIN pg_temp.intake i ON i.external_id = c.external_id
    WHERE c.tenant_id = %(tenant)s AND c.customer_id IS NOT NULL
) touched
"""
# The cases that exist, locked in one order by everybody, before they are compared. One that comes in after this is not
# ours to compare: who changes it before our update would be overwritten.
_LOCK = """
SELECT c.id FROM recovery_case c JOIN pg_temp.intake i ON i.external_id = c.external_id
WHERE c.tenant_id = %(tenant)s ORDER BY c.id FOR UPDATE OF c
"""
_COMPARE = """
CREATE TEMPORARY TABLE compared ON COMMIT DROP AS
SELECT i.line, i.external_id, i.fixed_at AS told_fixed_at, c.id, c.revision, c.closed_at,
    COALESCE(i.unit_id, c.unit_id) AS unit_id, c.unit_id AS unit_before,
    COALESCE(i.customer_id, c.customer_id) AS customer_id, c.customer_id AS customer_before,
    COALESCE(i.cause_id, c.cause_id) AS cause_id, c.cause_id AS cause_before,
    COALESCE(i.channel, c.channel) AS channel, c.channel AS channel_before,
    COALESCE(i.summary, c.summary) AS summary, c.summary AS summary_before,
    -- Merged cases keep their clocks: the survivor's is the earliest of them all, and splitting gives each its own.
    CASE WHEN merged.is_it THEN c.occurred_at ELSE COALESCE(i.occurred_at, c.occurred_at) END AS occurred_at,
    c.occurred_at AS occurred_before,
    CASE WHEN merged.is_it THEN c.reported_at ELSE COALESCE(i.reported_at, c.reported_at) END AS reported_at,
    c.reported_at AS reported_before,
    c.first_fixed_at AS first_before, c.fixed_at AS fixed_before, undone.last_at AS undone_at, c.recorded_at,
    -- The fix as it will stand. A case never undone has one fix, which the line may correct; once it was undone the
    -- first fix stays, and a fix told later than the last reopening is the new one.
    CASE WHEN i.fixed_at IS NULL OR undone.last_at IS NOT NULL THEN c.first_fixed_at
         ELSE i.fixed_at END AS first_fixed_at,
    CASE WHEN i.fixed_at IS NULL THEN c.fixed_at
         WHEN undone.last_at IS NULL OR i.fixed_at >= undone.last_at THEN i.fixed_at
         ELSE c.fixed_at END AS fixed_at
FROM pg_temp.intake i
JOIN recovery_case c ON c.tenant_id = %(tenant)s AND c.external_id = i.external_id AND c.id = ANY(%(locked)s)
LEFT JOIN LATERAL (
    SELECT max(e.at) AS last_at FROM recovery_caseevent e
    WHERE c.times_undone > 0 AND e.tenant_id = c.tenant_id AND e.case_id = c.id AND e.kind IN ('reopened', 'disputed')
) undone ON true
CROSS JOIN LATERAL (
    SELECT c.merged_into_id IS NOT NULL OR EXISTS (
        SELECT 1 FROM recovery_case d WHERE d.tenant_id = c.tenant_id AND d.merged_into_id = c.id) AS is_it
) merged
"""
_CHANGED = """
ROW(unit_id, customer_id, cause_id, channel, summary, occurred_at, reported_at, first_fixed_at, fixed_at)
IS DISTINCT FROM ROW(unit_before, customer_before, cause_before, channel_before, summary_before, occurred_before,
                     reported_before, first_before, fixed_before)
"""
_COMPARED_ERRORS = """
SELECT line, external_id, field, code, message FROM compared, LATERAL (VALUES
    ('occurred_at', 'after_reported', 'The mistake cannot be later than its first report.', occurred_at > reported_at),
    ('reported_at', 'after_recorded', %(after_recorded)s, reported_at > recorded_at + %(tolerance)s),
    ('fixed_at', 'before_opened', 'The case cannot be fixed before it was opened.',
        first_fixed_at < COALESCE(occurred_at, reported_at)),
    ('fixed_at', 'before_reopened', 'The case was reopened after this; send the time of the fix that followed.',
        told_fixed_at < undone_at AND told_fixed_at <> first_before AND told_fixed_at IS DISTINCT FROM fixed_before),
    ('fixed_at', 'after_closed', 'The case was closed before this; reopen it first.', fixed_at > closed_at)
) error(field, code, message, is_wrong)
WHERE is_wrong ORDER BY line
"""
_DROP_WRONG = "DELETE FROM compared WHERE line = ANY(%(lines)s)"
_UPDATE = f"""
UPDATE recovery_case c SET unit_id = m.unit_id, customer_id = m.customer_id, cause_id = m.cause_id, channel = m.channel,
    summary = m.summary, occurred_at = m.occurred_at, reported_at = m.reported_at,
    first_fixed_at = m.first_fixed_at, fixed_at = m.fixed_at, revision = c.revision + 1,
    -- Whose case it never was can open it no more.
    link_version = c.link_version + CASE WHEN m.customer_id <> m.customer_before THEN 1 ELSE 0 END,
    -- As when people move it: whoever takes in for the new unit owns it.
    owner_id = CASE WHEN m.unit_id = m.unit_before THEN c.owner_id END
FROM (SELECT * FROM compared WHERE {_CHANGED}) m WHERE c.tenant_id = %(tenant)s AND c.id = m.id
"""
# Written as `actions` writes it: units by their codes, causes by their names, customers by ids, for they may be erased.
_CODE = "(SELECT code FROM people_unit WHERE tenant_id = %(tenant)s AND id = {})"
_NAME = "(SELECT name FROM recovery_cause WHERE tenant_id = %(tenant)s AND id = {})"
_CHANGES = ", ".join(
    f"'{name}', CASE WHEN {after} IS DISTINCT FROM {before}"
    f" THEN jsonb_build_array({wording.format(before)}, {wording.format(after)}) END"
    for name, before, after, wording in [
        ("unit", "unit_before", "unit_id", _CODE),
        ("customer", "customer_before", "customer_id", "{}"),
        ("cause", "cause_before", "cause_id", _NAME),
        ("channel", "channel_before", "channel", "{}"),
        ("summary", "summary_before", "summary", "{}"),
        ("occurred_at", "occurred_before", "occurred_at", "{}"),
        ("reported_at", "reported_before", "reported_at", "{}"),
        ("first_fixed_at", "first_before", "first_fixed_at", "{}"),
        ("fixed_at", "fixed_before", "fixed_at", "{}"),
    ]
)
_LOG = f"""
INSERT INTO recovery_caseevent (tenant_id, case_id, kind, at, member_id, api_key_id, changes)
SELECT %(tenant)s, id,
    CASE WHEN fixed_before IS NULL AND fixed_at IS NOT NULL THEN 'fixed'
         WHEN unit_id <> unit_before THEN 'moved' ELSE 'corrected' END,
    CASE WHEN fixed_before IS NULL AND fixed_at IS NOT NULL THEN fixed_at ELSE %(now)s END,
    %(member)s, %(api_key)s, jsonb_strip_nulls(jsonb_build_object({_CHANGES}))
FROM compared WHERE {_CHANGED}
"""
_CONTACT_CLOCKS = """
SELECT id FROM compared WHERE ROW(customer_id, reported_at, fixed_at)
    IS DISTINCT FROM ROW(customer_before, reported_before, fixed_before)
"""
_NEW_ERRORS = """
SELECT i.line, i.external_id, field, 'required', 'This is required.' FROM pg_temp.intake i
CROSS JOIN LATERAL (VALUES ('unit', i.unit_id IS NULL), ('reported_at', i.reported_at IS NULL)) e(field, is_missing)
WHERE is_missing AND NOT EXISTS (
    SELECT 1 FROM recovery_case c WHERE c.tenant_id = %(tenant)s AND c.external_id = i.external_id)
ORDER BY i.line
"""
_INSERT = """
INSERT INTO recovery_case (tenant_id, id, external_id, unit_id, customer_id, cause_id, channel, summary, occurred_at,
                           reported_at, first_fixed_at, fixed_at, opened_by_id, recorded_at, next_contact,
                           next_contact_due_at)
SELECT %(tenant)s, new_id, external_id, unit_id, customer_id, cause_id, COALESCE(channel, ''), COALESCE(summary, ''),
       occurred_at, reported_at, fixed_at, fixed_at, %(member)s, %(now)s,
       CASE WHEN customer_id IS NOT NULL AND fixed_at IS NULL THEN 'acknowledge' ELSE '' END,
       CASE WHEN customer_id IS NOT NULL AND fixed_at IS NULL THEN reported_at + %(acknowledge)s END
FROM pg_temp.intake i
WHERE NOT line = ANY(%(lines)s) AND NOT EXISTS (
    SELECT 1 FROM recovery_case c WHERE c.tenant_id = %(tenant)s AND c.external_id = i.external_id)
-- In one order too: two loads that bring the same new cases would else wait for each other.
ORDER BY external_id
ON CONFLICT (tenant_id, external_id) DO NOTHING RETURNING id
"""


def _apply(by: Actor | None, now: datetime) -> list[Outcome]:
    """Change and insert what is staged. A line that lost a race against another load has no outcome yet."""
    parameters: dict[str, Any] = {
        "tenant": current_tenant_id(),
        "now": now,
        "member": by.pk if isinstance(by, Membership) else None,
        "api_key": by.pk if isinstance(by, ApiKey) else None,
        "after_recorded": str(AFTER_RECORDED),
        "tolerance": CLOCK_TOLERANCE,
        "acknowledge": contact_times()[ContactKind.ACKNOWLEDGE],
    }
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_CUSTOMERS, parameters)
        cursor.execute(_LOCK, parameters)
        parameters["locked"] = [case for (case,) in cursor.fetchall()]
        cursor.execute("DROP TABLE IF EXISTS pg_temp.compared")
        cursor.execute(_COMPARE, parameters)
        cursor.execute(_COMPARED_ERRORS, parameters)
        errors = _errors_by_line(cursor.fetchall())
        cursor.execute(_NEW_ERRORS, parameters)
        errors |= _errors_by_line(cursor.fetchall())
        parameters["lines"] = list(errors)
        cursor.execute(_DROP_WRONG, parameters)
        cursor.execute(_UPDATE, parameters)
        cursor.execute(_LOG, parameters)
        cursor.execute(_CONTACT_CLOCKS)
        reset_contact_clocks([case for (case,) in cursor.fetchall()])
        cursor.execute(f"SELECT line, external_id, id, {_CHANGED} FROM compared")
        outcomes = [
            Outcome(line, "updated" if changed else "unchanged", external_id, case)
            for line, external_id, case, changed in cursor.fetchall()
        ]
        cursor.execute(_INSERT, parameters)
        created = {case for (case,) in cursor.fetchall()}
        cursor.execute("SELECT line, COALESCE(external_id, ''), new_id FROM pg_temp.intake")
        outcomes += [
            Outcome(line, "created", external_id, case)
            for line, external_id, case in cursor.fetchall()
            if case in created
        ]
    return outcomes + [Outcome(line, "refused", known, errors=wrong) for line, (known, wrong) in errors.items()]


def _errors_by_line(rows: Iterable[tuple[int, str | None, str, str, str]]) -> dict[int, tuple[str, list[FieldError]]]:
    found: dict[int, tuple[str, list[FieldError]]] = {}
    for line, external_id, name, code, message in rows:
        found.setdefault(line, (external_id or "", []))[1].append(FieldError(name, code, message))
    return found
