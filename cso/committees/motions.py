"""Motions: what a committee is asked to decide, the owner's right of reply, and the docket."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import override

from cso.committees.bodies import charter_of
from cso.committees.consequences import settle_review
from cso.committees.evidence import evidence_of
from cso.committees.holding import held_now, hold_standing, may_chair
from cso.committees.models import Ballot, CharterVersion, Committee, KillOrder, Motion, Nomination, OutcomeRecord
from cso.committees.standing import standing_outcomes
from cso.errors import ConflictError, FieldError, InvalidFieldsError, NotAllowedError
from cso.people.models import Person
from cso.recovery.settings import recovery_settings
from cso.rules.models import Origin, Rule
from cso.texts import text_errors
from tenants import audit
from tenants.models import Actor, ApiKey, Membership
from tenants.roles import Can
from tenants.scope import day_of

MAX_TEXT = 1_000
MAX_NEW_TEXT = 5_000
MAX_REPLY = 2_000
LIVE = (Motion.Status.DRAFT, Motion.Status.DELIBERATING, Motion.Status.BALLOTING)
RUNNING = (Ballot.Status.SCHEDULED, Ballot.Status.OPEN, Ballot.Status.CLOSED)


def move_motion(
    committee: Committee,
    rule: Rule,
    kind: str,
    *,
    by: Actor | None,
    now: datetime,
    text: str = "",
    new_text: str = "",
    keep_until: date | None = None,
    refer_to: Committee | None = None,
    nomination: Nomination | None = None,
) -> Motion:
    """Ask the committee to decide about a rule: for who sits in it, and who runs committees.

    `text` "": the words of its kind. The rule's owner, where there is one who did not move it, has the charter's
    deliberation hours to reply. Keeping a rule that a carried motion is taking away asks to reconsider that.

    Raises `InvalidFieldsError` by field; `ConflictError` with the code `external_law`, `cool_down` (after a loss, while
    no new case or break cites the rule), `moved_already`, `ended`, `ordered_already` or `dissolved`.
    """
    _require_seat(committee, by)
    _refuse_fields(committee, kind, text, new_text, keep_until, refer_to, day_of(now))
    committee = hold_standing(committee)
    rule = Rule.objects.select_for_update().get(pk=rule.pk)
    charter = charter_of(committee)
    _refuse_rule(rule, kind)
    _refuse_motion(committee, rule, kind, charter, now)
    nomination = _docketed(nomination, committee, rule)
    motion = Motion.objects.create(
        committee=committee,
        rule=rule,
        nomination=nomination,
        kind=kind,
        text=" ".join(text.split()) or _words(kind, rule, keep_until, refer_to),
        new_text=new_text.strip() if kind == Motion.Kind.CHANGE else "",
        keep_until=keep_until if kind == Motion.Kind.KEEP else None,
        refer_to=refer_to if kind == Motion.Kind.REFER else None,
        status=Motion.Status.DELIBERATING,
        moved_by=by if isinstance(by, Membership) else None,
        api_key=by if isinstance(by, ApiKey) else None,
        moved_at=now,
        deliberated_until=_deliberated_until(rule, charter, by, now),
    )
    settle_review(rule)
    audit.record(by, "move_motion", motion.text[:120], motion=str(motion.pk), rule=str(rule.pk), kind=kind)
    return motion


def reply_as_owner(motion: Motion, text: str, *, by: Actor | None, now: datetime) -> Motion:
    """What the rule's owner says to it, before it is voted on; it is read with the motion.

    Raises `NotAllowedError` for all but the owner and who runs committees.
    """
    text = text.strip()
    if not text:
        raise InvalidFieldsError.of("text", "required", _("Write what you reply."))
    if errors := text_errors("text", text, MAX_REPLY):
        raise InvalidFieldsError(errors)
    motion = _locked(motion)
    is_owner = isinstance(by, Membership) and owner_of_rule(motion.rule) == by.pk
    if not (is_owner or by is None or by.can(Can.RUN_COMMITTEES)):
        raise NotAllowedError(_("Only the owner of the rule replies."))
    if motion.status not in {Motion.Status.DRAFT, Motion.Status.DELIBERATING}:
        raise ConflictError(_("This motion is being voted on, or was decided."), code="not_deliberating")
    motion.owner_reply, motion.owner_replied_at = text, now
    _save(motion, "owner_reply", "owner_replied_at")
    audit.record(by, "reply_as_owner", motion.text[:120], motion=str(motion.pk))
    return motion


def withdraw_motion(motion: Motion, *, by: Actor | None, now: datetime) -> Motion:
    """Take it back: for who moved it and the chair; not while there is a ballot on it."""
    motion = _locked(motion)
    is_mover = isinstance(by, Membership) and motion.moved_by_id == by.pk
    if not (is_mover or may_chair(motion.committee_id, by)):
        raise NotAllowedError(_("Only who moved it, and the chair, take a motion back."))
    if motion.status not in LIVE:
        raise ConflictError(_("This motion is decided."), code="decided")
    if motion.ballots.filter(status__in=RUNNING).exists():
        raise ConflictError(_("There is a ballot on this motion: call it off first."), code="in_ballot")
    motion.status, motion.decided_at = Motion.Status.WITHDRAWN, now
    _save(motion, "status", "decided_at")
    settle_review(motion.rule)
    audit.record(by, "withdraw_motion", motion.text[:120], motion=str(motion.pk))
    return motion


def docket_of(viewer: Actor, committee: Committee) -> QuerySet[Nomination]:
    """What waits for the committee, the easiest with the most impact first; rule and nominator read.

    Without what a motion is before it already.
    """
    if not viewer.can(Can.SEE_PEOPLE):
        return Nomination.objects.none()
    moved = Motion.objects.filter(nomination=OuterRef("pk"), status__in=LIVE)
    waiting = Nomination.objects.filter(committee=committee, status=Nomination.Status.DOCKETED).exclude(Exists(moved))
    ranked = waiting.select_related("rule", "member__user").annotate(rank=F("ease") * F("impact"))
    return ranked.order_by(F("rank").desc(nulls_last=True), "submitted_at", "id")


def owner_of_rule(rule: Rule) -> UUID | None:
    """The membership of who owns the rule, as an id; None where nobody does, or who has no account."""
    owner: Person | None = rule.owner
    member: UUID | None = owner.member_id if owner else None
    return member


def _require_seat(committee: Committee, by: Actor | None) -> None:
    if may_chair(committee.pk, by):
        return
    if not (isinstance(by, Membership) and held_now().filter(seat__committee=committee, member=by).exists()):
        raise NotAllowedError(_("Only who sits in the committee moves motions."))


def _refuse_fields(
    committee: Committee,
    kind: str,
    text: str,
    new_text: str,
    keep_until: date | None,
    refer_to: Committee | None,
    today: date,
) -> None:
    if kind not in Motion.Kind.values:
        raise InvalidFieldsError.of(
            "kind", "unknown", _("Use one of: %(choices)s.") % {"choices": ", ".join(Motion.Kind.values)}
        )
    errors = [*text_errors("text", text, MAX_TEXT), *text_errors("new_text", new_text, MAX_NEW_TEXT)]
    if kind == Motion.Kind.CHANGE and not new_text.strip():
        errors.append(FieldError("new_text", "required", _("Write how the rule shall read.")))
    if kind == Motion.Kind.KEEP and (keep_until is None or keep_until <= today):
        errors.append(FieldError("keep_until", "not_later", _("Say until which day to come it is kept.")))
    if kind == Motion.Kind.REFER and (refer_to is None or refer_to.pk == committee.pk or refer_to.dissolved_at):
        errors.append(FieldError("refer_to", "required", _("Say which other committee shall decide.")))
    if errors:
        raise InvalidFieldsError(errors)


def _refuse_rule(rule: Rule, kind: str) -> None:
    if rule.origin == Origin.EXTERNAL_LAW and kind == Motion.Kind.KILL:
        message = _("The law asks for this rule: it cannot be killed, only be made friendlier by a change.")
        raise ConflictError(message, code="external_law")
    was_killed = rule.status in {Rule.Status.KILLED, Rule.Status.EXPIRED}
    if rule.status in Rule.ENDED and not (kind == Motion.Kind.KEEP and was_killed):
        raise ConflictError(_("This rule holds no longer."), code="ended")
    if kind == Motion.Kind.KILL and KillOrder.objects.filter(rule=rule, status__in=KillOrder.UNDONE).exists():
        raise ConflictError(_("This rule is being killed already."), code="ordered_already")


def _refuse_motion(committee: Committee, rule: Rule, kind: str, charter: CharterVersion, now: datetime) -> None:
    same = Motion.objects.filter(committee=committee, rule=rule, kind=kind)
    if same.filter(status__in=LIVE).exists():
        raise ConflictError(_("The committee has this motion before it."), code="moved_already")
    since = now - timedelta(days=charter.cool_down_days)
    lost = standing_outcomes().filter(ballot__motion__in=same, result=OutcomeRecord.Result.LOST, declared_at__gt=since)
    last = lost.select_related("ballot").order_by("-declared_at").first()
    if last is not None and not _has_new_evidence(last, rule, now):
        until = day_of(last.declared_at + timedelta(days=charter.cool_down_days))
        message = _("This was lost. It may be moved again on %(until)s, or when a new case or break cites the rule.")
        raise ConflictError(message % {"until": until}, code="cool_down")


def _has_new_evidence(lost: OutcomeRecord, rule: Rule, now: datetime) -> bool:
    was, known = lost.ballot.evidence, evidence_of(rule, until=now)
    return any(known[name] > was.get(name, 0) for name in ("cases", "breaks"))


def _docketed(nomination: Nomination | None, committee: Committee, rule: Rule) -> Nomination | None:
    """The nomination that the motion answers, put on the committee's docket where it is not yet."""
    if nomination is None:
        waiting = Nomination.objects.filter(rule=rule, committee=committee, status=Nomination.Status.DOCKETED)
        return waiting.order_by("submitted_at", "id").first()
    nomination = Nomination.objects.select_for_update().get(pk=nomination.pk)
    if nomination.rule_id != rule.pk:
        raise InvalidFieldsError.of("nomination", "another_rule", _("This nomination is about another rule."))
    if nomination.status not in Nomination.LIVE:
        raise ConflictError(_("This nomination is settled."), code="settled")
    nomination.status, nomination.committee = Nomination.Status.DOCKETED, committee
    nomination.revision += 1
    nomination.save(update_fields=["status", "committee", "revision"])
    return nomination


def _words(kind: str, rule: Rule, keep_until: date | None, refer_to: Committee | None) -> str:
    """In the language of the workspace, for it is read out to all."""
    with override(recovery_settings().language):
        words = {
            Motion.Kind.KILL: _("Kill the rule “%(rule)s”."),
            Motion.Kind.CHANGE: _("Change the rule “%(rule)s” to the new text."),
            Motion.Kind.KEEP: _("Keep the rule “%(rule)s” until %(day)s."),
            Motion.Kind.REFER: _("Refer the rule “%(rule)s” to %(committee)s."),
        }[Motion.Kind(kind)]
    return words % {"rule": rule.title, "day": keep_until, "committee": refer_to}


def _deliberated_until(rule: Rule, charter: CharterVersion, by: Actor | None, now: datetime) -> datetime | None:
    owner = owner_of_rule(rule)
    if owner is None or not charter.deliberation_hours or (isinstance(by, Membership) and by.pk == owner):
        return None
    return now + timedelta(hours=charter.deliberation_hours)


def _locked(motion: Motion) -> Motion:
    Motion.objects.select_for_update().get(pk=motion.pk)
    return Motion.objects.select_related("rule", "committee").get(pk=motion.pk)


def _save(motion: Motion, *fields: str) -> None:
    motion.revision += 1
    motion.save(update_fields=[*fields, "revision"])
