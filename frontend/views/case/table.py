"""Every act on a case that the portal offers: its address ends with its name."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from cso.recovery import permissions
from cso.recovery.models import CallBack, Case, CaseTask, Promise, Remedy
from cso.recovery.queries import visible_cases
from frontend.access import MemberRequest
from frontend.forms.case import clock, closing, contacts, merging, promises, remedies, teamwork
from frontend.forms.listening.joining import RecruitForm
from frontend.views.case.acts import Act
from tenants.models import Membership
from tenants.roles import Can


def _is_open(member: Membership, case: Case) -> bool:
    return case.is_open


def _is_merged(member: Membership, case: Case) -> bool:
    return member.can(Can.WORK_CASE) and case.merged_into_id is not None


def _may_recruit(member: Membership, case: Case) -> bool:
    """Once it is fixed: who was helped may want to be heard."""
    customer = case.customer
    may_be_asked = customer is not None and customer.erased_at is None and customer.declined_questions_at is None
    return permissions.can_undo_fix(member, case) and may_be_asked


def _promises(request: MemberRequest, case: Case) -> QuerySet[Promise]:
    return case.promises.all()


def _tasks(request: MemberRequest, case: Case) -> QuerySet[CaseTask]:
    return case.tasks.all()


def _remedies(request: MemberRequest, case: Case) -> QuerySet[Remedy]:
    return case.remedies.all()


def _call_backs(request: MemberRequest, case: Case) -> QuerySet[CallBack]:
    return case.call_backs.all()


def _others(request: MemberRequest, case: Case) -> QuerySet[Case]:
    return visible_cases(request.member).exclude(pk=case.pk)


# With a place of their own on the page.
_PLACED: dict[str, Act] = {
    "close": Act(
        closing.CloseForm,
        _("It is fixed. How did it go?"),
        _("Close the case"),
        _("Fixed and closed. The customer is asked whether it was a surprise, unless they were asked lately."),
        may=permissions.can_close_case,
    ),
    "fix": Act(
        clock.FixForm,
        _("Say that it is fixed"),
        _("It is fixed"),
        _("Fixed. The clock has stopped."),
        can=permissions.can_fix_case,
    ),
    "contact": Act(contacts.ContactForm, _("The customer was told"), _("Record it"), _("Recorded.")),
    "surprise": Act(
        contacts.SurpriseForm,
        _("Plan a surprise"),
        _("Plan it"),
        _("Planned. Only the customer can say that it worked."),
    ),
    "take": Act(teamwork.TakeForm, _("Take it"), _("Take it"), _("It is yours."), may=permissions.can_take_case),
    "take-over": Act(
        teamwork.PunchForm,
        _("Take this over"),
        _("Take it over"),
        _("It is yours now. Thank you."),
        may=permissions.can_take_punch,
    ),
    "support": Act(
        teamwork.SupportNoteForm,
        _("How was that for you?"),
        _("Keep it for me"),
        _("Kept, for your eyes only."),
        may=permissions.can_write_support_note,
    ),
    "task": Act(teamwork.TaskForm, _("Ask a unit for help"), _("Ask"), _("Asked. The clock runs on.")),
    "finish-task": Act(teamwork.FinishTaskForm, _("It is done"), _("Done"), _("Done."), things=_tasks),
    "cancel-task": Act(
        teamwork.CancelTaskForm,
        _("It is no longer needed"),
        _("No longer needed"),
        _("Taken off their list."),
        things=_tasks,
    ),
    "promise": Act(
        promises.PromiseForm,
        _("Promise something"),
        _("Promise it"),
        _("Promised. The customer sees it on their page."),
    ),
    "keep-promise": Act(
        promises.KeepPromiseForm, _("The promise is kept"), _("Done"), _("Done as promised."), things=_promises
    ),
    "move-promise": Act(
        promises.MovePromiseForm,
        _("Another time"),
        _("Move it"),
        _("Moved. The first time stays on record."),
        things=_promises,
    ),
    "cancel-promise": Act(
        promises.CancelPromiseForm,
        _("The customer does not want it any more"),
        _("No longer wanted"),
        _("It counts nowhere."),
        things=_promises,
    ),
    "dispute-promise": Act(
        promises.DisputePromiseForm,
        _("The customer says that it was not kept"),
        _("Record it"),
        _("Recorded as not kept."),
        things=_promises,
    ),
    "explain-promise": Act(
        promises.ExplainBrokenForm,
        _("Why was it not kept?"),
        _("Save"),
        _("Saved. That is how we learn."),
        things=_promises,
    ),
    "give": Act(remedies.RemedyForm, _("Give something"), _("Give it"), _("Given, within your own authority.")),
    "withdraw-remedy": Act(
        remedies.WithdrawRemedyForm, _("Withdraw the request"), _("Withdraw it"), _("Withdrawn."), things=_remedies
    ),
    "called-back": Act(
        contacts.CalledBackForm,
        _("The customer was called"),
        _("Called"),
        _("Recorded: called back."),
        things=_call_backs,
    ),
    "merge": Act(
        merging.MergeForm,
        _("Merge this duplicate"),
        _("Merge"),
        _("Merged. The earlier clock stays."),
        things=_others,
    ),
    "split": Act(merging.SplitForm, _("Split from the other case"), _("Split"), _("Two cases again."), may=_is_merged),
}

_LISTED: dict[str, Act] = {
    "hand-over": Act(
        teamwork.HandOverForm,
        _("Hand to someone else"),
        _("Hand over"),
        _("Handed over. The clock runs on."),
        can=_is_open,
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
    "recruit": Act(
        RecruitForm,
        _("Ask onto a panel"),
        _("Put them on it"),
        _("On the panel. They are asked from the next wave on."),
        may=_may_recruit,
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

ACTS: dict[str, Act] = _PLACED | _LISTED
LISTED = tuple(_LISTED)
