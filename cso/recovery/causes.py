"""What went wrong, in the tenant's words: looked up, and added when new."""

from __future__ import annotations

from cso.errors import FieldError, InvalidFieldsError
from cso.recovery.clocks import text_errors
from cso.recovery.models import Cause

MAX_NAME = 120


def find_or_add_cause(name: str) -> Cause:
    """The tenant's cause of that name. Raises `InvalidFieldsError`: there is no cause called attitude."""
    name = " ".join(name.split())
    if errors := cause_errors(name):
        raise InvalidFieldsError(errors)
    return Cause.objects.get_or_create(name=name)[0]


def cause_errors(name: str) -> list[FieldError]:
    if "attitude" in name.lower().split():
        message = "Attitude is not a cause: say what kept people from serving (a rule, a tool, a hand-off)."
        return [FieldError("cause", "blames_people", message)]
    return text_errors("cause", name, MAX_NAME)
