"""Lengths of time as people write them: "45 min", "2 h", "1 h 30 min", "3 d"."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cso.recovery.models import MAX_MINUTES

HOUR, DAY = 60, 24 * 60
_PART = re.compile(r"(\d{1,6}(?:[.,]\d{1,3})?)\s*([^\W\d_]*)\s*")


class SpanField(forms.CharField):
    """Its value is whole minutes, 1 to `MAX_MINUTES`; a number alone is minutes."""

    default_error_messages = {
        "unreadable": gettext_lazy("Write a time such as 45 min, 2 h, 1 h 30 min or 3 d."),
        "out_of_range": gettext_lazy("Use at least a minute, and at most 60 days."),
    }

    def to_python(self, value: Any) -> Any:
        text = (super().to_python(value) or "").lower()
        if text in self.empty_values:
            return None
        units = _units()
        parts = list(_PART.finditer(text))
        known = units if len(parts) == 1 else units.keys() - {""}
        if "".join(part.group() for part in parts) != text or any(part[2] not in known for part in parts):
            raise forms.ValidationError(self.error_messages["unreadable"], code="unreadable")
        minutes = round(sum(float(part[1].replace(",", ".")) * units[part[2]] for part in parts))
        if not 1 <= minutes <= MAX_MINUTES:
            raise forms.ValidationError(self.error_messages["out_of_range"], code="out_of_range")
        return minutes

    def prepare_value(self, value: Any) -> Any:
        return minutes_words(value) if isinstance(value, int) else value


def minutes_words(minutes: int) -> str:
    """ "1 h 30 min": what a `SpanField` would read as so many minutes."""
    days, rest = divmod(minutes, DAY)
    hours, left = divmod(rest, HOUR)
    if days and (days == 1 or hours or left):
        days, hours = 0, hours + days * 24
    parts = [(days, _("d")), (hours, _("h")), (left, _("min"))]
    return " ".join(f"{number} {unit}" for number, unit in parts if number)


def _units() -> dict[str, int]:
    """The language's own signs, and the international ones."""
    return {"": 1, "min": 1, "h": HOUR, "d": DAY, _("min"): 1, _("h"): HOUR, _("d"): DAY}
