"""The second clock of a case: which contact its customer is owed next, and by when."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Max, Q

from cso.recovery.clocks import ContactsMade, contact_owed
from cso.recovery.models import Case, ContactKind, EventKind, RecoverySettings
from cso.recovery.settings import recovery_settings

UNDONE = (EventKind.REOPENED, EventKind.DISPUTED)


def reset_contact_clock(case: Case) -> None:
    """Set `next_contact` and `next_contact_due_at` of a locked case by what holds of it now; `save_case` writes them.

    Nothing is owed while the customer is not known, nor for a case that was fixed already when it came here.
    """
    case.next_contact, case.next_contact_due_at = "", None
