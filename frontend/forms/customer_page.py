"""What a customer sends from their own page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cso.recovery.call_backs import MAX_NOTE, MAX_PHONE
from cso.recovery.customer_page import MAX_WORDS
from cso.recovery.models import CustomerAnswer
from frontend.forms.base import PortalForm

YES, NO, UNSURE = "yes", "no", "unsure"
_YES_NO = [(YES, _("Yes")), (NO, _("No"))]
_KNOWN = {YES: True, NO: False}


def _question(label: Any, choices: list[tuple[str, Any]], **options: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=choices, widget=forms.RadioSelect, **options)


class AnswerForm(PortalForm):
    is_fixed = _question(
        _("Is it fixed?"), _YES_NO, error_messages={"required": _("Please tell us whether it is fixed.")}
    )
    apology = _question(_("Did we clearly say sorry?"), [*_YES_NO, (UNSURE, _("Not sure"))], required=False)
    surprised = _question(
        _("Did we do something you did not expect?"), [*_YES_NO, (UNSURE, _("Not sure"))], required=False
    )
    words = forms.CharField(
        label=_("Anything you want to tell us"),
        required=False,
        max_length=MAX_WORDS,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    questions = ("is_fixed", "apology", "surprised")

    def said(self) -> dict[str, Any]:
        """What `answer_questions` takes."""
        data = self.cleaned_data
        return {name: _KNOWN.get(data[name]) for name in self.questions} | {"words": data["words"]}

    @staticmethod
    def like(answer: CustomerAnswer | None) -> dict[str, Any] | None:
        """What a customer said before, to be changed."""
        if answer is None:
            return None
        choice = {True: YES, False: NO, None: UNSURE}
        said = {name: choice[getattr(answer, name)] for name in AnswerForm.questions}
        return said | {"words": answer.words}


class CallBackForm(PortalForm):
    phone = forms.CharField(
        label=_("Your phone number"),
        required=False,
        max_length=MAX_PHONE,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )
    note = forms.CharField(label=_("When suits you, and what about"), required=False, max_length=MAX_NOTE)

    def __init__(self, *args: Any, known_phone: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        digits = [sign for sign in known_phone if sign.isdigit()]
        if digits:
            # Not all of it: whoever has the link would learn it.
            hint = _("Leave it empty and we call the number that ends in %(end)s.")
            self.fields["phone"].help_text = hint % {"end": "".join(digits[-2:])}
        self.fields["phone"].required = not digits
        self.fields["phone"].error_messages["required"] = _("Give the number that we should call.")
