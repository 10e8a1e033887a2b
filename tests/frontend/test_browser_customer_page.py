"""A customer on their phone: two taps an answer, no script, and nothing that shuts anyone out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from cso.customers.models import Customer
from cso.recovery.links import token_of
from cso.recovery.models import Case
from cso.recovery.promises import make_promise
from tenants.scope import tenant_scope
from tests.frontend.accessibility import violations
from tests.frontend.browser import needs_chromium
from tests.personas import Company, log_case, make_company

pytestmark = needs_chromium
HOUR = timedelta(hours=1)


@pytest.fixture
def case(server: str) -> Case:
    """The bag that stayed behind: fixed an hour ago, with a promise that was kept and one to come."""
    cache.clear()
    acme: Company = make_company("acme")
    now = timezone.now()
    with tenant_scope(acme.tenant):
        ana = Customer.objects.create(name="Ana Roy", email="ana@roy.example", phone="+1 514 555 0142")
        found = log_case(
            acme.units["north-1"],
            now - 20 * HOUR,
            fixed_after=19 * HOUR,
            customer=ana,
            summary="Your suitcase stayed in Toronto when you changed planes, and nobody told you.",
        )
        make_promise(found, what="We call you when the suitcase is at your hotel", by=None, at=now - 2 * HOUR, now=now,
                     due_at=now + 4 * HOUR)  # fmt: skip
        return found


@pytest.fixture
def phone(server: str, chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(
        viewport={"width": 320, "height": 640}, java_script_enabled=False, base_url=server, has_touch=True
    )
    yield context.new_page()
    context.close()


def link(case: Case) -> str:
    with tenant_scope(case.tenant):
        return f"/acme/c/{token_of(case)}/"


def test_three_questions_take_two_taps_each_at_most(phone: Page, case: Case) -> None:
    requests: list[str] = []
    phone.on("request", lambda request: requests.append(request.url))
    phone.goto(link(case))
    assert len(requests) <= 6
    for question, answer in (("Is it fixed?", "Yes"), ("say sorry", "Not sure"), ("not expect", "Yes")):
        phone.get_by_role("group", name=question).get_by_label(answer).tap()
    phone.get_by_role("button", name="Send my answers").tap()
    phone.wait_for_url("**done=answer")
    expect(phone.get_by_role("heading", level=1)).to_have_text("Thank you for your answers")
    phone.get_by_role("link", name="Change my answers").tap()
    phone.wait_for_url("**change=1**")
    expect(phone.get_by_label("Yes").first).to_be_checked()
    with tenant_scope(case.tenant):
        case.refresh_from_db()
        assert (case.dazzled, case.said_apology) == (True, None)


def test_the_keyboard_alone_asks_for_a_call(phone: Page, case: Case) -> None:
    phone.goto(link(case))
    call = phone.get_by_text("Call me back")
    call.focus()
    phone.keyboard.press("Enter")
    phone.keyboard.press("Tab")
    phone.keyboard.type("514 555 0100")
    phone.keyboard.press("Enter")
    phone.wait_for_url("**done=call")
    expect(phone.get_by_text("We will call you")).to_be_visible()


def test_the_customers_page_shuts_nobody_out(server: str, chromium: Browser, case: Case) -> None:
    path, found = link(case), {}
    for theme in ("light", "dark"):
        # axe is a script; the page brings none.
        context = chromium.new_context(
            viewport={"width": 320, "height": 640},
            color_scheme=theme,
            base_url=server,
        )
        page = context.new_page()
        for query in ("", "?lang=fr-ca&change=1"):
            page.goto(path + query)
            found[f"{theme} {query}"] = violations(page, theme)
            assert page.evaluate("document.documentElement.scrollWidth") <= 320
        page.get_by_role("button", name="Envoyer mes réponses").click()
        expect(page.locator(".error-summary")).to_be_visible()
        found[f"{theme} with errors"] = violations(page, theme)
        page.goto("/acme/c/nobodys/")
        found[f"{theme} missing"] = violations(page, theme)
        context.close()
    assert {name: broken for name, broken in found.items() if broken} == {}
