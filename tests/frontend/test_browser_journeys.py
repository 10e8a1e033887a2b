"""The journeys that the portal promises, with their budgets of clicks, in a real browser."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from cso.recovery.models import Case
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.frontend.browser import Open, needs_chromium
from tests.personas import Company, log_case

pytestmark = needs_chromium


def test_logging_an_oops_takes_one_click_a_sentence_and_two_keys(open_page: Open, company: Company) -> None:
    page = open_page(Role.FRONTLINE, "/acme/cases/", width=390)
    page.click("text=Log an OOPS")
    expect(page.locator("#id_summary")).to_be_focused()
    page.wait_for_load_state()  # the keys are a script's
    page.keyboard.type("The lift stood still for an hour")
    page.keyboard.press("Control+Enter")
    status = page.locator(".status")
    expect(status).to_contain_text("Logged.")
    expect(status).to_be_focused()
    with tenant_scope(company.tenant):
        assert Case.objects.get(summary="The lift stood still for an hour").unit.code == "north-1"


@pytest.mark.parametrize("path", ["/acme/cases/new/", "/acme/"])
def test_text_causes_and_button_fit_on_a_phone(open_page: Open, company: Company, path: str) -> None:
    with tenant_scope(company.tenant):
        for cause in (
            "Meal missing",
            "Flight cancelled",
            "Wheelchair not at the gate",
            "Refund late",
            "Seat double-booked",
        ):
            log_case(company.units["north-1"], timezone.now(), cause=cause)
    page = open_page(Role.FRONTLINE, path, width=390)
    page.set_viewport_size({"width": 390, "height": 844})
    tiles = page.locator(".tile").filter(visible=True)
    boxes = [tiles.nth(number).bounding_box() for number in range(7)]
    assert {round(box["x"]) for box in boxes if box} == {round(box["x"]) for box in boxes[:2] if box}, "two columns"
    assert all(box and box["height"] >= 44 for box in boxes)
    button = page.locator(".oops__send").bounding_box()
    assert button is not None
    assert button["y"] + button["height"] <= 844, "without scrolling"


def test_who_misses_the_target_and_why_takes_no_click(open_page: Open) -> None:
    page = open_page(Role.EXECUTIVE)
    expect(page.locator("h1")).to_have_text("1 of 2 leaders misses the 24-hour target")
    worst = page.locator(".scorecard tbody tr").first
    expect(worst).to_contain_text("Lea North")
    expect(worst).to_contain_text("Bag delayed")
    box = worst.bounding_box()
    assert box is not None
    assert box["y"] < 800, "without scrolling"


def test_the_cases_behind_a_leaders_figure_take_one_click(open_page: Open) -> None:
    page = open_page(Role.EXECUTIVE)
    page.locator(".leader__of").first.click()
    expect(page.locator("h1")).to_have_text("25 cases fell due")
    expect(page.locator(".cases tbody tr")).to_have_count(25)


def test_the_board_pack_takes_one_click_and_a_wall_two(open_page: Open) -> None:
    page = open_page(Role.EXECUTIVE)
    page.click("text=Board pack")
    expect(page.locator(".pack h2").first).to_have_text("Leaders, furthest from the target first")
    with page.expect_download() as pdf:
        page.click("text=PDF")
    assert pdf.value.suggested_filename.endswith(".pdf")
    page.goto("/acme/")
    page.click("text=Wall screens")
    page.click("text=Put it up and open it")
    expect(page.locator("section:visible h2")).to_have_text("Recovered within 24 hours")


def test_a_fix_takes_one_click_on_the_case(open_page: Open) -> None:
    page = open_page(Role.FRONTLINE)
    page.click("text=The suit for the funeral")
    page.click("text=Fixed just now")
    expect(page.locator(".status")).to_contain_text("The clock has stopped.")
    expect(page.locator(".timeline")).to_contain_text("Fixed")


def test_errors_take_the_focus_and_lead_to_their_field(open_page: Open) -> None:
    page = open_page(Role.FRONTLINE, "/acme/cases/new/")
    page.click("text=Log it")
    expect(page.locator(".error-summary")).to_be_focused()
    expect(page).to_have_title(re.compile("^Error: "))
    page.click(".error-summary a")
    expect(page.locator("#id_summary")).to_be_focused()


def test_search_is_two_keys_away_and_finds_while_one_types(open_page: Open) -> None:
    page = open_page(Role.EXECUTIVE)
    page.keyboard.press("Control+k")
    field = page.locator("input[type=search]")
    expect(field).to_be_focused()
    page.wait_for_load_state()  # what follows the typing is a script's
    page.keyboard.type("lea no")
    expect(page.locator("#results")).to_contain_text("Lea North")
    expect(page).to_have_url(re.compile(r"q=lea"))


def test_the_time_of_an_earlier_mistake_is_asked_for_only_then(open_page: Open) -> None:
    page = open_page(Role.FRONTLINE, "/acme/cases/new/")
    expect(page.locator("#id_occurred_at")).to_be_hidden()
    page.click("text=Earlier")
    expect(page.locator("#id_occurred_at")).to_be_visible()


def test_all_of_it_works_without_scripts(open_page: Open) -> None:
    page = open_page(Role.FRONTLINE, "/acme/cases/new/", scripts=False)
    page.fill("#id_summary", "Written without scripts")
    page.click("text=Log it")
    expect(page.locator(".status")).to_contain_text("Logged.")
    page.click("text=Fixed just now")
    expect(page.locator(".status")).to_contain_text("The clock has stopped.")
    page.click("text=Reopen")
    expect(page).to_have_url(re.compile("/reopen/$"))
    page.fill("#id_note", "Still broken")
    page.click("text=Reopen it")
    expect(page.locator(".badge").first).to_contain_text("left")


def test_signing_in_leads_back_to_the_page_that_was_asked_for(open_page: Open) -> None:
    page = open_page(Role.CSO)
    page.context.clear_cookies()
    page.goto("/acme/cases/?state=late")
    page.fill("input[name=login]", "cso@acme.example")
    page.fill("input[name=password]", "correct horse battery")
    page.click("main button")
    expect(page).to_have_url(re.compile(r"/acme/cases/\?state=late$"))
    expect(page.locator("h1")).to_have_text("1 case is late")
