"""Which units stand side by side: the level of a tree that a page shows, below a unit or at the top."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, Q, QuerySet

from cso.people.models import Leadership, Unit, UnitAncestor
from cso.people.queries import leading_on, visible_units
from tenants.models import Actor
from tenants.roles import Can
from tenants.scope import current_tenant_id


@dataclass(frozen=True)
class Level:
    """A unit, the units directly below it by name, and the ids of it and of all below."""

    unit: Unit
    below: list[Unit]
    ids: list[UUID]


def level_of(viewer: Actor, unit: UUID) -> Level | None:
    """Of a unit that the viewer may see, with its parent; None where there is none. One query."""
    ids = UnitAncestor.objects.filter(ancestor=OuterRef("pk")).order_by("unit_id").values("unit_id")
    asked = _with_below(visible_units(viewer)).filter(Q(pk=unit) | Q(parent=unit)).select_related("parent")
    both = list(asked.annotate(ids=ArraySubquery(ids)).order_by("name"))
    here = next((each for each in both if each.pk == unit), None)
    if here is None:
        return None
    return Level(here, [each for each in both if each is not here], here.ids)


def side_by_side(viewer: Actor, under: Unit | Level | None) -> tuple[list[UUID], list[Unit]]:
    """The top of the view (`under`, or the visible units whose parent is not visible) and the units directly below.

    Without `under` a single top shows the level below it, several tops are the level themselves. A unit without a peer
    is passed over in the same way. Each unit says whether it `has_below`. One query, or two.
    """
    if isinstance(under, Level):
        tops, units = [under.unit.pk], under.below
    elif under is not None:
        tops, units = [under.pk], _first_with_peers(under.pk)[-1]
    elif viewer.can(Can.SEE_SCORECARD):
        levels = _first_with_peers(None)
        tops, units = [unit.pk for unit in levels[0]], levels[-1]
    else:
        visible = visible_units(viewer)
        hidden_parent = Q(parent=None) | ~Q(parent__in=visible.values("pk"))
        units = list(_with_below(visible).filter(hidden_parent).order_by("name"))
        tops = [unit.pk for unit in units]
    if len(units) == 1 and units[0].has_below:  # type: ignore[attr-defined]
        units = _first_with_peers(units[0].pk)[-1]
    return tops, units


def everyone_led(viewer: Actor, under: Unit | None, day: date) -> list[Unit]:
    """Every visible unit that someone leads on a day, below `under` when given; each says whether it `has_below`."""
    led = Leadership.objects.filter(leading_on(day), unit=OuterRef("pk"))
    units = _with_below(visible_units(viewer)).filter(Exists(led))
    if under is not None:
        units = units.filter(above__ancestor=under).exclude(pk=under.pk)
    return list(units.order_by("name"))


def _first_with_peers(parent: UUID | None) -> list[list[Unit]]:
    """The levels below a unit (None: from the top of the tree) down to the first that has several units; one query.

    A level of a single unit leads to the next, down to a unit that has none below it.
    """
    begins = "IS NULL" if parent is None else "= %(parent)s"
    found = list(Unit.objects.raw(_LEVELS.format(begins=begins), {"tenant": current_tenant_id(), "parent": parent}))
    last = found[-1].steps if found else 0  # type: ignore[attr-defined]
    return [[unit for unit in found if unit.steps == steps] for steps in range(last + 1)]  # type: ignore[attr-defined]


_LEVELS = """
    WITH RECURSIVE walked(id, peers, steps) AS (
        SELECT id, count(*) OVER (), 0 FROM people_unit
        WHERE tenant_id = %(tenant)s AND parent_id {begins}
        UNION ALL
        SELECT unit.id, count(*) OVER (), walked.steps + 1
        FROM walked JOIN people_unit unit ON unit.tenant_id = %(tenant)s AND unit.parent_id = walked.id
        WHERE walked.peers = 1
    )
    SELECT unit.*, walked.steps, EXISTS (
        SELECT FROM people_unit below WHERE below.tenant_id = %(tenant)s AND below.parent_id = unit.id) AS has_below
    FROM walked JOIN people_unit unit ON unit.tenant_id = %(tenant)s AND unit.id = walked.id
    ORDER BY walked.steps, unit.name"""


def _with_below(units: QuerySet[Unit]) -> QuerySet[Unit]:
    return units.annotate(has_below=Exists(Unit.objects.filter(parent=OuterRef("pk"))))
