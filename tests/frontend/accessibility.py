"""What shuts people out of a page: the rules of WCAG 2.2 that axe knows, and a width that not every screen has."""

from __future__ import annotations

from collections.abc import Iterable

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tenants.roles import Role
from tests.frontend.browser import Open

# The rules of WCAG 2.2 up to AA, and of good practice.
OPTIONS: dict[str, dict[str, object]] = {
    "light": {
        "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
        "rules": {"target-size": {"enabled": True}},
        "resultTypes": ["violations"],
    },
    # Only the colours differ.
    "dark": {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]},
}
# Boxes that hide what is wider than they are, which no scrolling shows; a line of a field scrolls by itself.
CUT_OFF = """() => Array.from(document.querySelectorAll("main :not(input, svg, svg *)"))
  .filter((box) => /hidden|clip/.test(getComputedStyle(box).overflowX) && getComputedStyle(box).clipPath === "none")
  .filter((box) => box.checkVisibility() && box.clientWidth > 4 && box.scrollWidth > box.clientWidth + 1)
  .map((box) => box.className)"""
_axe = Axe()


def violations(page: Page, theme: str = "light") -> list[str]:
    """Which rule which element of the page breaks: all rules, or those of colours alone for "dark"."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_axe.axe_script)
    results = page.evaluate("options => axe.run(options)", OPTIONS[theme])
    return [f"{broken['id']}: {node['target']}" for broken in results["violations"] for node in broken["nodes"]]


def barriers(open_page: Open, role: Role, paths: Iterable[str]) -> dict[str, list[str]]:
    """What a role meets on each page by all rules: on a desktop in the light, on the smallest phone in the dark."""
    found = {}
    for width, theme in ((1280, "light"), (320, "dark")):
        page = open_page(role, "/acme/search/", width=width, theme=theme)
        for path in paths:
            response = page.goto(path)
            assert response is not None
            assert response.ok, path
            if broken := violations(page):
                found[f"{path} {width}"] = broken
            if page.evaluate("document.documentElement.scrollWidth") > width:
                found[f"{path} is wider than {width}"] = []
            if cut := page.evaluate(CUT_OFF):
                found[f"{path} is cut off at {width}"] = cut
    return found
