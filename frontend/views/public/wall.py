"""A wall, by its link: slides that take turns on a screen far away. Looking changes nothing, and needs no script.

The screen asks every few seconds whether it still shows how things are (`?v=`): 204 where it does, else the slides
alone. What it shows is told by the header `Wall-Version`; once `Wall-Build` is another, the page is loaded anew.
"""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.translation import get_language

from cso.scorecards.models import Wall
from cso.scorecards.walls.figures import wall_figures
from cso.scorecards.walls.links import wall_by_token
from cso.scorecards.walls.pulse import Pulse, pulse_of
from frontend.access import PublicRequest, for_public
from frontend.public import company_name, in_language_of
from frontend.words.walls import Slide, slides_of


@for_public()
def wall(request: PublicRequest, token: str) -> HttpResponse:
    try:
        found = wall_by_token(token)
    except Wall.DoesNotExist as error:
        raise Http404 from error
    # Not before: a link that opens nothing is missing, however it is asked.
    if request.method not in {"GET", "HEAD"}:
        return HttpResponseNotAllowed(["GET", "HEAD"])
    pulse = pulse_of(found, now=request.now)
    held = request.GET.get("v", "")
    if pulse.beat and held.partition(".")[0] == _digest(pulse.beat):
        return _told(HttpResponse(status=204), held)
    with in_language_of(request):
        slides = _shown(request, slides_of(wall_figures(found, pulse, now=request.now)))
        return _page(request, found, pulse, slides, held)


def _page(request: PublicRequest, wall: Wall, pulse: Pulse, slides: list[Slide], held: str) -> HttpResponse:
    """The whole page; the slides alone for a screen that holds others, and nothing for one that holds the same."""
    first = _turn(request) % len(slides)
    context: dict[str, Any] = {
        "slides": slides,
        "first": first,
        "is_held": "slide" in request.GET,
        "query": urlencode(_spoken(request)),
    }
    words = render_to_string("frontend/public/_wall.html", context)
    version = f"{_digest(pulse.beat)}.{_digest(words)}"
    if held:
        is_same = held.partition(".")[2] == _digest(words)
        return _told(HttpResponse(status=204) if is_same else HttpResponse(words), version)
    context |= {
        "wall": wall,
        "company": company_name(request),
        "language": get_language(),
        "version": version,
        "build": _build(),
        "next_query": urlencode(request.GET.dict() | {"turn": first + 1}),
    }
    return _told(render(request, "frontend/public/wall.html", context), version)


def _shown(request: PublicRequest, slides: list[Slide]) -> list[Slide]:
    """All of them; one alone where `?slide=` asks for it, as long as there is anything to tell of it."""
    asked = [slide for slide in slides if slide.name == request.GET.get("slide")]
    return asked or slides


def _turn(request: PublicRequest) -> int:
    """Which slide stands first, for screens without a script: each of their reloads asks for the next."""
    turn = request.GET.get("turn", "")
    return int(turn) if turn.isascii() and turn.isdigit() and len(turn) < 9 else 0


def _spoken(request: PublicRequest) -> dict[str, str]:
    return {"lang": request.GET["lang"]} if "lang" in request.GET else {}


def _told(response: HttpResponse, version: str) -> HttpResponse:
    response["Wall-Version"] = version
    response["Wall-Build"] = _build()
    return response


def _build() -> str:
    """Which style and script a page was made for."""
    return _digest(static("frontend/wall.css") + static("frontend/js/wall.js"))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
