"""A committee in a real browser: from the mail to a counted vote on a phone, and that its pages shut nobody out."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from cso.committees.balloting import cast_vote, close_ballot
from cso.committees.links import vote_link
from cso.committees.models import Ballot, KillOrder, OutcomeRecord, RollEntry
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.committees.scenes import Scene, entry_of, new_rule, seat_committee
from tests.frontend.accessibility import barriers
from tests.frontend.browser import Open, needs_chromium
from tests.frontend.test_committees import quoted
from tests.personas import Company

pytestmark = needs_chromium


@pytest.fixture
def scene(company: Company) -> Scene:
    with tenant_scope(company.tenant):
        return seat_committee(company, 3, shows_tally=True)


def test_a_vote_takes_two_clicks_from_the_mail_on_a_phone_without_scripts(
    open_page: Open, company: Company, scene: Scene
) -> None:
    with tenant_scope(company.tenant):
        ballot = scene.ballot(new_rule(company, "Receipts for every claim"))
        entry = entry_of(ballot, scene.seats[1])
        path = urlsplit(vote_link(entry)).path
    page = open_page(Role.AUDITOR, "about:blank", width=390, scripts=False)
    page.context.clear_cookies()
    page.goto(path)  # the first click, on the mail's link
    buttons = page.locator(".vote__button")
    look = "it => { const s = getComputedStyle(it); return [it.offsetWidth, s.color, s.background, s.border].join() }"
    assert len({button.evaluate(look) for button in buttons.all()}) == 1, "none stands out"
    for button in buttons.all():
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 44
        assert box["y"] + box["height"] <= 800, "within reach, without scrolling"
    page.get_by_role("button", name="No", exact=True).click()  # the second
    expect(page.locator("h1")).to_have_text("Your vote is counted")
    with tenant_scope(company.tenant):
        assert RollEntry.objects.get(pk=entry.pk).choice == "no"


def test_the_pages_of_a_ballot_and_of_a_story_shut_nobody_out(open_page: Open, company: Company, scene: Scene) -> None:
    with tenant_scope(company.tenant):
        rule = new_rule(company, "Receipts for every claim")
        quoted(company, rule, 3)
        first, second = scene.ballot(rule), scene.ballot()
        for seat, member in zip(scene.seats, scene.members, strict=True):
            cast_vote(first, seat.pk, "yes", by=member)
        close_ballot(Ballot.objects.get(pk=first.pk), by=scene.members[0])
        outcome, order = OutcomeRecord.objects.get(), KillOrder.objects.get()
        link = urlsplit(vote_link(entry_of(second, scene.seats[1]))).path
    paths = [
        link,
        f"/acme/rules/committees/{scene.committee.pk}/",
        f"/acme/rules/motions/{second.motion_id}/",
        f"/acme/rules/ballots/{second.pk}/",
        f"/acme/rules/outcomes/{outcome.pk}/",
        f"/acme/rules/orders/{order.pk}/",
        f"/acme/rules/{rule.pk}/",
    ]
    assert barriers(open_page, Role.CSO, paths) == {}
