"""What customers wrote, right before wrong; and what is made of a remark."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cso.committees.from_remarks import nominate_from_remark
from cso.errors import DomainError, InvalidFieldsError
from cso.panels.models import Remark, Theme, Wave
from cso.panels.permissions import may_run_panel
from cso.panels.remarks import Found, ReadRemark, keeps, read_remarks, readable_remark, remarks_of
from cso.panels.themes import remove_theme, themes_of
from cso.panels.turning import complaint_to_case
from cso.people.models import Person, Unit
from frontend.access import MemberRequest, for_members
from frontend.forms.base import answer_to, sent
from frontend.forms.listening.remarks import RIGHT, WRONG, RemarkFilters, TagForm, ThankForm, ThemeForm
from frontend.paging import query_with
from frontend.table import as_file
from frontend.views.form_page import form_page
from frontend.views.listening.results import result_tabs
from frontend.views.listening.waves import seen_wave
from tenants.roles import Can

PAGE = 25
_FILES = (("CSV", "csv"), ("Excel", "xlsx"))
_COLUMNS = ("said", "question", "unit_code", "unit", "words", "tags", "became")
# What may be a name: two or three words that begin with capitals.
_NAME = re.compile(r"(?=\b([^\W\d_a-z][\w'’-]+(?: [^\W\d_a-z][\w'’-]+){1,2}))")


@for_members(Can.SEE_RESULTS)
@require_safe
def remarks(request: MemberRequest, wave: UUID) -> HttpResponse:
    here = _closed_wave(request, wave)
    filters, found = _found(request, here)
    page = _page_number(request)
    first = (page - 1) * PAGE
    shown = list(found.remarks[first : first + PAGE + 1])
    context = {
        "wave": here,
        "tabs": result_tabs(request, here, "remarks"),
        "form": filters,
        "kinds": _kinds(request, filters),
        "themes": _themes(request, here, filters),
        "rows": _rows(request, here, shown[:PAGE]),
        "holds_back": found.holds_back,
        "is_steward": keeps(request.member, here),
        "narrows": any(filters.cleaned_data.values()),
        "k": here.smallest_group,
        "first_url": query_with(request.GET, page=None) if page > 1 else "",
        "next_url": query_with(request.GET, page=str(page + 1)) if len(shown) > PAGE else "",
        "exports": [(label, f"export.{kind}?{request.GET.urlencode()}") for label, kind in _FILES],
    }
    return render(request, "frontend/listening/remarks.html", context)


@for_members(Can.SEE_RESULTS)
@require_safe
def export_remarks(request: MemberRequest, wave: UUID, kind: str) -> HttpResponseBase:
    """All that the page finds, as its reader may read it."""
    here = _closed_wave(request, wave)
    _filters, found = _found(request, here)
    rows = [
        [
            RIGHT if read.remark.is_praise else WRONG,
            read.remark.question.code,
            read.remark.unit.code,
            read.remark.unit.name,
            read.words,
            ", ".join(read.remark.tags),
            read.became,
        ]
        for read in read_remarks(request.member, here, list(found.remarks))
    ]
    return as_file(request, kind, "remarks", _COLUMNS, rows)


@for_members(Can.RECOGNISE)
@require_http_methods(["GET", "HEAD", "POST"])
def thank(request: MemberRequest, remark: UUID) -> HttpResponse:
    """Celebrate whom a customer praises."""
    found = _remark(request, remark)
    form = ThankForm(sent(request), remark=found, person=named_in([found.words]).get(found.words))
    return _answer(request, found, form, _("Whom does the customer praise?"), _("Celebrate them"), _("Celebrated."))


@for_members(Can.SEE_RESULTS)
@require_http_methods(["GET", "HEAD", "POST"])
def tag(request: MemberRequest, remark: UUID) -> HttpResponse:
    found = _remark(request, remark)
    return _answer(request, found, TagForm(sent(request), remark=found), _("Tag a remark"), _("Save"), _("Saved."))


@for_members(Can.NOMINATE_RULE)
@require_POST
def nominate(request: MemberRequest, remark: UUID) -> HttpResponse:
    """In one click; which rule it is can be said on the nomination's page."""
    found = _remark(request, remark)
    return _turn(
        request,
        found,
        lambda: ("nomination", nominate_from_remark(found, by=request.member, now=request.now).pk),
        _("Nominated, in the customer’s words."),
    )


@for_members(Can.SEE_RESULTS)
@require_POST
def open_case(request: MemberRequest, remark: UUID) -> HttpResponse:
    found = _remark(request, remark)
    return _turn(
        request,
        found,
        lambda: ("case", complaint_to_case(found, by=request.member, now=request.now).pk),
        _("A case is open. Its clock runs."),
    )


@for_members(Can.RUN_PANELS)
@require_http_methods(["GET", "HEAD", "POST"])
def theme(request: MemberRequest) -> HttpResponse:
    """A new theme, or other words for one."""
    form = ThemeForm(sent(request), initial=_theme_like(request.GET.get("name", "")))

    def do() -> HttpResponse:
        form.save(by=request.member, now=request.now)
        messages.success(request, _("Saved. Each wave is read by it at once."))
        return redirect("listening_settings", request.tenant.slug)

    up = (reverse("listening_settings", args=[request.tenant.slug]), _("How we listen"))
    return answer_to(form, do) or form_page(request, form, title=_("A theme of remarks"), submit=_("Save"), up=up)


@for_members(Can.RUN_PANELS)
@require_POST
def drop_theme(request: MemberRequest, theme: UUID) -> HttpResponse:
    remove_theme(get_object_or_404(Theme, pk=theme), by=request.member)
    messages.success(request, _("Removed."))
    return redirect("listening_settings", request.tenant.slug)


def named_in(words: Sequence[str]) -> dict[str, Person]:
    """Of each text whom it names, where it is one person of ours and nobody has the same name."""
    names = {text: [name for match in _NAME.finditer(text) for name in _parts(match[1])] for text in words}
    people: dict[str, list[Person]] = {}
    for person in Person.objects.filter(name__in={name for found in names.values() for name in found}):
        people.setdefault(person.name, []).append(person)
    found = {text: [people[name] for name in dict.fromkeys(said) if name in people] for text, said in names.items()}
    return {text: one[0][0] for text, one in found.items() if len(one) == 1 and len(one[0]) == 1}


def _parts(name: str) -> list[str]:
    words = name.split()
    return [" ".join(words[:2]), name]


def _found(request: MemberRequest, wave: Wave) -> tuple[RemarkFilters, Found]:
    filters = RemarkFilters(request.GET)
    if not filters.is_valid():
        raise Http404
    asked = filters.cleaned_data
    theme = get_object_or_404(Theme, pk=asked["theme"]) if asked["theme"] else None
    unit = get_object_or_404(Unit, pk=asked["unit"]) if asked["unit"] else None
    found = remarks_of(
        request.member, wave, praise=filters.praise, unit=unit, words=asked["words"], theme=theme, tag=asked["tag"]
    )
    return filters, found


def _rows(request: MemberRequest, wave: Wave, shown: Sequence[Remark]) -> list[dict[str, Any]]:
    named = named_in([each.words for each in shown if each.is_praise]) if request.member.can(Can.RECOGNISE) else {}
    return [
        {"read": read, "remark": read.remark, "person": named.get(read.remark.words), **_acts(request, wave, read)}
        for read in read_remarks(request.member, wave, shown)
    ]


def _acts(request: MemberRequest, wave: Wave, read: ReadRemark) -> dict[str, Any]:
    """What this member may make of it; and where what became of it stands."""
    member, slug, is_praise = request.member, request.tenant.slug, read.remark.is_praise
    became = {"recognition": _("celebrated"), "case": _("a case was opened"), "nomination": _("a rule was nominated")}
    pages = {"case": "case", "nomination": "nomination"}
    return {
        "became": became.get(read.became, ""),
        "became_url": reverse(pages[read.became], args=[slug, read.became_id])
        if read.became in pages and read.became_id
        else "",
        "may_thank": is_praise and member.can(Can.RECOGNISE),
        "may_nominate": not is_praise and not read.became and member.can(Can.NOMINATE_RULE),
        "may_open_case": not is_praise and not read.became and keeps(member, wave),
        "may_tag": may_run_panel(member, wave.panel),
    }


def _kinds(request: MemberRequest, filters: RemarkFilters) -> list[tuple[str, str, bool, None]]:
    chosen = filters.cleaned_data["kind"]
    offered = [("", _("All")), (RIGHT, _("What went right")), (WRONG, _("What went wrong, and all else"))]
    return [
        (label, query_with(request.GET, kind=kind or None, page=None), kind == chosen, None) for kind, label in offered
    ]


def _themes(request: MemberRequest, wave: Wave, filters: RemarkFilters) -> list[tuple[str, str, bool, int]]:
    chosen = filters.cleaned_data["theme"]
    return [
        (
            each.theme.name,
            query_with(request.GET, theme=None if each.theme.pk == chosen else str(each.theme.pk), page=None),
            each.theme.pk == chosen,
            each.praise + (each.criticism or 0),
        )
        for each in themes_of(request.member, wave)
        if each.praise or each.criticism
    ]


def _closed_wave(request: MemberRequest, wave: UUID) -> Wave:
    here = seen_wave(request, wave)
    if here.status != Wave.Status.CLOSED:
        raise Http404
    return here


def _remark(request: MemberRequest, pk: UUID) -> Remark:
    if not request.member.can(Can.SEE_RESULTS):
        raise Http404
    try:
        return readable_remark(request.member, pk)
    except Remark.DoesNotExist as error:
        raise Http404 from error


def _answer(request: MemberRequest, remark: Remark, form: Any, title: str, submit: str, done: str) -> HttpResponse:
    url = _page_of(request, remark)

    def do() -> HttpResponse:
        form.save(by=request.member, now=request.now)
        messages.success(request, done)
        return redirect(url)

    shown = read_remarks(request.member, remark.wave, [remark])[0].words
    return answer_to(form, do) or form_page(
        request, form, title=title, submit=submit, up=(url, _("In their words")), quote=shown
    )


def _turn(request: MemberRequest, remark: Remark, do: Callable[[], tuple[str, UUID]], done: str) -> HttpResponse:
    """Make something of a remark and go there; what the office refuses is said."""
    try:
        with transaction.atomic():
            page, pk = do()
    except InvalidFieldsError as error:
        messages.error(request, " ".join(problem.message for problem in error.errors))
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, done)
        return redirect(page, request.tenant.slug, pk)
    return redirect(_page_of(request, remark))


def _page_of(request: MemberRequest, remark: Remark) -> str:
    url = reverse("remarks", args=[request.tenant.slug, remark.wave_id])
    return f"{url}?kind={RIGHT if remark.is_praise else WRONG}"


def _theme_like(name: str) -> dict[str, str]:
    known = Theme.objects.filter(name=name).first() if name else None
    return {"name": known.name, "words": ", ".join(known.words)} if known else {}


def _page_number(request: MemberRequest) -> int:
    asked = request.GET.get("page", "1")
    if not (asked.isascii() and asked.isdigit() and len(asked) < 5 and int(asked) >= 1):
        raise Http404
    return int(asked)
