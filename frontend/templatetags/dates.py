"""Django's filter `date`, which every template has, with days and times as the reader's language writes them."""

from __future__ import annotations

from datetime import date as calendar_date
from typing import Any

from django import template
from django.template.defaultfilters import date as as_django_writes_it

from cso.languages import format_date

register = template.Library()


@register.filter(expects_localtime=True, is_safe=False)
def date(value: Any, letters: str | None = None) -> str:
    """As Django's own; the letters are those of English (`cso.languages.DATE_LETTERS`)."""
    if letters and isinstance(value, calendar_date):
        return format_date(value, letters)
    return str(as_django_writes_it(value, letters))
