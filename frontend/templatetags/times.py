"""Instants as people say them: "3 h left", "12 min late", "2 d ago", always against the page's own now.

js/app.js keeps the same texts fresh while a page stays open; its words come from `time_words`.
"""

from datetime import datetime, timedelta

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from cso.languages import format_date

register = template.Library()

_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


def span(length: timedelta) -> str:
    """Say a length of time, rounded down: minutes below 1 h, hours below 48 h, else days of 24 h."""
    length = abs(length)
    if length < _HOUR:
        return f"{length // _MINUTE}\u00a0{_('min')}"
    if length < 2 * _DAY:
        return f"{length // _HOUR}\u00a0{_('h')}"
    return f"{length // _DAY}\u00a0{_('d')}"


def _phrases() -> dict[str, str]:
    return {
        "left": _("{} left"),
        "late": _("{} late"),
        "ago": _("{} ago"),
        "in": _("due in {}"),
        "silent": _("silent for {}"),
    }


def _time(instant: datetime, now: datetime, relative: str, kind: str) -> SafeString:
    return format_html(
        '<time datetime="{}" title="{}" data-relative="{}">{}</time>',
        instant.isoformat(),
        format_date(localtime(instant), "j M Y, H:i"),
        relative,
        _phrases()[kind].format(span(instant - now)),
    )


@register.simple_tag
def due_in(due: datetime, now: datetime) -> SafeString:
    """Say how much of the time up to `due` is left at `now`, or by how much it is over."""
    return _time(due, now, "due", "left" if due >= now else "late")


@register.simple_tag
def contact_due(due: datetime, now: datetime) -> SafeString:
    """Say in how much time the customer is to hear from us, or since when we have been silent."""
    return _time(due, now, "contact", "in" if due >= now else "silent")


@register.simple_tag
def ago(instant: datetime, now: datetime) -> SafeString:
    """Say how long before `now` the instant was."""
    return _time(instant, now, "ago", "ago")


@register.simple_tag
def time_words(now: datetime | str) -> SafeString:
    """The attributes of <body> that js/app.js words its times with; an unset `now` leaves its own out."""
    words = format_html(
        'data-units="{} {} {}" data-left="{}" data-late="{}" data-ago="{}" data-in="{}" data-silent="{}"',
        _("min"),
        _("h"),
        _("d"),
        *_phrases().values(),
    )
    return format_html('{} data-now="{}"', words, now.isoformat()) if isinstance(now, datetime) else words
