"""How the workspace recovers, set by whoever answers for it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from cso.people.models import Person, Position
from cso.recovery.mail.boxes import remove_mailbox as stop_polling
from cso.recovery.models import Authority, MailBox, PromiseWord
from cso.recovery.settings import recovery_settings as settings_of_workspace
from cso.recovery.settings import remove_promise_word as make_vague
from frontend.access import MemberRequest, for_members
from frontend.forms.base import PortalForm, answer_to, sent
from frontend.forms.recovery import AuthorityForm, MailboxForm, PromiseWordForm, RecoverySettingsForm
from frontend.forms.spans import minutes_words
from frontend.views.form_page import form_page
from frontend.words.money import money_words
from tenants.roles import Can

MOST_POSITIONS = 200


@for_members(Can.SET_RECOVERY)
@require_http_methods(["GET", "HEAD", "POST"])
def recovery_settings(request: MemberRequest) -> HttpResponse:
    form = RecoverySettingsForm(sent(request), settings=settings_of_workspace())

    def save() -> HttpResponse:
        form.save(by=request.member)
        messages.success(request, _("Saved. Contacts that are owed follow at once."))
        return redirect("recovery_settings", request.tenant.slug)

    return answer_to(form, save) or render(request, "frontend/recovery/settings.html", {"form": form, **_rest(request)})


@for_members(Can.SET_RECOVERY)
@require_http_methods(["GET", "HEAD", "POST"])
def add_promise_word(request: MemberRequest) -> HttpResponse:
    form = PromiseWordForm(sent(request))

    def add() -> HttpResponse:
        form.save(by=request.member)
        messages.success(request, _("“%(word)s” has a meaning now.") % {"word": form.cleaned_data["word"]})
        return _back(request, "words")

    title = _("What does a word mean here?")
    return answer_to(form, add) or form_page(request, form, title=title, submit=_("Save"), up=_up(request))


@for_members(Can.SET_RECOVERY)
@require_POST
def remove_promise_word(request: MemberRequest, word: UUID) -> HttpResponse:
    found = get_object_or_404(PromiseWord, pk=word)
    make_vague(found.word, by=request.member)
    messages.success(request, _("“%(word)s” is a vague word again.") % {"word": found.word})
    return _back(request, "words")


@for_members(Can.SET_RECOVERY)
@require_http_methods(["GET", "HEAD", "POST"])
def authority(request: MemberRequest, position: UUID) -> HttpResponse:
    """What whoever holds a position may give without asking."""
    found = get_object_or_404(Position, pk=position)
    known = Authority.objects.filter(position=found).first()
    form = AuthorityForm(sent(request), authority=known, currency=settings_of_workspace().currency)

    def save() -> HttpResponse:
        form.save(found, by=request.member)
        messages.success(request, _("%(position)s may act by it from now on.") % {"position": found.title})
        return _back(request, "authority")

    title = _("What may a %(position)s give without asking?") % {"position": found.title}
    return answer_to(form, save) or form_page(request, form, title=title, submit=_("Save"), up=_up(request))


@for_members(Can.SET_RECOVERY)
@require_http_methods(["GET", "HEAD", "POST"])
def add_mailbox(request: MemberRequest) -> HttpResponse:
    form = MailboxForm(sent(request))

    def add() -> HttpResponse:
        form.save(by=request.member, now=request.now)
        messages.success(request, _("The mailbox is read every minute from now on."))
        return _back(request, "mailboxes")

    title = _("Read a mailbox for mistakes told by mail")
    return answer_to(form, add) or form_page(request, form, title=title, submit=_("Add"), up=_up(request))


@for_members(Can.SET_RECOVERY)
@require_http_methods(["GET", "HEAD", "POST"])
def remove_mailbox(request: MemberRequest, mailbox: UUID) -> HttpResponse:
    """Asks first: the password is forgotten with it."""
    found = get_object_or_404(MailBox, pk=mailbox)
    form = PortalForm(sent(request))

    def remove() -> HttpResponse:
        stop_polling(found, by=request.member)
        messages.success(request, _("%(mailbox)s is read no longer.") % {"mailbox": found})
        return _back(request, "mailboxes")

    title = _("Read %(mailbox)s no longer?") % {"mailbox": found}
    return answer_to(form, remove) or form_page(request, form, title=title, submit=_("Stop"), up=_up(request))


def _rest(request: MemberRequest) -> dict[str, Any]:
    """What stands beside the form: words, positions with what they may give, mailboxes."""
    given = {authority.position_id: authority for authority in Authority.objects.all()}
    people = dict(Person.objects.order_by().values_list("position").annotate(held_by=Count("pk")))
    positions = Position.objects.order_by("title")[:MOST_POSITIONS]
    return {
        "words": [(word, minutes_words(word.minutes)) for word in PromiseWord.objects.order_by("minutes", "word")],
        "positions": [_position(each, given.get(each.pk), people.get(each.pk, 0)) for each in positions],
        "mailboxes": MailBox.objects.order_by("host", "user"),
    }


def _position(position: Position, found: Authority | None, people: int) -> dict[str, Any]:
    return {
        "position": position,
        "people": people,
        "per_case": money_words(found.per_case_minor, found.currency) if found and found.per_case_minor else "",
        "per_day": money_words(found.per_day_minor, found.currency) if found and found.per_day_minor else "",
        "exceptions": found.exceptions if found else [],
    }


def _back(request: MemberRequest, part: str) -> HttpResponse:
    return redirect(f"{reverse('recovery_settings', args=[request.tenant.slug])}#{part}")


def _up(request: MemberRequest) -> tuple[str, str]:
    return reverse("recovery_settings", args=[request.tenant.slug]), _("How we recover")
