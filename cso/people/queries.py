"""Reads of the organization, viewer first."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.db.models import F, Q, QuerySet
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


def units_below(unit: UUID) -> QuerySet[UnitAncestor]:
    """The closure rows of a unit and all below it."""
    return UnitAncestor.objects.filter(ancestor_id=unit)


def leaderships_between(first: date, end: date, units: list[UUID]) -> QuerySet[Leadership]:
    """Who led any of `units` on any day of [first, end), by unit and start."""
    overlap = Q(starts_on__lt=end) & (Q(ends_on=None) | Q(ends_on__gt=first))
    return (
        Leadership.objects.filter(overlap, unit__in=units)
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
