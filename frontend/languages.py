"""The language of whoever reads a page of the portal: as they chose, else as their browser wishes."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation.trans_real import parse_accept_lang_header

from cso.languages import nearest_language

GetResponse = Callable[[HttpRequest], HttpResponseBase]
# Programs read there, which look for the same words each time.
_ENGLISH_ALWAYS = ("/api/", "/healthz", "/readyz")


class LanguageMiddleware:
    """Speaks to everybody in their language, from here inwards. Pages for customers choose theirs once more."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith(_ENGLISH_ALWAYS):
            return self.get_response(request)
        with translation.override(_language_of(request)):
            response = self.get_response(request)
        patch_vary_headers(response, ["Accept-Language"])
        return response


def languages_of_browser(request: HttpRequest) -> list[str]:
    """What the browser wishes to read, first things first."""
    return [code for code, _ in parse_accept_lang_header(request.headers.get("Accept-Language", "")[:200])]


def _language_of(request: HttpRequest) -> str:
    chosen = getattr(request.user, "language", "")
    return nearest_language([chosen, *languages_of_browser(request)]) or "en"
