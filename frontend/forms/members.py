"""Choosing a colleague."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from frontend.offers import WORKERS, Offer
from tenants.models import Membership

# Above this many, a list to choose from is slower than typing a name.
MOST_LISTED = 200


class MemberField(forms.Field):
    """The id of a member, from a list; where there are too many for one, by the whole name (`offer`)."""

    default_error_messages = {
        "unknown": _("Nobody here has this name."),
        "ambiguous": _("Several people have this name: open the case of one and choose there."),
    }

    def offer(self, members: Sequence[Offer], *, none: str = "") -> None:
        """Let one of `members` be chosen; `none` is the label of no choice."""
        self.members = {str(member.id): member.name for member in members}
        if len(members) <= MOST_LISTED:
            self.widget = forms.Select(choices=[("", none), *self.members.items()])
        else:
            self.help_text = _("The whole name.")
            self.widget = forms.TextInput()

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(self.widget, forms.Select) else self.members.get(str(value), value)

    def to_python(self, value: Any) -> UUID | None:
        text = str(value or "").strip()
        if not text:
            return None
        if text in self.members:
            return UUID(text)
        named = [pk for pk, name in self.members.items() if name.lower() == text.lower()]
        if len(named) != 1:
            code = "ambiguous" if named else "unknown"
            raise forms.ValidationError(self.error_messages[code], code=code)
        return UUID(named[0])


def working_members() -> list[Offer]:
    """Those who may own a case, by name."""
    found = Membership.objects.filter(ended_at=None, role__in=WORKERS).order_by("user__name")
    return [Offer(pk, name) for pk, name in found.values_list("pk", "user__name")]
