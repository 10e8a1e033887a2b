"""Who holds a case: exactly one owner, always."""

from __future__ import annotations

from cso.recovery.models import Case
from tenants.models import Membership


def owner_of(case: Case) -> Membership | None:
    """Who owns a case; None only in a workspace without anybody."""
    return case.owner
