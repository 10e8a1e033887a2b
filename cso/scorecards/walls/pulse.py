"""Whether a wall shows what it showed before, by one statement: screens ask every few seconds, day and night."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from cso.metrics.periods import Period, last_weeks, period_of
from cso.metrics.queries.figures import HEADLINE, MARKS_WAIT
from cso.metrics.registry import METRICS
from cso.recognition.actions import ERASED
from cso.recovery.models import RECOVERY_TIME
from cso.scorecards.models import Wall
from tenants.scope import current_tenant, current_tenant_id, day_of

WEEKS_SHOWN = 4
SURPRISED, RULES_KILLED = METRICS["surprised"], METRICS["rules_killed"]
# A case is soon due when so little is left of its 24 hours.
SOON = timedelta(hours=4)
# So long a hero's story is told.
STORY_FOR = timedelta(days=30)
# What no figure tells, such as a unit's new name, shows after so long at most.
LOOKS_ANEW_AFTER = timedelta(minutes=5)

_WITHIN = """(%(unit)s::uuid IS NULL OR unit_id = ANY(ARRAY(
    SELECT below.unit_id FROM people_unitancestor below
    WHERE below.tenant_id = %(tenant)s AND below.ancestor_id = %(unit)s)))"""
_PULSE = f"""
SELECT {MARKS_WAIT}, standing.open, standing.soon, standing.late, concat_ws(
    ' ', standing.open, standing.soon, standing.late, undue.cases, cells.sum, cells.last, heroes.told, targets.told)
FROM (
    SELECT count(*) AS open, count(*) FILTER (WHERE clock_start < %(late)s) AS late,
        count(*) FILTER (WHERE clock_start >= %(late)s AND clock_start <= %(soon)s) AS soon
    FROM recovery_case WHERE tenant_id = %(tenant)s AND fixed_at IS NULL AND is_valid AND {_WITHIN}
) standing, (
    -- By these alone a share changes with the clock: each counts once it falls due.
    SELECT count(*) AS cases FROM recovery_case
    WHERE tenant_id = %(tenant)s AND reported_at >= %(late)s AND clock_start >= %(late)s AND is_valid AND {_WITHIN}
) undue, (
    SELECT sum(revision) AS sum, max(as_of) AS last FROM metrics_cell
    WHERE tenant_id = %(tenant)s AND (
        (family = ANY(%(families)s) AND grain = 'week' AND period = ANY(%(weeks)s))
        OR (family = %(killed)s AND grain = 'month' AND period = %(month)s))
    AND unit_id = ANY(ARRAY(
        SELECT id FROM people_unit
        WHERE tenant_id = %(tenant)s AND (id = %(unit)s OR (%(unit)s::uuid IS NULL AND parent_id IS NULL))))
) cells, (
    SELECT concat(count(*), ' ', count(*) FILTER (WHERE what = %(erased)s), ' ', max(recognised_at)) AS told
    FROM recognition_recognition
    WHERE tenant_id = %(tenant)s AND withdrawn_at IS NULL AND recognised_at > %(since)s AND {_WITHIN}
) heroes, (
    SELECT string_agg(concat(starts_on, ' ', percent), ' ' ORDER BY starts_on) AS told
    FROM metrics_target WHERE tenant_id = %(tenant)s AND metric = %(headline)s
) targets
"""


@dataclass(frozen=True)
class Pulse:
    """How many valid cases are open now, of these due within 4 hours and late; and what else a wall's content hangs on.

    beat: the same for as long as the wall shows the same; "" while marks wait, when nobody can tell without counting.
    """

    open: int
    soon: int
    late: int
    beat: str


def pulse_of(wall: Wall, *, now: datetime) -> Pulse:
    """One statement."""
    weeks, month = shown_periods(now)
    with connection.cursor() as cursor:
        cursor.execute(
            _PULSE,
            {
                "tenant": current_tenant_id(),
                "unit": wall.unit_id,
                "late": now - RECOVERY_TIME,
                "soon": now + SOON - RECOVERY_TIME,
                "families": [HEADLINE.family.key, SURPRISED.family.key],
                "weeks": weeks.cells(),
                "killed": RULES_KILLED.family.key,
                "month": month.first,
                "erased": ERASED,
                "since": now - STORY_FOR,
                "headline": HEADLINE.key,
            },
        )
        marks_wait, still_open, soon, late, told = cursor.fetchone()
    clock = f"{day_of(now)} {int(now.timestamp() // LOOKS_ANEW_AFTER.total_seconds())}"
    return Pulse(still_open, soon, late, "" if marks_wait else f"{clock} {told}")


def shown_periods(now: datetime) -> tuple[Period, Period]:
    """The weeks of the shares, the running one with them, and the month in which kills are counted."""
    zone = current_tenant().zone
    return last_weeks(WEEKS_SHOWN, now, zone), period_of(now, "month", zone)
