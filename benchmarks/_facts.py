"""Facts of every source that figures are counted from, made by the database itself: deterministic, and many at once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import psycopg

from benchmarks._house import ADMIN_URL

if TYPE_CHECKING:
    from tenants.models import Tenant

# Spread over two years; 70 % fixed within a day, 4 % still open and owed a contact, every third one answered. The
# number of a case is its id, so that what belongs to it is made without looking it up.
_CASES = """
INSERT INTO recovery_case (id, tenant_id, unit_id, channel, summary, occurred_at, reported_at, first_fixed_at, fixed_at,
    next_contact, next_contact_due_at, closed_at, solution, approvals_asked, answered_at, said_fixed, said_apology,
    said_surprised)
SELECT told.id, {tenant}, told.unit, 'web', 'Case ' || n,
    CASE WHEN n % 4 > 0 THEN told.at - INTERVAL '90 minutes' END, told.at, fixed.at, fixed.at,
    CASE WHEN fixed.at IS NULL THEN 'status' ELSE '' END,
    CASE WHEN fixed.at IS NULL THEN told.at + INTERVAL '3 days' END,
    CASE WHEN n % 5 > 0 THEN fixed.at + INTERVAL '5 minutes' END,
    CASE WHEN n % 5 > 0 AND fixed.at IS NOT NULL THEN 'put_right' ELSE '' END, (n % 10 = 0)::int,
    CASE WHEN n % 3 = 0 THEN fixed.at + INTERVAL '1 hour' END,
    CASE WHEN n % 3 = 0 AND fixed.at IS NOT NULL THEN true END,
    CASE WHEN n % 3 = 0 AND fixed.at IS NOT NULL THEN n % 2 = 0 END,
    CASE WHEN n % 3 = 0 AND fixed.at IS NOT NULL THEN n % 5 = 0 END
FROM {numbers}
CROSS JOIN LATERAL (
    SELECT CASE WHEN n % 25 = 0 THEN NULL
        WHEN n % 10 < 7 THEN told.at + (n * 31 % 80000) * INTERVAL '1 second'
        ELSE told.at + INTERVAL '1 day' + (n * 37 % 86000) * INTERVAL '1 second' END AS at
) fixed
"""
# Beside the cases: of each table one row for every so many. What they refer to and no figure reads need not be there.
_BESIDE = {
    "recovery_promise": (
        4,
        """(tenant_id, unit_id, case_id, what, words, made_at, first_due_at, due_at, done_at, case_counts)
        SELECT {tenant}, told.unit, told.id, 'Call', '', told.at, told.at + INTERVAL '4 hours',
            told.at + INTERVAL '4 hours', told.at + (n * 31 % 20000) * INTERVAL '1 second', true""",
    ),
    "recovery_remedy": (
        10,
        """(tenant_id, unit_id, case_id, person_id, status, amount_minor, currency, exception, note, on_own_authority,
            asked_at, approvers, minutes_each, decided_at, decision_note)
        SELECT {tenant}, told.unit, told.id, told.id, 'refused', 5000, 'USD', '', '', false, told.at, '{{}}', 5,
            told.at + (n * 31 % 20000) * INTERVAL '1 second', ''""",
    ),
    "recovery_callback": (
        20,
        """(tenant_id, unit_id, case_id, asked_at, phone, note, called_at, case_counts)
        SELECT {tenant}, told.unit, told.id, told.at, '', '', told.at + (n * 31 % 9000) * INTERVAL '1 second', true""",
    ),
    "recovery_exposure": (
        10,
        """(tenant_id, unit_id, case_id, customer_id, at_risk_since, ended_at, worth_low_minor, worth_high_minor)
        SELECT {tenant}, told.unit, told.id, told.id, told.at,
            CASE WHEN n % 50 > 0 THEN told.at + INTERVAL '20 hours' END, 10000, 20000""",
    ),
    "committees_nomination": (
        200,
        """(tenant_id, unit_id, words, source, status, submitted_at, note, revision, killed_at)
        SELECT {tenant}, told.unit, 'Two signatures', 'member', 'accepted', told.at, '', 1,
            CASE WHEN n % 400 = 0 THEN told.at + INTERVAL '30 days' END""",
    ),
    "committees_motion": (
        200,
        """(tenant_id, unit_id, committee_id, rule_id, kind, text, new_text, status, moved_at, owner_reply, revision,
            decided_at, due_at)
        SELECT {tenant}, told.unit, told.id, told.id, 'kill', '', '', 'carried', told.at, '', 1,
            told.at + INTERVAL '20 days', told.at + INTERVAL '28 days'""",
    ),
    "committees_killorder": (
        400,
        """(tenant_id, unit_id, rule_id, outcome_id, status, nominated_at, ordered_at, first_due_at, due_at,
            executed_at, evidence, verified_at, reinstated_because, revision, cited_before, cited_after)
        SELECT {tenant}, told.unit, told.id, told.id, 'verified', told.at, told.at, told.at + INTERVAL '30 days',
            told.at + INTERVAL '30 days', told.at + INTERVAL '20 days', '', told.at + INTERVAL '21 days',
            '', 1, 9, 3""",
    ),
    "panels_invitation": (
        10,
        """(tenant_id, unit_id, wave_id, customer_id, member_id, segment, invited_at, closes_at, answered_at)
        SELECT {tenant}, told.unit, told.id, told.id, told.id, '', told.at, told.at + INTERVAL '14 days',
            CASE WHEN n % 30 = 0 THEN told.at + INTERVAL '2 days' END""",
    ),
    "panels_rosterentry": (
        200,
        """(tenant_id, unit_id, session_id, person_id, is_chief_executive, was_on_roster, excuse, delegate, held_at,
            session_seconds, present_seconds)
        SELECT {tenant}, told.unit, told.id, told.id, false, true, '', '', told.at, 3600, n % 3600""",
    ),
    "panels_resultgroup": (
        100,
        """(tenant_id, unit_id, wave_id, question_id, kind, is_about_reasons, by, segment, is_pooled, at, answers,
            favourable, unfavourable, score_sum, counts, weight, weight_squares, weight_favourable,
            weight_unfavourable, weight_score)
        SELECT {tenant}, told.unit, told.id, told.id, 'nps', false, 'unit', '', false, told.at, 20, 9, 5, 140, '{{}}',
            20, 20, 9, 5, 140""",
    ),
    "panels_commitment": (
        400,
        """(tenant_id, unit_id, panel_id, owner_id, what, you_said, made_at, due_at, done_at, we_did, withdrawn_because,
            was_mistake)
        SELECT {tenant}, told.unit, told.id, told.id, '', '', told.at, told.at + INTERVAL '60 days',
            told.at + (n % 90) * INTERVAL '1 day', 'We did', '', false""",
    ),
}
_NUMBERS = """
    generate_series({first}::bigint, {last}::bigint, {step}::bigint) n
    CROSS JOIN (
        SELECT array_agg(id ORDER BY code) AS ids FROM people_unit WHERE tenant_id = {tenant} AND code LIKE 'team-%'
    ) teams
    CROSS JOIN LATERAL (
        SELECT now() - INTERVAL '2 days' - (n * 104729 % 63072000) * INTERVAL '1 second' AS at,
            teams.ids[1 + n * 7919 % cardinality(teams.ids)] AS unit, lpad(to_hex(n), 32, '0')::uuid AS id
    ) told
"""
TABLES = ["recovery_case", *_BESIDE]


def fill(tenant: Tenant, first: int, last: int) -> None:
    """Cases number `first` to `last` of the tenant in its teams, and what happened beside them; without marks: the
    caller rebuilds the cells.

    Indexes are laid anew afterwards, which is several times faster than keeping them up for millions of rows.
    """
    with psycopg.connect(os.environ[ADMIN_URL], autocommit=True) as admin:
        admin.execute("SET session_replication_role = replica")  # neither triggers nor foreign key checks
        admin.execute("SET maintenance_work_mem = '512MB'")
        indexes = admin.execute(
            "SELECT c.relname, pg_get_indexdef(c.oid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
            " WHERE i.indrelid = ANY(%s::regclass[]) AND NOT i.indisunique",
            [TABLES],
        ).fetchall()
        for name, _ in indexes:
            admin.execute(f'DROP INDEX "{name}"'.encode())
        admin.execute(_CASES.format(tenant=tenant.pk, numbers=_numbers(tenant, first, last, 1)).encode())
        for table, (step, rows) in _BESIDE.items():
            start = -(-first // step) * step
            numbers = _numbers(tenant, start, last, step)
            admin.execute(f"INSERT INTO {table} {rows.format(tenant=tenant.pk)} FROM {numbers}".encode())
        for _, definition in indexes:
            admin.execute(definition.encode())
        admin.execute(f"VACUUM ANALYZE {', '.join(TABLES)}".encode())


def _numbers(tenant: Tenant, first: int, last: int, step: int) -> str:
    return _NUMBERS.format(tenant=tenant.pk, first=first, last=last, step=step)
