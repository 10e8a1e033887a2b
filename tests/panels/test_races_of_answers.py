"""Many answer in the same instant, while the wave closes: none is lost, none doubled, none counted after the close."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection

from cso.clock import database_now
from cso.customers.asking import set_asking_limit
from cso.customers.models import Asked, Customer
from cso.errors import ConflictError
from cso.panels import members, panels, waves
from cso.panels.answering import submit_response
from cso.panels.holding import hold_wave
from cso.panels.inviting import invite_members
from cso.panels.models import Answer, Invitation, PanelMember, Question, Response, Wave
from cso.recovery.erasure import erase_customer
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.panels.scenes import DAY, Scene, answer, found
from tests.personas import Company
from tests.threads import at_once

# A soak sets it to 5,000: as many as an airport's panel in the minute after the mail.
ANSWERS = int(os.environ.get("PARALLEL_ANSWERS", "40"))
AT_ONCE = 16

pytestmark = pytest.mark.django_db(transaction=True)


def with_members(company: Company, number: int) -> tuple[Scene, Wave]:
    """So many members, all invited: by the tables, for the way they join is tried elsewhere."""
    with tenant_scope(company.tenant):
        scene = found(company)
        customers = Customer.objects.bulk_create(
            Customer(external_id=f"c{n}", name=f"Customer {n}", email=f"c{n}@customers.example") for n in range(number)
        )
        given = {"panel": scene.panel, "unit": scene.panel.unit, "via": "import", "consent_source": "a form"}
        joined = {"consented_at": scene.now - DAY, "joined_at": scene.now - DAY}
        people = PanelMember.objects.bulk_create(PanelMember(customer=each, **given, **joined) for each in customers)
        wave = scene.wave()
        asked = {"wave": wave, "unit": scene.panel.unit, "invited_at": scene.now, "closes_at": wave.closes_at}
        Invitation.objects.bulk_create(Invitation(member=each, customer=each.customer, **asked) for each in people)
    return scene, wave


@pytest.mark.parametrize("by_deadline", [True, False])
def test_each_is_in_before_the_close_or_told_to_be_late(acme: Company, *, by_deadline: bool) -> None:
    _, wave = with_members(acme, ANSWERS)
    with tenant_scope(acme.tenant):
        invitations = list(Invitation.objects.select_related("customer"))
    done = threading.Semaphore(0)

    def answering(invitation: Invitation) -> str:
        try:
            return _answer_twice(acme, invitation)
        finally:
            done.release()
            connection.close()

    def closing() -> None:
        # In their midst.
        for _ in range(ANSWERS // 2):
            done.acquire()
        try:
            _close(acme, wave, by_deadline=by_deadline)
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE + 1) as pool:
        close = pool.submit(closing)
        told = Counter(pool.map(answering, invitations))
        close.result()
    with tenant_scope(acme.tenant):
        closed = waves.close_wave(wave, by=None, now=database_now())
        counted = Response.objects.filter(is_counted=True)
        assert (closed.status, set(told) <= {"counted", "late", "closed"}) == ("closed", True)
        assert told["counted"] >= ANSWERS // 2
        assert counted.count() == Invitation.objects.filter(has_answered=True).count() == told["counted"]
        assert not counted.filter(submitted_at__gte=closed.closes_at).exists()
        assert not Response.objects.filter(is_late=True, submitted_at__lt=closed.closes_at).exists()
        for question in Question.objects.all():
            assert Answer.objects.filter(question=question, response__is_counted=True).count() == told["counted"]


def _answer_twice(company: Company, invitation: Invitation) -> str:
    """What became of it; sent twice, as a double click on a slow phone does."""
    try:
        with tenant_scope(company.tenant):
            response = answer(invitation, {"words": "Fran"}, {"score": 9}, {"words": "More trains"})
        with tenant_scope(company.tenant):
            response = submit_response(response)
    except ConflictError as error:
        return error.code
    return "late" if response.is_late else "counted"


def _close(company: Company, wave: Wave, *, by_deadline: bool) -> None:
    with tenant_scope(company.tenant):
        if by_deadline:
            _, db_now = hold_wave(wave.pk, alone=True)
            Wave.objects.filter(pk=wave.pk).update(closes_at=db_now + timedelta(milliseconds=5))
        else:
            waves.close_wave(wave, by=company.member(Role.CSO), now=database_now())
    # Past the deadline, for who closes it then.
    time.sleep(0.01)


def test_two_tabs_make_one_response(acme: Company) -> None:
    with_members(acme, 1)
    with tenant_scope(acme.tenant):
        invitation = Invitation.objects.get()
    assert at_once(acme, *[lambda: answer(invitation, {"words": "Fran"}, is_sent=False)] * 8).count("done") >= 1
    with tenant_scope(acme.tenant):
        assert (Response.objects.count(), Answer.objects.filter(question__code="thanks").count()) == (1, 1)


def test_two_waves_ask_no_customer_above_the_limit(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        scene = found(acme)
        scene.members(6)
        set_asking_limit(by=None, most=1, days=30)
        drafts = [scene.wave() for _ in range(4)]
    told = at_once(acme, *[partial(invite_members, each.pk, now=scene.now) for each in drafts])
    assert told == ["done"] * 4
    with tenant_scope(acme.tenant):
        asked = Counter(Asked.objects.values_list("customer_id", flat=True))
        assert (sorted(asked.values()), Invitation.objects.count()) == ([1] * 6, 6)


def test_the_last_place_is_taken_once(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        scene = found(acme)
        panels.set_quota(scene.panel, "family", 2, by=None)
        customers = [scene.customer(segment="family") for _ in range(6)]
    told = at_once(acme, *[partial(scene.member, each) for each in customers])
    assert sorted(told) == ["done"] * 2 + ["quota_full"] * 4


def test_leaving_answering_erasing_and_closing_do_not_wait_for_each_other(acme: Company) -> None:
    scene, wave = with_members(acme, 12)
    cso = acme.member(Role.CSO)
    with tenant_scope(acme.tenant):
        invitations = list(Invitation.objects.select_related("customer", "member__panel"))
    acts: list[Callable[[], Any]] = []
    for number, each in enumerate(invitations):
        acts.append(partial(answer, each, {"words": "Zanzibar"}, {"score": 9}, {"words": "Zanzibar"}))
        if number % 3 == 0:
            acts.append(partial(members.leave_panel, each.member, because="asked", by=None, now=scene.now))
        if number % 3 == 1:
            acts.append(partial(erase_customer, each.customer, by=None, now=scene.now))
    acts += [partial(waves.close_wave, wave, by=cso, now=scene.now)] * 2
    acts += [partial(invite_members, wave.pk, now=scene.now)] * 2
    assert set(at_once(acme, *acts)) <= {"done", "closed", "left"}
    with tenant_scope(acme.tenant):
        assert Wave.objects.get().status == "closed"
        erased = Response.objects.filter(invitation__customer__erased_at__isnull=False)
        assert not Answer.objects.filter(response__in=erased, words="Zanzibar").exists()
