"""A wave while it is written and asked: its questions with a preview beside them, and how many have answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cso.errors import DomainError, InvalidFieldsError
from cso.languages import LANGUAGES
from cso.panels.models import Option, Question, Wave
from cso.panels.permissions import may_run_panel, visible_panels
from cso.panels.results import response_rate
from cso.panels.waves import cancel_wave, close_wave, move_question, open_wave, remove_question, warnings_of
from frontend.access import MemberRequest, for_members
from frontend.forms.base import answer_to, sent
from frontend.forms.listening.waves import ChangeWaveForm, NewWaveForm, QuestionForm, WeightsForm
from frontend.questions import shown_question
from frontend.views.form_page import form_page
from frontend.views.listening.landing import answered_words
from frontend.views.listening.panels import run_panel
from frontend.views.listening.results import results
from tenants.roles import Can

Status = Wave.Status
# What may be done to a question that stands, by its name in the address.
QUESTION_ACTS = ("up", "down", "remove")
WAVE_ACTS: dict[str, Callable[..., Wave]] = {"open": open_wave, "close": close_wave, "cancel": cancel_wave}


@for_members(Can.SEE_RESULTS)
@require_http_methods(["GET", "HEAD", "POST"])
def new_wave(request: MemberRequest, panel: UUID) -> HttpResponse:
    here = run_panel(request, panel)
    form = NewWaveForm(sent(request), panel=here, now=request.now)

    def do() -> HttpResponse:
        made = form.save(by=request.member, now=request.now)
        messages.success(request, _("Drafted. Nobody is asked before you open it."))
        return redirect("wave", request.tenant.slug, made.pk)

    up = (reverse("panel", args=[request.tenant.slug, here.pk]), here.name)
    return answer_to(form, do) or form_page(request, form, title=_("Ask the panel"), submit=_("Draft it"), up=up)


@for_members(Can.SEE_RESULTS)
@require_safe
def wave(request: MemberRequest, wave: UUID) -> HttpResponse:
    """A draft to be written, how far an open one has come, or what a closed one said."""
    here = seen_wave(request, wave)
    if here.status == Status.CLOSED:
        return results(request, here)
    questions = questions_shown(here)
    chosen = next(
        (each for each in questions if each.code == request.GET.get("q")), questions[0] if questions else None
    )
    may_run = may_run_panel(request.member, here.panel)
    context = {
        "wave": here,
        "state": here.get_status_display(),
        "questions": questions,
        "chosen": chosen,
        "previews": previews(chosen, list(chosen.options.all())) if chosen else [],
        "is_over": here.status == Status.OPEN and here.closes_at <= request.now,
        "is_draft": here.status == Status.DRAFT,
        "may_run": may_run,
        "warnings": warnings_of(here) if here.status == Status.DRAFT and may_run else [],
        "count": ngettext("%(n)s question", "%(n)s questions", len(questions)) % {"n": len(questions)},
    }
    if here.status == Status.OPEN and not here.is_imported:
        rates = response_rate(request.member, here)
        context |= {"progress": answered_words(rates[0].counted, rates[0].answered) if rates else answered_words(0, 0)}
    return render(request, "frontend/listening/wave.html", context)


@for_members(Can.SEE_RESULTS)
@require_http_methods(["GET", "HEAD", "POST"])
def change_wave(request: MemberRequest, wave: UUID) -> HttpResponse:
    here = _run_wave(request, wave)
    return _answer(request, here, ChangeWaveForm(sent(request), wave=here), _("Change “%(wave)s”"))


@for_members(Can.SEE_RESULTS)
@require_http_methods(["GET", "HEAD", "POST"])
def weights(request: MemberRequest, wave: UUID) -> HttpResponse:
    here = _run_wave(request, wave)
    title = _("What share of all customers is each group, in “%(wave)s”?")
    return _answer(request, here, WeightsForm(sent(request), wave=here), title)


@for_members(Can.SEE_RESULTS)
@require_POST
def act_on_wave(request: MemberRequest, wave: UUID, act: str) -> HttpResponse:
    here = _run_wave(request, wave)
    done = {
        "open": _("Open. The members are invited, a few hundred at a time."),
        "close": _("Closed and counted, once and for all."),
        "cancel": _("Called off. Nothing of it is counted."),
    }
    _try(request, lambda: WAVE_ACTS[act](here, by=request.member, now=request.now), done[act])
    return redirect("wave", request.tenant.slug, here.pk)


@for_members(Can.SEE_RESULTS)
@require_http_methods(["GET", "HEAD", "POST"])
def new_question(request: MemberRequest, wave: UUID) -> HttpResponse:
    here = _run_wave(request, wave)
    earlier = questions_shown(here)
    initial = {} if earlier else {"asks_for": Question.AsksFor.RIGHT, "kind": Question.Kind.WORDS}
    form = QuestionForm(sent(request), wave=here, earlier=earlier, initial=initial)
    return _question_page(request, here, form, title=_("Ask one more question"))


@for_members(Can.SEE_RESULTS)
@require_http_methods(["GET", "HEAD", "POST"])
def change_question(request: MemberRequest, question: UUID) -> HttpResponse:
    found = _run_question(request, question)
    earlier = [each for each in questions_shown(found.wave) if each.position < found.position]
    form = QuestionForm(sent(request), wave=found.wave, earlier=earlier, question=found)
    return _question_page(request, found.wave, form, title=_("Change the question"))


@for_members(Can.SEE_RESULTS)
@require_POST
def act_on_question(request: MemberRequest, question: UUID, act: str) -> HttpResponse:
    found = _run_question(request, question)
    acts: dict[str, Callable[[], Any]] = {
        "up": lambda: move_question(found, found.position - 1, by=request.member),
        "down": lambda: move_question(found, found.position + 1, by=request.member),
        "remove": lambda: remove_question(found, by=request.member),
    }
    _try(request, acts[act], _("Taken out.") if act == "remove" else "")
    url = reverse("wave", args=[request.tenant.slug, found.wave_id])
    return redirect(url if act == "remove" else f"{url}?q={found.code}")


@for_members(Can.SEE_RESULTS)
@require_safe
def preview_question(request: MemberRequest, wave: UUID) -> HttpResponse:
    """A part of the form: the question as it is typed, on a customer's phone."""
    here = _run_wave(request, wave)
    form = QuestionForm(request.GET, wave=here, earlier=[])
    return render(request, "frontend/listening/_preview.html", {"previews": previews(*form.drafted())})


def previews(question: Question, options: Sequence[Option]) -> list[dict[str, Any]]:
    """The question on a phone, in each language in which it is written."""
    found = []
    for code, name in LANGUAGES.items():
        if code == "en" or question.text_fr:
            with override(code):
                # Rendered where the language is in force, with the words around it.
                found.append({"language": code, "name": name, "question": shown_question(question, options)})
    return found


def questions_shown(wave: Wave) -> list[Question]:
    """In their order, with their options and what each hangs on."""
    options = Prefetch("options", Option.objects.order_by("position"))
    return list(wave.questions.select_related("only_if").prefetch_related(options).order_by("position"))


def seen_wave(request: MemberRequest, wave: UUID) -> Wave:
    found = get_object_or_404(Wave.objects.select_related("panel__unit", "unit"), pk=wave)
    get_object_or_404(visible_panels(request.member), pk=found.panel_id)
    return found


def _run_wave(request: MemberRequest, wave: UUID) -> Wave:
    found = seen_wave(request, wave)
    run_panel(request, found.panel_id)
    return found


def _run_question(request: MemberRequest, question: UUID) -> Question:
    related = ("wave__panel", "wave__unit", "only_if")
    found = get_object_or_404(Question.objects.select_related(*related), pk=question)
    run_panel(request, found.wave.panel_id)
    return found


def _answer(request: MemberRequest, wave: Wave, form: Any, title: str) -> HttpResponse:
    def do() -> HttpResponse:
        form.save(by=request.member, now=request.now)
        messages.success(request, _("Saved."))
        return redirect("wave", request.tenant.slug, wave.pk)

    words = title % {"wave": wave.name}
    return answer_to(form, do) or form_page(request, form, title=words, submit=_("Save"), up=_up(request, wave))


def _question_page(request: MemberRequest, wave: Wave, form: QuestionForm, *, title: str) -> HttpResponse:
    def do() -> HttpResponse:
        kept = form.save(by=request.member, now=request.now)
        messages.success(request, _("Saved."))
        return redirect(f"{reverse('wave', args=[request.tenant.slug, wave.pk])}?q={kept.code}")

    # Without a script the preview is asked for by a button, which keeps nothing.
    answer = None if "look" in request.POST else answer_to(form, do)
    up = _up(request, wave)
    context = {"form": form, "title": title, "up_url": up[0], "up_label": up[1], "wave": wave}
    return answer or render(
        request, "frontend/listening/question.html", context | {"previews": previews(*form.drafted())}
    )


def _up(request: MemberRequest, wave: Wave) -> tuple[str, str]:
    return reverse("wave", args=[request.tenant.slug, wave.pk]), wave.name


def _try(request: MemberRequest, act: Callable[[], Any], done: str) -> None:
    """Do it and say so; what the office refuses is undone and said."""
    try:
        with transaction.atomic():
            act()
    except InvalidFieldsError as error:
        messages.error(request, " ".join(problem.message for problem in error.errors))
    except DomainError as error:
        messages.error(request, error.message)
    else:
        if done:
            messages.success(request, done)
