"""The customer's own page of a case, opened by the link that they were sent. Looking at it changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cso.errors import NotAllowedError
from cso.languages import when
from cso.recovery.call_backs import ask_call_back
from cso.recovery.customer_page import CustomerView, answer_questions, case_by_token, decline_questions, view_of
from cso.recovery.links import LinkExpiredError, speaks_as_customer
from cso.recovery.models import Case
from frontend.access import PublicRequest, for_public
from frontend.forms.base import answer_to
from frontend.forms.customer_page import AnswerForm, CallBackForm
from frontend.public import in_language_of, may_send, show_public, show_sorry

ANSWER, CALL, DECLINE = "answer", "call", "decline"


@for_public()
@require_http_methods(["GET", "HEAD", "POST"])
def customer_page(request: PublicRequest, token: str) -> HttpResponse:
    try:
        case = case_by_token(token, now=request.now)
    except Case.DoesNotExist as error:
        raise Http404 from error
    except LinkExpiredError:
        with in_language_of(request):
            text = _(
                "For your safety, a page like this one closes some time after all is done. If something is still wrong,"
                " please tell us again: we will help."
            )
            return show_sorry(request, _("This page is closed"), text, status=410)
    with in_language_of(request, case.customer.language if case.customer else ""):
        only_shows = not speaks_as_customer(token)
        if request.method == "POST" and not only_shows:
            return _act(request, case)
        return _page(request, case, only_shows=only_shows)


def _act(request: PublicRequest, case: Case) -> HttpResponse:
    if not may_send(request, f"case:{case.pk}"):
        text = _("Please wait a few minutes, then try again. Nothing that you told us before is lost.")
        return show_sorry(request, _("That was a lot at once"), text, status=429)
    acts: dict[str, Callable[[PublicRequest, Case], HttpResponse]]
    acts = {ANSWER: _answer, CALL: _call, DECLINE: _decline}
    act = acts.get(request.POST.get("act", ""))
    return act(request, case) if act else _page(request, case)


def _answer(request: PublicRequest, case: Case) -> HttpResponse:
    form = AnswerForm(request.POST)

    def answer() -> HttpResponse:
        answer_questions(case, **form.said(), now=request.now, by=request.member)
        return _done(request, ANSWER)

    return answer_to(form, answer) or _page(request, case, answer_form=form)


def _call(request: PublicRequest, case: Case) -> HttpResponse:
    form = _call_back_form(case, request.POST)

    def call() -> HttpResponse:
        ask_call_back(case, **form.cleaned_data, now=request.now, by=request.member)
        return _done(request, CALL)

    return answer_to(form, call) or _page(request, case, call_form=form)


def _decline(request: PublicRequest, case: Case) -> HttpResponse:
    try:
        decline_questions(case, now=request.now, by=request.member)
    except NotAllowedError as error:
        return show_sorry(request, _("This is not for you"), error.message, status=403)
    return _done(request, DECLINE)


def _done(request: PublicRequest, act: str) -> HttpResponse:
    return HttpResponseRedirect(f"{request.path}?{urlencode({'lang': get_language() or '', 'done': act})}")


def _page(request: PublicRequest, case: Case, **sent: Any) -> HttpResponse:
    view = view_of(case, now=request.now)
    answer_form = sent.get("answer_form") or AnswerForm(initial=AnswerForm.like(view.answer))
    call_form = sent.get("call_form") or _call_back_form(case, None)
    page = {
        "view": view,
        "case": case,
        "is_staff": request.member is not None,
        "only_shows": request.member is not None or sent.get("only_shows", False),
        "answer_form": answer_form,
        "questions": [answer_form[name] for name in AnswerForm.questions],
        "changes_answer": request.GET.get("change") == "1" or answer_form.is_bound,
        "call_form": call_form,
        "form": answer_form if answer_form.is_bound else call_form,
        "reported": when(case.reported_at),
        "next_contact": _contact_words(case, request),
        "promises": [(promise.what, *_promise_words(promise, request)) for promise in view.promises],
        "answer_until": when(view.answer_until) if view.answer_until else "",
        "done": _done_words(request.GET.get("done", ""), view),
    }
    return show_public(request, "frontend/public/customer_page.html", page)


def _call_back_form(case: Case, data: Any) -> CallBackForm:
    return CallBackForm(data, known_phone=case.customer.phone if case.customer else "", prefix="call")


def _contact_words(case: Case, request: PublicRequest) -> str:
    due = case.next_contact_due_at
    if due is None:
        return ""
    if due >= request.now:
        return _("You will hear from us by %(when)s.") % {"when": when(due)}
    return _("You should have heard from us by %(when)s. We are sorry: ask us to call you, below.") % {
        "when": when(due)
    }


def _promise_words(promise: Any, request: PublicRequest) -> tuple[str, str]:
    """What became of a promise, and how it stands: `better`, `worse` or `chance`."""
    if promise.done_at is not None and promise.disputed_at is None:
        return _("Done on %(when)s") % {"when": when(promise.done_at)}, "better" if promise.kept else "chance"
    if promise.disputed_at is not None:
        return _("You told us that this was not done"), "worse"
    if promise.due_at < request.now:
        return _("Was due by %(when)s. We are sorry that it is late.") % {"when": when(promise.due_at)}, "worse"
    return _("By %(when)s") % {"when": when(promise.due_at)}, "chance"


def _done_words(act: str, view: CustomerView) -> str:
    """What the last sending has led to, as far as it is so."""
    if act == ANSWER and view.answer is not None:
        if view.answer.is_fixed:
            return _("Thank you. Your answers have been recorded.")
        return _("Thank you for telling us. Your case is open again, and we are working on it.")
    if act == CALL and view.call_back is not None:
        return _("Thank you. Whoever is responsible has been told that you are waiting for a call.")
    if act == DECLINE and not view.can_decline:
        return _("We will not ask you again.")
    return ""
