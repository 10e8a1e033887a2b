"""What is done from the list of cases: acts on many at once, and views that one keeps."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from frontend.access import MemberRequest, for_members
from frontend.forms.base import answer_to
from frontend.forms.bulk import BulkForm
from frontend.forms.saved_views import CASES, SaveViewForm, plain_query
from frontend.models import SavedView
from frontend.offers import offers_for
from tenants.roles import Can

# A status line is read, not studied.
MOST_NAMED = 5


@for_members(Can.WORK_CASE)
@require_POST
def bulk_cases(request: MemberRequest) -> HttpResponse:
    """Back to the list as it was filtered, which says what was done and what was not, and why."""
    form = BulkForm(request.POST, offers=offers_for(request.member, CASES))

    def act() -> HttpResponse:
        outcome = form.save(by=request.member, now=request.now)
        if outcome.done:
            messages.success(request, outcome.done)
        for why, references in outcome.refused.items():
            messages.error(request, _refusal(why, references))
        return _list(request)

    if answer := answer_to(form, act):
        return answer
    for errors in form.errors.values():
        for error in errors:
            messages.error(request, str(error))
    return _list(request)


def _refusal(why: str, references: list[str]) -> str:
    named = ", ".join(references[:MOST_NAMED])
    if more := len(references) - MOST_NAMED if len(references) > MOST_NAMED else 0:
        named = _("%(named)s and %(n)s more") % {"named": named, "n": more}
    words = ngettext("Not done with %(cases)s: %(why)s", "Not done with %(cases)s: %(why)s", len(references))
    return words % {"cases": named, "why": why}


@for_members()
@require_POST
def save_view(request: MemberRequest) -> HttpResponse:
    """The name and query are in what is sent; in the address, where a deletion is taken back."""
    form = SaveViewForm(request.POST if "name" in request.POST else request.GET)

    def save() -> HttpResponse:
        view = form.save(by=request.member)
        messages.success(request, _("“%(name)s” is kept above the list.") % {"name": view.name})
        return redirect(_url(request, view.query))

    if answer := answer_to(form, save):
        return answer
    for errors in form.errors.values():
        messages.error(request, str(errors[0]))
    return _list(request)


@for_members()
@require_POST
def delete_view(request: MemberRequest, view: UUID) -> HttpResponse:
    found = get_object_or_404(SavedView, pk=view, member=request.member, page=CASES)
    found.delete()
    words = urlencode({"name": found.name, "query": found.query})
    undo = f"{reverse('save_view', args=[request.tenant.slug])}?{words}"
    messages.success(request, _("“%(name)s” is deleted.") % {"name": found.name}, extra_tags=undo)
    return redirect(_url(request, found.query))


def _list(request: MemberRequest) -> HttpResponse:
    """The list as it was filtered; only what is a filter is taken over, so that nobody is led elsewhere."""
    return redirect(_url(request, plain_query(request.POST.get("query", ""))))


def _url(request: MemberRequest, query: str) -> str:
    url = reverse("cases", args=[request.tenant.slug])
    return f"{url}?{query}" if query else url
