"""Two cases that are one, and one that was two."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from cso.recovery.duplicates import merge_cases, split_case
from frontend.forms.case.base import CaseForm


class MergeForm(CaseForm):
    intro = _("The earlier clock stays. They can be split again, with the clocks that they had.")

    def save(self) -> None:
        merge_cases(self.thing, self.case, by=self.by, now=self.now)


class SplitForm(CaseForm):
    """Of a duplicate, from whichever case it was merged into."""

    intro = _("Each goes on with the clock that it had.")

    def save(self) -> None:
        split_case(self.case, by=self.by, now=self.now)
