"""The one registry of metrics. API, portal, documentation and tests read it; the engine counts by it.

A *source* is a table of facts. A *family* counts the rows of a source by the instant that decides their period; each of
its counters is one condition on columns that the database computes. The same condition counts a figure and lists the
facts behind it, so the two cannot differ. A *metric* is a share, a time, a count or an amount of money over one
family's counters.

To add a metric: give it a family (or a counter of one), an entry in METRICS, and run `manage.py metrics rebuild`.
"""

from cso.metrics.registry.families import (
    CASES,
    CLAIMED,
    DUE,
    FAMILIES,
    VALID,
    kept,
)
from cso.metrics.registry.kinds import Family, Metric, Money, Source, Total, as_sql
from cso.metrics.registry.metrics import METRICS

__all__ = [
    "CASES",
    "CLAIMED",
    "DUE",
    "FAMILIES",
    "METRICS",
    "VALID",
    "Family",
    "Metric",
    "Money",
    "Source",
    "Total",
    "as_sql",
    "kept",
]
