"""What went wrong, in the tenant's words: looked up, and added when new."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _

from cso.errors import FieldError
from cso.recovery.models import ATTITUDE, Cause
from cso.texts import text_errors

MAX_NAME = 120
_ATTITUDE = re.compile(ATTITUDE, re.IGNORECASE | re.ASCII)


def find_or_add_cause(name: str) -> Cause | None:
    """The tenant's cause of that cleaned name, None for an empty one; the caller has checked permission and name."""
    return Cause.objects.get_or_create(name=name)[0] if name else None


def cleaned(name: str) -> str:
    """A name as it is kept."""
    return " ".join(name.split())


def cause_errors(name: str) -> list[FieldError]:
    """What is wrong with a cleaned name: there is no cause called attitude."""
    if _ATTITUDE.search(name):
        message = _("Attitude is not a cause: say what kept people from serving (a rule, a tool, a hand-off).")
        return [FieldError("cause", "blames_people", message)]
    return text_errors("cause", name, MAX_NAME)
