"""The survey by personal link: one question a page, kept as it goes, final once sent, and never by a look."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from cso.panels.links import leave_link, survey_link
from cso.panels.models import Answer, Invitation, PanelMember, Response
from cso.panels.waves import close_wave
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.frontend.conftest import Visit, reads
from tests.frontend.test_public_pages import counts
from tests.panels import scenes
from tests.panels.scenes import DAY, Scene
from tests.personas import Company

QUESTIONS: tuple[dict[str, Any], ...] = (
    {
        "code": "right",
        "kind": "choice",
        "text_en": "What went right?",
        "text_fr": "Qu’est-ce qui s’est bien passé?",
        "asks_for": "right",
        "options": [
            {"code": "people", "text_en": "The people", "text_fr": "Les gens"},
            {"code": "speed", "text_en": "Speed"},
        ],
    },
    {"code": "nps", "kind": "nps", "text_en": "Would you recommend us?"},
    {
        "code": "several",
        "kind": "choice",
        "text_en": "What would make you stay?",
        "takes_several": True,
        "options": [{"code": "price", "text_en": "The price"}, {"code": "care", "text_en": "Care"}],
    },
    {"code": "better", "kind": "words", "text_en": "What should we do better?", "asks_for": "wrong"},
)


@pytest.fixture
def scene(acme: Company) -> Scene:
    with tenant_scope(acme.tenant):
        return scenes.found(acme)


def asked(scene: Scene, **values: Any) -> Invitation:
    """One member who is invited to answer the questions above."""
    with tenant_scope(scene.company.tenant):
        scene.member(scene.customer(**values))
        return scene.invite(scene.wave(questions=QUESTIONS))[0]


def address(invitation: Invitation) -> str:
    with tenant_scope(invitation.wave.tenant):
        return urlsplit(survey_link(invitation)).path


def said(company: Company) -> dict[str, Any]:
    """Code -> score, options, words, or None for who does not know."""
    with tenant_scope(company.tenant):
        answers = Answer.objects.select_related("question").order_by("question__position")
        return {
            each.question.code: None
            if each.does_not_know
            else each.score
            if each.score is not None
            else each.choices or each.words
            for each in answers
        }


def test_each_button_answers_and_goes_on_and_what_was_sent_is_final(acme: Company, scene: Scene) -> None:
    phone, path = Client(), address(asked(scene))
    page = phone.get(path).content.decode()
    for words in ("Question 1 of 4", "What went right?", "The people", "I don’t know", "at least 5 people"):
        assert words in page
    assert "<script" not in page
    assert ">Back<" not in page
    went = phone.post(path, {"question": "right", "choice": "people"})
    assert (went.status_code, went["Location"]) == (302, f"{path}?lang=en")
    assert "Question 2 of 4 · Would you recommend us?" in phone.get(path).content.decode()
    phone.post(path, {"question": "nps", "score": "0"})
    phone.post(path, {"question": "several", "choice": ["price", "care"]})
    phone.post(path, {"question": "better", "words": "Answer <b>phones</b>"})
    last = phone.get(path).content.decode()
    for words in (
        "Send your answers",
        "0 of 10",
        "The price, Care",
        "Answer &lt;b&gt;phones&lt;/b&gt;",
        "?lang=en&amp;q=nps",
    ):
        assert words in last
    back = phone.get(f"{path}?q=nps").content.decode()
    assert "your answer so far" in back
    assert 'value="0">0' in back
    phone.post(path, {"question": "nps", "score": "9"})
    assert said(acme) == {"right": ["people"], "nps": 9, "several": ["price", "care"], "better": "Answer <b>phones</b>"}
    phone.post(path, {"act": "submit", "may_contact": "1"})
    assert "We have your answers" in phone.get(path).content.decode()
    phone.post(path, {"question": "nps", "score": "1"})
    assert said(acme)["nps"] == 9
    with tenant_scope(acme.tenant):
        response = Response.objects.get()
        assert (response.is_counted, response.may_contact, response.language) == (True, True, "en")


def test_looking_changes_nothing(acme: Company, scene: Scene) -> None:
    invitation = asked(scene)
    path = address(invitation)
    with tenant_scope(acme.tenant):
        leave = urlsplit(leave_link(invitation.member)).path
    before = counts(acme)
    for query in ("", "?lang=fr-ca", "?q=nps", "?question=right&choice=people", "?act=submit"):
        assert Client().get(path + query).status_code == 200
    assert Client().head(path).status_code == 200
    assert Client().get(leave).status_code == 200
    assert Client().put(path).status_code == 405
    assert counts(acme) == before


def test_what_is_no_answer_is_said_and_not_kept(acme: Company, scene: Scene) -> None:
    phone, path = Client(), address(asked(scene))
    for sent in (
        {"question": "right"},
        {"question": "right", "choice": "nonsense"},
        {"question": "nps", "score": "11"},
    ):
        page = phone.post(path, sent).content.decode()
        assert "<title>Error:" in page
        assert "question-error" in page
    assert "Answer at least one question first." in phone.post(path, {"act": "submit"}).content.decode()
    assert said(acme) == {}
    phone.post(path, {"question": "right", "does_not_know": "1"})
    phone.post(path, {"question": "nps", "score": "²"})
    phone.post(path, {"question": "several", "does_not_know": "1"})
    phone.post(path, {"question": "better", "skip": "1", "words": "not to be kept"})
    assert said(acme) == {"right": None, "several": None, "better": ""}
    assert phone.post(path, {"question": "missing", "score": "3"}).status_code == 302


def test_it_speaks_the_customers_language(acme: Company, scene: Scene) -> None:
    phone, path = Client(), address(asked(scene, language="fr-ca"))
    page = phone.get(path).content.decode()
    for words in ('<html lang="fr-ca">', "Qu’est-ce qui s’est bien passé?", "Les gens", "Speed", "Je ne sais pas"):
        assert words in page
    assert phone.post(path, {"question": "right", "choice": "people"})["Location"] == f"{path}?lang=fr-ca"
    # Nobody wrote the second question in French.
    assert (
        '<h1 class="survey__question" id="question" lang="en">Would you recommend us?'
        in phone.get(path).content.decode()
    )
    assert "Would you recommend us?" in phone.get(f"{path}?lang=en").content.decode()


def test_only_the_customer_answers_and_only_while_it_is_open(acme: Company, scene: Scene, visit: Visit) -> None:
    invitation = asked(scene)
    path, staff = address(invitation), visit(acme, Role.FRONTLINE)
    assert "Only the customer answers." in staff.get(path).content.decode()
    staff.post(path, {"question": "nps", "score": "10"})
    assert said(acme) == {}
    assert Client().get(path.replace("/acme/", "/other/")).status_code == 404
    assert Client().get("/acme/s/nobodys/").status_code == 404
    with tenant_scope(acme.tenant):
        close_wave(invitation.wave, by=acme.member(Role.CSO), now=scene.now)
    for answer in (Client().get(path), Client().post(path, {"question": "nps", "score": "10"})):
        assert answer.status_code == 410
        assert "takes no more answers" in answer.content.decode()
    assert said(acme) == {}


def test_before_it_opens_the_link_says_when(acme: Company, scene: Scene) -> None:
    invitation = asked(scene)
    with tenant_scope(acme.tenant):
        type(invitation.wave).objects.filter(pk=invitation.wave_id).update(opens_at=scene.now + DAY)
    page = Client().get(address(invitation))
    assert (page.status_code, "It has not begun yet" in page.content.decode()) == (200, True)


def test_leaving_takes_one_button(acme: Company, scene: Scene) -> None:
    invitation = asked(scene)
    with tenant_scope(acme.tenant):
        path = urlsplit(leave_link(invitation.member)).path
    assert "Travellers" in Client().get(path).content.decode()
    # The reader's program sends it by itself, without a cookie, and follows no redirect.
    answer = Client(enforce_csrf_checks=True).post(path, {"List-Unsubscribe": "One-Click"})
    assert (answer.status_code, "You have left the panel" in answer.content.decode()) == (200, True)
    with tenant_scope(acme.tenant):
        assert PanelMember.objects.get().left_because == "asked"
    assert Client().get(address(invitation)).status_code == 410
    assert Client().post("/acme/leave/nobodys/").status_code == 404


def test_a_page_of_the_survey_costs_ten_reads(acme: Company, scene: Scene, django_assert_num_queries: Any) -> None:
    phone, path = Client(), address(asked(scene))
    phone.post(path, {"question": "right", "choice": "people"})
    with django_assert_num_queries(16) as captured:
        phone.get(path)
    assert len(reads(captured.captured_queries)) == 10
