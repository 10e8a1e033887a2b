"""What the pages for customers share: their language, and the company's name instead of a nav."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.cache import cache
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation.trans_real import parse_accept_lang_header

from cso.languages import CUSTOMER_LANGUAGES, nearest_language
from cso.recovery.settings import recovery_settings
from frontend.access import PublicRequest


@contextmanager
def in_language_of(request: PublicRequest, known: str = "") -> Iterator[str]:
    """Speak the language that `?lang=` asks for, else the customer's own (`known`), the browser's, the company's."""
    wished = [request.GET.get("lang", ""), known]
    wished += [code for code, _ in parse_accept_lang_header(request.headers.get("Accept-Language", "")[:200])]
    language = nearest_language(wished) or recovery_settings().language
    with translation.override(language):
        yield language


def show_public(request: PublicRequest, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """A page on `frontend/public/base.html`, in the language that is in force."""
    current = translation.get_language()
    languages = [
        (code, name, f"{request.path}?lang={code}", code == current) for code, name in CUSTOMER_LANGUAGES.items()
    ]
    page = {"company": company_name(request), "languages": languages, "form": None} | context
    return render(request, template, page, status=status)


def company_name(request: PublicRequest) -> str:
    """As its customers know it."""
    return recovery_settings().mail_name or request.tenant.name


def may_send(request: PublicRequest, what: str, *, most: int, seconds: int) -> bool:
    """Count one sending of a form from this address, and one of `what`; False above `most` in so many seconds.

    Counted in the cache: without Redis nobody is counted or turned away.
    """
    address = request.META.get("REMOTE_ADDR", "")
    names = [f"public:{request.tenant.pk}:{name}" for name in (f"from:{address}", f"of:{what}")]
    # Each is counted, whatever the others say.
    return all([_count(name, seconds) <= most for name in names])  # noqa: C419


def _count(name: str, seconds: int) -> int:
    if cache.add(name, 1, timeout=seconds):
        return 1
    try:
        return cache.incr(name)
    except ValueError:  # it ran out in between
        return 1
