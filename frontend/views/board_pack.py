"""The board pack of a period: a page to be printed, and the same as PDF, workbook and CSV by one click each."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cso.languages import format_date
from cso.metrics.periods import Period, period_of
from cso.scorecards.board_pack import BoardPack, board_pack
from frontend.access import MemberRequest, for_members
from frontend.board_pack.contents import about, parts_of
from frontend.board_pack.files import as_pdf, as_xlsx, as_zip
from frontend.export import XLSX
from frontend.periods import chosen_period
from frontend.views.scorecard import asks_for_everyone, standing_sentence
from frontend.words.figures import period_words, status_words, zone_words
from tenants.roles import Can
from tenants.scope import current_tenant

PDF, ZIP = "application/pdf", "application/zip"
KINDS = {"pdf": PDF, "xlsx": XLSX, "zip": ZIP}


@for_members(Can.SEE_SCORECARD)
@require_safe
def board(request: MemberRequest) -> HttpResponse:
    pack, slug = _pack(request), request.tenant.slug
    here, rest = reverse("board_pack", args=[slug]), _level(pack.everyone)
    first, every = (f"{here}?period={pack.period.key}{_level(each)}" for each in (False, True))
    context = {
        **_head(request, pack),
        "periods": _chips(here, pack.period, request.now, rest),
        "levels": [
            (_("First level"), first, not pack.everyone, None),
            (_("All leaders"), every, pack.everyone, None),
        ],
        "parts": parts_of(pack),
        "exports": [
            (label, f"{reverse(f'board_pack_{kind}', args=[slug])}?period={pack.period.key}{rest}")
            for kind, label in (("pdf", "PDF"), ("xlsx", "XLSX"), ("zip", "CSV"))
        ],
    }
    return render(request, "frontend/board_pack/board_pack.html", context)


@for_members(Can.SEE_SCORECARD)
@require_safe
def board_file(request: MemberRequest, kind: str) -> HttpResponse:
    """`kind`: pdf, xlsx or zip (of CSV files)."""
    pack = _pack(request)
    parts, head = parts_of(pack), _head(request, pack)
    if kind == "pdf":
        content = as_pdf(parts, **head, company=request.tenant.name, now=request.now)
    else:
        content = (as_xlsx if kind == "xlsx" else as_zip)([about(head), *parts], request.tenant)
    response = HttpResponse(content, content_type=KINDS[kind])
    name = f"board-pack-{pack.period.key}{'-all-leaders' if pack.everyone else ''}.{kind}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _pack(request: MemberRequest) -> BoardPack:
    return board_pack(request.member, _period(request), everyone=asks_for_everyone(request), now=request.now)


def _level(everyone: bool) -> str:
    return "&leaders=all" if everyone else ""


def _period(request: MemberRequest) -> Period:
    """The one in the query; without one the last month that is over."""
    if request.GET.get("period"):
        return chosen_period(request)
    return period_of(request.now, "month", request.tenant.zone).previous()


def _head(request: MemberRequest, pack: BoardPack) -> dict[str, str]:
    sub = f"{capfirst(period_words(pack.period))}, {zone_words()}."
    status = status_words(pack.standing.organization, pack.period)
    stamp = _("As it stood on %(instant)s, %(zone)s.") % {
        "instant": format_date(localtime(request.now), "j F Y, H:i"),
        "zone": zone_words(),
    }
    return {"title": standing_sentence(pack.standing), "sub": f"{sub} {status}", "stamp": stamp}


def _chips(here: str, chosen: Period, now: datetime, rest: str) -> list[tuple[str, str, bool, None]]:
    """The last months, quarters and years, and whatever else was chosen."""
    offered: list[Period] = []
    for grain, count in (("month", 3), ("quarter", 3), ("year", 2)):
        period = period_of(now, grain, current_tenant().zone)  # type: ignore[arg-type]
        for _number in range(count):
            offered.append(period)
            period = period.previous()
    if chosen not in offered:
        offered.append(chosen)
    return [(period_words(each), f"{here}?period={each.key}{rest}", each == chosen, None) for each in offered]
