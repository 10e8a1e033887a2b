"""Who sees a panel, and who may run it. The API, the portal and the templates ask here."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from cso.errors import NotAllowedError
from cso.panels.models import Panel
from cso.people.models import Unit, UnitAncestor
from cso.people.queries import led_units
from tenants.models import Actor, Membership
from tenants.roles import Can


def visible_panels(viewer: Actor) -> QuerySet[Panel]:
    """All panels; for a leader those of the units that they lead, of units below and above, and those they keep.

    Raises PermissionDenied for who sees no results.
    """
    if not viewer.can(Can.SEE_RESULTS):
        raise PermissionDenied
    if not isinstance(viewer, Membership) or viewer.can(Can.SEE_SCORECARD):
        return Panel.objects.all()
    led = list(led_units(viewer).values_list("pk", flat=True))
    lines = UnitAncestor.objects.filter(Q(ancestor__in=led) | Q(unit__in=led)).values_list("ancestor_id", "unit_id")
    units = {unit for line in lines for unit in line}
    return Panel.objects.filter(unit__in=units) | kept_panels(viewer)


def kept_panels(viewer: Actor) -> QuerySet[Panel]:
    """Those of which the viewer is the steward, while their role may be one; none for an API key."""
    if not isinstance(viewer, Membership) or not may_be_steward(viewer):
        return Panel.objects.none()
    return Panel.objects.filter(steward=viewer)


def may_be_steward(member: Membership) -> bool:
    """Who sees results, and works here: a steward reads even more than these."""
    return member.ended_at is None and member.can(Can.SEE_RESULTS)


def runnable_panels(member: Membership) -> QuerySet[Panel]:
    """Those not closed that the member may run, by name."""
    run = Panel.objects.all() if member.can(Can.RUN_PANELS) else kept_panels(member)
    return run.filter(closed_at=None).order_by("name", "id")


def panels_listening_to(unit: Unit) -> QuerySet[Panel]:
    """Those not closed that hear customers of the unit, by name: for whoever works on a case of it, see
    `members.recruit_from_case`."""
    above = UnitAncestor.objects.filter(unit=unit).values_list("ancestor_id", flat=True)
    return Panel.objects.filter(closed_at=None, unit__in=list(above)).order_by("name", "id")


def may_run_panel(by: Actor | None, panel: Panel) -> bool:
    """Whoever runs panels, and of this one its steward. None is the product itself (an import, the demo)."""
    if by is None or by.can(Can.RUN_PANELS):
        return True
    return is_steward(by, panel)


def is_steward(by: Actor, panel: Panel) -> bool:
    """Who keeps it, while their role may."""
    return isinstance(by, Membership) and panel.steward_id == by.pk and may_be_steward(by)


def require_panel(by: Actor | None, panel: Panel) -> None:
    """Raise `NotAllowedError` unless `by` may run the panel."""
    if not may_run_panel(by, panel):
        raise NotAllowedError(_("Only the steward of the panel does this, or who runs panels."))
