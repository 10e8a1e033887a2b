"""What speaks for a motion: counted at its ballot's opening, and frozen there with a hash."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, Q

from cso.committees.models import Nomination, RuleBreak
from cso.recovery.models import Case, Exposure
from cso.recovery.settings import recovery_settings
from cso.rules.models import Rule

RECENTLY = timedelta(days=90)


def evidence_of(rule: Rule, *, until: datetime) -> dict[str, Any]:
    """Cases that cite the rule, breaks and nominations, all and of the last 90 days, and the money at risk in them.

    Money in minor units of the tenant's currency: the worth, low and high, of the customers of those cases, each once.
    """
    recent = until - RECENTLY
    cases = Case.objects.filter(quoted_rule=rule, is_valid=True, clock_start__lt=until)
    breaks = RuleBreak.objects.filter(rule=rule, broken_at__lt=until)
    nominations = Nomination.objects.filter(rule=rule, submitted_at__lt=until)
    counted = cases.aggregate(
        all=Count("id"),
        recent=Count("id", filter=Q(clock_start__gte=recent)),
        customers=ArrayAgg("customer", distinct=True, filter=Q(customer__isnull=False)),
    )
    broken = breaks.aggregate(all=Count("id"), recent=Count("id", filter=Q(broken_at__gte=recent)))
    worth = _latest_worth(counted["customers"] or [])
    return {
        "cases": counted["all"],
        "cases_recently": counted["recent"],
        "breaks": broken["all"],
        "breaks_recently": broken["recent"],
        "nominations": nominations.count(),
        "customers": len(worth),
        "worth_low_minor": sum(low or 0 for low, _ in worth),
        "worth_high_minor": sum(high or 0 for _, high in worth),
        "currency": recovery_settings().currency,
    }


def evidence_on(rule: Rule, *, until: datetime) -> tuple[dict[str, Any], str]:
    """The evidence and its SHA-256, over its canonical JSON."""
    evidence = evidence_of(rule, until=until)
    canonical = json.dumps(evidence, sort_keys=True, separators=(",", ":"))
    return evidence, hashlib.sha256(canonical.encode()).hexdigest()


def _latest_worth(customers: list[UUID]) -> list[tuple[int | None, int | None]]:
    """Low and high of the latest exposure of each customer; by their ids, so that it is planned by what they are."""
    latest = Exposure.objects.filter(customer__in=customers).order_by("customer", "-at_risk_since")
    return list(latest.distinct("customer").values_list("worth_low_minor", "worth_high_minor"))
