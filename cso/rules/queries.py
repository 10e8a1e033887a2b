"""Reads of the rule register, viewer first: whoever sees the people of the tenant sees its rules."""

from __future__ import annotations

from datetime import date

from django.db.models import OuterRef, Q, QuerySet, Subquery

from cso.rules.models import Rule, RuleVersion
from cso.rules.search import Match, matches
from tenants.models import Actor
from tenants.roles import Can


def visible_rules(viewer: Actor) -> QuerySet[Rule]:
    """All rules, each with its words as they hold: `text`, `version` (its number) and `in_force_from`."""
    if not viewer.can(Can.SEE_PEOPLE):
        return Rule.objects.none()
    latest = RuleVersion.objects.filter(rule=OuterRef("pk")).order_by("-number")
    return Rule.objects.annotate(
        text=Subquery(latest.values("text")[:1]),
        version=Subquery(latest.values("number")[:1]),
        in_force_from=Subquery(latest.values("in_force_from")[:1]),
    )


def search_rules(viewer: Actor, words: str) -> QuerySet[Rule]:
    """The rules in whose title or words each of `words` stands, or a word that begins like it; all for none."""
    rules = visible_rules(viewer)
    if not words.strip():
        return rules
    return rules.filter(pk__in=[match.rule for match in matches(words, prefixes=True) if match.found == match.asked])


def similar_rules(text: str, most: int = 5) -> list[Rule]:
    """The rules most like `text`, the likest first: those that have half of its words or more; unit and owner read."""
    found = sorted((match for match in matches(text) if 2 * match.found >= match.asked), key=_likeness, reverse=True)
    ranks = {match.rule: rank for rank, match in enumerate(found[:most])}
    if not ranks:
        return []
    rules = Rule.objects.filter(pk__in=ranks).select_related("unit", "owner")
    return sorted(rules, key=lambda rule: ranks[rule.pk])


def in_force(day: date) -> Q:
    """Of rules: those that hold on a day of the tenant."""
    return Q(status__in=Rule.HOLDING) & (Q(sunset_on=None) | Q(sunset_on__gt=day))


def expired(day: date) -> Q:
    """Of rules: those whose sunset has come, and that nobody kept."""
    return Q(status=Rule.Status.EXPIRED) | Q(status__in=Rule.HOLDING, sunset_on__lte=day)


def _likeness(match: Match) -> tuple[int, int, str]:
    return match.found + match.in_title, match.in_title, str(match.rule)
