"""An org chart whose parents are misspelt."""

from __future__ import annotations

from datetime import date
from difflib import get_close_matches
from typing import Any

import pytest

from cso.people import orgchart
from cso.people.orgchart import ChartRow, load_chart, read_chart
from tenants.scope import tenant_scope
from tests.personas import Company

TODAY = date(2026, 3, 18)


def remarks(acme: Company, parents: list[str]) -> list[str]:
    rows = [ChartRow(line, f"new-{line}", f"New {line}", parent) for line, parent in enumerate(parents, 2)]
    with tenant_scope(acme.tenant):
        return [remark.message for remark in load_chart(rows, by=None, today=TODAY).remarks]


def test_a_wording_is_searched_for_once_and_each_of_its_lines_gets_the_hint(
    acme: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched: list[str] = []

    def watched(wording: str, *args: Any, **kwargs: Any) -> list[str]:
        searched.append(wording)
        return get_close_matches(wording, *args, **kwargs)

    monkeypatch.setattr(orgchart, "get_close_matches", watched)
    said = remarks(acme, ["Nort"] * 30 + ["Soth"] * 30)
    assert searched == ["Nort", "Soth"]
    assert [message.partition("now. ")[2] for message in said] == (
        ["Did you mean “North”?"] * 30 + ["Did you mean “South”?"] * 30
    )


def test_only_the_first_twenty_wordings_get_a_hint(acme: Company) -> None:
    said = remarks(acme, [f"North{number}" for number in range(100, 130)])
    assert ["Did you mean" in message for message in said] == [True] * 20 + [False] * 10


def test_a_text_that_the_database_cannot_take_is_refused_by_its_line(acme: Company) -> None:
    _, wrong = read_chart(["code,name\n", "a,b\x00\n", "b,\ud800\n", f"c,{'x' * 201}\n"], {})
    assert [(remark.line, remark.field, remark.code) for remark in wrong] == [
        (2, "name", "nul"),
        (3, "name", "not_utf8"),
        (4, "name", "too_long"),
    ]
