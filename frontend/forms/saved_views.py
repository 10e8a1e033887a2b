"""Keeping a list as one has filtered it."""

from __future__ import annotations

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cso.errors import ConflictError
from frontend.forms.base import PortalForm
from frontend.forms.filters import CaseFilters
from frontend.models import SavedView
from tenants.models import Membership

CASES = "cases"
MOST_VIEWS = 30
LONGEST_QUERY = 500


class SaveViewForm(PortalForm):
    name = forms.CharField(label=gettext_lazy("Name of the view"), max_length=60)
    query = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean_query(self) -> str:
        query = plain_query(self.cleaned_data["query"])
        if len(query) > LONGEST_QUERY:
            raise forms.ValidationError(_("These filters are too long to be kept."))
        return query

    def save(self, *, by: Membership) -> SavedView:
        """The view of this name, new or anew."""
        own = SavedView.objects.filter(member=by, page=CASES)
        name, query = self.cleaned_data["name"], self.cleaned_data["query"]
        if own.count() >= MOST_VIEWS and not own.filter(name=name).exists():
            raise ConflictError(_("You have %(n)s views already; delete one first.") % {"n": MOST_VIEWS})
        view, _new = SavedView.objects.update_or_create(member=by, page=CASES, name=name, defaults={"query": query})
        return view


def plain_query(text: str) -> str:
    """The filters in a query string, in one order and without pages, blanks and what is no filter."""
    given = QueryDict(text.removeprefix("?"))
    plain = QueryDict(mutable=True)
    for name in CaseFilters.base_fields:
        if value := given.get(name, "").strip():
            plain[name] = value
    return plain.urlencode()
