"""Signs that each language sets in its own way; every template has them."""

from __future__ import annotations

from django import template
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def quoted(words: str) -> SafeString:
    """The words between the quotation marks of the reader's language."""
    return SafeString(_("“%(words)s”") % {"words": conditional_escape(str(words))})


@register.simple_tag
def colon() -> str:
    """Between a name and what is said of it; French sets a space before it."""
    # Translators: the sign alone, with the space that stands before it.
    return _(":")
