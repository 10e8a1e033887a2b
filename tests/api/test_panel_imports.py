"""An airport's survey by code list, over the API alone: every figure equals that of plain fractions."""

from __future__ import annotations

import json
from fractions import Fraction
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cso.metrics.engine.refresh import refresh
from cso.panels.importing.code_lists import read_code_list
from cso.panels.importing.loading import import_responses
from cso.panels.models import Answer, Response, Wave
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.api.conftest import Integration, errors, problem
from tests.panels.airport import (
    CODE_LIST,
    ITEMS,
    OPTIONS,
    QUESTIONS,
    TERMINALS,
    Row,
    as_csv,
    figures,
    given_weight,
    passengers,
    region_of,
    share_weights,
)
from tests.personas import NOW, Company


@pytest.fixture
def panel(api: Integration, acme: Company) -> str:
    for unit in TERMINALS.values():
        assert api.post("units", {"code": unit, "name": unit, "parent": "top"}).status_code == 201
    steward = str(acme.member(Role.CSO).pk)
    made = api.post("panels", {"name": "Passengers", "unit": "top", "steward": steward})
    assert made.status_code == 201, made.content
    return str(made.json()["id"])


def open_wave(api: Integration, panel: str, name: str, **values: Any) -> str:
    told = {
        "panel": panel,
        "name": name,
        "is_imported": True,
        "opens_at": "2019-05-01T00:00:00Z",
        "closes_at": "2019-06-01T00:00:00Z",
        "questions": QUESTIONS,
    }
    made = api.post("waves", told | values)
    assert made.status_code == 201, made.content
    wave = str(made.json()["id"])
    assert api.post(f"waves/{wave}/open").json()["status"] == "open"
    return wave


def load(api: Integration, wave: str, rows: list[Any], **codes: Any) -> Any:
    answered = api.post(f"waves/{wave}/responses", {"code_list": CODE_LIST | codes, "rows": rows})
    assert answered.status_code == 200, answered.content
    return answered.json()


def close(api: Integration, wave: str) -> None:
    assert api.post(f"waves/{wave}/close").json()["status"] == "closed"


def results(api: Integration, wave: str, by: str = "all") -> dict[str, Any]:
    found = api.get(f"waves/{wave}/results?by={by}")
    assert found.status_code == 200, found.content
    return {question["code"]: question for question in found.json()["questions"]}


def near(found: float, expected: Fraction) -> bool:
    return abs(found - float(expected)) < 1e-9


def says(part: Any, rows: list[Row], code: str, weight: Any = None) -> bool:
    told = part if weight is None else part["weighted"]
    value, mean = figures(rows, code) if weight is None else figures(rows, code, weight)
    low, high = told["interval"]["low"], told["interval"]["high"]
    return near(told["value"], value) and near(told["mean"], mean) and low <= float(value) <= high


SCORED = ["nps", "ease", *(item.lower() for item in ITEMS)]


def test_two_years_of_a_survey_equal_plain_fractions(api: Integration, panel: str, acme: Company) -> None:
    waves = {}
    for year in (2018, 2019):
        rows = passengers(400, seed=year)
        lasts = {"opens_at": f"{year}-05-01T00:00:00Z", "closes_at": f"{year}-06-01T00:00:00Z"}
        wave = open_wave(api, panel, str(year), weighting="given", **lasts)
        report = load(api, wave, rows)
        assert (report["rows"], report["created"], report["refused"]) == (400, 400, 0)
        assert problem(api.get(f"waves/{wave}/results")) == (409, "conflict", "not_closed")
        close(api, wave)
        waves[wave] = rows

    for wave, rows in waves.items():
        whole, units, segments = (results(api, wave, by) for by in ("all", "unit", "segment"))
        assert list(whole) == [str(question["code"]) for question in QUESTIONS]
        for code in SCORED:
            assert says(whole[code]["whole"], rows, code), code
            assert says(whole[code]["whole"], rows, code, given_weight), code
            regions = {part["segment"]: part for part in segments[code]["parts"]}
            assert set(regions) == {"International", "Domestic", ""}
            for region, part in regions.items():
                mine = [row for row in rows if region_of(row) == region]
                assert says(part, mine, code), (code, region)
                assert says(part, mine, code, given_weight), (code, region)
            terminals = {part["unit"]["code"]: part for part in units[code]["parts"]}
            for terminal, unit in TERMINALS.items():
                assert says(terminals[unit], [row for row in rows if row["TERM"] == terminal], code), (code, unit)
                assert terminals[unit]["weighted"] is None
        assert whole["q7a"]["touch_point"] == "Touch point Q7A"
        reasons = [row["REASON"] for row in rows]
        assert whole["reason"]["options"] == [option["code"] for option in OPTIONS]
        assert whole["reason"]["whole"]["counts"] == [
            reasons.count("1"),
            reasons.count("2"),
            reasons.count("3") + reasons.count("4"),
        ]

    points = api.get(f"panels/{panel}/trend?code=nps").json()["data"]
    assert [point["wave"]["name"] for point in points] == ["2018", "2019"]
    with tenant_scope(acme.tenant):
        refresh()
    for point in points:
        rows = waves[point["wave"]["id"]]
        assert says(point["whole"], rows, "nps", given_weight)
        measured = {
            unit: api.get(f"metrics/nps/values?period={point['wave']['name']}-05&unit={unit}").json()
            for unit in ("top", "t1")
        }
        assert near(measured["top"]["net"]["value"], figures(rows, "nps")[0])
        assert near(measured["t1"]["net"]["value"], figures([row for row in rows if row["TERM"] == "1"], "nps")[0])
    facts = api.get("metrics/nps/facts?period=2019-05&part=denominator").json()["data"]
    assert sorted(one["unit"]["code"] for one in facts) == ["t1", "t2", "t3"]
    assert set(facts[0]) == {"id", "at", "unit", "case", "rule"}


def test_shares_of_segments_weigh(api: Integration, panel: str) -> None:
    rows = passengers(300, seed=7)
    shares = {"International": Fraction(27, 100), "Domestic": Fraction(73, 100)}
    told = [{"segment": segment, "share": float(share)} for segment, share in shares.items()]
    wave = open_wave(api, panel, "2019", weighting="segments", shares=told)
    load(api, wave, rows)
    close(api, wave)
    found = results(api, wave)
    for code in SCORED:
        weight = share_weights(rows, code, shares)
        known = [row for row in rows if region_of(row)]
        assert says(found[code]["whole"], rows, code)
        assert says(found[code]["whole"], known, code, weight), code


def test_a_wrong_cell_is_refused_by_line_and_column_and_harms_nothing_else(
    api: Integration, panel: str, acme: Company
) -> None:
    rows: list[Any] = [dict(row) for row in passengers(12, seed=1)]
    rows[1] |= {"NETPRO": "12", "Q7C": "7"}
    rows[2] |= {"INTDOM": "5", "TERM": "9"}
    rows[3] |= {"WEIGHT": "0", "REASON": "5"}
    rows[4] |= {"RESPNUM": ""}
    rows[5] = ["not", "a", "row"]
    rows[6] |= {"Q7B": [5]}
    rows[7] |= {"RESPNUM": rows[8]["RESPNUM"]}
    rows[9] |= {"WEIGHT": ""}
    rows[10] |= {"Q7A": 4.0, "NETPRO": 10, "EASE": None}
    wave = open_wave(api, panel, "2019", weighting="given")
    report = load(api, wave, rows)
    refused = {
        one["line"]: [(error["field"], error["code"]) for error in one["errors"]]
        for one in report["results"]
        if one["status"] == "refused"
    }
    assert refused == {
        2: [("NETPRO", "unknown_code"), ("Q7C", "unknown_code")],
        3: [("INTDOM", "unknown_code"), ("TERM", "unknown_code")],
        4: [("WEIGHT", "not_a_weight"), ("REASON", "unknown_code")],
        5: [("RESPNUM", "required")],
        6: [("row", "unreadable")],
        7: [("Q7B", "not_text")],
        10: [("WEIGHT", "required")],
    }
    assert [one["line"] for one in report["results"] if one["status"] == "superseded"] == [8]
    assert (report["created"], report["refused"]) == (4, 7)
    with tenant_scope(acme.tenant):
        told = Answer.objects.filter(response__external_id="11").order_by("question__position")
        assert dict(told.filter(question__code__in=["nps", "q7a", "ease"]).values_list("question__code", "score")) == {
            "nps": 10,
            "q7a": 4,
        }


def test_the_same_rows_may_be_sent_again_and_tell_nobody_what_was_there(
    api: Integration, panel: str, acme: Company
) -> None:
    rows = passengers(30, seed=3)
    wave = open_wave(api, panel, "2019", weighting="given")
    load(api, wave, rows)
    with tenant_scope(acme.tenant):
        before = (Response.objects.count(), Answer.objects.count())
    guessed = [dict(rows[0]), dict(rows[1], NETPRO="0")]
    assert [one["status"] for one in load(api, wave, guessed)["results"]] == ["replaced", "replaced"]
    assert load(api, wave, rows)["replaced"] == 30
    with tenant_scope(acme.tenant):
        assert (Response.objects.count(), Answer.objects.count()) == before
    close(api, wave)
    published = results(api, wave)
    after = [dict(rows[0]), dict(rows[1], NETPRO="0"), dict(rows[2], RESPNUM="new")]
    assert {one["status"] for one in load(api, wave, after)["results"]} == {"late"}
    assert results(api, wave) == published
    with tenant_scope(acme.tenant):
        assert Response.objects.filter(is_late=True).count() == 1


def test_a_code_list_is_checked_with_the_wave_and_the_file(api: Integration, panel: str) -> None:
    wave = open_wave(api, panel, "2019", weighting="given")
    rows = passengers(1, seed=1)

    def wrong(**codes: Any) -> list[tuple[str, str]]:
        return errors(api.post(f"waves/{wave}/responses", {"code_list": CODE_LIST | codes, "rows": rows}))

    assert wrong(weight=None) == [("code_list.weight", "required")]
    assert wrong(weight="WT") == [("code_list.weight", "missing_column")]
    assert wrong(unit={"column": "TERM", "codes": {"1": "nowhere"}}) == [("code_list.unit.codes.1", "unknown")]
    assert wrong(segment=[]) == [("code_list.segment", "out_of_range")]
    assert wrong(submitted_at="yesterday") == [("code_list.submitted_at", "not_a_time")]
    assert wrong(language={"column": "INTDOM", "codes": {"1": "de"}}) == [("code_list.language.codes.1", "unknown")]
    questions: dict[str, Any] = {
        "none": "NETPRO",
        "nps": {"column": "NETPRO", "codes": {"1": 11, "2": "blank", "2.0": "blank"}},
        "reason": {"columns": ["REASON"], "codes": {"1": "prize"}},
        "q7a": {"colum": "Q7A"},
    }
    assert wrong(questions=questions) == [
        ("code_list.questions.none", "unknown"),
        ("code_list.questions.nps.codes.2.0", "twice"),
        ("code_list.questions.nps.codes.1", "unknown_meaning"),
        ("code_list.questions.reason.columns", "not_several"),
        ("code_list.questions.reason.codes.1", "unknown_meaning"),
        ("code_list.questions.q7a.colum", "unknown"),
        ("code_list.questions.q7a.column", "required"),
    ]


def test_a_csv_file_with_a_mark_segments_of_two_columns_and_times(api: Integration, panel: str, acme: Company) -> None:
    rows = [dict(row, DAY=f"{day:02}/05/2019") for day, row in enumerate(passengers(40, seed=5), 1) if day < 29]
    rows[3] |= {"DAY": "02/06/2019"}
    codes = CODE_LIST | {
        "segment": [
            {"column": "TERM", "codes": {"1": "T1", "2": "T2", "3": "T3"}},
            {"column": "INTDOM", "codes": {"1": "International", "2": "Domestic", "0": "blank"}},
        ],
        "submitted_at": {"column": "DAY", "time_format": "%d/%m/%Y", "time_zone": "America/Los_Angeles"},
    }
    wave = open_wave(api, panel, "2019")
    report = api.post(f"waves/{wave}/responses", {"code_list": codes, "csv": "\ufeff" + as_csv(rows)}).json()
    assert (report["created"], report["late"], report["refused"]) == (27, 1, 0)
    assert report["results"][3] == {"line": 5, "status": "late", "external_id": rows[3]["RESPNUM"], "errors": []}
    with tenant_scope(acme.tenant):
        told = dict(Response.objects.values_list("external_id", "segment"))
    assert told == {row["RESPNUM"]: f"T{row['TERM']} / {region_of(row)}" if region_of(row) else "" for row in rows}


def test_waves_that_are_asked_by_us_take_no_import_nor_do_drafts(api: Integration, panel: str) -> None:
    asked = {"panel": panel, "opens_at": "2019-05-01T00:00:00Z", "closes_at": "2019-06-01T00:00:00Z"}
    told = {"code_list": CODE_LIST, "rows": passengers(1, seed=1)}
    for name, is_imported, code in (("Asked", False, "not_imported"), ("Draft", True, "not_open")):
        body = asked | {"name": name, "is_imported": is_imported, "questions": QUESTIONS[:5]}
        wave = api.post("waves", body).json()["id"]
        narrow = told | {"code_list": CODE_LIST | {"questions": {"nps": "NETPRO"}}}
        assert problem(api.post(f"waves/{wave}/responses", narrow)) == (409, "conflict", code)


def test_a_load_takes_as_many_statements_for_many_rows_as_for_few(api: Integration, panel: str, acme: Company) -> None:
    wave_id = open_wave(api, panel, "2019")
    counted = []
    for rows in (passengers(3, seed=1), passengers(300, seed=2)):
        with tenant_scope(acme.tenant), CaptureQueriesContext(connection) as statements:
            wave = Wave.objects.select_related("panel", "unit").get(pk=wave_id)
            import_responses(wave, list(enumerate(rows, 1)), read_code_list(wave, CODE_LIST), by=None, now=NOW)
        counted.append(len(statements))
    assert counted[0] == counted[1]


def test_a_file_is_loaded_by_command(api: Integration, panel: str, tmp_path: Path) -> None:
    wave = open_wave(api, panel, "2019")
    rows = [dict(row, COMMENTS="Café crème") for row in passengers(20, seed=4)]
    rows[5] |= {"NETPRO": "77"}
    (tmp_path / "survey.csv").write_bytes(as_csv(rows).encode("latin-1"))
    (tmp_path / "codes.json").write_text(json.dumps(CODE_LIST))
    told, wrong = StringIO(), StringIO()
    file, codes = tmp_path / "survey.csv", f"--code-list={tmp_path / 'codes.json'}"
    call_command("import_responses", "acme", "2019", file, codes, "--encoding=latin-1", stdout=told, stderr=wrong)
    assert told.getvalue() == "19 created, 0 replaced, 0 superseded, 0 late, 1 refused\n"
    assert wrong.getvalue() == "line 7, NETPRO: “77” is not in the code list of “nps”.\n"
    with pytest.raises(CommandError, match="There is no wave “2020”"):
        call_command("import_responses", "acme", "2020", file, codes)
    close(api, wave)
    assert says(results(api, wave)["nps"]["whole"], [*rows[:5], *rows[6:]], "nps")
