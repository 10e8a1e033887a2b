"""What holds for every page: accessibility, width, weight, and nobody else's server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Request, expect

from cso.recovery.models import Case
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.frontend.accessibility import OPTIONS, violations
from tests.frontend.browser import Open, needs_chromium
from tests.personas import Company

pytestmark = needs_chromium

PAGES = {
    Role.CSO: [
        "",
        "scorecard/?leaders=all",
        "cases/",
        "cases/?state=all&channel=web",
        "cases/?state=silent&value=1",
        "recovery-settings/",
        "search/?q=north",
        "targets/",
        "audit/",
        "rules/nominations/",
        "rules/committees/",
        "rules/orders/",
        "board-pack/",
    ],
    Role.LEADER: ["", "approvals/", "digest/"],
    Role.FRONTLINE: ["", "cases/new/", "organization/", "rules/nominate/", "rules/breaks/"],
    Role.ADMINISTRATOR: ["", "members/new/", "keys/", "keys/new/", "organization/"],
}
MOST_BYTES = 60 * 1024
MOST_REQUESTS = 6


def visits(
    open_page: Open, company: Company, watch: Callable[[Page], None] | None = None, **window: object
) -> Iterator[tuple[str, Page]]:
    """Each page of each role, one after the other, with its name. watch: is given each window before its visits."""
    with tenant_scope(company.tenant):
        case = Case.objects.filter(fixed_at=None).earliest("reported_at")
    north = company.units["north"]
    further = {
        Role.CSO: [f"cases/{case.pk}/", f"cases/{case.pk}/close/", f"cases/{case.pk}/give/", f"units/{north.pk}/"]
    }
    for role, paths in PAGES.items():
        page = open_page(role, "/acme/search/", **window)
        if watch:
            watch(page)
        for path in [*paths, *further.get(role, [])]:
            response = page.goto(f"/acme/{path}")
            assert response is not None
            assert response.ok, path
            yield f"{role} {path}", page
    page.context.clear_cookies()
    page.goto("/accounts/sign-in/")
    yield "sign-in", page
    page.click("main button")
    expect(page.locator(".error-summary")).to_be_visible()
    yield "sign-in with errors", page


def with_errors(open_page: Open, **window: object) -> Page:
    page = open_page(Role.FRONTLINE, "/acme/cases/new/", **window)
    page.click("text=Log it")
    expect(page.locator(".error-summary")).to_be_visible()
    return page


@pytest.mark.parametrize("width", [1280, 390])
def test_no_page_shuts_anyone_out(open_page: Open, company: Company, width: int) -> None:
    found = {}
    pages = visits(open_page, company, width=width)
    for name, page in chain(pages, [("errors", with_errors(open_page, width=width))]):
        for theme in OPTIONS:
            # Without motion: colours would be looked at on their way from one theme to the other.
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
            if broken := violations(page, theme):
                found[f"{name} {theme}"] = broken
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
    assert found == {}


def test_what_shuts_people_out_would_be_found(open_page: Open) -> None:
    page = open_page(Role.CSO)
    page.locator("h1").evaluate("heading => heading.innerHTML = '<img src=data:,>'")
    assert [broken.partition(":")[0] for broken in violations(page)] == ["empty-heading", "image-alt"]


def test_each_page_fits_320_px_is_light_and_keeps_to_its_server_and_its_content_security_policy(
    open_page: Open, company: Company, server: str
) -> None:
    """As on a first visit, with nothing in the browser's cache."""
    asked: list[Request] = []
    broken: list[str] = []

    def watch(page: Page) -> None:
        page.context.new_cdp_session(page).send("Network.setCacheDisabled", {"cacheDisabled": True})
        page.on("requestfinished", lambda request: asked.append(request))
        page.on("console", lambda message: broken.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: broken.append(str(error)))

    wide, heavy = {}, {}
    for name, page in visits(open_page, company, watch, width=320):
        if (width := page.evaluate("document.documentElement.scrollWidth")) > 320:
            wide[name] = width
        assert {urlsplit(request.url).netloc for request in asked} == {urlsplit(server).netloc}, name
        sizes = [request.sizes() for request in asked]
        size = sum(each["responseBodySize"] + each["responseHeadersSize"] for each in sizes)
        if size > MOST_BYTES or len(asked) > MOST_REQUESTS:
            heavy[name] = (size, len(asked))
        asked.clear()
    assert (wide, heavy, broken) == ({}, {}, [])
