"""What people changed by hand of the figures behind a score, so that nobody gains points unseen.

Each of these has its honest reasons, so none of them lowers a score. They stand beside it, with the cases and who did
it, for whoever reads the one to judge the other.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, get_args
from uuid import UUID

from django.db import connection

from cso.metrics.periods import day_start
from cso.recovery.models import RECOVERY_TIME, Case
from cso.recovery.queries import visible_cases
from cso.scorecards.scores.spans import Span
from tenants.models import Actor
from tenants.roles import Can
from tenants.scope import current_tenant, current_tenant_id

# taken_out: excluded for whatever reason, or merged into another. told_late: it came in open, and is recovered by a fix
# that nobody told before the 24 hours were over. times: the clock starts later than it did, or the first fix is earlier
# than it was. moved_away, moved_here: to or from what the plan does not cover, once the 24 hours were over.
Kind = Literal["taken_out", "told_late", "times", "moved_away", "moved_here"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Act = Literal["move_unit", "name_leader", "end_leadership"]
ACTS: tuple[Act, ...] = get_args(Act)
MOST_SHOWN = 5


@dataclass(frozen=True)
class Touch:
    """The last such thing that was done to a case; `by` is a name, empty where the product itself did it."""

    case: UUID
    reference: str
    at: datetime
    by: str


@dataclass(frozen=True)
class Intervention:
    """One kind of them: in how many cases, and the last `MOST_SHOWN` of these, less those the viewer may not see."""

    kind: Kind
    cases: int
    last: Sequence[Touch]


@dataclass(frozen=True)
class Reorganization:
    """A unit that was moved, or a leader named or ended for days that were over, as the audit log has it.

    unit: its code; details: of a move `before` and `after`, codes of the units above; else `person`, and the day.
    """

    act: Act
    unit: str
    details: Mapping[str, Any]
    at: datetime
    by: str


@dataclass(frozen=True)
class Retold:
    """A figure of others that was told once more when its month was over; the last that was, of each month."""

    measure: str
    month: date
    at: datetime
    by: str


@dataclass(frozen=True)
class Interventions:
    """Of the cases of a plan's unit, and of those below, that fell due in the plan's part of a period by now.

    cases: those that count; known_late: of which this server first heard when they were fixed already; nameless: of no
    known customer, who could say otherwise. retold, reorganized: the last first; the latter since the period began.
    """

    cases: int
    known_late: int
    nameless: int
    found: Sequence[Intervention]
    retold: Sequence[Retold]
    reorganized: Sequence[Reorganization]


def interventions(viewer: Actor, unit: UUID, span: Span, *, now: datetime) -> Interventions:
    """What was done by hand to the figures of a unit that the viewer was let in to see.

    One statement; who does not see all cases needs one more. Its time grows with the cases of the period.
    """
    with connection.cursor() as cursor:
        cursor.execute(_SQL, _parameters(unit, span, now))
        rows = {what: (count, json.loads(told)) for what, count, told in cursor.fetchall()}
    cases, known_late, nameless = (rows[what][0] for what in ("cases", "known_late", "nameless"))
    touched = {kind: [_touch(*each) for each in rows[kind][1]] for kind in KINDS if kind in rows}
    seen = _seen(viewer, (touch.case for last in touched.values() for touch in last))
    return Interventions(
        cases,
        known_late,
        nameless,
        [
            Intervention(kind, rows[kind][0], [touch for touch in last if touch.case in seen])
            for kind, last in touched.items()
        ],
        [_retold(*each) for each in rows.get("retold", (0, []))[1]],
        _reorganized(rows, span),
    )


def _parameters(unit: UUID, span: Span, now: datetime) -> dict[str, Any]:
    windows = span.windows(unit)
    return {
        "tenant": current_tenant_id(),
        "unit": unit,
        "starts": [window.start - RECOVERY_TIME for window in windows],
        "ends": [min(window.end, now) - RECOVERY_TIME for window in windows],
        "begins": day_start(span.period.first, current_tenant().zone),
        "months": list(span.period.cells()),
        "zone": current_tenant().time_zone,
        "now": now,
        "recovery": RECOVERY_TIME,
        "acts": list(ACTS),
        "most": MOST_SHOWN,
    }


def _touch(case: str, external_id: str | None, at: str, by: str | None) -> Touch:
    pk = UUID(case)
    return Touch(pk, Case(id=pk, external_id=external_id).reference, datetime.fromisoformat(at), by or "")


def _retold(measure: str, month: str, at: str, by: str | None) -> Retold:
    return Retold(measure, date.fromisoformat(month), datetime.fromisoformat(at), by or "")


def _seen(viewer: Actor, cases: Iterable[UUID]) -> set[UUID]:
    asked = set(cases)
    if not asked or viewer.can(Can.SEE_ALL_CASES):
        return asked
    return set(visible_cases(viewer).filter(pk__in=asked).values_list("pk", flat=True))


def _reorganized(rows: Mapping[str, tuple[int, list[Any]]], span: Span) -> list[Reorganization]:
    known = [
        Reorganization(act, unit, details, datetime.fromisoformat(at), by or "")
        for act in ACTS
        for unit, details, at, by in rows.get(act, (0, []))[1]
    ]
    counts = [each for each in known if each.act == "move_unit" or _was_over(each, span)]
    return sorted(counts, key=lambda each: each.at, reverse=True)


def _was_over(told: Reorganization, span: Span) -> bool:
    """Whether it was told of days of the period that were over."""
    day = date.fromisoformat(told.details["starts_on" if told.act == "name_leader" else "ends_on"])
    return span.period.first <= day < span.period.after and day_start(day, current_tenant().zone) < told.at


# A time that was corrected stands in the log as [before, after].
_SQL = """
WITH below AS MATERIALIZED (
    SELECT unit.id, unit.code FROM people_unitancestor line
    JOIN people_unit unit ON unit.tenant_id = line.tenant_id AND unit.id = line.unit_id
    WHERE line.tenant_id = %(tenant)s AND line.ancestor_id = %(unit)s
), covered AS MATERIALIZED (
    SELECT array_agg(id) AS units, array_agg(code::text) AS codes FROM below
), piece AS MATERIALIZED (
    SELECT * FROM unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) piece(starts_at, ends_at)
), of_period AS MATERIALIZED (
    SELECT c.id, c.external_id, c.clock_start + %(recovery)s AS due_at, c.recorded_at, c.first_fixed_at, c.is_valid,
        c.recovered_24h, c.customer_id
    FROM piece CROSS JOIN below
    JOIN recovery_case c ON c.tenant_id = %(tenant)s AND c.unit_id = below.id
        AND c.clock_start >= piece.starts_at AND c.clock_start < piece.ends_at
), touched AS (
    SELECT found.what, held.id AS case_id, held.external_id, event.recorded_at, event.id, event.member_id,
        event.api_key_id
    FROM of_period held
    CROSS JOIN covered
    JOIN recovery_caseevent event ON event.tenant_id = %(tenant)s AND event.case_id = held.id
        AND event.kind IN ('exclusion_confirmed', 'merged', 'fixed', 'corrected', 'moved')
    CROSS JOIN LATERAL (VALUES
        ('taken_out', NOT held.is_valid AND event.kind IN ('exclusion_confirmed', 'merged')),
        ('told_late', held.is_valid AND held.recovered_24h AND event.kind = 'fixed' AND event.at = held.first_fixed_at
            AND event.recorded_at >= held.due_at),
        ('times', held.is_valid AND (
            event.changes->'occurred_at'->>0 IS NOT NULL AND event.changes->'occurred_at'->>1 IS NULL
            OR (event.changes->'occurred_at'->>1)::timestamptz > (event.changes->'occurred_at'->>0)::timestamptz
            OR (event.changes->'reported_at'->>1)::timestamptz > (event.changes->'reported_at'->>0)::timestamptz
            OR (event.changes->'first_fixed_at'->>1)::timestamptz < (event.changes->'first_fixed_at'->>0)::timestamptz
        )),
        ('moved_here', held.is_valid AND event.recorded_at >= held.due_at
            AND event.changes->'unit'->>0 <> ALL(covered.codes))
    ) found(what, holds)
    WHERE found.holds
    UNION ALL
    SELECT 'moved_away', c.id, c.external_id, event.recorded_at, event.id, event.member_id, event.api_key_id
    FROM recovery_caseevent event
    CROSS JOIN covered
    JOIN recovery_case c ON c.tenant_id = %(tenant)s AND c.id = event.case_id AND c.is_valid
        AND c.unit_id <> ALL(covered.units)
    JOIN piece ON c.clock_start >= piece.starts_at AND c.clock_start < piece.ends_at
    WHERE event.tenant_id = %(tenant)s AND event.changes ? 'unit'
        AND event.changes->'unit'->>0 = ANY(covered.codes) AND event.recorded_at >= c.clock_start + %(recovery)s
), last AS (
    SELECT DISTINCT ON (what, case_id) * FROM touched ORDER BY what, case_id, recorded_at DESC, id DESC
), placed AS (
    SELECT *, count(*) OVER (PARTITION BY what) AS cases,
        row_number() OVER (PARTITION BY what ORDER BY recorded_at DESC, id DESC) AS place
    FROM last
), counted AS (
    SELECT count(*) FILTER (WHERE is_valid) AS cases,
        count(*) FILTER (WHERE is_valid AND first_fixed_at <= recorded_at) AS known_late,
        count(*) FILTER (WHERE is_valid AND customer_id IS NULL) AS nameless
    FROM of_period
), reorganized AS (
    SELECT entry.* FROM tenants_auditentry entry CROSS JOIN covered
    WHERE entry.tenant_id = %(tenant)s AND entry.act = ANY(%(acts)s)
        AND entry.at >= %(begins)s AND entry.at <= %(now)s
        AND (entry.subject = ANY(covered.codes)
            OR entry.act = 'move_unit' AND ARRAY[entry.details->>'before', entry.details->>'after'] && covered.codes)
)
SELECT placed.what, placed.cases,
    jsonb_agg(jsonb_build_array(placed.case_id, placed.external_id, placed.recorded_at, COALESCE(who.name, key.name))
              ORDER BY placed.place)
FROM placed
LEFT JOIN tenants_membership member ON member.tenant_id = %(tenant)s AND member.id = placed.member_id
LEFT JOIN tenants_user who ON who.id = member.user_id
LEFT JOIN tenants_apikey key ON key.tenant_id = %(tenant)s AND key.id = placed.api_key_id
WHERE placed.place <= %(most)s
GROUP BY placed.what, placed.cases
UNION ALL
SELECT told.what, told.cases, '[]' FROM counted CROSS JOIN LATERAL (VALUES
    ('cases', counted.cases), ('known_late', counted.known_late), ('nameless', counted.nameless)
) told(what, cases)
UNION ALL
SELECT 'retold', count(*), jsonb_agg(
    jsonb_build_array(figure.name, figure.month, figure.recorded_at, COALESCE(who.name, key.name))
    ORDER BY figure.recorded_at DESC, figure.id DESC)
FROM (
    SELECT DISTINCT ON (figure.measure_id, figure.month) figure.*, measure.name
    FROM scorecards_measurefigure figure
    JOIN scorecards_measure measure ON measure.tenant_id = figure.tenant_id AND measure.id = figure.measure_id
    JOIN scorecards_measurefigure before ON before.tenant_id = figure.tenant_id
        AND before.measure_id = figure.measure_id AND before.unit_id = figure.unit_id AND before.month = figure.month
        AND (before.recorded_at, before.id) < (figure.recorded_at, figure.id)
        AND before.as_of >= (before.month + INTERVAL '1 month') AT TIME ZONE %(zone)s
    WHERE figure.tenant_id = %(tenant)s AND figure.unit_id = %(unit)s AND figure.month = ANY(%(months)s)
    ORDER BY figure.measure_id, figure.month, figure.recorded_at DESC, figure.id DESC
) figure
LEFT JOIN tenants_membership member ON member.tenant_id = %(tenant)s AND member.id = figure.recorded_by_id
LEFT JOIN tenants_user who ON who.id = member.user_id
LEFT JOIN tenants_apikey key ON key.tenant_id = %(tenant)s AND key.id = figure.api_key_id
HAVING count(*) > 0
UNION ALL
SELECT entry.act, count(*), jsonb_agg(
    jsonb_build_array(entry.subject, entry.details, entry.at, COALESCE(who.name, key.name)))
FROM reorganized entry
LEFT JOIN tenants_membership member ON member.tenant_id = %(tenant)s AND member.id = entry.member_id
LEFT JOIN tenants_user who ON who.id = member.user_id
LEFT JOIN tenants_apikey key ON key.tenant_id = %(tenant)s AND key.id = entry.api_key_id
GROUP BY entry.act
"""
