"""What stands behind the figures of panels: groups, never an answer; on the page and in both files the same."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from cso.customers.models import Customer
from cso.metrics.engine.refresh import refresh
from cso.metrics.registry import METRICS
from cso.panels.models import Commitment, Invitation, PanelMember, PanelSession, RosterEntry
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.frontend.conftest import Visit
from tests.frontend.test_xlsx import rows as xlsx_rows
from tests.panels.survey import Row, panel_of, survey
from tests.personas import NOW, Company

DAY = timedelta(days=1)
PERIOD = "period=2026-03"
SECRET = "Ottokar"
ASKED: list[dict[str, Any]] = [
    {"code": "nps", "kind": "nps"},
    {"code": "csat", "kind": "csat"},
    {"code": "effort", "kind": "effort"},
    {
        "code": "reasons",
        "kind": "choice",
        "asks_for": "reasons",
        "options": [{"code": "price", "text_en": "Price", "is_price": True}, {"code": "care", "text_en": "Care"}],
    },
    {"code": "better", "kind": "words", "asks_for": "wrong"},
]
OF_GROUPS = ("nps", "csat", "effort", "price_only_share")


def _said(unit: str, number: int) -> Row:
    says = {"nps": number % 11, "csat": number % 5 + 1, "effort": number % 7 + 1, "better": f"{SECRET} waited"}
    return Row(unit, "", says | {"reasons": ["price" if number % 3 else "care"]})


@pytest.fixture
def panels(acme: Company) -> Company:
    """A wave of 12 in the north and 9 in the south, and what members and leaders did."""
    with tenant_scope(acme.tenant):
        said = [_said(unit, number) for unit, most in (("north-2", 12), ("south", 9)) for number in range(most)]
        wave = survey(acme, ASKED, said)
        panel = panel_of(acme)
        south = acme.units["south"]
        for answered_at in (NOW - 2 * DAY, NOW - 2 * DAY, None):
            customer = Customer.objects.create(name=SECRET)
            member = PanelMember.objects.create(
                panel=panel,
                customer=customer,
                unit=south,
                via="customer",
                consented_at=NOW,
                joined_at=NOW,
                consent_source="x",
            )
            at = {"closes_at": NOW - DAY, "invited_at": NOW - 3 * DAY, "answered_at": answered_at}
            Invitation.objects.create(wave=wave, member=member, customer=customer, unit=south, **at)
        session = PanelSession.objects.create(panel=panel, title="What March said", planned_at=NOW - DAY)
        present = {"was_on_roster": True, "held_at": NOW - DAY, "session_seconds": 100, "present_seconds": 80}
        RosterEntry.objects.create(session=session, person=acme.leader, unit=south, **present)
        due = {"made_at": NOW - 9 * DAY, "due_at": NOW - 2 * DAY}
        for done in ({"done_at": NOW - 3 * DAY, "we_did": "Soap"}, {"done_at": NOW, "we_did": "Late"}, {}):
            Commitment.objects.create(panel=panel, unit=south, owner=acme.leader, what="Soap", **due, **done)
        refresh()
    return acme


def _behind(client: Client, key: str, part: str, unit: str = "", kind: str = "") -> Any:
    query = f"metric={key}&part={part}&{PERIOD}" + (f"&unit={unit}" if unit else "")
    return client.get(f"/acme/cases/behind/{f'export.{kind}' if kind else ''}?{query}")


def _csv(client: Client, key: str, part: str, unit: str = "") -> list[dict[str, str]]:
    response = _behind(client, key, part, unit, "csv")
    return list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig"))))


def test_behind_a_score_stand_groups_that_add_up_to_it(panels: Company, visit: Visit) -> None:
    client = visit(panels, Role.EXECUTIVE)
    for key in OF_GROUPS:
        for unit in ("", *(str(panels.units[code].pk) for code in ("top", "north", "south"))):
            page = _behind(client, key, "denominator", unit)
            figure, decisions = page.context["figure"], page.context["decisions"]
            counts = [[int(each) for each in re.findall(r"\d+", row["state"])] for row in decisions]
            assert [sum(column) for column in zip(*counts, strict=True)] == [
                figure.numerator,
                figure.counts.get(figure.metric.against or "", sum(line[1] for line in counts)),
                figure.denominator,
            ], key
            assert all(line[2] >= 5 for line in counts)
            assert not page.context["is_updating"]
            assert SECRET not in page.content.decode()
            lines = _csv(client, key, "denominator", unit)
            assert [(line["what"], line["became_of_it"], line["unit"]) for line in lines] == [
                (row["what"], row["state"], row["unit"]) for row in decisions
            ]
            assert set(lines[0]) == {"when", "id", "what", "became_of_it", "unit_code", "unit"}
            assert client.get(decisions[0]["url"]).status_code == 200, "it leads to its wave"
    path, query = "/acme/cases/behind/export.xlsx", f"?metric=nps&part=denominator&{PERIOD}"
    sheet = xlsx_rows(client, path, query)
    assert [line["became_of_it"] for line in sheet] == [
        line["became_of_it"] for line in _csv(client, "nps", "denominator")
    ]


def test_a_units_page_says_what_its_customers_say(panels: Company, visit: Visit) -> None:
    client, south = visit(panels, Role.CSO), panels.units["south"].pk
    figures = client.get(f"/acme/units/{south}/?{PERIOD}").context["listening"]
    found = {figure["label"]: (figure["value"], figure["note"]) for figure in figures}
    with tenant_scope(panels.tenant):
        assert list(found) == [str(METRICS[key].name) for key in (*OF_GROUPS, "panel_response", "commitments_kept")]
    # Of the scores 0 to 8.
    assert found[str(METRICS["nps"].name)] == ("0 for, 7 against, of 9", "too few answers for a score")
    assert found[str(METRICS["panel_response"].name)] == ("67%", "2 of 3")
    assert {client.get(figure["url"]).status_code for figure in figures} == {200}
    whole = client.get(f"/acme/units/{panels.units['top'].pk}/?{PERIOD}").context["listening"][0]
    assert (whole["value"], whole["note"]) == ("−62", "of 21 answers; chance leaves −82 to −27")
    quiet = panels.units["north-1"].pk
    assert client.get(f"/acme/units/{quiet}/?{PERIOD}").context["listening"] == []


def test_the_few_of_a_unit_stand_nowhere(acme: Company, visit: Visit) -> None:
    with tenant_scope(acme.tenant):
        survey(
            acme,
            ASKED,
            [_said(unit, number) for unit, most in (("north-2", 9), ("south", 4)) for number in range(most)],
        )
        refresh()
    client = visit(acme, Role.CSO)
    for code in ("south", "north", "north-2"):
        page = _behind(client, "nps", "denominator", str(acme.units[code].pk))
        assert (page.context["figure"].denominator, page.context["decisions"]) == (0, [])
    assert [line["unit"] for line in _csv(client, "nps", "denominator")] == ["Top"]


@pytest.mark.parametrize(
    ("key", "states"),
    [
        ("panel_response", {"numerator": ["Answered", "Answered"], "rest": ["Not answered"]}),
        ("panel_attendance", {"numerator": ["Attended"], "rest": []}),
        ("commitments_kept", {"numerator": ["Kept"], "rest": ["Done late", "Not done"]}),
    ],
)
def test_what_leaders_and_members_did_is_listed(
    panels: Company, visit: Visit, key: str, states: dict[str, list[str]]
) -> None:
    client = visit(panels, Role.CSO)
    for part, wanted in states.items():
        page = _behind(client, key, part)
        figure = page.context["figure"]
        assert len(wanted) == (figure.numerator if part == "numerator" else figure.missed)
        assert sorted(row["state"] for row in page.context["decisions"]) == wanted
        assert sorted(line["became_of_it"] for line in _csv(client, key, part)) == wanted
        assert SECRET not in page.content.decode(), "nobody is told who answered"
        assert {client.get(row["url"]).status_code for row in page.context["decisions"]} <= {200}


def test_who_sees_no_results_sees_none_behind_figures(panels: Company, visit: Visit) -> None:
    assert _behind(visit(panels, Role.FRONTLINE), "nps", "denominator").status_code == 404
    south, north = (str(panels.units[code].pk) for code in ("south", "north"))
    leader = visit(panels, Role.LEADER)
    assert _behind(leader, "nps", "denominator", south).status_code == 404
    assert len(_behind(leader, "nps", "denominator", north).context["decisions"]) == 1
