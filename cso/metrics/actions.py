"""Targets: set from a day on, and never lowered without saying why."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from cso.errors import InvalidFieldsError
from cso.metrics.models import Target
from cso.metrics.registry import METRICS
from tenants import audit
from tenants.models import Actor
from tenants.permissions import require
from tenants.roles import Can


def set_target(metric: str, percent: Decimal, starts_on: date, *, by: Actor | None, reason: str = "") -> Target:
    """From `starts_on` on, leaders are to reach `percent` (above 0, at most 100) of the share `metric`.

    A second target for the same day replaces the first. Raises `InvalidFieldsError`; a target below the one before
    needs a reason.
    """
    require(by, Can.SET_TARGET)
    if metric not in METRICS or METRICS[metric].kind != "share":
        raise InvalidFieldsError.of("metric", "unknown", "There is no share of this name to set a target for.")
    if not 0 < percent <= 100:
        raise InvalidFieldsError.of("percent", "out_of_range", "Use a percentage above 0 and up to 100.")
    before = Target.objects.filter(metric=metric, starts_on__lte=starts_on).order_by("-starts_on").first()
    if before is not None and percent < before.percent and not reason.strip():
        message = f"This is below the target of {before.percent.normalize():f} % before it; say why it is lowered."
        raise InvalidFieldsError.of("reason", "required", message)
    target, _ = Target.objects.update_or_create(metric=metric, starts_on=starts_on, defaults={"percent": percent})
    audit.record(by, "set_target", metric, percent=str(percent), starts_on=str(starts_on), reason=reason)
    return target
