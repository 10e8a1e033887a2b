"""Everybody takes locks in one order, customers before their cases: else two acts could wait for each other."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.utils import timezone

from cso.alarms.actions import set_alarm
from cso.alarms.models import Alarm
from cso.customers.models import Customer
from cso.outbox.actions import SEND, cancel_mails
from cso.outbox.models import OutgoingMail
from cso.recovery.duplicates import merge_cases
from cso.recovery.erasure import erase_customer
from cso.recovery.models import Case
from cso.recovery.triggers import lock_customers
from frontend.forms.bulk import BulkForm
from frontend.offers import offers_for
from tenants.base import TenantModel
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.api.conftest import Integration
from tests.personas import Company, log_case

HOUR = timedelta(hours=1)
# Not of pg_stat_activity: within a transaction that shows what it showed at first.
WAITING = """
    SELECT count(*) FROM pg_locks WHERE NOT granted AND pid IN (
        SELECT held.pid FROM pg_locks held JOIN pg_database ours ON ours.oid = held.database
        WHERE ours.datname = current_database())
"""

pytestmark = pytest.mark.django_db(transaction=True)


def while_it_waits(company: Company, act: Callable[[], Any], hold: Callable[[], Any], then: Callable[[], Any]) -> None:
    """`then` is done, without waiting, by whoever has done `hold`, which `act` waits for; and then `act` is done."""

    def run() -> None:
        try:
            act()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with tenant_scope(company.tenant):
            hold()
            running = pool.submit(run)
            with connection.cursor() as cursor:
                for _ in range(200):
                    cursor.execute(WAITING)
                    if running.done() or cursor.fetchone() != (0,):
                        break
                    time.sleep(0.02)
            assert not running.done(), running.result()
            then()
        running.result(20)


def read_locked(model: type[TenantModel], **which: Any) -> None:
    """Lock a row, or fail at once where somebody holds it."""
    model.objects.select_for_update(nowait=True).get(**which)


def in_scope(company: Company, do: Callable[[], Any]) -> Callable[[], Any]:
    def scoped() -> None:
        with tenant_scope(company.tenant):
            do()

    return scoped


def test_whoever_waits_for_a_customer_holds_no_case_and_for_a_mail_being_sent_no_mail(acme: Company) -> None:
    api, cso, now = Integration(acme), acme.member(Role.CSO), timezone.now()
    with tenant_scope(acme.tenant):
        ana, ben = (Customer.objects.create(name=name, email=f"{name}@example.com") for name in ("ana", "ben"))
        a, b = (log_case(acme.units["south"], now - HOUR, customer=who) for who in (ana, ben))
        mails = [
            OutgoingMail.objects.create(key=key, kind=key, recipient=ana.email, subject="S", about=ana.pk)
            for key in ("cancelled", "erased")
        ]

    def bulk() -> None:
        form = BulkForm(QueryDict(f"act=take&case={a.pk}&case={b.pk}"), offers=offers_for(cso, "cases"))
        assert form.is_valid(), form.errors
        form.save(by=cso, now=now)

    # Each act; whose customer is held; the case that is free while the act waits.
    acts: list[tuple[Callable[[], Any], Customer, Case]] = [
        (lambda: api.patch(f"cases/{a.pk}", {"summary": "New"}, If_Match="*"), ana, a),
        (in_scope(acme, bulk), ben, a),
        (in_scope(acme, lambda: merge_cases(a, b, by=None, now=now)), ben, a),
        (lambda: api.client.delete(f"/api/v1/customers/{ben.pk}", headers={"If-Match": "*"}), ben, b),
    ]
    for act, held, free in acts:
        while_it_waits(
            acme,
            act,
            hold=partial(lock_customers, [held.pk]),
            then=partial(read_locked, Case, pk=free.pk),
        )
    with tenant_scope(acme.tenant):
        a.refresh_from_db()
        ben.refresh_from_db()
        assert (a.summary, a.owner, a.merged_into, ben.name) == ("New", cso, b, "")
    for mail, act in zip(
        mails,
        [lambda: cancel_mails(ana.pk, "cancelled"), lambda: erase_customer(ana, by=None, now=now)],
        strict=True,
    ):
        with tenant_scope(acme.tenant):
            set_alarm(SEND, mail.pk, now)
        while_it_waits(
            acme,
            in_scope(acme, act),
            hold=partial(read_locked, Alarm, kind=SEND, subject=mail.pk),
            then=partial(read_locked, OutgoingMail, pk=mail.pk),
        )
        with tenant_scope(acme.tenant):
            mail.refresh_from_db()
            assert (mail.status, Alarm.objects.filter(kind=SEND).count()) == ("cancelled", 0)
