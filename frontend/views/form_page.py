"""A page that is one form."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render

from frontend.access import MemberRequest


def form_page(
    request: MemberRequest, form: forms.Form, *, title: str, submit: str, up: tuple[str, str], **context: Any
) -> HttpResponse:
    """`up`: address and name of the page to go back to."""
    context |= {"form": form, "title": title, "submit": submit, "up_url": up[0], "up_label": up[1]}
    return render(request, "frontend/form_page.html", context)
