"""Sunsets: a rule that nobody keeps goes. Those that near theirs come to the docket; silence kills them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from django.utils.translation import gettext as _

from cso.alarms.actions import set_alarm, when_ringing
from cso.alarms.models import Alarm
from cso.committees.consequences import order_kill, settle_review
from cso.committees.holding import held_now
from cso.committees.invitations import tell_owner
from cso.committees.models import Committee, KillOrder, Motion, Nomination
from cso.committees.nominations import nominate
from cso.people.models import Unit, UnitAncestor
from cso.recovery.settings import in_office_language
from cso.rules.models import Origin, Rule
from tenants.scope import day_of

SUNSETS = "sunsets"
# One alarm for all rules of a workspace.
_ALL = UUID(int=0)
EVERY = timedelta(hours=12)
# How long before its sunset a rule comes to the docket, so that a committee can meet.
NOTICE = timedelta(days=42)


def watch_sunsets(*, now: datetime) -> None:
    """Look after the workspace's sunsets from now on; asked again nothing changes."""
    if not Alarm.objects.filter(kind=SUNSETS, subject=_ALL).exists():
        set_alarm(SUNSETS, _ALL, now)


@when_ringing(SUNSETS)
def look_for_sunsets(subject: UUID, *, now: datetime) -> None:
    docket_expiring(now=now)
    expire_rules(now=now)
    set_alarm(SUNSETS, _ALL, now + EVERY)


def docket_expiring(*, now: datetime) -> list[Nomination]:
    """Put the rules whose sunset nears on the docket of their unit's committee, or the nearest above; once each."""
    today = day_of(now)
    found = []
    for rule in _ending(today + NOTICE, today):
        by_sunset = Nomination.objects.filter(rule=rule, source=Nomination.Source.SUNSET)
        if by_sunset.filter(submitted_at__gte=now - 2 * NOTICE).exists() or _pending(rule):
            continue
        with in_office_language():
            words = _("Expires on %(day)s unless it is kept.") % {"day": rule.sunset_on}
        nomination = nominate(words, by=None, now=now, rule=rule, source=Nomination.Source.SUNSET)
        if committee := committee_for(rule.unit):
            nomination.status, nomination.committee = Nomination.Status.DOCKETED, committee
            nomination.save(update_fields=["status", "committee"])
        found.append(nomination)
    return found


def expire_rules(*, now: datetime) -> list[Rule]:
    """End the rules whose sunset has come, each with an order to take it away; not while a ballot may still keep it."""
    today, ended = day_of(now), []
    for known in _ending(today, None):
        rule = Rule.objects.select_for_update().get(pk=known.pk)
        if rule.status not in Rule.HOLDING or rule.sunset_on is None or rule.sunset_on > today or _pending(rule):
            continue
        rule.status, rule.withdrawn_at = Rule.Status.EXPIRED, now
        with in_office_language():
            rule.withdrawn_because = _("Its sunset came, and nobody kept it.")
        rule.revision += 1
        rule.save(update_fields=["status", "withdrawn_at", "withdrawn_because", "revision"])
        _order(rule, now)
        ended.append(rule)
    return ended


def committee_for(unit: Unit | None) -> Committee | None:
    """The committee of the unit, or the nearest above it, that somebody sits in; of all units: the top's."""
    unit = unit or Unit.objects.filter(parent=None).order_by("code").first()
    if unit is None:
        return None
    seated = held_now().values("seat__committee")
    committees = {
        each.unit_id: each
        for each in Committee.objects.filter(dissolved_at=None, pk__in=seated).order_by("-founded_at", "id")
    }
    above = UnitAncestor.objects.filter(unit=unit).order_by("distance").values_list("ancestor", flat=True)
    return next((committees[pk] for pk in above if pk in committees), None)


def _ending(last: date, after: date | None) -> list[Rule]:
    """Rules whose sunset comes by `last`, and after `after`; what the law asks for does not end by silence."""
    ending = Rule.objects.filter(status__in=Rule.HOLDING, sunset_on__lte=last).exclude(origin=Origin.EXTERNAL_LAW)
    ending = ending if after is None else ending.filter(sunset_on__gt=after)
    return list(ending.select_related("unit").order_by("pk"))


def _pending(rule: Rule) -> bool:
    live = [Motion.Status.DRAFT, Motion.Status.DELIBERATING, Motion.Status.BALLOTING]
    return Motion.objects.filter(rule=rule, status__in=live).exists()


def _order(rule: Rule, now: datetime) -> None:
    waiting = Nomination.objects.filter(rule=rule, status__in=Nomination.LIVE).order_by("submitted_at", "id")
    first = waiting.first()
    nomination = first or _nominate_by_itself(rule, now)
    waiting.update(status=Nomination.Status.DECIDED)
    nomination.status = Nomination.Status.DECIDED
    nomination.save(update_fields=["status"])
    if not KillOrder.objects.filter(rule=rule, status__in=KillOrder.UNDONE).exists():
        tell_owner(order_kill(rule, now=now, nomination=nomination), now=now)
    settle_review(rule)


def _nominate_by_itself(rule: Rule, now: datetime) -> Nomination:
    """For a rule that ended before anybody was told of it: its sunset itself asks."""
    with in_office_language():
        words = _("Expired on %(day)s.") % {"day": rule.sunset_on}
    return Nomination.objects.create(
        rule=rule,
        words=words,
        source=Nomination.Source.SUNSET,
        unit=rule.unit,
        submitted_at=now,
    )
