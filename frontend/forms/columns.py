"""What stands beside the field for a CSV file."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.functional import lazy
from django.utils.translation import gettext as _

from frontend.words.figures import number


def _columns_help(columns: Sequence[str], most: int) -> str:
    words = {"columns": ", ".join(columns), "most": number(most)}
    return _("Its first line names the columns, of these: %(columns)s. At most %(most)s lines.") % words


# In the language of whoever reads the form; put together at once it would speak the one of the process.
columns_help = lazy(_columns_help, str)
