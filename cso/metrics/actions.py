"""Targets: set from a day on, or as a path that rises to 100 %; never lowered without a person's written reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise

from django.utils.translation import gettext

from cso.errors import InvalidFieldsError, NotAllowedError
from cso.languages import format_date
from cso.metrics.models import Target
from cso.metrics.periods import Period
from cso.metrics.registry import METRICS, Metric
from cso.texts import text_errors
from tenants import audit
from tenants.locks import hold_names
from tenants.models import Actor, ApiKey
from tenants.permissions import require
from tenants.roles import Can

MAX_REASON = 500
FULL = Decimal(100)
# A path is read on one page; longer ones promise nothing that anybody of today answers for.
MOST_STEPS = 120

# Percent by the day from which it is in force, until the next.
Course = Mapping[date, Decimal]


def set_target(metric: str, percent: Decimal, starts_on: date, *, by: Actor | None, reason: str = "") -> Target:
    """From `starts_on` on, leaders are to reach `percent` (above 0, at most 100) of the share `metric`.

    A second target for the same day replaces the first. Whatever makes a later target lower than an earlier one, or
    that of any day lower than it was, is lowering: it needs a reason (`InvalidFieldsError`), and a person, for no key
    lowers (`NotAllowedError`). Of what is better low, a higher one is the lower target.
    """
    require(by, Can.SET_TARGET)
    share = _share(metric)
    _check_percent("percent", percent)
    before = _hold_course(metric)
    after = {**before, starts_on: percent}
    lowered = _check_lowering(share, before, after, by=by, reason=reason)
    target, _ = Target.objects.update_or_create(metric=metric, starts_on=starts_on, defaults={"percent": percent})
    audit.record(
        by,
        "set_target",
        metric,
        percent=str(percent),
        starts_on=str(starts_on),
        reason=reason,
        replaced=str(before[starts_on]) if starts_on in before else None,
        lowered=lowered,
    )
    return target


@dataclass(frozen=True)
class PathPlan:
    """`percent` from `starts_on`, `step` points more every `every_months`, and 100 from `full_by` on, at the latest."""

    starts_on: date
    percent: Decimal
    step: Decimal
    every_months: int
    full_by: date

    def course(self) -> dict[date, Decimal]:
        """The targets by the day from which each is in force; rising, the last is 100."""
        found, day, percent = {self.starts_on: self.percent}, self.starts_on, self.percent
        while percent < FULL:
            day, percent = _months_later(day, self.every_months), min(FULL, percent + self.step)
            if day >= self.full_by:
                day, percent = self.full_by, FULL
            found[day] = percent
        return found


def set_target_path(
    metric: str,
    *,
    starts_on: date,
    percent: Decimal,
    step: Decimal,
    every_months: int,
    full_by: date,
    by: Actor | None,
    reason: str = "",
) -> list[Target]:
    """Let the target of a share rise step by step to 100 % by a day; every target from `starts_on` on makes room.

    Both days begin a month, for a month is held against what is in force at its start. In order of their days. Raises
    `InvalidFieldsError`; where any day's target becomes lower than it was, as `set_target` does.
    """
    require(by, Can.SET_TARGET)
    share = _share(metric)
    path = PathPlan(starts_on, percent, step, every_months, full_by)
    _check_path(share, path)
    before = _hold_course(metric)
    course = path.course()
    after = {day: kept for day, kept in before.items() if day < starts_on} | course
    lowered = _check_lowering(share, before, after, by=by, reason=reason)
    replaced = {str(day): str(kept) for day, kept in before.items() if day >= starts_on}
    Target.objects.filter(metric=metric, starts_on__gte=starts_on).delete()
    made = Target.objects.bulk_create(
        Target(metric=metric, starts_on=day, percent=reached) for day, reached in course.items()
    )
    told = {str(day): str(reached) for day, reached in course.items()}
    audit.record(by, "set_target_path", metric, path=told, replaced=replaced, reason=reason, lowered=lowered)
    return made


def weaker(metric: Metric, percent: Decimal, than: Decimal) -> bool:
    """Whether a target asks less than another, in the metric's own direction."""
    return percent > than if metric.better == "lower" else percent < than


def in_force(course: Course, day: date) -> Decimal | None:
    """What a course asks on a day; None before its first."""
    started = [starts_on for starts_on in course if starts_on <= day]
    return course[max(started)] if started else None


def _share(key: str) -> Metric:
    if key not in METRICS or METRICS[key].kind != "share":
        raise InvalidFieldsError.of("metric", "unknown", gettext("There is no share of this name to set a target for."))
    return METRICS[key]


def _check_percent(field: str, percent: Decimal) -> None:
    if not 0 < percent <= FULL:
        raise InvalidFieldsError.of(field, "out_of_range", gettext("Use a percentage above 0 and up to 100."))


def _check_path(metric: Metric, path: PathPlan) -> None:
    if metric.better == "lower":
        raise InvalidFieldsError.of(
            "metric", "better_low", gettext("A path leads up to 100 %; this share is better low.")
        )
    _check_percent("percent", path.percent)
    _check_percent("step", path.step)
    for name in ("starts_on", "full_by"):
        if getattr(path, name).day != 1:
            raise InvalidFieldsError.of(
                name, "mid_month", gettext("Use the first of a month: months are held against it.")
            )
    if path.full_by <= path.starts_on:
        raise InvalidFieldsError.of("full_by", "before_start", gettext("100 % comes after the start."))
    if not 1 <= path.every_months <= 12:
        raise InvalidFieldsError.of("every_months", "out_of_range", gettext("Use 1 to 12 months."))
    months = Period("month", path.starts_on), Period("month", path.full_by)
    if len(Period("month", months[0].first, _distance(*months)).cells()) > MOST_STEPS * path.every_months:
        raise InvalidFieldsError.of(
            "full_by", "too_long", gettext("Use %(most)s steps at most.") % {"most": MOST_STEPS}
        )


def _distance(start: Period, end: Period) -> int:
    return (end.first.year - start.first.year) * 12 + end.first.month - start.first.month


def _months_later(day: date, months: int) -> date:
    years, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(years, month + 1, 1)


def _hold_course(metric: str) -> dict[date, Decimal]:
    """The targets as they are once nobody else writes any."""
    hold_names(f"targets:{metric}")
    return dict(Target.objects.filter(metric=metric).values_list("starts_on", "percent"))


def _check_lowering(metric: Metric, before: Course, after: Course, *, by: Actor | None, reason: str) -> bool:
    """Whether a write lowers; raises when it may not."""
    if errors := text_errors("reason", reason, MAX_REASON):
        raise InvalidFieldsError(errors)
    found = _lowering(metric, before, after)
    if found is None:
        return False
    if isinstance(by, ApiKey):
        message = gettext(
            "Lowering a target is the Chief Serving Officer's own decision, with a reason; no key takes it."
        )
        raise NotAllowedError(message, code="a_person_lowers")
    if not reason.strip():
        day, asked, instead = found
        message = gettext("From %(day)s on this asks less: %(less)s %% after %(before)s %%; say why it is lowered.")
        values = {
            "day": format_date(day, "j F Y"),
            "less": f"{instead.normalize():f}",
            "before": f"{asked.normalize():f}",
        }
        raise InvalidFieldsError.of("reason", "required", message % values)
    return True


def _lowering(metric: Metric, before: Course, after: Course) -> tuple[date, Decimal, Decimal] | None:
    """The first day on which less is asked than was, or than the day before it (unless that fall was there already):
    with what was asked, and what is asked instead. None where there is none."""
    falls = {(*one, *two) for one, two in pairwise(sorted(before.items()))}
    last: tuple[date, Decimal] | None = None
    for day in sorted({*before, *after}):
        was, now = in_force(before, day), in_force(after, day)
        if now is not None and was is not None and weaker(metric, now, was):
            return day, was, now
        if day in after:
            here = (day, after[day])
            if last and weaker(metric, here[1], last[1]) and (*last, *here) not in falls:
                return day, last[1], here[1]
            last = here
    return None
