"""What a first visit on a slow line may move, and what a thumb hits, in a real browser."""

from __future__ import annotations

from playwright.sync_api import Page

from tenants.roles import Role
from tests.frontend.browser import Open, needs_chromium
from tests.personas import Company

pytestmark = needs_chromium

# 1.6 Mbit/s, 150 ms to and fro, a processor of a quarter the speed.
LINE = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 200_000}
SLOWER = 4
MOST_SHIFT = 0.02
WATCH = """
  window.shift = 0;
  const add = (entry) => (window.shift += entry.value);
  new PerformanceObserver((list) => list.getEntries().forEach(add)).observe({type: "layout-shift", buffered: true});
"""
# Of what is seen: buttons that are no links within a line, lower than 44 px.
LOW = """() => Array.from(document.querySelectorAll(".button, .tile, select, input:not([type=hidden])"))
  .filter((each) => each.checkVisibility() && !each.matches(".button--link, .button--small, .tile *, [type=checkbox]"))
  .filter((each) => each.getBoundingClientRect().height < 43.9)
  .map((each) => each.outerHTML.slice(0, 80))"""
PAGES = [(Role.EXECUTIVE, ""), (Role.FRONTLINE, ""), (Role.CSO, "cases/")]


def test_nothing_moves_while_a_page_comes_slowly(open_page: Open, server: str) -> None:
    moved = {}
    for role, path in PAGES:
        shift = first_visit(open_page(role, "about:blank", width=390), f"{server}/acme/{path}")
        if shift > MOST_SHIFT:
            moved[f"{role} {path}"] = shift
    assert moved == {}


def first_visit(page: Page, address: str) -> float:
    """How much moved until all is there; nothing is in the browser's cache."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("Network.enable")
    devtools.send("Network.emulateNetworkConditions", LINE)
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.add_init_script(WATCH)
    page.goto(address, wait_until="networkidle")
    shift = float(page.evaluate("window.shift"))
    page.context.close()
    return shift


def test_a_thumb_hits_what_one_does(open_page: Open, company: Company) -> None:
    plan = f"scorecard/plans/new/?unit={company.units['north'].pk}&year=2031"
    low = {}
    page = open_page(Role.CSO, "/acme/", width=390)
    for path in ("", "cases/new/", "strategy/", "blockers/new/", "targets/recovered_24h/path/", plan):
        response = page.goto(f"/acme/{path}")
        assert response is not None
        assert response.ok, path
        if found := page.evaluate(LOW):
            low[path] = found
    assert low == {}
