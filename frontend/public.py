"""What the pages for customers share: their language, and the company's name instead of a nav."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation

from cso.languages import LANGUAGES, nearest_language
from cso.recovery.models import RecoverySettings
from frontend.languages import languages_of_browser

if TYPE_CHECKING:
    from frontend.access import PublicRequest

# Forms that customers send, in a workspace, within the seconds below.
MOST_FROM_ONE_ADDRESS = 60
MOST_OF_ONE_THING = 20
COUNTED_FOR = 600


@contextmanager
def in_language_of(request: PublicRequest, known: str = "") -> Iterator[str]:
    """Speak the language that `?lang=` asks for, else the customer's own (`known`), the browser's, the company's."""
    wished = [request.GET.get("lang", ""), known, *languages_of_browser(request)]
    language = nearest_language(wished) or _settings().language
    with translation.override(language):
        yield language


def show_public(request: PublicRequest, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """A page on `frontend/public/base.html`, in the language that is in force."""
    page = {"company": company_name(request), "languages": _languages(request), "form": None} | context
    return render(request, template, page, status=status)


def show_sorry(request: PublicRequest, title: str, text: str, *, status: int) -> HttpResponse:
    """A page that says why there is nothing to be done here."""
    return show_public(request, "frontend/public/sorry.html", {"title": title, "text": text}, status=status)


def show_missing(request: HttpRequest) -> HttpResponse:
    """A link that opens nothing, here or in a workspace that there is none of: the same page for both."""
    language = nearest_language([request.GET.get("lang", ""), *languages_of_browser(request)]) or "en"
    with translation.override(language):
        page = {"languages": _languages(request), "form": None}
        return render(request, "frontend/public/missing.html", page, status=404)


def company_name(request: PublicRequest) -> str:
    """As its customers know it."""
    return _settings().mail_name or request.tenant.name


def _languages(request: HttpRequest) -> list[tuple[str, str, str, bool]]:
    current = translation.get_language()
    return [(code, name, f"?lang={code}", code == current) for code, name in LANGUAGES.items()]


def _settings() -> RecoverySettings:
    # Not `recovery_settings()`, which makes the row where there is none: looking at a page writes nothing.
    return RecoverySettings.objects.first() or RecoverySettings()


def may_send(request: PublicRequest, what: str = "") -> bool:
    """Count one sending of a form from this address, and of `what` where it is named; False when there are too many.

    Counted in the cache: without Redis nobody is counted or turned away.
    """
    counted = [(f"from:{_address(request)}", MOST_FROM_ONE_ADDRESS)]
    if what:
        counted.append((f"of:{what}", MOST_OF_ONE_THING))
    # Each is counted, whatever the others say.
    too_many = [name for name, most in counted if _count(f"public:{request.tenant.pk}:{name}") > most]
    return not too_many


def _address(request: HttpRequest) -> str:
    """Where a request comes from: what the proxy before us says, where there is one, else the other end."""
    forwarded = request.headers.get("X-Forwarded-For", "") if settings.SECURE else ""
    return (forwarded.rpartition(",")[2].strip() or request.META.get("REMOTE_ADDR", ""))[:45]


def _count(name: str) -> int:
    if cache.add(name, 1, timeout=COUNTED_FOR):
        return 1
    try:
        return cache.incr(name)
    except ValueError:  # it ran out in between
        return 1
