"""A wall in a real browser, whose clock is turned by hand: turns, changes, silence, and letters for five metres."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from cso.metrics.actions import set_target
from cso.metrics.engine.refresh import refresh
from cso.people.actions import add_person
from cso.recognition.actions import MAX_WHAT, recognise
from cso.rules.models import Rule
from cso.scorecards.models import Wall
from cso.scorecards.walls.links import make_wall, revoke_wall, wall_path
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.frontend.accessibility import barriers, violations
from tests.frontend.browser import Open, needs_chromium
from tests.metrics.kills import killed
from tests.personas import Company, log_case

pytestmark = needs_chromium
HOUR = timedelta(hours=1)
# Of a screen's width: 16 minutes of arc for a capital (0.7 of the letter's size), five metres from 55 inches.
SMALLEST = 0.0269
SCREENS = {"1920": (1920, 1080), "1280": (1280, 720)}
OTHERS = {"upright": (1080, 1920), "phone": (390, 844), "small phone": (320, 640)}
# Of each slide: how much of it its window does not hold, and the smallest letters, but for those for ears alone.
LOOK = """() => Array.from(document.querySelectorAll("[data-slide]"), (slide, _, all) => {
  all = document.querySelectorAll("[data-slide]");
  all.forEach((each) => (each.hidden = each !== slide));
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let smallest = Infinity;
  while (texts.nextNode()) {
    const around = texts.currentNode.parentElement;
    if (texts.currentNode.data.trim() && around.getBoundingClientRect().width > 1)
      smallest = Math.min(smallest, parseFloat(getComputedStyle(around).fontSize));
  }
  const page = document.documentElement;
  return [slide.dataset.slide, page.scrollWidth - innerWidth, page.scrollHeight - innerHeight, smallest / innerWidth];
})"""


@pytest.fixture
def screen(server: str, chromium: Browser, company: Company) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 720}, base_url=server)
    yield context.new_page()
    context.close()


@pytest.fixture
def wall(company: Company) -> Wall:
    with tenant_scope(company.tenant):
        return make_wall("Lobby", by=None, now=timezone.now())


def address(wall: Wall) -> str:
    with tenant_scope(wall.tenant):
        return wall_path(wall.link)


def test_a_screen_takes_turns_shows_changes_and_says_when_nobody_answers(
    screen: Page, company: Company, wall: Wall
) -> None:
    screen.clock.install()
    requests: list[str] = []
    screen.on("request", lambda request: requests.append(request.url))
    screen.goto(address(wall))
    assert len(requests) <= 6
    heading, stale = screen.locator("section:visible h2"), screen.locator("#stale")
    for title in ("Customers who wait for us", "Customers whom we surprised", "Dumb rules killed"):
        screen.clock.run_for(12_000)
        expect(heading).to_have_text(title)
    screen.clock.run_for(12_000)
    expect(heading).to_have_text("Recovered within 24 hours")
    # A change is there with the next question, within 15 seconds, and the turn stays where it is.
    open_now = screen.locator(".slide--now dl div", has_text="open now").locator("dd")
    expect(open_now).to_have_text("2")
    kept = screen.locator("[data-slide=now]").element_handle()
    with tenant_scope(company.tenant):
        log_case(company.units["south"], timezone.now() - HOUR)
        refresh()
    with screen.expect_response(lambda answer: answer.status == 200):
        screen.clock.run_for(10_000)
    expect(open_now).to_have_text("3")
    assert not kept.evaluate("slide => slide.isConnected")
    kept = screen.locator("[data-slide=now]").element_handle()
    with screen.expect_response(lambda answer: answer.status == 204):
        screen.clock.run_for(10_000)
    assert kept.evaluate("slide => slide.isConnected"), "nothing is swapped that is the same"
    expect(stale).to_be_hidden()
    # The server is gone, or a proxy answers in its place.
    screen.route("**/w/**", lambda route: route.abort())
    screen.clock.run_for(30_000)
    expect(stale).to_be_hidden()
    screen.clock.run_for(16_000)
    expect(stale).to_have_text(_matches_time("Not live since "))
    screen.unroute("**/w/**")
    screen.route("**/w/**", lambda route: route.fulfill(status=200, body="<h1>Sign in to the lobby's network</h1>"))
    screen.clock.run_for(10_000)
    expect(stale).to_be_visible()
    expect(screen.locator("section:visible h2")).to_have_count(1)
    screen.unroute("**/w/**")
    with screen.expect_response("**/w/**"):
        screen.clock.run_for(10_000)
    expect(stale).to_be_hidden()
    with tenant_scope(company.tenant):
        revoke_wall(wall, by=None, now=timezone.now())
    screen.clock.run_for(10_000)
    expect(screen.locator("h1")).to_have_text("This link does not work")
    assert "Recovered" not in screen.content()


def _matches_time(words: str) -> re.Pattern[str]:
    return re.compile(rf"^{words}\d\d:\d\d$")


@pytest.fixture
def fullest(company: Company) -> Wall:
    """Few cases, a target that rises, long titles, and a story as long as may be."""
    now, unit = timezone.now(), company.units["north-2"]
    with tenant_scope(company.tenant):
        set_target("recovered_24h", Decimal(95), date(2199, 9, 30), by=None)
        for hours in (2, 30, 40):
            log_case(unit, now - 60 * HOUR, fixed_after=hours * HOUR)
        for _ in range(3):
            killed(unit, now, rule=Rule.objects.create(title="Nobody may " + "ever " * 30, origin="habit"))
        hero = add_person("Marie-Antoinette Papadopoulos-Tremblay", by=None, unit=unit)
        what = ("Stayed with the family until the last of their bags came " * 9)[:MAX_WHAT]
        recognise(hero, kind="delight", what=what, by=company.member(Role.FRONTLINE), now=now)
        refresh()
        return make_wall("Full", unit, by=None, now=now)


def test_letters_are_read_from_five_metres_and_nothing_is_cut(screen: Page, fullest: Wall) -> None:
    """In French, which is longer."""
    screen.goto(f"{address(fullest)}?lang=fr-ca")
    found = {}
    for name, (width, height) in (SCREENS | OTHERS).items():
        screen.set_viewport_size({"width": width, "height": height})
        for slide, sideways, down, smallest in screen.evaluate(LOOK):
            is_cut = sideways > 0 or (down > 0 and name in SCREENS)
            if is_cut or (smallest < SMALLEST and name in SCREENS):
                found[f"{name} {slide}"] = (sideways, down, smallest)
    assert found == {}


def test_walls_and_their_page_shut_nobody_out(screen: Page, open_page: Open, fullest: Wall) -> None:
    found = barriers(open_page, Role.CSO, ["/acme/scorecard/walls/"])
    for theme, (width, height) in (("light", SCREENS["1280"]), ("dark", OTHERS["small phone"])):
        screen.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        screen.set_viewport_size({"width": width, "height": height})
        for slide in ("now", "killed", "hero"):
            screen.goto(f"{address(fullest)}?slide={slide}")
            if broken := violations(screen, theme):
                found[f"{theme} {slide}"] = broken
    assert found == {}
