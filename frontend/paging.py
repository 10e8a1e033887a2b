"""Long lists of cases in pages, by where the last one ended: page 1,000 costs what page 1 costs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import IntegerField, Q, QuerySet, Subquery
from django.http import Http404, QueryDict

from cso.recovery.models import Case

PAGE = 50
# Counting on would cost more than anyone reads.
COUNTED_UP_TO = 1_000


@dataclass(frozen=True)
class Order:
    """By an instant and then the id, both the same way."""

    column: str
    newest_first: bool


OLDEST_CLOCK = Order("clock_start", newest_first=False)
# Only of cases in which a contact is due.
LONGEST_SILENT = Order("next_contact_due_at", newest_first=False)
NEWEST_REPORT = Order("reported_at", newest_first=True)


@dataclass(frozen=True)
class Page:
    """One page of cases; `next_query` and `first_query` are query strings, empty where there is nowhere to go."""

    cases: list[Case]
    next_query: str
    first_query: str


def page_of(cases: QuerySet[Case], order: Order, query: QueryDict) -> Page:
    """The page that the query's `after` asks for; Http404 for one that this list never gave out."""
    after = query.get("after", "")
    found = list(_after(cases, order, after)[: PAGE + 1])
    rows = found[:PAGE]
    following = ""
    if len(found) > PAGE:
        last = rows[-1]
        following = query_with(query, after=f"{getattr(last, order.column).isoformat()}~{last.pk}")
    return Page(rows, following, query_with(query, after=None) if after else "")


def count_of(cases: QuerySet[Case], most: int = COUNTED_UP_TO) -> tuple[int, bool]:
    """How many there are, and whether that is all: it counts up to `most`."""
    counted = cases.order_by()[: most + 1].count()
    return min(counted, most), counted <= most


class _HowMany(Subquery):
    """The number of rows of a query, inside another query: the list and its length in one read."""

    template = "(SELECT count(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()


def with_count(cases: QuerySet[Case]) -> QuerySet[Case]:
    """Each of `cases` with how many there are of them, as `counted_of` tells."""
    return cases.annotate(counted=_HowMany(cases.order_by().values("pk")[: COUNTED_UP_TO + 1]))


def counted_of(page: Page, cases: QuerySet[Case]) -> tuple[int, bool]:
    """As `count_of(cases)`, by a page of them that was read `with_count`."""
    if not page.cases:
        return count_of(cases) if page.first_query else (0, True)
    counted: int = page.cases[0].counted  # type: ignore[attr-defined]
    return min(counted, COUNTED_UP_TO), counted <= COUNTED_UP_TO


def in_order(cases: QuerySet[Case], order: Order) -> QuerySet[Case]:
    sign = "-" if order.newest_first else ""
    return cases.order_by(f"{sign}{order.column}", f"{sign}id")


def _after(cases: QuerySet[Case], order: Order, after: str) -> QuerySet[Case]:
    if not after:
        return in_order(cases, order)
    try:
        instant, _, pk = after.partition("~")
        at, last = datetime.fromisoformat(instant), UUID(pk)
    except ValueError as error:
        raise Http404 from error
    if at.tzinfo is None:
        raise Http404
    return behind(cases, order, at, last)


def behind(cases: QuerySet[Case], order: Order, at: datetime, last: UUID) -> QuerySet[Case]:
    """The cases in order that come after the one with the id `last`, whose instant is `at`."""
    way = "lt" if order.newest_first else "gt"
    same_or_further = Q(**{f"{order.column}__{way}e": at})
    further = Q(**{f"{order.column}__{way}": at}) | Q(**{f"id__{way}": last})
    return in_order(cases, order).filter(same_or_further, further)


def query_with(query: QueryDict, **changes: str | None) -> str:
    """The query string with these changes; None takes a name out."""
    changed = query.copy()
    for name, value in changes.items():
        changed.pop(name, None)
        if value is not None:
            changed[name] = value
    return f"?{changed.urlencode()}"
