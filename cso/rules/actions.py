"""Changes to the rule register. Each act checks, changes and records in one transaction, under the rule's row lock."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _

from cso.errors import ConflictError, FieldError, InvalidFieldsError
from cso.people.models import Person, Unit
from cso.people.queries import home_unit, leader_of
from cso.rules.models import Origin, Rule, RuleVersion
from cso.rules.search import plain
from cso.texts import text_errors
from tenants import audit
from tenants.locks import hold_names
from tenants.models import Actor, Membership
from tenants.permissions import require
from tenants.roles import Can
from tenants.scope import day_of

MAX_TEXT = 5_000
MAX_REASON = 500
# What `change_rule` may change; the words change by `amend_rule`.
CHANGEABLE = ("title", "unit", "owner", "origin", "citation", "sunset_on", "code")
_LONGEST = {"title": 200, "citation": 300, "code": 100}


def register_rule(
    *,
    by: Actor | None,
    title: str,
    text: str,
    origin: str,
    now: datetime,
    unit: Unit | None = None,
    owner: Person | None = None,
    citation: str = "",
    sunset_on: date | None = None,
    code: str | None = None,
) -> Rule:
    """A new rule with its first words. `unit` None: it holds for all; `owner`: the leader who answers for it.

    Raises `InvalidFieldsError` by field (a law needs its citation), `ConflictError` for a code in use.
    """
    require(by, Can.EDIT_RULES)
    rule = Rule(
        title=" ".join(title.split()),
        unit=unit,
        owner=owner,
        origin=origin,
        citation=citation.strip(),
        sunset_on=sunset_on,
        code=code or None,
    )
    return _register(rule, text, by=by, now=now)


def amend_rule(rule: Rule, text: str, *, by: Actor | None, now: datetime) -> RuleVersion:
    """Give a rule other words from `now` on; the old ones are kept. Words that say the same change nothing."""
    require(by, Can.EDIT_RULES)
    rule = _locked(rule)
    text = text.strip()
    _refuse(_text_errors(text))
    latest = rule.versions.order_by("-number").first()
    assert latest is not None, "a rule has words from the start"
    if latest.text == text:
        return latest
    rule.revision += 1
    rule.save(update_fields=["revision"])
    audit.record(by, "amend_rule", rule.title, rule=str(rule.pk), version=latest.number + 1)
    return _add_version(rule, latest.number + 1, text, by=by, now=now)


def change_rule(rule: Rule, *, by: Actor | None, now: datetime, **values: Any) -> Rule:
    """Set any of `CHANGEABLE`. Raises what `register_rule` raises."""
    require(by, Can.EDIT_RULES)
    unknown = set(values) - set(CHANGEABLE)
    if unknown:
        raise ValueError(f"Not changeable: {sorted(unknown)}")
    rule = _locked(rule)
    if "title" in values:
        values["title"] = " ".join(values["title"].split())
    if "code" in values:
        values["code"] = values["code"] or None
    before = {name: getattr(rule, name) for name in values if getattr(rule, name) != values[name]}
    if not before:
        return rule
    for name in before:
        setattr(rule, name, values[name])
    _refuse(_errors(rule, now=now, is_sunset_new="sunset_on" in before))
    _require_free_code(rule)
    rule.revision += 1
    rule.save(update_fields=[*before, "revision"])
    changes = {name: [_plain_value(was), _plain_value(values[name])] for name, was in before.items()}
    audit.record(by, "change_rule", rule.title, rule=str(rule.pk), changes=changes)
    return rule


def withdraw_rule(rule: Rule, *, by: Actor | None, reason: str, now: datetime) -> Rule:
    """The rule holds no longer; it stays in the register, with the cases that quoted it."""
    require(by, Can.EDIT_RULES)
    rule, reason = _locked(rule), reason.strip()
    if not reason:
        raise InvalidFieldsError.of("reason", "required", _("Say why it holds no longer."))
    _refuse(text_errors("reason", reason, MAX_REASON))
    rule.status, rule.withdrawn_at, rule.withdrawn_because = Rule.Status.WITHDRAWN, now, reason
    rule.revision += 1
    rule.save(update_fields=["status", "withdrawn_at", "withdrawn_because", "revision"])
    audit.record(by, "withdraw_rule", rule.title, rule=str(rule.pk), reason=reason)
    return rule


def find_or_register(title: str, *, by: Actor | None, now: datetime, unit: Unit | None = None) -> Rule:
    """The rule of that title, whatever its case and accents, or a new one: a habit, as nobody knows better yet.

    For whoever works cases and hears a rule quoted. A new one belongs to `unit` (None: the unit in which `by` works, as
    far as known), and to who leads it or the next unit above that has a leader. Raises `InvalidFieldsError` of `title`.
    """
    if by is not None and not (by.can(Can.WORK_CASE) or by.can(Can.EDIT_RULES)):
        raise PermissionDenied
    title, key = " ".join(title.split()), plain(title)
    if key:
        # Two who quote a new rule at once register it once.
        hold_names(f"rule:{key}")
        named = [rule for rule in Rule.objects.order_by("created_at", "id") if plain(rule.title) == key]
        if found := next((rule for rule in named if rule.status in Rule.HOLDING), named[0] if named else None):
            return found
    unit = unit or (home_unit(by) if by is not None else None)
    rule = Rule(title=title, unit=unit, owner=_leader_at_or_above(unit, day_of(now)), origin=Origin.HABIT)
    _refuse(_errors(rule, now=now, is_sunset_new=True))
    return _register(rule, title, by=by, now=now)


def _register(rule: Rule, text: str, *, by: Actor | None, now: datetime) -> Rule:
    text = text.strip()
    _refuse([*_errors(rule, now=now, is_sunset_new=True), *_text_errors(text)])
    _require_free_code(rule)
    rule.save()
    _add_version(rule, 1, text, by=by, now=now)
    audit.record(by, "register_rule", rule.title, rule=str(rule.pk), origin=rule.origin)
    return rule


def _add_version(rule: Rule, number: int, text: str, *, by: Actor | None, now: datetime) -> RuleVersion:
    member = by if isinstance(by, Membership) else None
    return RuleVersion.objects.create(rule=rule, number=number, text=text, in_force_from=now, member=member)


def _locked(rule: Rule) -> Rule:
    """The rule as it stands, locked; a rule that was withdrawn changes no more."""
    found = Rule.objects.select_for_update().get(pk=rule.pk)
    if found.status in Rule.ENDED:
        raise ConflictError(_("This rule holds no longer."), code="withdrawn")
    return found


def _errors(rule: Rule, *, now: datetime, is_sunset_new: bool) -> list[FieldError]:
    errors = []
    if not rule.title:
        errors.append(FieldError("title", "required", _("Say in a few words what the rule asks.")))
    for name, longest in _LONGEST.items():
        errors += text_errors(name, getattr(rule, name) or "", longest)
    if rule.origin not in Origin.values:
        errors.append(
            FieldError("origin", "unknown", _("Use one of: %(choices)s.") % {"choices": ", ".join(Origin.values)})
        )
    if rule.origin == Origin.EXTERNAL_LAW and not rule.citation:
        errors.append(FieldError("citation", "required", _("Say which law, and where it says so.")))
    if is_sunset_new and rule.sunset_on is not None and rule.sunset_on <= day_of(now):
        errors.append(
            FieldError("sunset_on", "not_later", _("A rule ends on a day to come; withdraw it to end it now."))
        )
    return errors


def _text_errors(text: str) -> list[FieldError]:
    if not text:
        return [FieldError("text", "required", _("Write the rule as people are told it."))]
    return text_errors("text", text, MAX_TEXT)


def _refuse(errors: list[FieldError]) -> None:
    if errors:
        raise InvalidFieldsError(errors)


def _require_free_code(rule: Rule) -> None:
    others = Rule.objects.all() if rule._state.adding else Rule.objects.exclude(pk=rule.pk)
    if rule.code and others.filter(code=rule.code).exists():
        raise ConflictError(
            _("A rule with the code “%(code)s” exists already.") % {"code": rule.code}, code="code_in_use"
        )


def _leader_at_or_above(unit: Unit | None, day: date) -> Person | None:
    while unit is not None:
        if leadership := leader_of(unit, day):
            owner: Person = leadership.person
            return owner
        unit = unit.parent
    return None


def _plain_value(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else None if value is None else str(value)
