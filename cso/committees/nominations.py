"""Nominating rules, logging that one was bent, and the triage of what comes in."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from cso.committees.consequences import order_kill, owner_for, settle_review
from cso.committees.holding import actor, hold_standing
from cso.committees.invitations import tell_nominator, tell_owner
from cso.committees.models import Ballot, Committee, KillOrder, Motion, Nomination, RuleBreak
from cso.customers.models import Customer
from cso.errors import ConflictError, FieldError, InvalidFieldsError, NotAllowedError
from cso.people.models import Unit
from cso.people.queries import home_unit
from cso.recovery.models import Case
from cso.recovery.settings import in_office_language
from cso.rules.models import Origin, Rule
from cso.texts import text_errors
from tenants import audit
from tenants.models import Actor, ApiKey, Membership
from tenants.permissions import require
from tenants.roles import Can

# So many breaks of one rule within so long nominate it by themselves.
BREAKS_THAT_NOMINATE = 5
BREAKS_WITHIN = timedelta(days=90)
MAX_WORDS = MAX_WHY = MAX_NOTE = 500
_DISMISSALS = (Nomination.Status.NO_SUCH_RULE, Nomination.Status.EXTERNAL_LAW, Nomination.Status.WITHDRAWN)


def nominate(
    words: str,
    *,
    by: Actor | None,
    now: datetime,
    rule: Rule | None = None,
    case: Case | None = None,
    source: str | None = None,
    unit: Unit | None = None,
) -> Nomination:
    """Ask for a rule to go, in a sentence. `rule` None: the triage finds out which it is.

    `source` None: the case, the integration or the person it comes from. `unit` None: the rule's, the case's, or where
    `by` works. Raises `InvalidFieldsError` of `words` or `source`, `ConflictError` for a rule that holds no longer.
    """
    require(by, Can.NOMINATE_RULE)
    words = " ".join(words.split())
    if not words:
        raise InvalidFieldsError.of("words", "required", _("Say in a sentence what it does to customers."))
    if errors := text_errors("words", words, MAX_WORDS):
        raise InvalidFieldsError(errors)
    if source is not None and source not in Nomination.Source.values:
        raise InvalidFieldsError.of(
            "source", "unknown", _("Use one of: %(choices)s.") % {"choices": ", ".join(Nomination.Source.values)}
        )
    if rule is not None and rule.status in Rule.ENDED:
        raise ConflictError(_("This rule holds no longer."), code="ended")
    return Nomination.objects.create(
        words=words,
        rule=rule,
        case=case,
        source=source or _source(by, case),
        unit=unit or _unit(by, rule, case),
        submitted_at=now,
        **actor(by),
    )


def log_break(
    rule: Rule,
    *,
    by: Actor | None,
    why: str,
    now: datetime,
    broken_at: datetime | None = None,
    customer: Customer | None = None,
    case: Case | None = None,
    result: str = RuleBreak.Result.UNKNOWN,
) -> RuleBreak:
    """Somebody bent a rule for a customer, and tells. Nobody is blamed: only they themselves see that it was they.

    The fifth break of a rule within 90 days nominates it, once. Raises `InvalidFieldsError` by field.
    """
    require(by, Can.NOMINATE_RULE)
    if not isinstance(by, Membership):
        raise NotAllowedError(_("Only people bend rules, and tell of it themselves."))
    why, broken_at = " ".join(why.split()), broken_at or now
    _refuse_break(why, broken_at, result, now)
    rule = Rule.objects.select_for_update().get(pk=rule.pk)
    told = RuleBreak.objects.create(
        rule=rule, author=by, customer=customer, case=case, why=why, result=result, broken_at=broken_at
    )
    _nominate_by_breaks(rule, now)
    return told


def triage(
    nomination: Nomination,
    *,
    by: Actor | None,
    now: datetime,
    ease: int | None = None,
    impact: int | None = None,
    rule: Rule | None = None,
    note: str = "",
) -> Nomination:
    """Say how easy it is to kill and how much that helps, each 1 to 5, and which rule it is. What is None stays."""
    require(by, Can.TRIAGE_NOMINATIONS)
    _refuse_triage(ease, impact, note)
    nomination = _locked(nomination)
    if rule is not None and rule.pk != nomination.rule_id:
        if _is_in_motion(nomination):
            raise ConflictError(_("A motion answers this nomination: its rule stands."), code="in_motion")
        nomination.rule = rule
    nomination.ease = nomination.ease if ease is None else ease
    nomination.impact = nomination.impact if impact is None else impact
    nomination.note = " ".join(note.split()) or nomination.note
    if nomination.status == Nomination.Status.SUBMITTED:
        nomination.status = Nomination.Status.TRIAGED
    return _settled(nomination, by, now, "triage")


def docket(nomination: Nomination, committee: Committee, *, by: Actor | None, now: datetime) -> Nomination:
    """Put it on the docket of a committee, or of another one.

    Raises `ConflictError` with the code `no_rule` while its rule is not known, `in_motion`, `settled` or `dissolved`.
    """
    require(by, Can.TRIAGE_NOMINATIONS)
    committee = hold_standing(committee)
    nomination = _locked(nomination)
    if nomination.rule is None:
        raise ConflictError(_("Say first which rule it is about."), code="no_rule")
    if _is_in_motion(nomination):
        raise ConflictError(_("A motion answers this nomination already."), code="in_motion")
    nomination.status, nomination.committee = Nomination.Status.DOCKETED, committee
    return _settled(nomination, by, now, "docket")


def merge_nominations(nomination: Nomination, into: Nomination, *, by: Actor | None, now: datetime) -> Nomination:
    """Make one of two that want the same; returns `into`, whose time is now the earliest of both."""
    require(by, Can.TRIAGE_NOMINATIONS)
    if nomination.pk == into.pk:
        raise InvalidFieldsError.of("into", "itself", _("A nomination cannot be merged into itself."))
    both = sorted((nomination, into), key=lambda each: each.pk)
    # Motions before nominations, as the close of a ballot does.
    list(Motion.objects.select_for_update().filter(nomination__in=both))
    held = {each.pk: _locked(each) for each in both}
    nomination, into = held[nomination.pk], held[into.pk]
    if nomination.rule_id and into.rule_id and nomination.rule_id != into.rule_id:
        raise ConflictError(_("These are about different rules."), code="another_rule")
    into.rule = into.rule or nomination.rule
    into.submitted_at = min(into.submitted_at, nomination.submitted_at)
    # What was merged into it, and what is moved on it, follows.
    Nomination.objects.filter(merged_into=nomination).update(merged_into=into)
    Motion.objects.filter(nomination=nomination).update(nomination=into)
    nomination.status, nomination.merged_into = Nomination.Status.MERGED, into
    _settled(nomination, by, now, "merge_nominations")
    return _settled(into, by, now, "")


def dismiss(nomination: Nomination, status: str, *, by: Actor | None, now: datetime, note: str = "") -> Nomination:
    """End it without a ballot: `no_such_rule`, `external_law`, or `withdrawn` (by its nominator too).

    Raises `InvalidFieldsError` where the nominator would not hear why; `ConflictError` while a motion answers it.
    """
    if status not in _DISMISSALS:
        raise InvalidFieldsError.of(
            "status", "unknown", _("Use one of: %(choices)s.") % {"choices": ", ".join(_DISMISSALS)}
        )
    nomination = _locked(nomination)
    is_own = isinstance(by, Membership) and nomination.member_id == by.pk
    if not (is_own and status == Nomination.Status.WITHDRAWN):
        require(by, Can.TRIAGE_NOMINATIONS)
        if not note.strip():
            raise InvalidFieldsError.of("note", "required", _("Say why: the nominator reads it."))
    _refuse_note(note)
    if _is_in_motion(nomination):
        raise ConflictError(_("A motion answers this nomination: withdraw that first."), code="in_motion")
    nomination.status, nomination.note = Nomination.Status(status), " ".join(note.split()) or nomination.note
    nomination.ended_at = now
    nomination = _settled(nomination, by, now, "dismiss_nomination")
    if not is_own:
        tell_nominator(nomination, now=now)
    return nomination


def quick_kill(
    nomination: Nomination, *, by: Actor | None, now: datetime, agreed_by: Membership | None = None
) -> KillOrder:
    """The rule's owner agrees: it is ordered to be killed at once, without a ballot.

    `agreed_by`: the owner, where an integration tells that they agree. Raises `NotAllowedError` for anybody else;
    `ConflictError` with the code `no_rule`, `another_rule`, `external_law`, `ended`, `in_ballot` or `ordered_already`.
    """
    if agreed_by is not None:
        require(by, Can.TRIAGE_NOMINATIONS)
    if nomination.rule_id is None:
        raise ConflictError(_("Say first which rule it is about."), code="no_rule")
    # The rule before the nomination, as all who decide about it do.
    rule = Rule.objects.select_for_update().get(pk=nomination.rule_id)
    nomination = _locked(nomination)
    if nomination.rule_id != rule.pk:
        raise ConflictError(_("The triage has just said that it is about another rule."), code="another_rule")
    if not _owns(rule, agreed_by or by, now):
        raise NotAllowedError(_("Only the owner of the rule agrees to kill it at once."))
    _refuse_quick_kill(rule)
    nomination.status = Nomination.Status.QUICK_KILLED
    nomination = _settled(nomination, by, now, "quick_kill")
    order = order_kill(rule, now=now, nomination=nomination)
    settle_review(rule)
    tell_nominator(nomination, now=now)
    tell_owner(order, now=now)
    return order


def visible_nominations(viewer: Actor) -> QuerySet[Nomination]:
    """Whoever sees the people of the tenant sees what they nominate; rule, unit and nominator read."""
    if not viewer.can(Can.SEE_PEOPLE):
        return Nomination.objects.none()
    return Nomination.objects.select_related("rule__owner", "unit", "member__user", "committee")


def breaks_of(viewer: Actor) -> QuerySet[RuleBreak]:
    """The breaks that the viewer logged; nobody reads another's."""
    if not isinstance(viewer, Membership):
        return RuleBreak.objects.none()
    return RuleBreak.objects.filter(author=viewer).select_related("rule").order_by("-broken_at", "-id")


def _source(by: Actor | None, case: Case | None) -> Nomination.Source:
    if case is not None:
        return Nomination.Source.CASE
    return Nomination.Source.INTEGRATION if isinstance(by, ApiKey) else Nomination.Source.PERSON


def _unit(by: Actor | None, rule: Rule | None, case: Case | None) -> Unit | None:
    unit: Unit | None = rule.unit if rule is not None else None
    if unit is None and case is not None:
        unit = case.unit
    return unit or (home_unit(by) if by is not None else None)


def _refuse_break(why: str, broken_at: datetime, result: str, now: datetime) -> None:
    errors = text_errors("why", why, MAX_WHY)
    if not why:
        errors = [FieldError("why", "required", _("Say in a sentence why it was better to bend it."))]
    if result not in RuleBreak.Result.values:
        errors = [
            *errors,
            FieldError(
                "result", "unknown", _("Use one of: %(choices)s.") % {"choices": ", ".join(RuleBreak.Result.values)}
            ),
        ]
    if broken_at > now + timedelta(minutes=5):
        errors = [*errors, FieldError("broken_at", "in_future", _("It cannot be bent in the future."))]
    if errors:
        raise InvalidFieldsError(errors)


def _nominate_by_breaks(rule: Rule, now: datetime) -> None:
    """Under the rule's lock, so that the fifth break nominates and the sixth does not."""
    since = now - BREAKS_WITHIN
    times = RuleBreak.objects.filter(rule=rule, broken_at__gte=since).count()
    by_breaks = Nomination.objects.filter(rule=rule, source=Nomination.Source.BREAKS)
    is_known = by_breaks.filter(Q(status__in=Nomination.LIVE) | Q(submitted_at__gte=since)).exists()
    if times < BREAKS_THAT_NOMINATE or is_known or rule.status in Rule.ENDED:
        return
    with in_office_language():
        words = _("Bent %(n)s times within %(days)s days.") % {"n": times, "days": BREAKS_WITHIN.days}
    nominate(words, by=None, now=now, rule=rule, source=Nomination.Source.BREAKS)


def _refuse_triage(ease: int | None, impact: int | None, note: str) -> None:
    for field, value in (("ease", ease), ("impact", impact)):
        if value is not None and not 1 <= value <= 5:
            raise InvalidFieldsError.of(field, "out_of_range", _("Give 1 to 5."))
    _refuse_note(note)


def _refuse_note(note: str) -> None:
    if errors := text_errors("note", note, MAX_NOTE):
        raise InvalidFieldsError(errors)


def _refuse_quick_kill(rule: Rule) -> None:
    if rule.origin == Origin.EXTERNAL_LAW:
        raise ConflictError(_("The law asks for this rule: it cannot be killed."), code="external_law")
    if rule.status in Rule.ENDED:
        raise ConflictError(_("This rule holds no longer."), code="ended")
    running = [Ballot.Status.SCHEDULED, Ballot.Status.OPEN, Ballot.Status.CLOSED]
    if Ballot.objects.filter(motion__rule=rule, status__in=running).exists():
        raise ConflictError(_("A committee is voting on this rule."), code="in_ballot")
    if KillOrder.objects.filter(rule=rule, status__in=KillOrder.UNDONE).exists():
        raise ConflictError(_("This rule is being killed already."), code="ordered_already")


def _owns(rule: Rule, by: Actor | None, now: datetime) -> bool:
    if by is None:
        return True
    unit = rule.unit or Unit.objects.filter(parent=None).order_by("code").first()
    owner = owner_for(rule, unit, now) if unit else rule.owner
    return isinstance(by, Membership) and by.ended_at is None and owner is not None and owner.member_id == by.pk


def _is_in_motion(nomination: Nomination) -> bool:
    live = [Motion.Status.DRAFT, Motion.Status.DELIBERATING, Motion.Status.BALLOTING]
    return Motion.objects.filter(nomination=nomination, status__in=live).exists()


def _locked(nomination: Nomination) -> Nomination:
    Nomination.objects.select_for_update().get(pk=nomination.pk)
    found = Nomination.objects.select_related("rule", "member__user").get(pk=nomination.pk)
    if found.status not in Nomination.LIVE:
        raise ConflictError(_("This nomination is settled."), code="settled")
    return found


def _settled(nomination: Nomination, by: Actor | None, now: datetime, act: str) -> Nomination:
    if nomination.triaged_at is None and nomination.status != Nomination.Status.WITHDRAWN:
        nomination.triaged_at = now
        nomination.triaged_by = by if isinstance(by, Membership) else None
    nomination.revision += 1
    nomination.save()
    if act:
        audit.record(by, act, nomination.words[:120], nomination=str(nomination.pk), status=nomination.status)
    return nomination
