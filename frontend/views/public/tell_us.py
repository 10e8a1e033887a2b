"""The web form through which customers tell a workspace what went wrong."""

from __future__ import annotations

from typing import Any

from django.core import signing
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from cso.errors import ConflictError
from cso.languages import LANGUAGES, when
from cso.people.models import Unit
from cso.recovery.attachments import MAX_FILE, MEGABYTE
from cso.recovery.links import link_of
from cso.recovery.models import Case
from frontend.access import PublicRequest, for_public
from frontend.forms.base import answer_to, sent
from frontend.forms.tell_us import MOST_FILES, TellUsForm, id_of
from frontend.public import in_language_of, may_send, show_public, show_sorry

MAX_BODY = MOST_FILES * MAX_FILE + MEGABYTE


@csrf_exempt  # only until the size is known: to look for the token reads the whole body
@for_public()
@require_http_methods(["GET", "HEAD", "POST"])
def tell_us(request: PublicRequest) -> HttpResponse:
    with in_language_of(request):
        if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_BODY:
            text = _("Your files are too large. Go back, choose smaller ones, and send it again.")
            return show_sorry(request, _("That was too much"), text, status=413)
        if not Unit.objects.exists():
            return show_sorry(request, _("Not yet"), _("Nobody is here yet who could help."), status=503)
        return _form_page(request)


@csrf_protect
def _form_page(request: PublicRequest) -> HttpResponse:
    form = TellUsForm(sent(request), request.FILES or None, now=request.now)
    if request.method == "POST":
        if not may_send(request):
            text = _("Please wait a few minutes, then try again. Nothing that you told us before is lost.")
            return show_sorry(request, _("That was a lot at once"), text, status=429)
        if form.is_of_a_program:
            return _thanks_page(request, None)
    return answer_to(form, lambda: _open(request, form)) or show_public(
        request, "frontend/public/tell_us.html", {"form": form, "languages": _languages(request)}
    )


def _open(request: PublicRequest, form: TellUsForm) -> HttpResponse:
    try:
        form.save(_unit(request))
    except ConflictError as error:
        # The same form sent twice: its case stands already.
        if error.code != "sent_twice":
            raise
    thanks = reverse("tell_us_thanks", args=[request.tenant.slug, form.data["token"]])
    return HttpResponseRedirect(f"{thanks}?lang={get_language()}")


@for_public()
@require_http_methods(
    ["GET", "HEAD", "POST"]
)  # sent to, it answers the same: else it would tell which workspaces exist
def tell_us_thanks(request: PublicRequest, token: str) -> HttpResponse:
    try:
        case = Case.objects.select_related("customer").get(pk=id_of(token))
    except (signing.BadSignature, Case.DoesNotExist) as error:
        raise Http404 from error
    with in_language_of(request, case.customer.language if case.customer else ""):
        return _thanks_page(request, case)


def _thanks_page(request: PublicRequest, case: Case | None) -> HttpResponse:
    page: dict[str, Any] = {"case": case}
    if case is not None:
        page |= {"link": link_of(case), "due": when(case.due_at), "is_late": case.due_at <= request.now}
    return show_public(request, "frontend/public/tell_us_thanks.html", page)


def _unit(request: PublicRequest) -> Unit | None:
    """The unit whose page or sign led here, by `?unit=CODE`; None for the intake's."""
    code = request.GET.get("unit", "")
    return Unit.objects.filter(code=code).first() if code.isprintable() and code else None


def _languages(request: PublicRequest) -> list[tuple[str, str, str, bool]]:
    """As on every page for customers; here another language leads to the same unit."""
    query = request.GET.copy()
    found = []
    for code, name in LANGUAGES.items():
        query["lang"] = code
        found.append((code, name, f"?{query.urlencode()}", code == get_language()))
    return found
