"""Voting, and stepping aside: by the link of a mail, and in the portal."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from cso.committees.models import Choice
from frontend.forms.base import PortalForm


class VoteForm(PortalForm):
    """One of three buttons."""

    choice = forms.ChoiceField(choices=Choice.choices, widget=forms.HiddenInput)


class RecuseForm(PortalForm):
    because = forms.CharField(
        label=_("What is the conflict of interest?"),
        help_text=_("It stands on the roll, beside your seat. You cannot take it back for this ballot."),
        max_length=300,
    )
