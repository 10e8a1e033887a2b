"""Lists of cases: the work list, the cases behind a figure, and both as a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from cso.languages import labelled
from cso.metrics.queries.beside import net_of, ratio_of, worth_currency, worth_of
from cso.metrics.queries.drilldown import Part
from cso.metrics.queries.figures import Figure
from cso.recovery.models import Case, Channel
from cso.recovery.queries import visible_cases
from frontend.access import MemberRequest, for_members
from frontend.behind import Behind, behind_url, unit_url
from frontend.export import CSV, MOST_XLSX_ROWS, XLSX, Export, csv_of, xlsx_of
from frontend.forms.bulk import BulkForm
from frontend.forms.filters import STATES, CaseFilters
from frontend.forms.once import fresh_id
from frontend.forms.saved_views import CASES, SaveViewForm, plain_query
from frontend.offers import Offers, offers_for
from frontend.paging import LONGEST_SILENT, NEWEST_REPORT, OLDEST_CLOCK, Order, count_of
from frontend.rows.cases import cases_page
from frontend.rows.decisions import TITLES, DecisionsExport, decisions_page, ratio_sentence
from frontend.rows.facts import NOUNS, facts_page, worth_sentence
from frontend.rows.panels import TITLES as PANEL_TITLES
from frontend.rows.panels import PanelFactsExport, net_sentence, panel_page
from frontend.words.figures import number, part_words, period_words, share_words, status_words, zone_words
from tenants.roles import Can


@for_members()
@require_safe
def cases(request: MemberRequest) -> HttpResponse:
    offers = offers_for(request.member, CASES)
    filters = CaseFilters(request.GET, viewer=request.member, offers=offers)
    found = visible_cases(request.member)
    found = filters.of(found, now=request.now) if filters.is_valid() else found.none()
    query = plain_query(request.GET.urlencode())
    page = cases_page(request, found, filters.order if filters.is_valid() else NEWEST_REPORT)
    context = {
        "form": filters,
        "states": _state_chips(request, filters),
        "query": query,
        "save": SaveViewForm(initial={"query": query}),
        "views": [(view, f"?{view.more}", view.more == query) for view in offers.views],
        "bulk": _bulk(request, offers) if request.member.can(Can.WORK_CASE) else None,
        "title": _list_title(filters, *page["count"]),
        "exports": _exports(request, "export_cases"),
        **page,
    }
    return render(request, "frontend/cases/cases.html", context)


@for_members()
@require_safe
def export_cases(request: MemberRequest, kind: str) -> HttpResponseBase:
    filters = CaseFilters(request.GET, viewer=request.member, offers=offers_for(request.member, CASES))
    if not filters.is_valid():
        return render(request, "400.html", status=400)
    return _as_file(request, kind, filters.of(visible_cases(request.member), now=request.now), filters.order)


@for_members()
@require_safe
def cases_behind(request: MemberRequest) -> HttpResponse:
    behind = Behind.asked_for(request.GET, request.member)
    found = behind.facts(request.member, now=request.now)
    figure, count = behind.figure(now=request.now), found.count()
    context = {
        "behind": behind,
        "figure": figure,
        "title": _behind_title(behind, count),
        "sub": _behind_sub(request, behind, figure),
        "parts": _part_tabs(behind, figure),
        "scope_url": _scope_url(request, behind),
        "scope": behind.unit.name if behind.unit else _("Scorecard"),
        "is_updating": figure is not None and not _agrees(behind, figure, count),
        "exports": _exports(request, "export_cases_behind"),
        **_rows(request, behind, found),
    }
    return render(request, "frontend/cases/behind.html", context)


def _rows(request: MemberRequest, behind: Behind, found: QuerySet[Any]) -> dict[str, Any]:
    if behind.is_of_cases:
        return cases_page(request, found, _order(behind))
    if behind.is_of_panels:
        return panel_page(request, found, behind.metric.family)
    of_facts = decisions_page if behind.is_of_committees else facts_page
    return of_facts(request, found, behind.metric.family)


@for_members()
@require_safe
def export_cases_behind(request: MemberRequest, kind: str) -> HttpResponseBase:
    behind = Behind.asked_for(request.GET, request.member)
    if behind.is_of_panels:
        facts = behind.facts(request.member, now=request.now)
        return _written(request, kind, PanelFactsExport.of(facts, behind.metric.family, request))
    if behind.is_of_committees:
        facts = behind.facts(request.member, now=request.now)
        return _written(request, kind, DecisionsExport.of(facts, behind.metric.family, request))
    return _as_file(request, kind, behind.cases(request.member, now=request.now), _order(behind))


def _as_file(request: MemberRequest, kind: str, cases: QuerySet[Case], order: Order) -> HttpResponseBase:
    if kind == "xlsx" and not count_of(cases, MOST_XLSX_ROWS)[1]:
        csv_url = request.get_full_path().replace(".xlsx", ".csv", 1)
        context = {"most": number(MOST_XLSX_ROWS), "csv_url": csv_url}
        return render(request, "frontend/cases/too_many.html", context, status=400)
    return _written(request, kind, Export(cases, order, request.member, request.tenant))


def _written(request: MemberRequest, kind: str, export: Export | DecisionsExport) -> HttpResponseBase:
    content, content_type = (xlsx_of(export), XLSX) if kind == "xlsx" else (csv_of(export), CSV)
    response = StreamingHttpResponse(content, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{export.name}-{request.now:%Y-%m-%d}.{kind}"'
    return response


def _bulk(request: MemberRequest, offers: Offers) -> BulkForm:
    return BulkForm(offers=offers, initial={"form_id": fresh_id(request.now)})


def _exports(request: MemberRequest, name: str) -> list[tuple[str, str]]:
    """Label and address of the list as a file of each kind."""
    query = request.GET.copy()
    query.pop("after", None)
    files = [("CSV", name), ("Excel", f"{name}_xlsx")]
    return [(label, f"{reverse(each, args=[request.tenant.slug])}?{query.urlencode()}") for label, each in files]


def _state_chips(request: MemberRequest, filters: CaseFilters) -> list[tuple[str, str, bool, None]]:
    chosen = filters.chosen_state if filters.is_valid() else "open"
    chips = []
    for state, label in STATES.items():
        query = request.GET.copy()
        query.pop("after", None)
        query["state"] = state
        chips.append((str(label), f"?{query.urlencode()}", state == chosen, None))
    return chips


def _list_title(filters: CaseFilters, count: int, is_all: bool) -> str:
    if not filters.is_valid():
        return _("Recoveries")
    words = {
        "open": ngettext("%(n)s case is open", "%(n)s cases are open", count),
        "mine": ngettext("You hold %(n)s open case", "You hold %(n)s open cases", count),
        "late": ngettext("%(n)s case is late", "%(n)s cases are late", count),
        "silent": ngettext("%(n)s customer waits for a word", "%(n)s customers wait for a word", count),
        "fixed": ngettext("%(n)s case is fixed", "%(n)s cases are fixed", count),
        "missed": ngettext("%(n)s case missed its 24 hours", "%(n)s cases missed their 24 hours", count),
        "all": ngettext("%(n)s case", "%(n)s cases", count),
    }[filters.chosen_state]
    return words % {"n": number(count) if is_all else _("More than %(n)s") % {"n": number(count)}}


def _behind_title(behind: Behind, count: int) -> str:
    of_source = NOUNS.get(behind.metric.family.source.key, _cases)
    words = (_TITLES | TITLES | PANEL_TITLES).get((behind.metric.key, behind.part), of_source)
    title = words(count) % {"n": number(count)}
    if behind.channel is not None:
        channel = Channel(behind.channel).label if behind.channel else _("no channel given")
        return _("%(cases)s: %(channel)s") % {"cases": title, "channel": channel}
    return labelled(title, behind.reason.label) if behind.reason else title


def _cases(count: int) -> str:
    return ngettext("%(n)s case", "%(n)s cases", count)


_TITLES: dict[tuple[str, str], Callable[[int], str]] = {
    ("recovered_24h", "numerator"): lambda n: ngettext(
        "%(n)s case was recovered within 24 hours", "%(n)s cases were recovered within 24 hours", n
    ),
    ("recovered_24h", "denominator"): lambda n: ngettext("%(n)s case fell due", "%(n)s cases fell due", n),
    ("recovered_24h", "rest"): lambda n: ngettext(
        "%(n)s case missed its 24 hours", "%(n)s cases missed their 24 hours", n
    ),
    ("recovered_24h", "running"): lambda n: ngettext("%(n)s case is not yet due", "%(n)s cases are not yet due", n),
    ("reopened", "numerator"): lambda n: ngettext(
        "%(n)s case was reopened or disputed", "%(n)s cases were reopened or disputed", n
    ),
    ("not_our_failure", "numerator"): lambda n: ngettext(
        "%(n)s case was taken out as not our failure", "%(n)s cases were taken out as not our failure", n
    ),
    ("time_to_recover", "denominator"): lambda n: ngettext("%(n)s clock started", "%(n)s clocks started", n),
    ("surprised", "numerator"): lambda n: ngettext("%(n)s customer was surprised", "%(n)s customers were surprised", n),
    ("surprised", "denominator"): lambda n: ngettext("%(n)s customer answered", "%(n)s customers answered", n),
    ("dazzled", "numerator"): lambda n: ngettext(
        "%(n)s case dazzled its customer", "%(n)s cases dazzled their customers", n
    ),
    ("double_deviation", "numerator"): lambda n: ngettext(
        "%(n)s case failed its customer twice", "%(n)s cases failed their customers twice", n
    ),
    ("promise_kept", "numerator"): lambda n: ngettext("%(n)s promise was kept", "%(n)s promises were kept", n),
    ("promise_kept", "rest"): lambda n: ngettext("%(n)s promise was not kept", "%(n)s promises were not kept", n),
    ("silent", "numerator"): lambda n: ngettext(
        "%(n)s customer waits for a word", "%(n)s customers wait for a word", n
    ),
    ("open_overdue", "numerator"): lambda n: ngettext(
        "%(n)s case is open for more than 24 hours", "%(n)s cases are open for more than 24 hours", n
    ),
}


def _behind_sub(request: MemberRequest, behind: Behind, figure: Figure | None) -> str:
    if behind.period is None or figure is None:
        return _("As it stands now, %(zone)s.") % {"zone": zone_words()}
    days = part_words(behind.days.since, behind.days.until)
    words = [f"{period_words(behind.period)}{', ' if days else ''}{days}, {zone_words()}."]
    words.append(status_words(figure, behind.period))
    if behind.metric.kind == "share":
        part, whole = number(figure.numerator), number(figure.denominator)
        shown = {"metric": behind.metric.name, "share": share_words(figure), "part": part, "all": whole}
        words.insert(1, _("%(metric)s: %(share)s, %(part)s of %(all)s.") % shown)
    if net := net_of(figure):
        words.insert(1, net_sentence(figure, net))
    if ratio := ratio_of(figure):
        words.insert(1, ratio_sentence(figure, ratio))
    if worth := worth_of(behind.metric, figure.counts, worth_currency() if behind.metric.money else ""):
        words.insert(1, worth_sentence(worth))
    return " ".join(words)


def _part_tabs(behind: Behind, figure: Figure | None) -> list[tuple[str, str, bool, int]]:
    """The parts of a share beside each other, with their counts."""
    if figure is None or behind.metric.kind not in {"share", "money"} or behind.is_narrowed:
        return []
    unit = behind.unit.pk if behind.unit else None
    labels: list[tuple[Part, str, int]] = [
        ("denominator", _("All that count"), figure.denominator),
        ("rest", _("The fix held") if behind.metric.key == "reopened" else _("All others"), figure.missed),
        ("numerator", str(behind.metric.name), figure.numerator),
    ]
    if behind.metric.key in {"recovered_24h", "recovered_24h_reported"}:
        labels[1:] = [("rest", _("Missed"), figure.missed), ("numerator", _("Recovered"), figure.numerator)]
    if figure.running:
        labels.append(("running", _("Not yet due"), figure.running))
    return [
        (
            label,
            behind_url(
                behind.metric.key, part, behind.period, unit=unit, since=behind.days.since, until=behind.days.until
            ),
            part == behind.part,
            count,
        )
        for part, label, count in labels
    ]


def _scope_url(request: MemberRequest, behind: Behind) -> str:
    if behind.unit:
        return unit_url(behind.unit.pk, behind.period, behind.days.since, behind.days.until)
    period = f"?period={behind.period.key}" if behind.period else ""
    name = "scorecard" if request.member.can(Can.SEE_SCORECARD) else "landing"
    return reverse(name, args=[request.tenant.slug]) + period


def _agrees(behind: Behind, figure: Figure, count: int) -> bool:
    """Whether the list is as long as the figure says; between a change and its refresh it is not."""
    if behind.is_narrowed:
        return True
    if behind.metric.facts is not None:
        # Its numbers are of cases or answers; its facts are rules or groups.
        return behind.part == "running" or count == figure.counts[behind.metric.facts]
    parts = {
        "numerator": figure.numerator,
        "denominator": figure.denominator,
        "rest": figure.missed,
        "running": figure.running,
    }
    return parts[behind.part] == count


def _order(behind: Behind) -> Order:
    if behind.metric.key == "silent":
        return LONGEST_SILENT
    return OLDEST_CLOCK if behind.metric.is_state else NEWEST_REPORT
