"""The rule register: the rules that are quoted most, one rule with its history, and changing it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from cso.recovery.quoting import LOOKS_BACK, cases_citing, with_times_quoted
from cso.rules.models import Rule
from cso.rules.queries import search_rules, similar_rules, visible_rules
from frontend.access import MemberRequest, for_members
from frontend.forms.base import answer_to, sent
from frontend.forms.rules import STATES, AmendForm, ChangeForm, RegisterForm, RuleFilters, WithdrawForm
from frontend.paging import NEWEST_REPORT, query_with
from frontend.rows.cases import cases_page
from frontend.views.committees.story import rule_story
from frontend.views.committees.tabs import section_tabs
from frontend.views.form_page import form_page
from frontend.words.figures import number
from tenants.roles import Can
from tenants.scope import day_of

PAGE = 50
MOST_PAGES = 1_000


@for_members(Can.SEE_PEOPLE)
@require_safe
def rules(request: MemberRequest) -> HttpResponse:
    filters = RuleFilters(request.GET)
    is_valid = filters.is_valid()
    found = _found(request, filters) if is_valid else Rule.objects.none()
    context = {
        "form": filters,
        "tabs": section_tabs(request, "rules"),
        "states": _state_chips(request, filters),
        "may_edit": request.member.can(Can.EDIT_RULES),
        **_page(request, found),
    }
    return render(request, "frontend/rules/rules.html", context)


@for_members(Can.SEE_PEOPLE)
@require_safe
def rule(request: MemberRequest, rule: UUID) -> HttpResponse:
    known = with_times_quoted(visible_rules(request.member), now=request.now)
    found = get_object_or_404(known.select_related("unit", "owner__position"), pk=rule)
    state, words = _state(request, found)
    context = {
        "rule": found,
        "state": state,
        "state_words": words,
        "facts": _facts(request, found),
        "versions": found.versions.select_related("member__user").order_by("-number"),
        "quoted": _quoted_words(found.times_quoted),
        "may_edit": request.member.can(Can.EDIT_RULES) and found.status in Rule.HOLDING,
        "may_nominate": request.member.can(Can.NOMINATE_RULE) and found.status in Rule.HOLDING,
        **rule_story(request, found),
        **cases_page(request, cases_citing(request.member, found), NEWEST_REPORT),
    }
    return render(request, "frontend/rules/rule.html", context)


@for_members(Can.SEE_PEOPLE)
@require_safe
def similar(request: MemberRequest) -> HttpResponse:
    """A part of the form below: the rules that may be the same as the one that is typed."""
    words = f"{request.GET.get('title', '')} {request.GET.get('text', '')}"
    return render(request, "frontend/rules/_similar.html", {"similar": similar_rules(words)})


@for_members(Can.EDIT_RULES)
@require_http_methods(["GET", "HEAD", "POST"])
def register(request: MemberRequest) -> HttpResponse:
    form = RegisterForm(sent(request), similar_url=reverse("similar_rules", args=[request.tenant.slug]))
    context: dict[str, Any] = {"form": form}
    if form.is_bound and form.is_valid() and "seen" not in request.POST:
        # Where no script has shown them while typing, they are shown once before the rule is registered.
        context["similar"] = similar_rules(f"{form.cleaned_data['title']} {form.cleaned_data['text']}")
        if context["similar"]:
            return render(request, "frontend/rules/register.html", context)

    def add() -> HttpResponse:
        made = form.save(by=request.member, now=request.now)
        messages.success(request, _("Registered. Whoever closes a case can name it now."))
        return redirect("rule", request.tenant.slug, made.pk)

    return answer_to(form, add) or render(request, "frontend/rules/register.html", context)


@for_members(Can.EDIT_RULES)
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: MemberRequest, rule: UUID) -> HttpResponse:
    found = _active(request, rule)
    words = {"title": _("Change “%(rule)s”"), "submit": _("Save"), "done": _("Saved.")}
    return _act(request, found, ChangeForm.of(found, sent(request)), words)


@for_members(Can.EDIT_RULES)
@require_http_methods(["GET", "HEAD", "POST"])
def amend(request: MemberRequest, rule: UUID) -> HttpResponse:
    found = _active(request, rule)
    words = {"title": _("Give “%(rule)s” other words"), "submit": _("Amend it"), "done": _("The new words hold now.")}
    return _act(request, found, AmendForm(sent(request), initial={"text": found.text}), words)


@for_members(Can.EDIT_RULES)
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: MemberRequest, rule: UUID) -> HttpResponse:
    found = _active(request, rule)
    words = {
        "title": _("Withdraw “%(rule)s” for good"),
        "submit": _("Withdraw it"),
        "done": _("Withdrawn. One dumb rule less."),
    }
    return _act(request, found, WithdrawForm(sent(request)), words)


def _act(request: MemberRequest, rule: Any, form: Any, words: dict[str, str]) -> HttpResponse:
    def do() -> HttpResponse:
        form.save(rule, by=request.member, now=request.now)
        messages.success(request, words["done"])
        return redirect("rule", request.tenant.slug, rule.pk)

    up = (reverse("rule", args=[request.tenant.slug, rule.pk]), rule.title)
    title = words["title"] % {"rule": rule.title}
    return answer_to(form, do) or form_page(request, form, title=title, submit=words["submit"], up=up)


def _active(request: MemberRequest, rule: UUID) -> Any:
    known = visible_rules(request.member).select_related("unit", "owner")
    return get_object_or_404(known, pk=rule, status__in=Rule.HOLDING)


def _found(request: MemberRequest, filters: RuleFilters) -> QuerySet[Any]:
    known = search_rules(request.member, filters.cleaned_data["q"])
    found = with_times_quoted(filters.of(known, now=request.now), now=request.now)
    return found.select_related("unit", "owner").order_by("-times_quoted", "title", "id")


def _page(request: MemberRequest, found: QuerySet[Any]) -> dict[str, Any]:
    """By number: the order is that of counts, which no index keeps, and nobody turns a hundred pages of rules."""
    asked = request.GET.get("page", "1")
    if not (asked.isascii() and asked.isdigit() and len(asked) < 5 and 1 <= int(asked) <= MOST_PAGES):
        raise Http404
    first = (int(asked) - 1) * PAGE
    shown = list(found[first : first + PAGE + 1])
    following = query_with(request.GET, page=str(int(asked) + 1)) if len(shown) > PAGE else ""
    return {
        "rows": [_row(request, one) for one in shown[:PAGE]],
        "next_url": following,
        "first_url": query_with(request.GET, page="1") if first else "",
    }


def _row(request: MemberRequest, rule: Any) -> dict[str, Any]:
    state, words = _state(request, rule)
    return {
        "url": reverse("rule", args=[request.tenant.slug, rule.pk]),
        "title": rule.title,
        "text": rule.text,
        "unit": rule.unit.name if rule.unit else _("all"),
        "owner": rule.owner.name if rule.owner else "",
        "origin": rule.get_origin_display(),
        "times_quoted": rule.times_quoted,
        "state": state,
        "state_words": words,
    }


def _state(request: MemberRequest, rule: Rule) -> tuple[str, str]:
    """The badge of a rule: its kind (see components/badge.html) and its words."""
    if rule.status in Rule.ENDED:
        return "", str(rule.get_status_display())
    if rule.sunset_on is not None and rule.sunset_on <= day_of(request.now):
        return "late", _("Expired")
    return "open", str(rule.get_status_display())


def _state_chips(request: MemberRequest, filters: RuleFilters) -> list[tuple[str, str, bool, None]]:
    chosen = filters.chosen_state if filters.is_valid() else "active"
    return [
        (str(label), query_with(request.GET, state=state, page=None), state == chosen, None)
        for state, label in STATES.items()
    ]


def _registered_at(rule: Rule) -> Any:
    """Since when its first words hold: a rule may be older than its row."""
    first = rule.versions.order_by("number").first()
    return first.in_force_from if first else rule.created_at


def _facts(request: MemberRequest, rule: Any) -> list[tuple[str, Any, str | None]]:
    """Label, value and address of what is known."""
    units = reverse("rules", args=[request.tenant.slug])
    facts: list[tuple[str, Any, str | None]] = [
        (
            _("Holds for"),
            rule.unit.name if rule.unit else _("all"),
            f"{units}?unit={rule.unit.pk}" if rule.unit else None,
        ),
        (_("Owner"), rule.owner.name if rule.owner else _("nobody yet"), None),
        (_("Origin"), rule.get_origin_display(), None),
    ]
    optional = [(_("Citation"), rule.citation), (_("Ends on"), rule.sunset_on), (_("Number"), rule.code)]
    facts += [(label, value, None) for label, value in optional if value]
    return [*facts, (_("Registered"), _registered_at(rule), None)]


def _quoted_words(times: int) -> str:
    words = ngettext(
        "Quoted to %(n)s customer in the last %(days)s days.",
        "Quoted to %(n)s customers in the last %(days)s days.",
        times,
    )
    if not times:
        words = _("Not quoted to any customer in the last %(days)s days.")
    return words % {"n": number(times), "days": LOOKS_BACK.days}
