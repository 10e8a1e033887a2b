"""Reads of the organization, viewer first."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db.models import BooleanField, F, Func, Max, Q, QuerySet, UUIDField, Value
from django.utils import timezone

from cso.people.models import Leadership, Person, Unit, UnitAncestor
from tenants.models import Actor, Membership
from tenants.roles import Can
from tenants.scope import day_of


def visible_units(viewer: Actor) -> QuerySet[Unit]:
    """The units whose figures the viewer may see: all, or those below the units that the viewer leads now."""
    if viewer.can(Can.SEE_SCORECARD):
        return Unit.objects.all()
    below = UnitAncestor.objects.filter(ancestor__in=led_units(viewer)).values("unit")
    return Unit.objects.filter(pk__in=below)


def leading_on(day: date) -> Q:
    """Of leaderships: those in force on a day of the tenant."""
    return Q(starts_on__lte=day) & (Q(ends_on=None) | Q(ends_on__gt=day))


def led_units(viewer: Actor) -> QuerySet[Unit]:
    """The units that the viewer leads today; none for an API key.

    What somebody may see is decided by the real clock, whatever the instant for which figures are asked.
    """
    if not isinstance(viewer, Membership):
        return Unit.objects.none()
    held = Leadership.objects.filter(leading_on(day_of(timezone.now())), person__member=viewer)
    return Unit.objects.filter(pk__in=held.values("unit"))


def home_unit(viewer: Actor) -> Unit | None:
    """The unit in which the viewer works, as far as known."""
    if not isinstance(viewer, Membership):
        return None
    person = Person.objects.select_related("unit").filter(member=viewer).first()
    return person.unit if person else None


def units_of(people: Iterable[Person], day: date) -> tuple[dict[UUID, UUID], set[UUID]]:
    """Whose figures people's own acts belong to: the unit that each leads on a day of the tenant (the highest, of
    several), else the one that they work in; by the person's id, and missing for who has neither. And the ids of those
    who lead a unit at the top of the tree.
    """
    units = {person.pk: person.unit_id for person in people}
    led = Leadership.objects.filter(leading_on(day), person__in=list(units))
    rows = list(led.order_by("unit__name", "unit_id").values_list("person_id", "unit_id", "unit__parent_id"))
    above = UnitAncestor.objects.filter(unit__in={unit for _person, unit, _parent in rows}).order_by()
    depths = dict(above.values_list("unit_id").annotate(depth=Max("distance")))
    highest_last = sorted(rows, key=lambda row: depths[row[1]], reverse=True)
    units |= {person: unit for person, unit, _parent in highest_last}
    tops = {person for person, _unit, parent in rows if parent is None}
    return {person: unit for person, unit in units.items() if unit is not None}, tops


def own_units(viewer: Membership) -> list[UUID]:
    """The units that the viewer leads today, works in, or takes cases in for; without those below them."""
    works_in = Person.objects.filter(member=viewer).values("unit")
    own = Q(pk__in=led_units(viewer).values("pk")) | Q(pk__in=works_in) | Q(intake_owner=viewer)
    return list(Unit.objects.filter(own).values_list("pk", flat=True))


class _AnyOf(Func):
    """`column = ANY(array)`: ten thousand ids as one value, where `IN` would take each by itself."""

    template = "%(expressions)s)"
    arg_joiner = " = ANY("
    output_field = BooleanField()


def in_or_below(units: Iterable[UUID], column: str = "unit") -> Q:
    """Of rows of a large table, such as cases: those of `units` and of all below them.

    By the ids and not by a subselect: the planner then knows how many rows they have, and reads few units by their own
    index and many along the list's order, where otherwise it would read the list to its end.
    """
    below = UnitAncestor.objects.filter(ancestor__in=list(units)).order_by("unit_id")
    ids = list(below.values_list("unit_id", flat=True).distinct())
    return among(ids, column)


def among(ids: Iterable[UUID], column: str) -> Q:
    """Of rows of a large table: those whose `column` is one of `ids`."""
    ids = list(ids)
    # An index of one unit is in the list's order too; an index of some is not.
    return Q(**{column: ids[0]}) if len(ids) == 1 else Q(_AnyOf(F(column), Value(ids, ArrayField(UUIDField()))))


def leaderships_between(first: date, end: date, units: list[UUID] | None) -> QuerySet[Leadership]:
    """Who led any of `units` (None: of all) on any day of [first, end), by unit and start."""
    overlap = Q(starts_on__lt=end) & (Q(ends_on=None) | Q(ends_on__gt=first))
    led = Leadership.objects.filter(overlap)
    return (
        (led if units is None else led.filter(unit__in=units))
        .select_related("person__position", "unit")
        .order_by("unit_id", F("starts_on"))
    )


def leader_of(unit: Unit, day: date) -> Leadership | None:
    """Who leads a unit on a day of the tenant; None for a vacancy."""
    return unit.leaderships.filter(leading_on(day)).select_related("person__position").first()


def leaders_on(day: date) -> dict[UUID, Person]:
    """Who leads which unit (by its id) on a day of the tenant."""
    return {
        leadership.unit_id: leadership.person
        for leadership in Leadership.objects.filter(leading_on(day)).select_related("person__position")
    }
