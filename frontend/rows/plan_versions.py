"""The versions of a plan as they stand on its page: who made each, why, what it changed, and whether it was read."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from cso.languages import labelled
from cso.scorecards.models import Category, Measure, Plan, PlanVersion
from cso.scorecards.plans.items import Change, Item, changes, items_of
from frontend.words.scores import amount_words, goal_words, what_words
from tenants.models import Membership

# Categories and measures by code.
Known = tuple[dict[str, Category], dict[str, Measure]]


def known_of(plan: Plan) -> Known:
    """Whatever a score of the plan was ever kept of stands in one of its versions."""
    items = [item for version in plan.versions.all() for item in version.items.all()]
    measures = [item.measure for item in items if item.measure is not None]
    return {item.category.code: item.category for item in items}, {measure.code: measure for measure in measures}


def version_rows(plan: Plan, viewer: Membership) -> list[dict[str, Any]]:
    """The last first. The leader may say that they have read the last; earlier ones are history."""
    versions = list(plan.versions.all())
    is_own = plan.person.member_id == viewer.pk
    before: dict[UUID, PlanVersion] = {two.pk: one for one, two in pairwise(versions)}
    return [
        {
            "version": version,
            "made_by": _maker(version),
            "read_at": version.read_at,
            "may_read": is_own and version == versions[-1] and version.read_at is None,
            "items": [_item_row(item) for item in items_of(version)],
            "changes": _changed(before.get(version.pk), version),
        }
        for version in reversed(versions)
    ]


def _maker(version: PlanVersion) -> str:
    actor = version.made_by or version.api_key
    return actor.label if actor else ""


def _item_row(item: Item) -> dict[str, str]:
    return {
        "name": what_words(item.metric, item.measure),
        "category": item.category.name,
        "weight": amount_words(Fraction(item.weight)),
        "floor": goal_words(item.metric, item.measure, item.floor),
        "target": goal_words(item.metric, item.measure, item.target),
    }


def _changed(before: PlanVersion | None, version: PlanVersion) -> list[dict[str, Any]]:
    """What a version changed of the one before: a sentence each, and whether it asks less."""
    if before is None:
        return []
    return [
        {"words": _change_words(change), "is_easier": change.is_easier}
        for change in changes(items_of(before), items_of(version))
    ]


def _change_words(change: Change) -> str:
    was, now = (_item_row(item) if item else None for item in (change.before, change.after))
    if was is None or now is None:
        row = now or was
        assert row is not None
        words = _("%(name)s is new: from %(floor)s to %(target)s, weight %(weight)s") if now else _("%(name)s is out")
        return words % row
    parts: Sequence[tuple[str, str]] = (
        ("category", _("category")),
        ("weight", _("weight")),
        ("floor", _("floor")),
        ("target", _("target")),
    )
    said = [f"{label} {was[name]} → {now[name]}" for name, label in parts if was[name] != now[name]]
    return labelled(now["name"], ", ".join(said))
