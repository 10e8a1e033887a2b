"""Closing a case: how it was solved, what failed, what to change; and the surprise that was planned."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from cso.errors import ConflictError, FieldError, InvalidFieldsError
from cso.recovery import permissions
from cso.recovery.actions import MAX_NOTE, fix_case, lock_case, save_case
from cso.recovery.clocks import Floor, act_instant
from cso.recovery.models import Case, EventKind, FailedRight, Solution
from cso.rules.models import Rule
from cso.texts import text_errors
from tenants.models import Actor

MAX_LINE = 500


def close_case(
    case: Case,
    *,
    by: Actor | None,
    at: datetime | None,
    now: datetime,
    solution: str,
    quoted_rule: Rule | None = None,
    failed_right: str = "",
    given_surprise: str = "",
    change_idea: str = "",
    note: str = "",
) -> Case:
    """Nothing is left to do since `at` (None: now). An open case is fixed in the same act; the fix decides its figures.

    solution: one of `Solution`; quoting policy names the rule. What is left empty of `failed_right`, `given_surprise`
    and `change_idea` keeps what an earlier closing said. Raises `InvalidFieldsError`, or `ConflictError` if closed.
    """
    case = lock_case(case, by)
    if not permissions.can_close_case(by, case):
        raise ConflictError(_("This case is closed already."), code="already_closed")
    lines = {"given_surprise": given_surprise, "change_idea": change_idea}
    _check(solution, quoted_rule, failed_right, lines, note)
    before_fixed = Floor(case.fixed_at, "before_fixed", _("The case cannot be closed before it was fixed."))
    at = act_instant(at, now=now, after=[before_fixed])
    if case.is_open:
        case = fix_case(case, by=by, at=at, now=now)
    case.closed_at, case.solution, case.quoted_rule = at, solution, quoted_rule
    for name, value in (lines | {"failed_right": failed_right}).items():
        setattr(case, name, value or getattr(case, name))
    changes = {"solution": solution} | ({"rule": quoted_rule.title} if quoted_rule else {})
    fields = ("closed_at", "solution", "quoted_rule", "failed_right", "given_surprise", "change_idea")
    return save_case(case, EventKind.CLOSED, by, at, note, *fields, changes=changes)


def _check(solution: str, rule: Rule | None, failed_right: str, lines: dict[str, str], note: str) -> None:
    errors = text_errors("note", note, MAX_NOTE)
    if solution not in Solution.values:
        errors.append(
            FieldError("solution", "unknown", _("Use one of: %(choices)s.") % {"choices": ", ".join(Solution.values)})
        )
    if solution == Solution.POLICY_QUOTED and rule is None:
        errors.append(FieldError("quoted_rule", "required", _("Name the rule that was quoted.")))
    if solution != Solution.POLICY_QUOTED and rule is not None:
        errors.append(FieldError("quoted_rule", "not_quoted", _("A rule is named only when policy was quoted.")))
    if failed_right and failed_right not in FailedRight.values:
        errors.append(
            FieldError(
                "failed_right", "unknown", _("Use one of: %(choices)s.") % {"choices": ", ".join(FailedRight.values)}
            )
        )
    for name, line in lines.items():
        errors += text_errors(name, line, MAX_LINE)
    if errors:
        raise InvalidFieldsError(errors)


def plan_surprise(case: Case, text: str, *, by: Actor | None, now: datetime) -> Case:
    """What would this customer not expect? Empty takes the plan back."""
    case = lock_case(case, by)
    if errors := text_errors("text", text, MAX_LINE):
        raise InvalidFieldsError(errors)
    text = text.strip()
    if text == case.planned_surprise:
        return case
    changes = {"planned_surprise": [case.planned_surprise or None, text or None]}
    case.planned_surprise = text
    return save_case(case, EventKind.SURPRISE_PLANNED, by, now, "", "planned_surprise", changes=changes)
