"""Plans: what a leader is scored by in a year. Versions are added, never changed; what makes one easier is told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from django.db.models import Model, OuterRef, QuerySet, Subquery
from django.utils.translation import gettext
from django.utils.translation import override as in_language

from cso.errors import ConflictError, InvalidFieldsError, NotAllowedError
from cso.people.models import Leadership, Person, Unit
from cso.people.queries import leaderships_between, visible_units
from cso.scorecards.models import Acknowledgement, Plan, PlanItem, PlanVersion
from cso.scorecards.plans.items import Item, check_items, easier, items_of
from cso.texts import text_errors
from tenants import audit
from tenants.locks import hold_names
from tenants.models import Actor, ApiKey, Membership
from tenants.permissions import require
from tenants.roles import Can
from tenants.scope import day_of

MAX_REASON = 500
PLAN_YEARS = range(1970, 2201)


def make_plan(
    person: Person,
    unit: Unit,
    year: int,
    *,
    items: Sequence[Item],
    starts_on: date | None = None,
    by: Actor | None,
    now: datetime,
    reason: str = "",
) -> PlanVersion:
    """What `person` is scored by in `unit` from `starts_on` (the first of a month; None: January) on: version 1.

    Only this version may start in a month that has begun; when it was made stays beside it. Refused, by field, with
    what `check_items` says, for somebody who leads the unit on no day of it, and with `ConflictError` where there is a
    plan. Targets below the path in force need a person and a reason.
    """
    require(by, Can.SET_PLANS)
    if year not in PLAN_YEARS:
        raise InvalidFieldsError.of("year", "out_of_range", gettext("Use a year from 1970 to 2200."))
    first = starts_on or date(year, 1, 1)
    _check_start(year, first)
    if not leaderships_between(first, date(year + 1, 1, 1), [unit.pk]).filter(person=person).exists():
        message = gettext("%(person)s leads %(unit)s on no day from %(day)s to the end of %(year)s.")
        words = {"person": person.name, "unit": unit.name, "day": first, "year": year}
        raise InvalidFieldsError.of("person", "leads_not", message % words)
    hold_names(f"plan:{person.pk}:{unit.pk}")
    if Plan.objects.filter(person=person, unit=unit, year=year).exists():
        message = gettext("%(person)s has a plan for %(unit)s in %(year)s: change it.")
        words = {"person": person.name, "unit": unit.name, "year": year}
        raise ConflictError(message % words, code="has_a_plan")
    items = check_items(items, first)
    told = easier([], items, first)
    _check_easier(told, by=by, reason=reason)
    plan = Plan.objects.create(person=person, unit=unit, year=year)
    version = _add_version(plan, 1, first, items, by=by, now=now, reason=reason)
    _record(by, "make_plan", version, items, told)
    return version


def change_plan(
    plan: Plan, *, items: Sequence[Item], starts_on: date, reason: str, by: Actor | None, now: datetime
) -> PlanVersion:
    """What the plan says from the month `starts_on` on, in place of whatever earlier versions say of it.

    A month that has begun keeps its weights and targets. Each change has its reason; a key may make nothing easier: no
    lower target or floor, no item dropped or of less weight in its category.
    """
    require(by, Can.SET_PLANS)
    Plan.objects.select_for_update().get(pk=plan.pk)
    _check_start(plan.year, starts_on)
    if starts_on <= day_of(now):
        message = gettext("A month that has begun keeps its weights and targets; use the first of a later one.")
        raise InvalidFieldsError.of("starts_on", "has_begun", message)
    if not reason.strip():
        raise InvalidFieldsError.of("reason", "required", gettext("Say why the plan is changed."))
    items = check_items(items, starts_on)
    told = easier_than(plan, items, starts_on)
    _check_easier(told, by=by, reason=reason)
    number = plan.versions.count() + 1
    version = _add_version(plan, number, starts_on, items, by=by, now=now, reason=reason)
    _record(by, "change_plan", version, items, told)
    return version


@dataclass(frozen=True)
class Copied:
    """What became of a copy. `leads_nothing`: this person leads no unit in that year."""

    person: Person
    unit: Unit | None
    status: Literal["copied", "has_a_plan", "leads_nothing"]
    version: PlanVersion | None = None


def copy_plan(
    plan: Plan,
    to: Iterable[Person],
    year: int,
    *,
    starts_on: date | None = None,
    by: Actor | None,
    now: datetime,
    reason: str = "",
) -> list[Copied]:
    """Give the items of the plan's last version to others, for each unit that they lead in `year` and have no plan for.

    From `starts_on` (None: January) on, or from the month in which they began to lead. Raises as `make_plan` does.
    """
    require(by, Can.SET_PLANS)
    first = starts_on or date(year, 1, 1)
    _check_start(year, first)
    items = items_of(versions_of(plan)[-1])
    people = {person.pk: person for person in to}
    led: dict[UUID, dict[UUID, tuple[Unit, date]]] = {pk: {} for pk in people}
    held = Leadership.objects.filter(person__in=list(people), starts_on__lt=date(year + 1, 1, 1))
    for each in held.exclude(ends_on__lte=first).select_related("unit").order_by("unit__name", "starts_on"):
        led[each.person_id].setdefault(each.unit_id, (each.unit, max(first, each.starts_on.replace(day=1))))
    found = []
    for pk, person in people.items():
        for unit, since in led[pk].values():
            if Plan.objects.filter(person=person, unit=unit, year=year).exists():
                found.append(Copied(person, unit, "has_a_plan"))
                continue
            version = make_plan(person, unit, year, items=items, starts_on=since, by=by, now=now, reason=reason)
            found.append(Copied(person, unit, "copied", version))
        if not led[pk]:
            found.append(Copied(person, None, "leads_nothing"))
    return found


def acknowledge_plan(version: PlanVersion, *, by: Membership) -> Acknowledgement:
    """The leader has read it: they themselves, and nobody for them (`NotAllowedError`). Once; again is the same."""
    person = version.plan.person
    if not isinstance(by, Membership) or person.member_id != by.pk or by.ended_at is not None:
        raise NotAllowedError(
            gettext("Only %(name)s can say that they have read it.") % {"name": person.name}, code="not_yours"
        )
    acknowledgement, is_new = Acknowledgement.objects.get_or_create(version=version, defaults={"member": by})
    if is_new:
        audit.record(by, "acknowledge_plan", _subject(version.plan), plan=str(version.plan_id), version=version.number)
    return acknowledgement


def easier_than(plan: Plan | None, items: Sequence[Item], starts_on: date) -> list[str]:
    """In sentences, what a version of `items` would ask less of the leader; plan None: of a new plan."""
    before = items_of(version_at(versions_of(plan), starts_on)) if plan is not None else []
    return easier(before, items, starts_on)


def visible_plans(viewer: Actor) -> QuerySet[Plan]:
    """The plans of units that the viewer may see, and the viewer's own, with person and unit."""
    plans = Plan.objects.select_related("person", "unit")
    if viewer.can(Can.SEE_SCORECARD):
        return plans
    seen = plans.filter(unit__in=list(visible_units(viewer).values_list("pk", flat=True)))
    return seen | plans.filter(person__member=viewer) if isinstance(viewer, Membership) else seen


def with_versions(plans: QuerySet[Plan]) -> list[Plan]:
    """The plans with all their versions (who made each, and when it was read) and items, in two queries."""
    known = {plan.pk: plan for plan in plans}
    _give_versions(known, _items_with_versions().filter(version__plan__in=list(known)) if known else ())
    return list(known.values())


def plan_with_versions(viewer: Actor, plan: UUID) -> Plan | None:
    """One plan that the viewer may see, likewise, in one query; None where there is none."""
    seen = visible_plans(viewer).filter(pk=plan).order_by()
    items = list(_items_with_versions().select_related(*_OF_VERSION, *_OF_PLAN).filter(version__plan__in=seen))
    if not items:
        return None
    found: Plan = items[0].version.plan
    _give_versions({found.pk: found}, items)
    return found


_OF_VERSION = ("category", "measure", "version__made_by__user", "version__api_key")
_OF_PLAN = ("version__plan__person", "version__plan__unit")


def _items_with_versions() -> QuerySet[PlanItem]:
    """Every version has items, so they lead to it; in the order of versions, and of categories within each."""
    read_at = Acknowledgement.objects.filter(version=OuterRef("version")).values("at")[:1]
    items = PlanItem.objects.select_related(*_OF_VERSION).annotate(read_at=Subquery(read_at))
    return items.order_by("version__number", "category__position", "category_id", "id")


def _give_versions(plans: Mapping[UUID, Plan], items: Iterable[PlanItem]) -> None:
    versions: dict[UUID, PlanVersion] = {}
    held: dict[UUID, list[PlanItem]] = defaultdict(list)
    for item in items:
        version = versions.setdefault(item.version_id, item.version)
        version.read_at = item.read_at  # type: ignore[attr-defined]
        version.plan = plans[version.plan_id]
        item.version = version
        held[version.pk].append(item)
    of_plans: dict[UUID, list[PlanVersion]] = defaultdict(list)
    for version in versions.values():
        _keep_read(version, "items", PlanItem.objects.all(), held[version.pk])
        of_plans[version.plan_id].append(version)
    for plan in plans.values():
        _keep_read(plan, "versions", PlanVersion.objects.all(), of_plans[plan.pk])


def _keep_read(row: Model, name: str, related: QuerySet[Any], found: list[Any]) -> None:
    """Answer `row.name.all()` by what was read already, as `prefetch_related` would."""
    related._result_cache = found
    row.__dict__.setdefault("_prefetched_objects_cache", {})[name] = related


def versions_of(plan: Plan) -> list[PlanVersion]:
    """By their number, with their items."""
    [found] = with_versions(Plan.objects.filter(pk=plan.pk))
    return list(found.versions.all())


def version_at(versions: Sequence[PlanVersion], month: date) -> PlanVersion:
    """The one in force for what begins with a month: the last made of those that start by then, else the first."""
    started = [version for version in versions if version.starts_on <= month]
    return max(started, key=lambda version: version.number) if started else versions[0]


def _check_start(year: int, starts_on: date) -> None:
    if starts_on.year != year or starts_on.day != 1:
        message = gettext("Use the first of a month of %(year)s.")
        raise InvalidFieldsError.of("starts_on", "not_a_month", message % {"year": year})


def _check_easier(told: Sequence[str], *, by: Actor | None, reason: str) -> None:
    if errors := text_errors("reason", reason, MAX_REASON):
        raise InvalidFieldsError(errors)
    if not told:
        return
    words = {"easier": " ".join(str(each) for each in told)}
    if isinstance(by, ApiKey):
        message = gettext("No key makes a plan easier; a person does, with a reason. %(easier)s")
        raise NotAllowedError(message % words, code="a_person_lowers")
    if not reason.strip():
        message = gettext("Say why it is made easier: %(easier)s")
        raise InvalidFieldsError.of("reason", "required", message % words)


def _add_version(
    plan: Plan, number: int, starts_on: date, items: Sequence[Item], *, by: Actor | None, now: datetime, reason: str
) -> PlanVersion:
    version = PlanVersion.objects.create(
        plan=plan,
        number=number,
        starts_on=starts_on,
        reason=reason.strip(),
        made_at=now,
        made_by=by if isinstance(by, Membership) else None,
        api_key=by if isinstance(by, ApiKey) else None,
    )
    PlanItem.objects.bulk_create(
        PlanItem(
            version=version,
            category=item.category,
            metric=item.metric,
            measure=item.measure,
            weight=item.weight,
            floor=item.floor,
            target=item.target,
        )
        for item in items
    )
    return version


def _record(by: Actor | None, act: str, version: PlanVersion, items: Sequence[Item], told: Sequence[str]) -> None:
    with in_language("en"):  # as all of the log is, whoever reads it
        said = [str(each) for each in told]
    audit.record(
        by,
        act,
        _subject(version.plan),
        plan=str(version.plan_id),
        version=version.number,
        starts_on=str(version.starts_on),
        reason=version.reason,
        easier=said,
        items=[item.told() for item in items],
    )


def _subject(plan: Plan) -> str:
    return f"{plan.person.name}, {plan.unit.code}, {plan.year}"
