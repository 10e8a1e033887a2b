"""One case: what is known, what happened, and what can be done."""

from frontend.views.case.acts import act_on_case
from frontend.views.case.closing import rules_like
from frontend.views.case.page import case
from frontend.views.case.promises import promise_meaning
from frontend.views.case.table import ACTS

__all__ = ["ACTS", "act_on_case", "case", "promise_meaning", "rules_like"]
