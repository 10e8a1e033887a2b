"""What is searched for in remarks, and what is made of one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cso.panels.models import Remark, Theme
from cso.panels.remarks import MAX_SEARCH, MAX_TAG, MOST_TAGS, tag_remark
from cso.panels.themes import MAX_NAME, MAX_WORD, MOST_WORDS, set_theme
from cso.panels.turning import praise_to_recognition
from cso.people.models import Person
from cso.recognition.models import Recognition
from frontend.forms.base import PortalForm
from frontend.forms.committees.fields import OneOfField, known_people, offer
from tenants.models import Membership

RIGHT, WRONG = "right", "wrong"


class RemarkFilters(PortalForm):
    words = forms.CharField(required=False, max_length=MAX_SEARCH)
    kind = forms.ChoiceField(required=False, choices=[("", ""), (RIGHT, ""), (WRONG, "")])
    theme = forms.UUIDField(required=False)
    unit = forms.UUIDField(required=False)
    tag = forms.CharField(required=False, max_length=MAX_TAG)

    @property
    def praise(self) -> bool | None:
        return {RIGHT: True, WRONG: False}.get(self.cleaned_data["kind"])


class ThankForm(PortalForm):
    """Whom a customer praises."""

    person = OneOfField(label=_("Who is it?"))
    kind = forms.ChoiceField(label=_("What was it?"), choices=Recognition.Kind.choices)
    what = forms.CharField(
        label=_("What they did"), help_text=_("Empty: the customer’s own words."), required=False, max_length=500
    )

    def __init__(self, data: Any = None, *, remark: Remark, person: Person | None = None) -> None:
        super().__init__(data, initial={"person": person, "kind": Recognition.Kind.DELIGHT})
        self.remark = remark
        offer(self, "person", known_people())

    def save(self, *, by: Membership, now: datetime) -> None:
        praise_to_recognition(self.remark, by=by, now=now, **self.cleaned_data)


class TagForm(PortalForm):
    tags = forms.CharField(
        label=_("Tags"),
        help_text=_("With commas between them. Everybody reads them: no names."),
        required=False,
        max_length=MOST_TAGS * (MAX_TAG + 2),
    )

    def __init__(self, data: Any = None, *, remark: Remark) -> None:
        super().__init__(data, initial={"tags": ", ".join(remark.tags)})
        self.remark = remark

    def save(self, *, by: Membership, now: datetime) -> None:
        tag_remark(self.remark, self.cleaned_data["tags"].split(","), by=by)


class ThemeForm(PortalForm):
    name = forms.CharField(label=_("Theme"), max_length=MAX_NAME)
    words = forms.CharField(
        label=_("Found by the words"),
        help_text=_("With commas between them, in any of their forms, English and French."),
        max_length=MOST_WORDS * (MAX_WORD + 2),
    )

    def save(self, *, by: Membership, now: datetime) -> Theme:
        return set_theme(self.cleaned_data["name"], self.cleaned_data["words"].split(","), by=by)
