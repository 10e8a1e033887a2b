"""The board pack: the same figures as on their own pages, alike on the page, in the PDF, the workbook and the CSV."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pypdf import PdfReader

from cso.metrics.periods import parse_period
from cso.metrics.queries.figures import figure_of, whole_tenant
from cso.metrics.registry import METRICS
from cso.people import actions as people
from cso.recognition.actions import recognise
from cso.recognition.models import Recognition
from cso.scorecards.board_pack import LISTENING, RECOVERY, RULES
from cso.scorecards.scores.snapshots import take_snapshots
from cso.strategy.blockers import clear_blocker, raise_blocker
from cso.strategy.models import Outcome
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.api.conftest import Integration, errors, problem
from tests.frontend.conftest import Visit, reads
from tests.metrics.kills import cited, killed
from tests.personas import Company
from tests.scorecards.scenes import at, log, margin, plan_for, prepare, serving, tell_margin

# Four of them before any page of a workspace: tenant, session, user, member.
MOST_READS = 45
MARCH = parse_period("2026-03")
PACK = "/acme/board-pack/?period=2026-03"
# Letters of French and Polish, what a spreadsheet and what the typesetter would take for their own language.
NAME = "Zoë Lefèvre-Łuczak"
FORMULA, MARKUP = "=1+1", '#emph[x] $y$ "z" *w* \\'


@pytest.fixture
def told(acme: Company) -> Company:
    """March 2026: the north misses, and its final score changed; a rule was killed, a hero celebrated, one blocker."""
    with tenant_scope(acme.tenant):
        prepare(acme)
        plan_for(acme, serving(), margin())
        south = people.add_person(NAME, by=None)
        people.name_leader(acme.units["south"], south, date(2024, 1, 1), by=None)
        log(acme, at(3, 3), hits=12, misses=18)
        log(acme, at(3, 4), hits=3, misses=1, unit="south")
        tell_margin(3, 5, now=at(4, 2))
        order = killed(acme.units["north"], at(3, 20))
        cited(order.rule, at(3, 1), 6, acme.units["north-1"])
        by = acme.member(Role.CSO)
        recognise(south, kind=Recognition.Kind.RECOVERY, what=FORMULA, by=by, now=at(3, 21))
        raise_blocker(MARKUP, owner=acme.leader, by=by, now=at(4, 1))
        gone = raise_blocker("It is gone", owner=south, by=by, now=at(4, 1))
        clear_blocker(gone, how="Bought", by=by, now=at(4, 2))
        Outcome.objects.create(name="Nobody waits", owner=south, review_on=date(2026, 4, 1))
        take_snapshots(now=at(6, 1))
        log(acme, at(3, 5), hits=0, misses=2)
        take_snapshots(now=at(6, 3))
    return acme


def rows_of(client: Client, query: str = "?period=2026-03") -> dict[str, list[dict[str, str]]]:
    """The lines of each CSV file, by its name without the ending."""
    content = client.get(f"/acme/board-pack/board-pack.zip{query}").content
    with zipfile.ZipFile(io.BytesIO(content)) as folder:
        return {
            name.removesuffix(".csv"): list(csv.DictReader(io.StringIO(folder.read(name).decode("utf-8-sig"))))
            for name in folder.namelist()
        }


def test_its_figures_are_those_of_their_own_pages(told: Company, visit: Visit) -> None:
    client = visit(told, Role.EXECUTIVE)
    files = rows_of(client)
    standing = client.get("/acme/scorecard/?period=2026-03").context
    assert client.get(PACK).context["title"] == standing["title"] == "1 of 1 leader misses the 24-hour target"
    for line, row in zip(files["leaders"], standing["rows"], strict=True):
        assert (line["leader"], line["unit"], line["against_target"]) == (row["name"], row["unit"], row["gap"])
        assert line["main_reason"] == row["reason"]
        assert row["cases"] == f"{line['recovered']} of {line['cases']}"
    assert [(line["leader"], line["recovered"], line["cases"]) for line in files["leaders"]] == [
        ("Lea North", "18", "38"),
        (NAME, "3", "4"),
    ]
    [plan] = client.get("/acme/scorecard/plans/?period=2026-03").context["rows"]
    assert [(line["leader"], line["state"]) for line in files["scores"]] == [(plan["name"], "final")]
    shown = {line["figure"]: line for part in ("recovery", "listening", "rules") for line in files[part]}
    with tenant_scope(told.tenant):
        tops = whole_tenant()
        for metric in (*RECOVERY, *LISTENING, *RULES):
            figure = figure_of(metric, tops, MARCH, now=at(11))
            assert shown[metric.key]["numerator"] == str(figure.numerator), metric.key
            if metric.kind == "share":
                assert shown[metric.key]["denominator"] == str(figure.denominator)
    assert shown["recovered_24h"]["value"] == "50.0"
    assert len(files["kills"]) == int(shown["rules_killed"]["value"]) == 1
    assert [(line["before"], line["after"]) for line in files["restatements"]] != []
    assert [line["what"] for line in files["blockers"]] == [MARKUP]
    assert [line["outcome"] for line in files["reviews"]] == ["Nobody waits"]
    assert [line["what"] for line in files["heroes"]] == [f"'{FORMULA}"]
    assert {line["figure"] for line in files["definitions"]} >= {str(METRICS[key].name) for key in ("nps", "surprised")}


def test_the_pdf_says_all_of_it_over_pages_and_can_be_read_aloud(told: Company, visit: Visit) -> None:
    with tenant_scope(told.tenant):
        for number in range(60):
            unit = people.add_unit(f"u{number}", f"Unité {number:02}", told.units["top"], by=None)
            person = people.add_person(f"Chloé Bélanger-Nguyễn {number:02}", by=None)
            people.name_leader(unit, person, date(2024, 1, 1), by=None)
    client = visit(told, Role.CSO)
    response = client.get("/acme/board-pack/board-pack.pdf?period=2026-03")
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"] == 'attachment; filename="board-pack-2026-03.pdf"'
    document = PdfReader(io.BytesIO(response.content))
    root: Any = document.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in root
    assert root["/Lang"] == "en"
    assert "pdfuaid:part" in document.xmp_metadata.stream.get_data().decode()  # type: ignore[union-attr]
    pages = [" ".join(page.extract_text().split()) for page in document.pages]
    text = " ".join(pages)
    for words in (NAME, MARKUP, FORMULA, "Nobody waits", "America/Toronto", "1 of 1 leader misses"):
        assert words in text, words
    assert all(f"Nguyễn {number:02}" in text for number in range(60))
    leading = [page for page in pages if "Chloé" in page]
    assert len(leading) > 2
    # The table's head stands on each page that it goes on to.
    assert all("Main reason for misses" in page for page in leading[:3])
    assert f"{len(pages)} / {len(pages)}" in pages[-1]


def test_a_letter_without_a_glyph_stops_no_pdf(told: Company, visit: Visit) -> None:
    with tenant_scope(told.tenant):
        raise_blocker("\ue000 is nobody's letter", owner=told.leader, by=None, now=at(4, 1))
    response = visit(told, Role.CSO).get("/acme/board-pack/board-pack.pdf?period=2026-03")
    assert "nobody's letter" in " ".join(
        " ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(response.content)).pages
    ).replace("’", "'")


def test_the_workbook_has_a_sheet_for_each_part_and_no_formula(told: Company, visit: Visit) -> None:
    client = visit(told, Role.AUDITOR)
    parts = client.get(PACK).context["parts"]
    content = client.get("/acme/board-pack/board-pack.xlsx?period=2026-03").content
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        names = book.read("xl/workbook.xml").decode()
        sheets = [book.read(f"xl/worksheets/sheet{number + 1}.xml").decode() for number in range(1 + len(parts))]
    assert all(f'name="{part.key.capitalize()}"' in names for part in parts)
    assert not any("<f>" in sheet for sheet in sheets)
    files = rows_of(client)
    assert set(files) == {"about", *(part.key for part in parts)}
    assert "America/Toronto" in files["about"][2]["words"]


def test_a_page_shows_each_part_and_any_period(told: Company, visit: Visit) -> None:
    client = visit(told, Role.CSO)
    page = client.get(PACK)
    assert all(f'<h2 id="{part.key}">' in page.content.decode() for part in page.context["parts"])
    assert "#emph[x]" in page.content.decode()
    keys = [part.key for part in client.get("/acme/board-pack/?period=2026-W10..2026-W13").context["parts"]]
    assert "scores" not in keys
    assert "leaders" in keys
    assert client.get("/acme/board-pack/?period=soon").status_code == 404
    assert client.get("/acme/board-pack/").status_code == 200


def test_it_is_for_who_sees_every_unit_and_changes_nothing(told: Company, other: Company, visit: Visit) -> None:
    for path in ("/acme/board-pack/", "/acme/board-pack/board-pack.pdf"):
        assert visit(told, Role.LEADER).get(path).status_code == 403
        assert visit(other, Role.CSO).get(path).status_code == 404
        assert visit(told, Role.CSO).post(path).status_code == 405


def test_it_costs_the_same_for_one_leader_and_for_more(told: Company, visit: Visit) -> None:
    client, counts = visit(told, Role.CSO), []
    for name in ("", "Abe", "Bea"):
        with tenant_scope(told.tenant):
            if name:
                person = people.add_person(name, by=None)
                unit = people.add_unit(name, name, told.units["top"], by=None)
                people.name_leader(unit, person, date(2024, 1, 1), by=None)
                plan_for(told, serving(), person=person, unit=unit)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(PACK).status_code == 200
        counts.append(len(reads(captured.captured_queries)))
    assert counts[0] == counts[1] == counts[2]
    assert counts[0] <= MOST_READS


def test_it_shows_who_leads_at_every_level_as_the_landing_page_does(told: Company, visit: Visit) -> None:
    with tenant_scope(told.tenant):
        below = people.add_person("Bo Below", by=None)
        people.name_leader(told.units["north-1"], below, date(2024, 1, 1), by=None)
    client = visit(told, Role.EXECUTIVE)
    landing = client.get("/acme/scorecard/?period=2026-03&leaders=all").context
    page = client.get(f"{PACK}&leaders=all")
    assert page.context["title"] == landing["title"] == "2 of 2 leaders miss the 24-hour target"
    assert landing["action_url"] == "/acme/board-pack/?period=2026-03&leaders=all"
    lines = rows_of(client, "?period=2026-03&leaders=all")["leaders"]
    assert [line["leader"] for line in lines] == [row["name"] for row in landing["rows"]] != []
    assert {line["leader"] for line in lines} == {"Lea North", "Bo Below", NAME}
    assert [line["leader"] for line in rows_of(client)["leaders"]] == ["Lea North", NAME]
    pdf = client.get(page.context["exports"][0][1])
    assert pdf["Content-Disposition"] == 'attachment; filename="board-pack-2026-03-all-leaders.pdf"'
    assert all(url.endswith("&leaders=all") for _label, url, *_rest in page.context["periods"])


def test_the_api_says_the_same_of_the_same_instant(told: Company, visit: Visit) -> None:
    files = rows_of(visit(told, Role.CSO))
    key = Integration(told, "metrics:read", "people:read")
    pack = key.get("board-pack?period=2026-03").json()
    assert (pack["period"], pack["status"], pack["leaders"]["missing"]) == ("2026-03", "final", 1)
    leaders = [(row["leader"]["name"], row["figure"]["numerator"]) for row in pack["leaders"]["data"]]
    assert [(name, str(number)) for name, number in leaders] == [
        (line["leader"], line["recovered"]) for line in files["leaders"]
    ]
    shown = {line["figure"]: line for part in ("recovery", "listening", "rules") for line in files[part]}
    told_here = {each["metric"]: each["figure"] for each in pack["figures"]}
    for metric in (*RECOVERY, *LISTENING, *RULES):
        assert str(told_here[metric.key]["numerator"]) == shown[metric.key]["numerator"], metric.key
    assert [(each["metric"], str(each["count"])) for each in pack["states"]] == [
        (key, shown[key]["value"]) for key in ("open_overdue", "silent")
    ]
    [score] = pack["scores"]["data"]
    assert f"{score['score']:.1f}" == files["scores"][0]["score"]
    assert [each["rule"] for each in pack["rules_killed"]] == [line["rule"] for line in files["kills"]]
    assert [(each["what"], each["person"]["name"]) for each in pack["recognitions"]] == [(FORMULA, NAME)]
    assert [each["what"] for each in pack["blockers"]] == [MARKUP]
    assert [each["name"] for each in pack["overdue_reviews"]] == ["Nobody waits"]
    assert [(each["person"]["name"], each["after"]) for each in pack["restatements"]] == [
        (line["leader"], float(line["after"])) for line in files["restatements"]
    ]
    with tenant_scope(told.tenant):
        below = people.add_person("Bo Below", by=None)
        people.name_leader(told.units["north-1"], below, date(2024, 1, 1), by=None)
    every = key.get("board-pack?period=2026-Q1&leaders=all").json()
    assert {row["leader"]["name"] for row in every["leaders"]["data"]} == {"Lea North", "Bo Below", NAME}
    assert key.get("board-pack?period=2026-W10..2026-W13").json()["scores"] is None
    assert errors(key.get("board-pack?period=soon")) == [("period", "not_a_period")]
    assert problem(Integration(told, "metrics:read").get("board-pack?period=2026-03"))[1] == "missing-scope"
