"""Which cases were closed by quoting which rule. Here, because the register does not know of cases."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from cso.recovery.models import Case
from cso.recovery.queries import visible_cases
from cso.rules.models import Rule
from tenants.models import Actor

LOOKS_BACK = timedelta(days=90)


def cases_citing(viewer: Actor, rule: Rule) -> QuerySet[Case]:
    """The valid cases that the viewer may see and that the rule was quoted in."""
    return visible_cases(viewer).filter(quoted_rule=rule, is_valid=True)


def with_times_quoted(rules: QuerySet[Rule], *, now: datetime) -> QuerySet[Any]:
    """`rules`, each with `times_quoted`: in how many valid cases of the last 90 days, of whatever unit."""
    quoting = Case.objects.filter(quoted_rule=OuterRef("pk"), clock_start__gt=now - LOOKS_BACK, is_valid=True)
    times = quoting.order_by().values("quoted_rule").annotate(times=Count("*")).values("times")
    return rules.annotate(times_quoted=Coalesce(Subquery(times), 0, output_field=IntegerField()))
