"""The weekly digest: who wants it and when, and the mail, once for each person and week."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.utils.timezone import override as in_zone
from django.utils.translation import gettext
from django.utils.translation import override as in_language

from cso.alarms.actions import cancel_alarm, set_alarm, when_ringing
from cso.clock import is_told
from cso.errors import FieldError, InvalidFieldsError, NotAllowedError
from cso.languages import on_day
from cso.metrics.queries.figures import Figure
from cso.metrics.queries.standing import LeaderRow
from cso.outbox.actions import write_mail
from cso.outbox.rendering import render_mail
from cso.people.models import Leadership
from cso.people.queries import leading_on
from cso.recovery.settings import language_of
from cso.scorecards.digest.contents import MOST_CASES, POOLED, Digest, OwnUnit, digest_for
from cso.scorecards.models import DigestChoice
from cso.signing import signed, signed_id
from cso.texts import percent
from tenants import audit
from tenants.models import Actor, Membership
from tenants.roles import Role
from tenants.scope import current_tenant, day_of

RINGS, KIND, TEMPLATE = "scorecards.digest", "digest", "scorecards/digest"
# Of each kind; how many more there are is said.
MOST_SHOWN = MOST_CASES
_EXECUTIVES = (Role.CSO, Role.EXECUTIVE)
_STOPS = "cso.scorecards.digest_mail.stop"


def choose_digest(
    member: Membership, *, is_wanted: bool, weekday: int, hour: int, by: Actor | None, now: datetime
) -> DigestChoice:
    """Whether a person gets the digest, and when: a weekday (0 is Monday) and an hour of the tenant's zone.

    Chosen by themselves, or by the link of a mail (`by` None). Whoever got one this week gets the next in another.
    """
    if by is not None and by != member:
        raise NotAllowedError(gettext("Everybody chooses for themselves."))
    errors = [
        FieldError(field, "unknown", message)
        for field, value, last, message in (
            ("weekday", weekday, 6, gettext("Use 0 (Monday) to 6 (Sunday).")),
            ("hour", hour, 23, gettext("Use 0 to 23.")),
        )
        if not 0 <= value <= last
    ]
    if errors:
        raise InvalidFieldsError(errors)
    chosen = {"is_wanted": is_wanted, "weekday": weekday, "hour": hour}
    choice, _ = DigestChoice.objects.update_or_create(member=member, defaults=chosen)
    if is_wanted:
        set_alarm(RINGS, choice.pk, next_digest(choice, after=now))
    else:
        cancel_alarm(RINGS, choice.pk)
    audit.record(by, "choose_digest", member.label, **chosen)
    return choice


def stop_digest(choice: DigestChoice, *, now: datetime) -> DigestChoice:
    """By the link of a mail: no more of it; the day and the hour are kept for who wants it again."""
    if not choice.is_wanted:
        return choice
    kept = {"weekday": choice.weekday, "hour": choice.hour}
    return choose_digest(choice.member, is_wanted=False, **kept, by=None, now=now)


def digest_choice(member: Membership, *, now: datetime) -> DigestChoice:
    """What the person chose; where they never did, what they get by default, which is not kept yet."""
    kept = DigestChoice.objects.filter(member=member).first()
    return kept or DigestChoice(member=member, is_wanted=member.pk in _by_default(now, [member.pk]))


def give_digests(*, now: datetime) -> int:
    """Who leads a unit or sits in the executive gets the digest from now on, unless they ever chose: Monday at seven.

    Returns to how many it is new. A choice is kept for each, which they change or end like one of their own; so nobody
    gets it anew who ended it, and nobody twice.
    """
    new = _by_default(now) - set(DigestChoice.objects.values_list("member_id", flat=True))
    # Whoever chooses at this moment has chosen.
    DigestChoice.objects.bulk_create([DigestChoice(member_id=member) for member in new], ignore_conflicts=True)
    for choice in DigestChoice.objects.filter(member__in=new, is_wanted=True):
        set_alarm(RINGS, choice.pk, next_digest(choice, after=now))
    if new:
        audit.record(None, "give_digests", current_tenant().name, members=len(new))
    return len(new)


def _by_default(now: datetime, among: Sequence[UUID] | None = None) -> set[UUID]:
    """Ids of the members who get it without asking."""
    leading = Leadership.objects.filter(leading_on(day_of(now)), person__member__isnull=False)
    led = list(leading.values_list("person__member_id", flat=True))
    members = Membership.objects.filter(Q(role__in=_EXECUTIVES) | Q(pk__in=led), ended_at=None)
    if among is not None:
        members = members.filter(pk__in=among)
    return set(members.values_list("pk", flat=True))


def next_digest(choice: DigestChoice, *, after: datetime) -> datetime:
    """The first instant after `after` at the chosen weekday and hour, in the tenant's zone.

    Of an hour that comes twice, as clocks are put back, the first; one that is skipped is the hour after it.
    """
    day = day_of(after)
    day += timedelta(days=(choice.weekday - day.weekday()) % 7)
    instant = _at(day, choice.hour)
    return instant if instant > after else _at(day + timedelta(days=7), choice.hour)


def _at(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), tzinfo=current_tenant().zone).astimezone(UTC)


@when_ringing(RINGS)
def _send(subject: UUID, *, now: datetime) -> None:
    # Not locked: who chooses anew holds their choice, and waits for the alarm that rings here.
    choice = DigestChoice.objects.select_related("member__user").filter(pk=subject, is_wanted=True).first()
    if choice is None:
        return
    following = next_digest(choice, after=now)
    set_alarm(RINGS, subject, following)
    # Of the week in which it was due, however late it is: a lag over Sunday night takes nobody's next one.
    year, week, _weekday = (day_of(following) - timedelta(days=7)).isocalendar()
    write_digest(choice, key=f"{KIND}:{choice.member_id}:{year}-W{week:02}", now=now)


def write_digest(choice: DigestChoice, *, key: str, now: datetime) -> bool:
    """Write the mail, in the person's language; False where there is nothing to tell, or it was written before."""
    member = choice.member
    if member.ended_at is not None or is_told():
        return False
    digest = digest_for(member, now=now)
    if digest.is_empty:
        return False
    language = language_of(member)
    mail = write_mail(
        key=key,
        kind=KIND,
        about=choice.pk,
        recipient=member.user.email,
        template=TEMPLATE,
        context=_context(member, digest, language, stop_url=stop_link(choice)),
        language=language,
        now=now,
        unsubscribe_url=stop_link(choice),
    )
    return mail is not None


def digest_text(member: Membership, *, now: datetime) -> str:
    """What the mail would say now, as text, without the link that ends it; empty where there is nothing to tell."""
    digest = digest_for(member, now=now)
    if digest.is_empty:
        return ""
    language = language_of(member)
    with in_language(language), in_zone(current_tenant().zone):
        return render_mail(TEMPLATE, language, _context(member, digest, language, stop_url=""))[1]


def stop_link(choice: DigestChoice) -> str:
    """The address at which one POST ends the digest."""
    return f"{settings.PUBLIC_URL}/{current_tenant().slug}/no-digest/{stop_token(choice)}/"


def stop_token(choice: DigestChoice) -> str:
    return signed(choice.pk, _STOPS)


def choice_by_token(token: str) -> DigestChoice:
    """The choice that a link may end, with its member; it works for ever.

    Raises `DigestChoice.DoesNotExist` for a token that is none, is another tenant's, or is of who works here no more.
    """
    choices = DigestChoice.objects.select_related("member__user")
    return choices.get(pk=signed_id(token, _STOPS), member__ended_at=None)


def _context(member: Membership, digest: Digest, language: str, *, stop_url: str) -> dict[str, Any]:
    """Lists cut to `MOST_SHOWN`, each with how many more there are; instants, days and shares as words."""
    home = f"{settings.PUBLIC_URL}/{current_tenant().slug}/"
    with in_language(language), in_zone(current_tenant().zone):
        parts = {
            "units": [_unit(each, home) for each in digest.units],
            "leaders": [_leader(row) for row in digest.leaders],
            "late": [{"what": case.summary or case.reference, "day": on_day(case.due_at)} for case in digest.late],
            "votes": [
                {"what": entry.ballot.motion_text, "day": on_day(entry.ballot.closes_at)} for entry in digest.votes
            ],
            "approvals": [{"what": remedy.case.summary or remedy.case.reference} for remedy in digest.approvals],
            "commitments": [{"what": each.what, "day": on_day(each.due_at)} for each in digest.commitments],
            "orders": [{"what": order.rule.title, "day": on_day(order.due_at)} for order in digest.orders],
            "blockers": [{"what": blocker.what, "day": on_day(blocker.raised_at)} for blocker in digest.blockers],
            "reviews": [{"what": outcome.name, "day": on_day(outcome.review_on)} for outcome in digest.reviews],
        }
        week = {
            "pooled": POOLED,
            "since": on_day(digest.week.first),
            "until": on_day(digest.week.after - timedelta(days=1)),
        }
    pages = {
        "cases_url": f"{home}cases/",
        "home_url": home,
        "approvals_url": f"{home}approvals/",
        "commitments_url": f"{home}listening/commitments/",
        "orders_url": f"{home}rules/orders/",
        "blockers_url": f"{home}blockers/",
        "strategy_url": f"{home}strategy/",
        "scorecard_url": f"{home}scorecard/?period={digest.pooled.key}",
        "digest_url": f"{home}digest/",
        "stop_url": stop_url,
    }
    links = {f"unit_{number}_url": unit["page"] for number, unit in enumerate(parts["units"])}
    known = {"name": member.label, "company": current_tenant().name, **week, **pages, **links}
    for name, rows in parts.items():
        every = digest.late_all if name == "late" else len(rows)
        known |= {name: rows[:MOST_SHOWN], f"{name}_all": every, f"{name}_more": max(0, every - MOST_SHOWN)}
    return known


def _unit(own: OwnUnit, home: str) -> dict[str, Any]:
    target, figure = own.judgement.target, own.figure
    return {
        "name": own.unit.name,
        "missed": figure.missed,
        "all": figure.denominator,
        "target": percent(float(target) / 100) if target is not None else "",
        "share": _share(figure),
        "why": [{"what": reason.label, "missed": reason.missed} for reason in own.why.reasons],
        "act": own.why.act,
        "page": f"{home}units/{own.unit.pk}/",
    }


def _leader(row: LeaderRow) -> dict[str, Any]:
    return {
        "name": row.leader.name if row.leader else "",
        "unit": row.unit.name,
        "share": _share(row.figure),
        "of": row.figure.denominator,
    }


def _share(figure: Figure) -> str:
    return percent(float(figure.share)) if figure.share is not None else ""
