"""Panels: founded, kept and closed; how many of whom they want, and how carefully they are heard."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from cso.errors import ConflictError, FieldError, InvalidFieldsError
from cso.panels.models import LEAST_GROUP, MAX_SEGMENT, ListeningSettings, Panel, Quota, Wave
from cso.panels.permissions import may_be_steward, require_panel
from cso.panels.rotation import rotate_soon
from cso.people.models import Unit
from cso.texts import counted, text_errors
from tenants import audit
from tenants.models import Actor, Membership
from tenants.permissions import require
from tenants.roles import Can

MAX_NAME, MAX_PURPOSE = 120, 500
LONGEST_TERM = 3_660
MOST_WANTED = 1_000_000
LARGEST_GROUP = 100
# What `change_panel` may change.
CHANGEABLE = ("name", "purpose", "steward", "term_days")


def found_panel(
    name: str,
    *,
    unit: Unit,
    steward: Membership,
    by: Actor | None,
    now: datetime,
    purpose: str = "",
    term_days: int | None = None,
) -> Panel:
    """A panel of customers of a unit and those below it, with nobody on it yet.

    steward: who keeps it, and alone reads what was written with the names in it. term_days: how long a member stays
    before they make room (None: until they leave). Raises `InvalidFieldsError` by field, `ConflictError` for a name
    that is taken.
    """
    require(by, Can.RUN_PANELS)
    panel = Panel(
        name=" ".join(name.split()),
        purpose=purpose.strip(),
        unit=unit,
        steward=steward,
        term_days=term_days,
        founded_at=now,
    )
    _check(panel)
    _save(panel)
    audit.record(by, "found_panel", panel.name, unit=unit.code, steward=steward.label)
    return panel


def change_panel(panel: Panel, *, by: Actor | None, now: datetime, **values: Any) -> Panel:
    """Change any of `CHANGEABLE`. Another term is that of the present members too; only who runs all panels names
    another steward."""
    require_panel(by, panel)
    if unknown := set(values) - set(CHANGEABLE):
        raise ValueError(f"Not changeable: {sorted(unknown)}")
    panel = _hold(panel)
    if "steward" in values and values["steward"].pk != panel.steward_id:
        require(by, Can.RUN_PANELS)
    before = {name: getattr(panel, name) for name in values}
    for name, value in values.items():
        setattr(panel, name, " ".join(value.split()) if name == "name" else value)
    changed = {
        name: [str(was), str(getattr(panel, name))] for name, was in before.items() if getattr(panel, name) != was
    }
    if not changed:
        return panel
    _check(panel)
    _save(panel, update_fields=list(changed))
    if "term_days" in changed:
        _set_terms(panel, now)
    audit.record(by, "change_panel", panel.name, panel=str(panel.pk), **changed)
    return panel


def close_panel(panel: Panel, *, by: Actor | None, now: datetime) -> Panel:
    """Nobody joins it any more and nobody is asked; what was said stays. Once its waves are over.

    Raises `ConflictError` with the code `wave_open`.
    """
    require_panel(by, panel)
    panel = _hold(panel)
    if panel.closed_at is not None:
        return panel
    if panel.waves.filter(status=Wave.Status.OPEN).exists():
        raise ConflictError(_("Close or call off its open waves first."), code="wave_open")
    panel.closed_at = now
    panel.save(update_fields=["closed_at"])
    audit.record(by, "close_panel", panel.name, panel=str(panel.pk))
    return panel


def set_quota(panel: Panel, segment: str, wanted: int | None, *, by: Actor | None) -> Quota | None:
    """How many of a segment the panel wants; nobody joins above that. None: as many as come."""
    require_panel(by, panel)
    segment = " ".join(segment.split())
    if not segment:
        raise InvalidFieldsError.of("segment", "required", _("Name the segment."))
    if errors := text_errors("segment", segment, MAX_SEGMENT):
        raise InvalidFieldsError(errors)
    if wanted is not None and not 0 <= wanted <= MOST_WANTED:
        raise InvalidFieldsError.of("wanted", "out_of_range", _("Want 0 to %(most)s.") % {"most": counted(MOST_WANTED)})
    _hold(panel)
    audit.record(by, "set_quota", panel.name, panel=str(panel.pk), segment=segment, wanted=wanted)
    if wanted is None:
        Quota.objects.filter(panel=panel, segment=segment).delete()
        return None
    return Quota.objects.update_or_create(panel=panel, segment=segment, defaults={"wanted": wanted})[0]


def listening_settings() -> ListeningSettings:
    """The one row of the current tenant, made when first asked for."""
    return ListeningSettings.objects.first() or ListeningSettings.objects.get_or_create()[0]


def set_listening(*, smallest_group: int, by: Actor | None) -> ListeningSettings:
    """From the next close on criticism is shown for no fewer people; what was closed stays as it was counted.

    Raises `InvalidFieldsError` below the floor that no tenant can go under.
    """
    require(by, Can.RUN_PANELS)
    if not LEAST_GROUP <= smallest_group <= LARGEST_GROUP:
        message = _("Use %(low)s to %(high)s people.") % {
            "low": LEAST_GROUP,
            "high": LARGEST_GROUP,
        }
        raise InvalidFieldsError.of("smallest_group", "out_of_range", message)
    listening_settings()
    chosen = ListeningSettings.objects.select_for_update().get()
    before = chosen.smallest_group
    if before != smallest_group:
        chosen.smallest_group = smallest_group
        chosen.save(update_fields=["smallest_group"])
        audit.record(by, "set_listening", "listening settings", smallest_group=[before, smallest_group])
    return chosen


def _hold(panel: Panel) -> Panel:
    Panel.objects.select_for_update(no_key=True).get(pk=panel.pk)
    return Panel.objects.select_related("unit", "steward").get(pk=panel.pk)


def _check(panel: Panel) -> None:
    errors = text_errors("name", panel.name, MAX_NAME) + text_errors("purpose", panel.purpose, MAX_PURPOSE)
    if not panel.name:
        errors.append(FieldError("name", "required", _("Give the panel a name.")))
    if panel.term_days is not None and not 1 <= panel.term_days <= LONGEST_TERM:
        errors.append(
            FieldError(
                "term_days",
                "out_of_range",
                _("Use 1 to %(most)s days.") % {"most": counted(LONGEST_TERM)},
            )
        )
    if panel.steward.ended_at is not None:
        errors.append(FieldError("steward", "left", _("They do not work here any more.")))
    elif not may_be_steward(panel.steward):
        errors.append(FieldError("steward", "may_not_see_results", _("Their role may not see what customers say.")))
    if errors:
        raise InvalidFieldsError(errors)


def _save(panel: Panel, update_fields: list[str] | None = None) -> None:
    try:
        with transaction.atomic():
            panel.save(force_insert=panel._state.adding, update_fields=update_fields)
    except IntegrityError as error:
        if "one_panel_per_name" in str(error):
            raise ConflictError(_("There is a panel of that name."), code="name_taken") from error
        raise


def _set_terms(panel: Panel, now: datetime) -> None:
    ends = None if panel.term_days is None else F("joined_at") + timedelta(days=panel.term_days)
    panel.members.filter(left_at=None).update(term_ends_at=ends)
    rotate_soon(panel)
