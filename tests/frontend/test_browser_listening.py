"""Listening in a real browser: the survey on the smallest phone by keyboard, and that its pages shut nobody out."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from cso.panels.commitments import commit
from cso.panels.links import survey_link
from cso.panels.models import Answer, Response, Wave
from cso.panels.sessions import plan_session, set_roster
from cso.recognition.actions import recognise
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.frontend.accessibility import barriers
from tests.frontend.browser import Open, needs_chromium
from tests.frontend.test_listening import heard
from tests.frontend.test_survey import QUESTIONS
from tests.panels import scenes
from tests.panels.scenes import Scene
from tests.personas import Company

pytestmark = needs_chromium


@pytest.fixture
def scene(company: Company) -> Scene:
    with tenant_scope(company.tenant):
        return scenes.found(company, steward=company.member(Role.CSO))


def link_to(scene: Scene) -> str:
    """Of one who is invited to a wave of four questions."""
    scene.member()
    return urlsplit(survey_link(scene.invite(scene.wave(questions=QUESTIONS))[0])).path


def test_a_survey_is_taken_at_320_px_by_keyboard_and_without_scripts(
    open_page: Open, company: Company, scene: Scene
) -> None:
    with tenant_scope(company.tenant):
        path = link_to(scene)
    page = open_page(Role.AUDITOR, "about:blank", width=320, scripts=False)
    page.context.clear_cookies()
    page.goto(path)  # the first tap, on the mail's link
    buttons, progress = page.locator(".survey__answers button"), page.locator(".survey__progress")
    for button in buttons.all():
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 44
        assert box["y"] + box["height"] <= 800, "without scrolling"
    buttons.first.focus()
    page.keyboard.press("Enter")  # the second
    expect(progress).to_have_text("Question 2 of 4")
    with tenant_scope(company.tenant):
        assert Answer.objects.get().choices == ["people"]
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.value") == "10":
            break
    page.keyboard.press("Enter")
    expect(progress).to_have_text("Question 3 of 4")
    page.get_by_label("Care").press("Space")
    page.get_by_role("button", name="Go on").press("Enter")
    expect(progress).to_have_text("Question 4 of 4")
    page.get_by_role("textbox", name="What should we do better?").type("Answer the phone")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Send my answers").press("Enter")
    expect(page.locator("h1")).to_have_text("Thank you")
    with tenant_scope(company.tenant):
        assert Response.objects.get().is_counted
        assert set(Answer.objects.values_list("score", "words")) == {(None, ""), (10, ""), (None, "Answer the phone")}


def test_the_pages_of_listening_shut_nobody_out(open_page: Open, company: Company, scene: Scene) -> None:
    north, south = company.units["north"], company.units["south"]
    with tenant_scope(company.tenant):
        low, high = [(south, "blue", 2, "")] * 9, [(north, "gold", 10, "Too long a queue")] * 20
        waves = [heard(scene, low + high, praise=["Kind"] * 9) for _ in range(2)]
        link, draft = link_to(scene), scene.wave(questions=QUESTIONS, is_open=False)
        question = draft.questions.get(code="several")
        session = plan_session(scene.panel, "What we heard", planned_at=scene.now, by=None, now=scene.now)
        set_roster(session, [company.leader], by=None, now=scene.now)
        due_at = scene.now + scenes.DAY
        commit(scene.panel, owner=company.leader, what="A second desk", due_at=due_at, by=None, now=scene.now)
        recognise(company.leader, kind="delight", what="Carried the bag", by=None, now=scene.now)
    wave = f"/acme/listening/waves/{waves[1].pk}/"
    paths = [
        link,
        "/acme/listening/",
        f"/acme/listening/panels/{scene.panel.pk}/",
        wave,
        f"{wave}?by=unit",
        f"{wave}remarks/",
        f"/acme/listening/waves/{draft.pk}/",
        f"/acme/listening/questions/{question.pk}/",
        "/acme/listening/sessions/",
        f"/acme/listening/sessions/{session.pk}/",
        "/acme/listening/commitments/",
        "/acme/heroes/",
        f"/acme/listening/panels/{scene.panel.pk}/join/file/",
    ]
    assert barriers(open_page, Role.CSO, paths) == {}


def test_the_preview_follows_what_is_typed(open_page: Open, company: Company, scene: Scene) -> None:
    with tenant_scope(company.tenant):
        wave: Wave = scene.wave(questions=QUESTIONS, is_open=False)
    page = open_page(Role.CSO, f"/acme/listening/waves/{wave.pk}/ask/")
    page.get_by_label("What is asked?").fill("Was it quick?")
    page.locator("#preview", has_text="Was it quick?").wait_for()
    page.get_by_label("How easy, 1 to 7").check()
    page.locator("#preview", has_text="Very easy").wait_for()
    assert page.evaluate("document.activeElement.name") == "kind", "the form keeps the focus"
