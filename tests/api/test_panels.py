"""Panels, their waves, sessions, commitments and heroes over the API alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tenants.roles import Role
from tests.api.conftest import Integration, errors, problem
from tests.personas import Company

CONSENT = {"consented_at": "2026-03-01T12:00:00Z", "consent_source": "Web form"}
LASTS = {"opens_at": "2019-05-01T00:00:00Z", "closes_at": "2019-06-01T00:00:00Z"}
ASKED = [
    {"code": "right", "kind": "words", "asks_for": "right", "text_en": "What went right?"},
    {"code": "nps", "kind": "nps", "text_en": "Would you recommend us?"},
    {"code": "wrong", "kind": "words", "asks_for": "wrong", "text_en": "What went wrong?"},
]


@pytest.fixture
def panel(api: Integration, acme: Company) -> str:
    body = {"name": "Passengers", "unit": "top", "steward": str(acme.member(Role.CSO).pk)}
    return str(made(api.post("panels", body))["id"])


@pytest.fixture
def lea(acme: Company) -> str:
    return str(acme.leader.pk)


def made(answered: Any, status: int = 201) -> dict[str, Any]:
    assert answered.status_code == status, answered.content
    found: dict[str, Any] = answered.json()
    return found


def done(answered: Any) -> dict[str, Any]:
    return made(answered, 200)


def test_a_panel_is_founded_changed_filled_and_closed(api: Integration, panel: str) -> None:
    tag = api.get(f"panels/{panel}")["ETag"]
    assert done(api.patch(f"panels/{panel}", {"term_days": 365}, If_Match=tag))["term_days"] == 365
    assert api.patch(f"panels/{panel}", {"term_days": 1}, If_Match=tag).status_code == 412
    assert problem(api.post("panels", {"name": "Passengers", "unit": "top", "steward": "cso@acme.example"}))[2] == (
        "name_taken"
    )
    quota = done(api.post(f"panels/{panel}/places", {"segment": "Business", "wanted": 1}))
    assert quota["data"] == [{"segment": "Business", "wanted": 1, "members": 0, "open": 1}]

    rows: list[Any] = [
        {"email": "ann@example.com", "segment": "Business"} | CONSENT,
        {"email": "bob@example.com", "segment": "Business"} | CONSENT,
        {"email": "cy@example.com"},
        "no row",
        {"email": "dee@example.com", "unit": "south"} | CONSENT,
        {"email": "ann@example.com"} | CONSENT,
    ]
    report = done(api.post(f"panels/{panel}/members/import", {"rows": rows}))["results"]
    assert [(one["status"], [error["code"] for error in one["errors"]]) for one in report] == [
        ("joined", []),
        ("refused", ["quota_full"]),
        ("refused", ["required"]),
        ("refused", ["unreadable"]),
        ("joined", []),
        ("is_member", []),
    ]
    made(api.post("customers", {"external_id": "c-7", "email": "eve@example.com"}))
    assert [one["external_id"] for one in done(api.get(f"panels/{panel}/candidates"))["data"]] == ["c-7"]
    eve = made(api.post(f"panels/{panel}/members", {"customer": "c-7"} | CONSENT))
    assert problem(api.post(f"panels/{panel}/members", {"customer": "c-7"} | CONSENT))[2] == "is_member"
    assert errors(api.post(f"panels/{panel}/members", CONSENT)) == [("customer", "required")]
    assert len(done(api.get(f"panels/{panel}/members"))["data"]) == 3
    assert [one["unit"]["code"] for one in done(api.get(f"panels/{panel}/members?unit=south"))["data"]] == ["south"]
    left = done(api.post(f"panels/{panel}/members/{eve['id']}/leave", {"because": "asked"}))
    assert (left["left_because"], left["customer"]["external_id"]) == ("asked", "c-7")
    assert done(api.post("bounces", {"address": "Dee@example.com"})) == {"members": 1}
    assert done(api.post("listening", {"smallest_group": 6, "days": 30})) == {
        "smallest_group": 6,
        "most": 3,
        "days": 30,
    }

    assert done(api.post(f"panels/{panel}/close"))["closed_at"] is not None
    assert done(api.get("panels?is_open=true"))["data"] == []
    assert problem(api.post(f"panels/{panel}/members", {"customer": "c-7"} | CONSENT))[2] == "closed"


def test_a_wave_is_drafted_changed_copied_and_called_off(api: Integration, panel: str) -> None:
    soon = datetime.now(UTC)
    lasts = {"opens_at": soon.isoformat(), "closes_at": (soon + timedelta(days=7)).isoformat()}
    hanging = {"code": "why", "kind": "words", "text_en": "Why?", "only_if": "nps", "only_if_high": 6}
    body = {"panel": "Passengers", "name": "Spring", "questions": [*ASKED, hanging]} | lasts
    wrong = body | {"questions": [hanging, *ASKED]}
    assert errors(api.post("waves", wrong)) == [("questions.0.only_if", "unknown")]
    wave = made(api.post("waves", body))
    where = f"waves/{wave['id']}"
    assert [(one["code"], one["only_if"]) for one in wave["questions"]] == [
        ("right", None),
        ("nps", None),
        ("wrong", None),
        ("why", "nps"),
    ]
    gate = made(api.post(f"{where}/questions", {"code": "gate", "kind": "csat", "text_en": "The gate?", "position": 2}))
    question = f"{where}/questions/{gate['id']}"
    changed = done(api.patch(question, {"touch_point": "Gate"}, If_Match="*"))
    assert (changed["touch_point"], changed["position"]) == ("Gate", 2)
    assert done(api.post(f"{question}/move", {"position": 3}))["position"] == 3
    nps = f"{where}/questions/{wave['questions'][1]['id']}"
    assert problem(api.client.delete(f"/api/v1/{nps}", headers={"If-Match": "*"}))[2] == "hangs_on_it"
    assert api.client.delete(f"/api/v1/{question}", headers={"If-Match": "*"}).status_code == 204
    tag = api.get(where)["ETag"]
    assert done(api.patch(where, {"sample_size": 10, "weighting": "segments"}, If_Match=tag))["sample_size"] == 10
    shared = done(api.post(f"{where}/shares", {"shares": [{"segment": "Business", "share": 0.3}]}))
    assert shared["shares"] == [{"segment": "Business", "share": 0.3}]
    copy = made(api.post(f"{where}/copy", {"name": "Autumn"} | lasts))
    assert ([one["code"] for one in copy["questions"]], copy["shares"]) == (
        ["right", "nps", "wrong", "why"],
        shared["shares"],
    )
    assert done(api.post(f"{where}/open"))["status"] == "open"
    assert problem(api.patch(where, {"name": "Late"}, If_Match="*"))[2] == "not_a_draft"
    assert done(api.post(f"{where}/cancel"))["status"] == "cancelled"
    assert done(api.get(f"{where}/response-rates"))["data"] == []
    assert problem(api.get(f"{where}/results"))[2] == problem(api.get(f"{where}/remarks"))[2] == "not_closed"
    assert [one["name"] for one in done(api.get("waves?status=draft&panel=Passengers"))["data"]] == ["Autumn"]


def test_remarks_are_read_in_groups_and_made_something_of(api: Integration, panel: str, lea: str) -> None:
    body = {"panel": panel, "name": "2019", "is_imported": True, "questions": ASKED} | LASTS
    wave = made(api.post("waves", body))["id"]
    api.post(f"waves/{wave}/open")
    rows = [{"ID": str(n), "N": 9, "R": "", "W": f"The queue at gate {n} was long"} for n in range(6)]
    rows += [{"ID": str(n), "N": 9, "R": "Lea North was lovely", "W": "Lea North lost my bag"} for n in range(6, 9)]
    rows += [{"ID": "9", "N": 2, "R": "Kind people", "W": "One broken trolley"}]
    codes = {"response": "ID", "questions": {"nps": "N", "right": "R", "wrong": "W"}}
    done(api.post(f"waves/{wave}/responses", {"code_list": codes, "rows": rows}))
    assert done(api.post(f"waves/{wave}/close"))["smallest_group"] == 5

    def remarks(query: str = "") -> Any:
        return done(api.get(f"waves/{wave}/remarks{query}"))

    everything = remarks()["data"]
    assert [one["is_praise"] for one in everything] == sorted((one["is_praise"] for one in everything), reverse=True)
    assert not [one for one in everything if not one["is_praise"] and "Lea" in one["words"]]
    assert {one["words"] for one in everything if one["is_praise"]} >= {"Lea North was lovely"}
    first = done(api.get(f"waves/{wave}/remarks?limit=3"))
    rest = api.client.get(first["next"], {"limit": 1000}).json() if first["next"] else {"data": []}
    assert [one["id"] for one in first["data"]] == [one["id"] for one in everything[:3]]
    assert rest["data"]
    found = remarks("?words=trolley&praise=false")
    assert (found["data"], found["holds_back"]) == ([], True)
    assert remarks("?words=North&praise=false")["data"] == []
    assert len(remarks("?words=queues")["data"]) == 6
    assert set(everything[0]) == {"id", "question", "unit", "is_praise", "words", "tags", "became", "became_id"}

    assert done(api.post("themes", {"name": "Waiting", "words": ["queue"]}))["words"] == ["queue"]
    [counted] = done(api.get(f"waves/{wave}/themes"))["data"]
    assert (counted["theme"]["name"], counted["praise"], counted["criticism"]) == ("Waiting", 0, 6)
    assert len(remarks("?theme=Waiting")["data"]) == 6
    assert api.client.delete(f"/api/v1/themes/{counted['theme']['id']}").status_code == 204

    lovely = next(one for one in everything if one["words"].startswith("Lea"))
    hero = made(api.post(f"remarks/{lovely['id']}/recognise", {"person": lea}))
    assert (hero["person"]["name"], hero["customer_words"]) == ("Lea North", "Lea North was lovely")
    queue = next(one for one in everything if "queue" in one["words"])
    assert done(api.post(f"remarks/{queue['id']}/tags", {"tags": ["Queue"]}))["tags"] == ["queue"]
    assert errors(api.post(f"remarks/{queue['id']}/tags", {"tags": ["Lea North"]})) == [("tags", "a_name")]
    assert made(api.post(f"remarks/{queue['id']}/nominate"))["words"] == queue["words"]
    assert problem(api.post(f"remarks/{queue['id']}/nominate"))[2] == "became_already"
    assert problem(api.post(f"remarks/{lovely['id']}/nominate"))[2] == "is_praise"


def test_no_results_are_shown_of_fewer_people_nor_by_two_breakdowns(api: Integration, panel: str) -> None:
    body = {"panel": panel, "name": "2019", "is_imported": True, "questions": ASKED[1:2]} | LASTS
    wave = made(api.post("waves", body))["id"]
    api.post(f"waves/{wave}/open")
    segments = ["A"] * 6 + ["B"] * 4 + ["C"]
    rows = [{"ID": str(n), "N": n % 11, "S": segment} for n, segment in enumerate(segments)]
    codes = {"response": "ID", "segment": "S", "questions": {"nps": "N"}}
    done(api.post(f"waves/{wave}/responses", {"code_list": codes, "rows": rows}))
    api.post(f"waves/{wave}/close")
    [nps] = done(api.get(f"waves/{wave}/results?by=segment"))["questions"]
    assert [(one["segment"], one["is_pooled"], one["answers"]) for one in nps["parts"]] == [
        ("A", False, 6),
        ("", True, 5),
    ]
    for query in ("by=unit,segment", "by=touch_point", "by=unit&segment=A", "from=2019-05-01"):
        assert api.get(f"waves/{wave}/results?{query}").status_code == 400, query
    assert done(api.get(f"panels/{panel}/trend?code=none"))["data"] == []


def test_a_session_is_told_with_who_was_there_and_what_they_promised(api: Integration, panel: str, lea: str) -> None:
    planned = made(api.post("panel-sessions", {"panel": panel, "title": "May", "planned_at": "2026-03-10T14:00:00Z"}))
    where = f"panel-sessions/{planned['id']}"
    done(api.patch(where, {"agenda": "Bags"}, If_Match="*"))
    fran = next(one["id"] for one in done(api.get("people"))["data"] if one["name"] == "Fran Line")
    roster = done(api.post(f"{where}/roster", {"people": [lea, fran], "chief_executive": fran}))["data"]
    assert [(one["person"]["name"], one["is_chief_executive"]) for one in roster] == [
        ("Fran Line", True),
        ("Lea North", False),
    ]
    chief, other = (f"{where}/roster/{one['id']}" for one in roster)
    done(api.post(f"{where}/start", {"at": "2026-03-10T14:00:00Z"}))
    done(api.post(f"{chief}/join", {"at": "2026-03-10T14:00:00Z"}))
    done(api.post(f"{chief}/leave", {"at": "2026-03-10T14:44:00Z"}))
    stay = {"joined_at": "2026-03-10T14:10:00Z", "left_at": "2026-03-10T15:00:00Z"}
    done(api.post(f"{other}/stays", stay))
    done(api.post(f"{chief}/excuse", {"because": "At the regulator's"}))
    done(api.post(f"{chief}/delegate", {"delegate": "Kim Osei"}))
    truth = made(api.post(f"{where}/truths", {"words": "Nobody could say when the belt would start"}))
    assert done(api.post(f"{where}/end", {"at": "2026-03-10T15:00:00Z"}))["ended_at"] == "2026-03-10T15:00:00Z"
    told = done(api.get(f"{where}/roster"))["data"]
    assert [(one["seconds"], one["session_seconds"], one["attended"], one["delegate"]) for one in told] == [
        (2_640, 3_600, False, "Kim Osei"),
        (3_000, 3_600, True, None),
    ]
    assert done(api.post(f"{where}/take-back-end"))["ended_at"] is None
    assert problem(api.post(f"{where}/cancel", {"because": "No"}))[2] == "started"
    assert done(api.post(f"{where}/take-back-start"))["started_at"] is None
    assert [one["words"] for one in done(api.get(f"{where}/truths"))["data"]] == [truth["words"]]

    due = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    promise = {"panel": panel, "owner": lea, "what": "Say when bags come", "due_at": due, "truth": truth["id"]}
    kept = f"commitments/{made(api.post('commitments', promise))['id']}"
    assert done(api.get(kept))["you_said"] == truth["words"]
    assert problem(api.post("commitments/tell", {"commitments": [kept.partition("/")[2]]}))[2] == "not_done"
    assert done(api.post(f"{kept}/keep", {"we_did": "A screen at each belt"}))["kept"] is True
    assert done(api.post(f"{kept}/reopen"))["done_at"] is None
    done(api.post(f"{kept}/keep", {"we_did": "A screen at each belt"}))
    assert done(api.post("commitments/tell", {"commitments": [kept.partition("/")[2]]}))["data"][0]["told_at"]
    lost = f"commitments/{made(api.post('commitments', promise | {'what': 'New belts'}))['id']}"
    assert len(done(api.get("commitments?state=waiting"))["data"]) == 1
    assert done(api.post(f"{lost}/withdraw", {"because": "Next year"}))["withdrawn_because"] == "Next year"
    assert [one["what"] for one in done(api.get("commitments?state=withdrawn&unit=north"))["data"]] == ["New belts"]


def test_heroes_are_recognised_and_withdrawn(api: Integration, lea: str, key_with: Callable[..., Integration]) -> None:
    told = {"person": lea, "kind": "delight", "what": "Walked a lost grandfather to his gate"}
    hero = made(api.post("recognitions", told))
    assert [one["id"] for one in done(api.get(f"recognitions?person={lea}&kind=delight"))["data"]] == [hero["id"]]
    giver = key_with("recognitions:write")
    assert problem(giver.post(f"recognitions/{hero['id']}/withdraw"))[1] == "not-allowed"
    assert done(api.post(f"recognitions/{hero['id']}/withdraw"))["id"] == hero["id"]
    assert api.get(f"recognitions/{hero['id']}").status_code == 404
    assert problem(key_with("people:read").post("recognitions", told))[1] == "missing-scope"
