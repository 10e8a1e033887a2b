"""A survey by the link of a mail: one question a page, kept as it goes, final once sent. Looking changes nothing."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cso.errors import ConflictError, InvalidFieldsError
from cso.languages import LANGUAGES, when
from cso.panels.answering import answer_question, open_response, options_of, path_of, submit_response
from cso.panels.links import invitation_by_token, leave_token
from cso.panels.models import Answer, Invitation, ListeningSettings, Option, Question, Response
from cso.recovery.links import LinkExpiredError
from frontend.access import PublicRequest, for_public
from frontend.public import in_language_of, show_public, show_sorry
from frontend.questions import CHOICE, DOES_NOT_KNOW, SCORE, SKIP, WORDS, said_words, shown_question

Path = list[tuple[Question, Answer | None]]
SUBMIT = "submit"


@for_public()
@require_http_methods(["GET", "HEAD", "POST"])
def survey(request: PublicRequest, token: str) -> HttpResponse:
    try:
        invitation = invitation_by_token(token, now=request.now)
    except Invitation.DoesNotExist as error:
        raise Http404 from error
    except LinkExpiredError:
        with in_language_of(request):
            return _closed(request)
    with in_language_of(request, invitation.customer.language):
        if request.now < invitation.wave.opens_at:
            text = _("It opens on %(when)s. The same link works then.") % {"when": when(invitation.wave.opens_at)}
            return show_sorry(request, _("It has not begun yet"), text, status=200)
        response = Response.objects.filter(invitation=invitation).first()
        if response is not None and response.submitted_at is not None:
            return _thanks(request)
        # Staff look, and do not answer in a customer's name.
        if request.method == "POST" and request.member is None:
            return _act(request, invitation)
        return _page(request, invitation, response)


def _act(request: PublicRequest, invitation: Invitation) -> HttpResponse:
    error = ""
    try:
        response = open_response(invitation, language=get_language() or "en")
        if request.POST.get("act") == SUBMIT:
            submit_response(response, may_contact="may_contact" in request.POST)
        else:
            error = _answer(request, response)
    except ConflictError as refused:
        if refused.code in {"closed", "cancelled", "left"}:
            return _closed(request)
        # Already sent, or not asked any more: the page says so by itself.
        if refused.code == "nothing_answered":
            response = Response.objects.get(invitation=invitation)
            return _page(request, invitation, response, error=_("Answer at least one question first."))
    if error:
        return _page(request, invitation, response, error=error, code=request.POST.get("question", ""))
    return HttpResponseRedirect(f"{request.path}?lang={get_language()}")


def _answer(request: PublicRequest, response: Response) -> str:
    """Keep what was pressed; what is wrong with it, in words, else ""."""
    question = Question.objects.filter(wave=response.wave_id, code=request.POST.get("question", "")).first()
    if question is None:
        return ""
    said = _said(request, question)
    if said is None:
        return _("Choose an answer, or say that you don’t know.")
    try:
        answer_question(response, question, **said)
    except InvalidFieldsError:
        return _("That is too long.") if WORDS in said else _("Choose one of the answers.")
    return ""


def _said(request: PublicRequest, question: Question) -> dict[str, Any] | None:
    """What a form tells, as `answer_question` takes it; None where nothing was pressed nor ticked."""
    sent = request.POST
    if DOES_NOT_KNOW in sent:
        return {"does_not_know": True}
    if question.kind == Question.Kind.WORDS:
        return {WORDS: "" if SKIP in sent else sent.get(WORDS, "")}
    if question.kind == Question.Kind.CHOICE:
        chosen = sent.getlist(CHOICE)
        return {"choices": chosen} if chosen else None
    score = sent.get(SCORE, "")
    return {SCORE: int(score)} if score.isascii() and score.isdigit() and len(score) < 3 else None


def _page(
    request: PublicRequest, invitation: Invitation, response: Response | None, *, error: str = "", code: str = ""
) -> HttpResponse:
    """The question that is asked for, else the first without an answer, else what was said, to be sent."""
    wave, language = invitation.wave, get_language() or "en"
    questions = list(wave.questions.order_by("position"))
    # Looking makes no response: before the first answer all are asked that hang on none.
    path: Path = path_of(response) if response else [(each, None) for each in questions if each.only_if_id is None]
    code = code or request.GET.get("q", "")
    unanswered = next((each for each in path if each[1] is None), None)
    current = next((each for each in path if each[0].code == code), unanswered)
    options = options_of([question for question, _answer in path] if current is None else [current[0]])
    at = path.index(current) if current else len(path)
    # Those that were passed over are no longer to come.
    total = len(questions) - (questions.index(current[0]) - at) if current else at
    before = path[at - 1][0].code if at else ""
    query = {"lang": language} | ({"q": current[0].code} if current and code else {})
    page = {
        "question": shown_question(current[0], options[current[0].pk], answer=current[1]) if current else None,
        "answers": [] if current else _answers(path, options, language),
        "error": error,
        "done": at,
        "total": total,
        "progress": _("Question %(n)s of %(all)s") % {"n": at + 1, "all": total} if current else _("Almost done"),
        "back_url": f"?{urlencode({'lang': language, 'q': before})}" if before else "",
        "is_first": at == 0,
        "is_staff": request.member is not None,
        "languages": [
            (lang, name, f"?{urlencode(query | {'lang': lang})}", lang == language) for lang, name in LANGUAGES.items()
        ],
        "invites": _("It is about %(unit)s, and takes a minute.") % {"unit": wave.unit.name},
        "promise": _promise_words(),
        "closes": when(wave.closes_at),
        "leave_url": reverse("leave_panel", args=[request.tenant.slug, leave_token(invitation.member)]),
    }
    return show_public(request, "frontend/public/survey.html", page)


def _answers(path: Path, options: dict[Any, list[Option]], language: str) -> list[tuple[str, str, str]]:
    """What was said to each question, in words, and where it is changed."""
    return [
        (
            shown_question(question, ()).text,
            said_words(question, options[question.pk], answer),
            f"?{urlencode({'lang': language, 'q': question.code})}",
        )
        for question, answer in path
    ]


def _promise_words() -> str:
    # Not `listening_settings()`, which makes the row where there is none: looking at a page writes nothing.
    smallest = (ListeningSettings.objects.first() or ListeningSettings()).smallest_group
    return _("Answers are shown in groups of at least %(n)s people, and never beside your name.") % {"n": smallest}


def _thanks(request: PublicRequest) -> HttpResponse:
    text = _("We have your answers. You will hear from us what we do about what was said.")
    return show_sorry(request, _("Thank you"), text, status=200)


def _closed(request: PublicRequest) -> HttpResponse:
    text = _("It is over, or you have left the panel. Thank you for your time.")
    return show_sorry(request, _("This survey takes no more answers"), text, status=410)
