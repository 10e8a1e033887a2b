"""The section "Listening": panels, the builder of waves, results that are read in a minute, remarks, settings."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from cso.committees.models import Nomination
from cso.customers.models import Customer
from cso.panels.models import (
    Answer,
    Commitment,
    ListeningSettings,
    Panel,
    PanelMember,
    Question,
    Response,
    Theme,
    Wave,
)
from cso.panels.panels import found_panel
from cso.panels.waves import close_wave
from cso.people import actions as people
from cso.people.models import Unit
from cso.recognition.models import Recognition
from cso.recovery.models import Case
from frontend.views.listening import results
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.frontend.conftest import Visit, reads
from tests.panels import scenes
from tests.panels.scenes import SHORT, Scene
from tests.personas import Company

pytestmark = pytest.mark.usefixtures("still_clock")
Said = tuple[Unit, str, int, str]


def heard(scene: Scene, said: Sequence[Said], *, praise: Sequence[str] = (), name: str = "") -> Wave:
    """A closed wave in which people of a unit and a segment gave a score, and wrote what should be done better."""
    wave = scene.wave(is_open=True)
    thanks, nps, better = Question.objects.filter(wave=wave).order_by("position")
    responses = Response.objects.bulk_create(
        [
            Response(
                wave=wave,
                external_id=str(number),
                unit=unit,
                segment=segment,
                started_at=scene.now,
                submitted_at=scene.now,
            )
            for number, (unit, segment, _score, _words) in enumerate(said)
        ]
    )
    answers = [Answer(response=each, question=nps, score=line[2]) for each, line in zip(responses, said, strict=True)]
    answers += [
        Answer(response=each, question=better, words=line[3])
        for each, line in zip(responses, said, strict=True)
        if line[3]
    ]
    answers += [
        Answer(response=each, question=thanks, words=words) for each, words in zip(responses, praise, strict=False)
    ]
    Answer.objects.bulk_create(answers)
    wave = close_wave(wave, by=scene.company.member(Role.CSO), now=scene.now)
    if name:
        Wave.objects.filter(pk=wave.pk).update(name=name)
    return Wave.objects.get(pk=wave.pk)


@pytest.fixture
def scene(acme: Company) -> Scene:
    with tenant_scope(acme.tenant):
        return scenes.found(acme, steward=acme.member(Role.CSO))


@pytest.fixture
def wave(acme: Company, scene: Scene) -> Wave:
    """30 of north recommend us, 10 of south do not; both write, and one names Fran."""
    north, south = acme.units["north"], acme.units["south"]
    words = ["Fran Line let me wait for an hour."] + [f"The queue was long {number}." for number in range(9)]
    said = [(north, "gold", 10, "")] * 30 + [(south, "blue", 2, each) for each in words]
    with tenant_scope(acme.tenant):
        praise = ["Fran Line found my bag.", *(f"Quick and kind {number}." for number in range(7))]
        return heard(scene, said, praise=praise, name="Spring")


def test_the_landing_says_first_what_is_overdue(
    acme: Company, scene: Scene, wave: Wave, visit: Visit, django_assert_num_queries: Any
) -> None:
    cso = visit(acme, Role.CSO)
    page = cso.get("/acme/listening/").content.decode()
    for words in ("What customers say", "Travellers", "NPS +50", "+21 to +72"):
        assert words in page
    now = timezone.now()
    with tenant_scope(acme.tenant):
        Commitment.objects.create(
            panel=scene.panel,
            unit=scene.panel.unit,
            owner=acme.leader,
            what="Two more desks",
            made_at=now - timedelta(days=9),
            due_at=now - timedelta(days=1),
        )
        scene.members(2)
        scene.invite(scene.wave())
    page = cso.get("/acme/listening/").content.decode()
    for words in ("1 promise to our panels is overdue", "Two more desks", "Lea North", "0 of 2 answered (0%)"):
        assert words in page
    for count in (1, 3):
        with tenant_scope(acme.tenant):
            while Panel.objects.count() < count:
                name = f"Panel {Panel.objects.count()}"
                found_panel(name, unit=acme.units["south"], steward=scene.panel.steward, by=None, now=now)
        with django_assert_num_queries(14) as captured:
            assert len(cso.get("/acme/listening/").context["rows"]) == count
        assert len(reads(captured.captured_queries)) == 8


def test_who_may_see_what_customers_say(acme: Company, scene: Scene, wave: Wave, visit: Visit) -> None:
    panel, page = f"/acme/listening/panels/{scene.panel.pk}/", f"/acme/listening/waves/{wave.pk}/"
    for role, seen in ((Role.EXECUTIVE, 200), (Role.AUDITOR, 200), (Role.LEADER, 200), (Role.FRONTLINE, 403)):
        assert [visit(acme, role).get(path).status_code for path in ("/acme/listening/", panel, page)] == [seen] * 3
    executive = visit(acme, Role.EXECUTIVE)
    assert "Ask the panel" not in executive.get(panel).content.decode()
    for path in (f"{panel}change/", f"{panel}ask/", f"{panel}members/", "/acme/listening/settings/"):
        assert executive.get(path).status_code == 403
    with tenant_scope(acme.tenant):
        other = found_panel(
            "Southerners", unit=acme.units["south"], steward=acme.member(Role.CSO), by=None, now=scene.now
        )
    assert visit(acme, Role.LEADER).get(f"/acme/listening/panels/{other.pk}/").status_code == 404
    assert "Southerners" not in visit(acme, Role.LEADER).get("/acme/listening/").content.decode()


def test_results_are_a_sentence_then_a_picture(acme: Company, scene: Scene, wave: Wave, visit: Visit) -> None:
    executive, path = visit(acme, Role.EXECUTIVE), f"/acme/listening/waves/{wave.pk}/"
    page = executive.get(path).content.decode()
    assert "<h1>More customers recommend us than warn others off: NPS +50</h1>" in page
    assert "Likely +21 to +72." in page
    assert page.index("What went right</h2>") < page.index("What went wrong</h2>")
    assert 'aria-label="Would you recommend us?: would recommend us (9–10) 75%' in page
    north, south = acme.units["north"], acme.units["south"]
    with tenant_scope(acme.tenant):
        later = heard(scene, [(north, "gold", 2, "")] * 20 + [(south, "", 9, "")] * 4, name="Summer")
    worse = executive.get(f"/acme/listening/waves/{later.pk}/").content.decode()
    assert "More customers warn others off than recommend us: NPS −67" in worse
    assert "Down 117 points from +50 in Spring." in worse
    assert "From wave to wave" in worse


def test_groups_stand_beside_the_whole_one_breakdown_at_a_time(acme: Company, wave: Wave, visit: Visit) -> None:
    executive, path = visit(acme, Role.EXECUTIVE), f"/acme/listening/waves/{wave.pk}/"
    rows = executive.get(f"{path}?by=segment").context["rows"]
    assert [(row["label"], row["value"], row["tone"]) for row in rows] == [
        ("gold", "+100", "better"),
        ("blue", "0 for, 10 against, of 10", "worse"),
    ]
    units = executive.get(f"{path}?by=unit").context["rows"]
    assert [(row["label"], row["depth"]) for row in units] == [("Top", 0), ("North", 1), ("South", 1)]
    assert "Above the whole: gold. Below it: blue." in executive.get(f"{path}?by=segment").content.decode()
    for query in ("?by=unit&by=segment", "?by=person", "?by="):
        assert executive.get(path + query).status_code == 404


def test_a_wave_may_weigh_its_groups(acme: Company, scene: Scene, visit: Visit) -> None:
    cso = visit(acme, Role.CSO)
    with tenant_scope(acme.tenant):
        scene.members(1, segment="gold")
        wave = scene.wave(is_open=False)
    page = f"/acme/listening/waves/{wave.pk}/"
    assert "gold" in cso.get(f"{page}weights/").content.decode()
    cso.post(f"{page}weights/", {"share_0": "0.25"})
    with tenant_scope(acme.tenant):
        assert Wave.objects.get(pk=wave.pk).weighting == "segments"
        assert [float(each.share) for each in wave.segment_shares.all()] == [0.25]
    assert 'value="0.25"' in cso.get(f"{page}weights/").content.decode()
    cso.post(f"{page}weights/", {"share_0": ""})
    with tenant_scope(acme.tenant):
        assert Wave.objects.get(pk=wave.pk).weighting == "none"


def test_too_few_are_told_of_nothing(acme: Company, scene: Scene, visit: Visit) -> None:
    with tenant_scope(acme.tenant):
        few = heard(scene, [(acme.units["north"], "gold", 0, "Awful.")] * 4)
    executive, path = visit(acme, Role.EXECUTIVE), f"/acme/listening/waves/{few.pk}/"
    page = executive.get(path).content.decode()
    assert "Fewer than 5 people answered: nothing can be shown" in page
    assert "Awful" not in page
    assert "Too few answered to tell groups apart" in executive.get(f"{path}?by=unit").content.decode()
    assert "No remarks" in executive.get(f"{path}remarks/").content.decode()
    assert len(lines(executive.get(f"{path}export.csv"))) == 1


def lines(response: Any) -> list[list[str]]:
    return list(csv.reader(io.StringIO(response.getvalue().decode().removeprefix("\ufeff"))))


def test_an_export_is_what_is_shown(acme: Company, wave: Wave, visit: Visit) -> None:
    executive, path = visit(acme, Role.EXECUTIVE), f"/acme/listening/waves/{wave.pk}/"
    head, whole = lines(executive.get(f"{path}export.csv"))
    assert dict(zip(head, whole, strict=True)) == {
        "question": "nps",
        "kind": "nps",
        "touch_point": "",
        "text": "Would you recommend us?",
        "unit_code": "",
        "group": "Everybody",
        "answers": "40",
        "figure": "50.0",
        "low": whole[8],
        "high": whole[9],
        "mean": "8.0",
        "counts": "0=0; 1=0; 2=10; 3=0; 4=0; 5=0; 6=0; 7=0; 8=0; 9=0; 10=30",
    }
    segments = lines(executive.get(f"{path}export.csv?by=segment&q=nps"))
    assert [(line[5], line[6]) for line in segments[1:]] == [("gold", "30"), ("blue", "10")]
    assert executive.get(f"{path}export.xlsx?by=unit").getvalue().startswith(b"PK")
    remarks = lines(executive.get(f"{path}remarks/export.csv?kind=right"))
    assert len(remarks) == 9
    assert any("Fran Line found my bag." in line for line in remarks)
    assert "Fran" not in executive.get(f"{path}remarks/export.csv?kind=wrong").getvalue().decode()


def test_praise_is_named_and_criticism_is_not(
    acme: Company, wave: Wave, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "QUOTES", 100)  # whichever of them a page would quote
    executive, cso = visit(acme, Role.EXECUTIVE), visit(acme, Role.CSO)
    path = f"/acme/listening/waves/{wave.pk}/remarks/"
    page = executive.get(path).content.decode()
    assert "Fran Line found my bag." in page
    assert "Fran Line let me wait" not in page
    assert "[name] let me wait for an hour." in page
    assert page.index("Fran Line found") < page.index("[name] let me wait")
    assert "Fran Line let me wait" in cso.get(path).content.decode(), "the steward reads it as it was written"
    overview = cso.get(path.removesuffix("remarks/")).content.decode()
    assert "let me wait" in overview, "the page that is shown in meetings quotes it"
    assert "Fran Line let me wait" not in overview, "with no name in it, whoever signed in"
    found = executive.get(f"{path}?words=Fran").content.decode()
    assert "found my bag" in found
    assert "let me wait" not in found
    few = executive.get(f"{path}?words=hour").content.decode()
    assert "let me wait" not in few
    assert "Criticism was found too, by fewer than 5 people" in few
    assert "The queue was long 3." in executive.get(f"{path}?words=queues&kind=wrong").content.decode()


def test_a_remark_becomes_something_in_one_click(acme: Company, wave: Wave, visit: Visit) -> None:
    executive, cso = visit(acme, Role.EXECUTIVE), visit(acme, Role.CSO)
    path = f"/acme/listening/waves/{wave.pk}/remarks/"
    row = next(row for row in executive.get(path).context["rows"] if row["person"])
    thank = f"/acme/listening/remarks/{row['remark'].pk}/thank/"
    assert "Celebrate Fran Line" in executive.get(path).content.decode()
    executive.post(thank, {"person": str(row["person"].pk), "kind": "delight"})
    wrong = [each["remark"].pk for each in executive.get(f"{path}?kind=wrong").context["rows"]]
    assert "Open a case" not in executive.get(f"{path}?kind=wrong").content.decode(), "the steward's alone"
    nominated = executive.post(f"/acme/listening/remarks/{wrong[0]}/nominate/")
    opened = cso.post(f"/acme/listening/remarks/{wrong[1]}/case/")
    assert executive.post(f"/acme/listening/remarks/{wrong[2]}/case/").status_code == 302
    with tenant_scope(acme.tenant):
        assert Recognition.objects.get().customer_words == "Fran Line found my bag."
        assert nominated["Location"] == f"/acme/rules/nominations/{Nomination.objects.get().pk}/"
        assert opened["Location"] == f"/acme/cases/{Case.objects.get().pk}/"
    shown = cso.get(path + "?kind=wrong").content.decode()
    assert "a rule was nominated" in shown
    assert "a case was opened" in shown
    cso.post(f"/acme/listening/remarks/{wrong[3]}/tag/", {"tags": "queue, Desks"})
    assert "#desks" in cso.get(path + "?kind=wrong").content.decode()
    refused = cso.post(f"/acme/listening/remarks/{wrong[3]}/tag/", {"tags": "Fran Line"}).content.decode()
    assert "use no names" in refused


def test_a_wave_is_written_with_a_preview_and_opened(acme: Company, scene: Scene, visit: Visit) -> None:
    cso, panel = visit(acme, Role.CSO), f"/acme/listening/panels/{scene.panel.pk}/"
    times = {"opens_at": "2026-01-05T09:00", "closes_at": "2099-01-19T09:00", "reminder_days": 3, "most_questions": 5}
    late = cso.post(f"{panel}ask/", times | {"name": "Winter", "start": "standard"}).content.decode()
    assert "Close it within 366 days." in late
    for name, days in (("opens_at", -1), ("closes_at", 9)):
        times[name] = (timezone.now() + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M")
    path = cso.post(f"{panel}ask/", times | {"name": "Winter", "start": "standard"})["Location"]
    draft = cso.get(path).content.decode()
    assert draft.count('class="asked__number"') == 5
    assert "Qu’est-ce qui s’est bien passé" in draft
    typed = {"text_en": "How easy was it?", "text_fr": "Était-ce facile?", "kind": "effort"}
    shown = cso.get(f"{path}preview/", typed).content.decode()
    for words in ("How easy was it?", "Très facile", "Very easy"):
        assert words in shown
    form = typed | {"asks_for": "other", "condition": "nps:0-6", "options": ""}
    looked = cso.post(f"{path}ask/", form | {"look": "1"}).content.decode()
    assert "Très facile" in looked
    assert cso.post(f"{path}ask/", form)["Location"] == f"{path}?q=effort"
    assert "asked by what was answered to “nps”" in cso.get(path).content.decode()
    assert "the wave allows 5" in cso.post(f"{path}open/", follow=True).content.decode()
    with tenant_scope(acme.tenant):
        ids = {each.code: each.pk for each in Question.objects.filter(wave__name="Winter")}
        effort = Question.objects.get(code="effort")
        assert (effort.only_if_low, effort.only_if_high) == (0, 6)
    hangs = cso.post(f"/acme/listening/questions/{ids['nps']}/remove/", follow=True).content.decode()
    assert "is asked by what was answered to this" in hangs
    cso.post(f"/acme/listening/questions/{ids['thanks']}/remove/")
    cso.post(f"/acme/listening/questions/{ids['better']}/up/")
    with tenant_scope(acme.tenant):
        order = Question.objects.filter(wave__name="Winter").order_by("position").values_list("code", flat=True)
        assert list(order) == ["right", "nps", "better", "reasons", "effort"]
    cso.post(f"{path}open/")
    assert "Results stand here when it closes" in cso.get(path).content.decode()
    cso.post(f"{path}close/")
    assert "nothing can be shown" in cso.get(path).content.decode()


def test_options_keep_their_codes_when_their_words_change(acme: Company, scene: Scene, visit: Visit) -> None:
    cso = visit(acme, Role.CSO)
    with tenant_scope(acme.tenant):
        wave = scene.wave(questions=SHORT, is_open=False)
    form = {"text_en": "Why?", "kind": "choice", "asks_for": "reasons", "options": "Fast | Rapide\n*Cheap\nNear"}
    few = form | {"options": "One"}
    assert "Write two options or more." in cso.post(f"/acme/listening/waves/{wave.pk}/ask/", few).content.decode()
    cso.post(f"/acme/listening/waves/{wave.pk}/ask/", form)
    with tenant_scope(acme.tenant):
        question = Question.objects.get(code="reasons")
    page = f"/acme/listening/questions/{question.pk}/"
    assert "Fast | Rapide\n*Cheap\nNear" in cso.get(page).content.decode()
    cso.post(page, form | {"options": "Near\nFast | Rapide\n*The price", "code": "reasons"})
    with tenant_scope(acme.tenant):
        kept = question.options.order_by("position").values_list("code", "text_en", "is_price")
        assert list(kept) == [("near", "Near", False), ("fast", "Fast", False), ("the-price", "The price", True)]
    cso.post(page, form | {"options": "Near\nFast\n*What it costs", "code": "reasons"})
    with tenant_scope(acme.tenant):
        assert question.options.get(position=3).code == "the-price"


def test_a_panel_is_founded_filled_and_closed(acme: Company, visit: Visit) -> None:
    cso = visit(acme, Role.CSO)
    form = {"name": "Regulars", "unit": str(acme.units["north"].pk), "steward": str(acme.member(Role.LEADER).pk)}
    offered = cso.get("/acme/listening/panels/new/").context["form"].fields["steward"].rows
    assert set(offered) == {str(acme.member(role).pk) for role in (Role.CSO, Role.EXECUTIVE, Role.LEADER, Role.AUDITOR)}
    path = cso.post("/acme/listening/panels/new/", form)["Location"]
    assert "Nobody is on it yet." in cso.get(path).content.decode()
    cso.post(f"{path}quota/", {"segment": "gold", "wanted": "2"})
    with tenant_scope(acme.tenant):
        Customer.objects.create(name="Ana Roy", email="ana@roy.example", segment="gold", external_id="c-1")
    joins = {"customer": "c-1", "consented_at": "2026-01-05T09:00", "consent_source": "on the phone"}
    assert "Nobody is known by this." in cso.post(f"{path}join/", joins | {"customer": "c-2"}).content.decode()
    cso.post(f"{path}join/", joins)
    assert "is on the panel already" in cso.post(f"{path}join/", joins).content.decode()
    page = cso.get(path).content.decode()
    assert "1 <span" in page
    assert "of 2" in page
    leader = visit(acme, Role.LEADER)
    assert "Ana Roy" in leader.get(f"{path}members/").content.decode(), "its steward runs it"
    with tenant_scope(acme.tenant):
        member = PanelMember.objects.get()
    leader.post(f"/acme/listening/members/{member.pk}/remove/")
    assert "Nobody yet" in leader.get(f"{path}members/").content.decode()
    cso.post(f"{path}change/", form | {"name": "The regulars", "term_days": "90"})
    assert "The regulars" in cso.get(path).content.decode()
    assert "Closed." in cso.post(f"{path}close/", follow=True).content.decode()


def test_how_a_workspace_listens_is_set(acme: Company, visit: Visit) -> None:
    cso, path = visit(acme, Role.CSO), "/acme/listening/settings/"
    assert "greater than or equal to 3" in cso.post(path, {"smallest_group": 2, "most": 3, "days": 90}).content.decode()
    cso.post(path, {"smallest_group": 7, "most": 2, "days": 60})
    with tenant_scope(acme.tenant):
        assert ListeningSettings.objects.get().smallest_group == 7
        people.add_person("Ida Bloom", by=None)
    cso.post(f"{path}themes/", {"name": "Waiting", "words": "queue, line"})
    assert "queue, line" in cso.get(path).content.decode()
    named = cso.post(f"{path}themes/", {"name": "Ida Bloom", "words": "ida"}).content.decode()
    assert "A name of staff is no theme." in named
    with tenant_scope(acme.tenant):
        theme = Theme.objects.get()
    cso.post(f"{path}themes/{theme.pk}/remove/")
    assert "None yet." in cso.get(path).content.decode()
