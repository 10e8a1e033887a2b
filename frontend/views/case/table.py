"""Every act on a case that the portal offers: its address ends with its name."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from cso.recovery import permissions
from frontend.forms.case import clock
from frontend.views.case.acts import Act

_CLOCK = {
    "fix": Act(
        clock.FixForm,
        _("Say that it is fixed"),
        _("It is fixed"),
        _("Fixed. The clock has stopped."),
        can=permissions.can_fix_case,
        is_listed=False,
    ),
    "reopen": Act(
        clock.ReopenForm,
        _("Reopen"),
        _("Reopen it"),
        _("Reopened. It counts as a miss if the fix did not hold for 14 days."),
        can=permissions.can_undo_fix,
    ),
    "dispute": Act(
        clock.DisputeForm,
        _("The customer says it is not fixed"),
        _("Record the dispute"),
        _("Recorded. The case is open again."),
        can=permissions.can_undo_fix,
    ),
    "move": Act(
        clock.MoveForm,
        _("Hand to another unit"),
        _("Hand over"),
        _("Handed over. The clock runs on."),
    ),
    "correct": Act(
        clock.CorrectForm,
        _("Correct the facts"),
        _("Save"),
        _("Corrected. What it was before stands in the log."),
    ),
    "exclude": Act(
        clock.ExcludeForm,
        _("Propose not to count it"),
        _("Propose"),
        _("Proposed. It counts on until a second person agrees."),
        may=permissions.can_propose_exclusion,
    ),
    "confirm-exclusion": Act(
        clock.ConfirmExclusionForm,
        _("Agree not to count it"),
        _("Agree"),
        _("Agreed. The case counts nowhere from now on."),
        may=permissions.can_confirm_exclusion,
    ),
    "withdraw-exclusion": Act(
        clock.WithdrawExclusionForm,
        _("Count it after all"),
        _("Count it"),
        _("The case counts again."),
        may=permissions.can_withdraw_exclusion,
    ),
}

ACTS: dict[str, Act] = {**_CLOCK}
