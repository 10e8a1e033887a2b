"""One act on one thing as a page that is one form: sent, it leads back to the thing with a word of what was done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from frontend.access import MemberRequest
from frontend.forms.base import answer_to
from frontend.views.form_page import form_page


@dataclass(frozen=True)
class Act:
    """What may be done: the form that asks for it, and its words. `form.save(by=, now=)` does it."""

    form: type[Any]
    title: Any
    submit: Any
    done: Any


def act_on(request: MemberRequest, form: forms.Form, act: Act, *, up: tuple[str, str], then: str = "") -> HttpResponse:
    """`up`: address and name of the thing; `then`: where it leads once done, if not there."""

    def do() -> HttpResponse:
        form.save(by=request.member, now=request.now)  # type: ignore[attr-defined]
        messages.success(request, str(act.done))
        return redirect(then or up[0])

    return answer_to(form, do) or form_page(request, form, title=str(act.title), submit=str(act.submit), up=up)
