"""Plans and scores as files, from which each score can be counted again."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.frontend.conftest import Visit
from tests.frontend.test_xlsx import rows as rows_of_book
from tests.personas import Company
from tests.scorecards.scenes import at, log, margin, plan_for, prepare, serving, tell_margin


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_a_score_is_counted_again_from_its_file(acme: Company, visit: Visit) -> None:
    with tenant_scope(acme.tenant):
        prepare(acme)
        plan = plan_for(acme, serving(), margin(floor=-10)).plan
        log(acme, at(3, 3), hits=3, misses=1)
        tell_margin(3, -5, now=at(4, 2), source="=cmd|' /C calc'!A0")
    client = visit(acme, Role.LEADER)
    page = client.get(f"/acme/scorecard/plans/{plan.pk}/?period=2026-03")
    (_csv, plain), (_excel, book) = page.context["exports"]
    lines = rows_of(client.get(plain).getvalue())
    assert [(line["what"], line["numerator"], line["denominator"], line["points"]) for line in lines] == [
        ("recovered_24h", "3", "4", "62.500000"),
        ("margin", "-5", "1", "25"),
    ]
    assert lines[1]["source"].startswith("'=cmd")
    gained = sum(Decimal(line["weight"]) * Decimal(line["points"]) for line in lines)
    score = gained / sum(Decimal(line["weight"]) for line in lines)
    [listed] = rows_of(client.get("/acme/scorecard/plans/export.csv?period=2026-03").getvalue())
    assert (Decimal(listed["score"]), listed["score_serving"], listed["state"]) == (score, "62.500000", "final")
    first, second = rows_of_book(client, book)
    assert (first["what"], first["name"], first["numerator"]) == ("recovered_24h", "Recovered within 24 hours", "3")
    assert second["numerator"] == "-5"
    assert client.get("/acme/scorecard/plans/export.csv?period=2026-W10").status_code == 404
    assert rows_of(visit(acme, Role.FRONTLINE).get("/acme/scorecard/plans/export.csv").getvalue()) == []
    foreign = f"/acme/scorecard/plans/{plan.pk}/export.csv"
    assert visit(acme, Role.FRONTLINE).get(foreign).status_code == 404
