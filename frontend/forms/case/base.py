"""What the forms of a case's acts share."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.db import transaction
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cso.errors import ConflictError, InvalidFieldsError
from cso.recovery.actions import MAX_NOTE
from cso.recovery.models import Case
from frontend.forms.base import Moment, PortalForm, local_time
from frontend.forms.once import fresh_id, id_made_by
from tenants.models import Membership

Said = str | Promise | None
# Django's own lazy texts, which its stubs tell apart from other promises.
Label = Any
NOW_OR_EARLIER = [(Moment.NOW, _("Just now")), (Moment.EARLIER, _("Earlier"))]


class CaseForm(PortalForm):
    """Something that a member does with a case at one instant; `thing` is what of the case it is about, if anything."""

    # What an empty form says before it is sent, for an act that needs some words.
    intro: str | Promise = ""
    # Field -> the name of the address that looks up what is written in it, and where the answer is shown.
    looked_up: ClassVar[dict[str, tuple[str, str]]] = {}

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        case: Case,
        by: Membership,
        now: datetime,
        thing: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data, **kwargs)
        self.case, self.by, self.now, self.thing = case, by, now, thing

    def save(self) -> Said:
        """Do it, and say what is now true where the act's own words do not; raises what the act raises."""
        raise NotImplementedError


class OnceForm(CaseForm):
    """What makes a row, once: the hidden id is chosen while the form is shown."""

    form_id = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["form_id"] = fresh_id(self.now)

    def save(self) -> Said:
        try:
            with transaction.atomic():
                return self.make()
        except ConflictError as error:
            if error.code != "sent_twice":
                raise
        return _("This was sent already, and counts once.")

    def make(self) -> Said:
        """As `save`, with `row_id`; a row that is there already raises `ConflictError` with the code `sent_twice`."""
        raise NotImplementedError

    def row_id(self) -> UUID | None:
        """Of the case and all that was filled in; None for a form that was not shown, but sent by hand."""
        words = self.cleaned_data
        form = words["form_id"]
        return id_made_by(form, self.case.pk, *(words[name] for name in sorted(words))) if form else None


def when_field(label: Label, *, required: bool = True) -> forms.ChoiceField:
    """Just now, or earlier; goes with a field `at` (see `instant_of`). Where it is not asked for, it was just now."""
    widget = forms.RadioSelect
    return forms.ChoiceField(label=label, choices=NOW_OR_EARLIER, initial=Moment.NOW, required=required, widget=widget)


def earlier_field() -> forms.DateTimeField:
    return local_time(label=_("If earlier: when?"), required=False)


def instant_of(form: CaseForm, choice: str) -> datetime:
    """What a `when_field` and its field `at` say together."""
    at = form.cleaned_data["at"] if form.cleaned_data[choice] == Moment.EARLIER else form.now
    if at is None:
        raise InvalidFieldsError.of("at", "required", str(_("Say when it was.")))
    return at


def note_field(label: Label, *, required: bool = False, rows: int = 3, **kwargs: Any) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": rows})
    return forms.CharField(label=label, required=required, max_length=MAX_NOTE, widget=widget, **kwargs)


def line_field(label: Label, most: int, *, required: bool = False, **kwargs: Any) -> forms.CharField:
    return forms.CharField(label=label, required=required, max_length=most, **kwargs)
