"""`python -m tests.screenshots DIR`: every page of a running `./dev up` as each role, by device and theme.

Each role takes the pages that its own navigation and menu lead to, the first leader, the first cases behind a figure,
the first case, and the page of the customer of an open and of a fixed one; nobody takes the web form. A
picture is called ROLE-PAGE-DEVICE-THEME.png. Ends with an error when a page is none.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
# Width and height in CSS pixels.
DEVICES = {"desktop": (1280, 900), "phone": (390, 844)}
THEMES = ("light", "dark")
# How many cases of a list are looked at for one whose customer has a page.
CASES_TRIED = 10
# Where a page of each kind is found on the pages before it: name -> selector of its link.
FURTHER = {
    "leader": "table.scorecard th a",
    "cases-behind": "table.scorecard .leader__of",
    "case": ".cases__what a, .worklist a",
}


@dataclass(frozen=True)
class Person:
    """Someone of the demo, as the credentials file tells."""

    role: str
    email: str
    password: str
    landing: str


def main() -> None:
    parser = argparse.ArgumentParser(prog="./dev screenshots")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--url", default="http://localhost:8000")
    parser.add_argument("--credentials", type=Path, default=Path(".local/people.json"))
    parser.add_argument("--role", help="only this one, such as Executive")
    options = parser.parse_args()
    if not options.credentials.exists():
        sys.exit(f"{options.credentials} is missing: run ./dev up first, and leave it running.")
    options.folder.mkdir(parents=True, exist_ok=True)
    people = [p for p in first_of_each_role(options.credentials) if options.role in (None, p.role)]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        take_signed_out(browser, options.url, options.folder, people)
        for person in people:
            count = take_as(browser, person, options.url, options.folder)
            sys.stdout.write(f"{person.role}: {count} pictures\n")


def first_of_each_role(credentials: Path) -> list[Person]:
    """One person a role, in the file's order."""
    found: dict[str, Person] = {}
    for person in json.loads(credentials.read_text())["people"]:
        fields = {name: person[name] for name in ("role", "email", "password", "landing")}
        found.setdefault(person["role"], Person(**fields))
    return list(found.values())


def take_signed_out(browser: Browser, url: str, folder: Path, people: list[Person]) -> None:
    page = browser.new_page()
    take(page, urljoin(url, "/accounts/sign-in/"), folder, "nobody-sign-in")
    take(page, urljoin(url, "/accounts/password/forgotten/"), folder, "nobody-password-forgotten")
    for workspace in sorted({_workspace(urljoin(url, person.landing)) for person in people}):
        take(page, urljoin(workspace, "tell-us/"), folder, "nobody-tell-us")
    page.context.close()


def take_as(browser: Browser, person: Person, url: str, folder: Path) -> int:
    """Sign in and take each page; returns how many pictures there are."""
    page = browser.new_page()
    sign_in(page, url, person)
    pages = dict(pages_of(page, urljoin(url, person.landing)))
    for name, address in pages.items():
        take(page, address, folder, f"{_word(person.role)}-{name}")
    page.context.close()
    return len(pages) * len(DEVICES) * len(THEMES)


def sign_in(page: Page, url: str, person: Person) -> None:
    page.goto(urljoin(url, "/accounts/sign-in/"))
    page.fill("input[name=login]", person.email)
    page.fill("input[name=password]", person.password)
    page.click("main button.button")
    page.wait_for_url(lambda address: "/sign-in/" not in address)


def pages_of(page: Page, landing: str) -> Iterator[tuple[str, str]]:
    """Names and addresses of the pages that this person's links lead to."""
    yield "landing", landing
    page.goto(landing)
    links = ".top__nav a, .menu__panel a, .top__search, .top .button--gold"
    addresses = {urljoin(landing, href) for href in _links(page, links)} - {landing}
    for address in sorted(addresses):
        yield _word(urlsplit(address).path.removeprefix(urlsplit(landing).path)), address
    for name, selector in FURTHER.items():
        for address in [landing, *sorted(addresses)]:
            page.goto(address)
            if hrefs := _links(page, selector):
                yield name, urljoin(address, hrefs[0])
                break
    yield from _pages_without_links(page, _workspace(landing), addresses)


def _pages_without_links(page: Page, workspace: str, addresses: set[str]) -> Iterator[tuple[str, str]]:
    for name in ("approvals/", "recovery-settings/"):
        address = urljoin(workspace, name)
        if address not in addresses and page.request.get(address).ok:
            yield _word(name), address
    for state in ("open", "fixed"):
        if address := _customers_page(page, f"{workspace}cases/?state={state}"):
            yield f"customer-{state}", address


def _customers_page(page: Page, cases: str) -> str:
    """The link of the first case in a list that has one for its customer; empty for none."""
    page.goto(cases)
    for href in _links(page, ".cases__what a")[:CASES_TRIED]:
        page.goto(urljoin(cases, href))
        if hrefs := _links(page, 'main a[href*="/c/"]'):
            return urljoin(cases, urlsplit(hrefs[0]).path)
    return ""


def take(page: Page, address: str, folder: Path, name: str) -> None:
    for device, (width, height) in DEVICES.items():
        page.set_viewport_size({"width": width, "height": height})
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            response = page.goto(address)
            if response is None or not response.ok:
                sys.exit(f"{address} answers {response.status if response else 'nothing'}.")
            page.screenshot(path=folder / f"{name}-{device}-{theme}.png", full_page=True)


def _links(page: Page, selector: str) -> list[str]:
    hrefs: list[str] = page.eval_on_selector_all(selector, "links => links.map(link => link.getAttribute('href'))")
    return hrefs


def _workspace(landing: str) -> str:
    """The address of the workspace in which a page is: its first segment."""
    return urljoin(landing, f"/{urlsplit(landing).path.split('/')[1]}/")


def _word(text: str) -> str:
    """Lower case with hyphens: a part of a file's name."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "home"


if __name__ == "__main__":
    main()
