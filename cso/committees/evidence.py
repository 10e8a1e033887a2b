"""What speaks for a motion: counted at its ballot's opening, and frozen there with a hash."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, Sum

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
    counted = cases.aggregate(all=Count("id"), recent=Count("id", filter=Q(clock_start__gte=recent)))
    broken = breaks.aggregate(all=Count("id"), recent=Count("id", filter=Q(broken_at__gte=recent)))
    exposed = Exposure.objects.filter(pk__in=_one_exposure_each(cases))
    money = exposed.aggregate(low=Sum("worth_low_minor"), high=Sum("worth_high_minor"), customers=Count("id"))
    return {
        "cases": counted["all"],
        "cases_recently": counted["recent"],
        "breaks": broken["all"],
        "breaks_recently": broken["recent"],
        "nominations": nominations.count(),
        "customers": money["customers"],
        "worth_low_minor": money["low"] or 0,
        "worth_high_minor": money["high"] or 0,
        "currency": recovery_settings().currency,
    }


def evidence_on(rule: Rule, *, until: datetime) -> tuple[dict[str, Any], str]:
    """The evidence and its SHA-256, over its canonical JSON."""
    evidence = evidence_of(rule, until=until)
    canonical = json.dumps(evidence, sort_keys=True, separators=(",", ":"))
    return evidence, hashlib.sha256(canonical.encode()).hexdigest()


def _one_exposure_each(cases: Any) -> Any:
    """The latest exposure of each customer of these cases."""
    customers = cases.filter(customer__isnull=False).values("customer")
    latest = Exposure.objects.filter(customer__in=customers).order_by("customer", "-at_risk_since")
    return latest.distinct("customer").values("pk")
