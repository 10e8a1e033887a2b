"""A rule, a committee, a member or a person, out of a list; where that is too long, by the whole name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cso.committees.models import Committee
from cso.people.models import Person
from cso.rules.models import Rule
from tenants.models import Membership

MOST_LISTED = 200


class OneOfField(forms.Field):
    """One of the rows that `offer` names; its value is the row, or None."""

    default_error_messages = {
        "unknown": _("There is nothing here with this name."),
        "ambiguous": _("Several have this name."),
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rows: dict[str, tuple[Any, str]] = {}

    def offer(self, rows: Iterable[Any], name: str = "") -> None:
        """Let one of `rows` be chosen, by its attribute `name`, else by what it is as text."""
        self.rows = {str(row.pk): (row, str(getattr(row, name) if name else row)) for row in rows}
        if len(self.rows) <= MOST_LISTED:
            self.widget = forms.Select(choices=[("", ""), *((pk, label) for pk, (_row, label) in self.rows.items())])
        else:
            self.help_text = _("The whole name.")
            self.widget = forms.TextInput()
        self.widget.is_required = self.required

    def prepare_value(self, value: Any) -> Any:
        if value is None or isinstance(value, str):
            return value
        return str(value.pk) if isinstance(self.widget, forms.Select) else self.rows[str(value.pk)][1]

    def to_python(self, value: Any) -> Any:
        text = " ".join(str(value or "").split())
        if not text:
            return None
        if text in self.rows:
            return self.rows[text][0]
        found = [row for row, label in self.rows.values() if label.lower() == text.lower()]
        if len(found) != 1:
            code = "ambiguous" if found else "unknown"
            raise forms.ValidationError(self.error_messages[code], code=code)
        return found[0]


def offer(form: forms.Form, name: str, rows: Iterable[Any], label: str = "") -> None:
    field = form.fields[name]
    assert isinstance(field, OneOfField)
    field.offer(rows, label)


def rules_in_force() -> list[Rule]:
    return list(Rule.objects.filter(withdrawn_at=None).order_by("title", "id"))


def live_committees() -> list[Committee]:
    return list(Committee.objects.filter(dissolved_at=None).order_by("name", "id"))


def working_members() -> list[Membership]:
    found = Membership.objects.filter(ended_at=None).select_related("user")
    return sorted(found, key=lambda member: (member.label, member.pk))


def known_people() -> list[Person]:
    return list(Person.objects.order_by("name", "id"))
