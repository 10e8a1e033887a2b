"""An erased customer: nothing tells who they were, and no count, figure or clock has changed."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction

from cso.alarms.actions import set_alarm
from cso.alarms.models import Alarm
from cso.customers.actions import save_customer
from cso.customers.models import Customer
from cso.customers.preferences import add_preference
from cso.customers.purchases import record_purchase
from cso.metrics.engine.refresh import refresh
from cso.metrics.models import Mark
from cso.outbox.models import OutgoingMail
from cso.recovery.actions import dispute_case
from cso.recovery.erasure import ERASED, erase_customer
from cso.recovery.models import (
    Attachment,
    CallBack,
    Case,
    CaseTask,
    Contact,
    CustomerAnswer,
    IncomingMail,
    Promise,
    Remedy,
    SupportNote,
)
from tenants.base import TenantModel
from tenants.models import AuditEntry, Membership
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.personas import NOW, Company, log_case

HOUR = timedelta(hours=1)
# Whatever holds it is found in the dump of the tables.
SECRET = "Zanzibar"


def dump() -> dict[str, list[Any]]:
    """Every row of the tenant by table, as JSON."""
    found = {}
    models = [model for model in apps.get_models() if issubclass(model, TenantModel)]
    with connection.cursor() as cursor:
        for table in sorted(model._meta.db_table for model in models):
            cursor.execute(f"SELECT to_jsonb(t)::text FROM {table} t ORDER BY id")
            found[table] = [json.loads(row) for (row,) in cursor.fetchall()]
    return found


@pytest.fixture
def priya(acme: Company) -> Customer:
    """Somebody with two cases and all that can hang on one, each text with the secret in it."""
    fran = acme.member(Role.FRONTLINE)
    worth = {"spend_per_visit_minor": 42_000, "currency": "CAD", "visits_per_year": 6, "years": 5}
    with tenant_scope(acme.tenant):
        priya = save_customer(
            Customer(), by=None, external_id=f"crm-{SECRET}", name=SECRET, email=f"{SECRET}@example.com",
            phone="+1 416 555 0100", segment=SECRET, **worth,
        )  # fmt: skip
        north = acme.units["north-1"]
        case = log_case(north, NOW - 200 * HOUR, fixed_after=HOUR, customer=priya, summary=f"{SECRET} lost a bag")
        log_case(north, NOW - 100 * HOUR, customer=priya)
        log_case(acme.units["south"], NOW - 90 * HOUR, summary="Somebody else's")
        case = dispute_case(case, by=fran, at=NOW - 150 * HOUR, now=NOW, note=f"{SECRET} calls again")
        planned = {"planned_surprise": f"Tea for {SECRET}", "given_surprise": f"A card for {SECRET}"}
        answer = {"answered_at": NOW, "said_fixed": False, "said_surprised": True}
        Case.objects.filter(pk=case.pk).update(**planned, **answer)
        CustomerAnswer.objects.create(case=case, at=NOW, is_fixed=False, surprised=True, words=f"I am {SECRET}")
        unit = {"case": case, "unit": north}
        CallBack.objects.create(**unit, asked_at=NOW, phone="416 555 0100", note=f"Ask for {SECRET}")
        Promise.objects.create(**unit, what=f"Call {SECRET}", made_at=NOW, first_due_at=NOW, due_at=NOW)
        CaseTask.objects.create(**unit, what=f"Drive to {SECRET}", due_at=NOW, added_at=NOW)
        given = {"status": "given", "on_own_authority": True, "given_at": NOW, "day": date(2026, 3, 18)}
        Remedy.objects.create(
            **unit, person=acme.leader, amount_minor=5_000, currency="CAD", note=f"For {SECRET}", **given
        )
        SupportNote.objects.create(case=case, author=fran, text=f"{SECRET} shouted")
        Contact.objects.create(case=case, kind="status", at=NOW)
        mail = {"sender": f"{SECRET}@example.com", "sender_name": SECRET, "subject": SECRET, "text": SECRET}
        received = IncomingMail.objects.create(case=case, message_id="<1@mail>", status="opened", **mail)
        IncomingMail.objects.create(message_id="<2@mail>", status="set_aside", **mail)
        Attachment.objects.create(
            case=case, mail=received, name=f"{SECRET}.txt", media_type="text/plain", size=9, content=SECRET.encode()
        )
        words = {"subject": SECRET, "text": SECRET, "html": SECRET}
        for key, to, about, status in (
            ("questions", f"{SECRET.lower()}@example.com", case.pk, "waiting"),
            ("call_back_asked", "lea@acme.example", case.pk, "sent"),
            ("bounce", f"{SECRET}@example.com", None, "failed"),
        ):
            sent_at = NOW if status == "sent" else None
            written = OutgoingMail.objects.create(
                key=key, kind=key, about=about, recipient=to, status=status, sent_at=sent_at, **words
            )
            if status == "waiting":
                set_alarm("send_mail", written.pk, NOW)
        set_alarm("remind_questions", case.pk, NOW)
        add_preference(
            priya, text=f"{SECRET} tea", source="told_us", consented_at=NOW, expires_on=None, by=fran, now=NOW
        )
        record_purchase(
            priya, external_id=f"order-{SECRET}", bought_at=NOW - HOUR, amount_minor=1, currency="CAD", by=None, now=NOW
        )
        OutgoingMail.objects.create(
            key="theirs", kind="questions", recipient="else@example.com", subject="Else", text="E"
        )
        refresh()
    return priya


def test_nothing_tells_who_they_were_and_no_figure_changes(acme: Company, priya: Customer) -> None:
    judged = "clock_start recovered_24h dazzled is_valid next_contact_due_at doubly_deviated surprise_was_planned"
    judged += " seconds_to_recover unit_id first_undone_at closed_at owner_id"
    with tenant_scope(acme.tenant):
        before, verdicts = dump(), list(Case.objects.order_by("id").values(*judged.split()))
        erased = erase_customer(priya, by=acme.member(Role.CSO), now=NOW)
        after = dump()
        assert {table for table, rows in after.items() if SECRET.lower() in str(rows).lower()} == {"recovery_caseevent"}
        assert not re.search(r"416\D{0,2}555", str(after)), "nor how they are reached"
        # Every row is where it was, but for what waited to be sent, the secrets, and the act itself.
        gone = {
            table: len(after[table]) - len(rows) for table, rows in before.items() if len(after[table]) != len(rows)
        }
        assert gone == {"customers_customerpreference": -1, "alarms_alarm": -2, "tenants_auditentry": 1}
        assert list(Case.objects.order_by("id").values(*judged.split())) == verdicts
        for table in ("metrics_cell", "recovery_exposure", "recovery_promise", "recovery_remedy", "recovery_callback"):
            words = {"what", "note", "decision_note", "phone"}
            kept = [
                [{k: v for k, v in row.items() if k not in words} for row in rows[table]] for rows in (before, after)
            ]
            assert kept[0] == kept[1], table
        assert before["metrics_cell"], "else it would prove nothing"
        assert not Mark.objects.exists(), "no figure is even counted anew"
        assert (str(erased), erased.worth_low_minor, erased.erased_at) == ("—", 1_260_000, NOW)
        assert sorted(Case.objects.values_list("summary", "link_version")) == [
            ("", 2),
            (ERASED, 2),
            ("Somebody else's", 1),
        ]
        attachment = Attachment.objects.get()
        assert (bytes(attachment.content), attachment.size) == (b"", 0)
        mails = OutgoingMail.objects.order_by("key").values_list("key", "recipient", "status", "text")
        assert list(mails) == [
            ("bounce", "erased@invalid", "failed", ""),
            ("call_back_asked", "lea@acme.example", "sent", ""),
            ("questions", "erased@invalid", "cancelled", ""),
            ("theirs", "else@example.com", "waiting", "E"),
        ]
        assert not Alarm.objects.exists()
        entry = AuditEntry.objects.get(act="erase_customer")
        assert (entry.subject, entry.details) == (f"customer {priya.pk}", {"cases": 2})


def test_what_came_in_since_is_erased_by_doing_it_again(acme: Company, priya: Customer) -> None:
    with tenant_scope(acme.tenant):
        erase_customer(priya, by=None, now=NOW)
        log_case(acme.units["south"], NOW, customer=priya, summary=f"{SECRET} again")
        again = erase_customer(priya, by=None, now=NOW + HOUR)
        assert again.erased_at == NOW
        assert not Case.objects.filter(summary__contains=SECRET).exists()


def test_nobody_gives_an_erased_customer_a_name_again(acme: Company, priya: Customer) -> None:
    """Whoever read the row before and writes after is refused by the database."""
    with tenant_scope(acme.tenant):
        erase_customer(priya, by=None, now=NOW)
        with pytest.raises(DatabaseError, match="an_erased_customer_is_nobody"), transaction.atomic():
            priya.save(update_fields=["name"])


def test_an_employee_who_was_a_customer_is_still_written_to(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        lea = save_customer(Customer(), by=None, email="LEADER@acme.example")
        assert Membership.objects.filter(user__email__iexact=lea.email).exists()
        OutgoingMail.objects.create(
            key="approve", kind="approval", recipient="leader@acme.example", subject="A", text="A"
        )
        erase_customer(lea, by=None, now=NOW)
        assert OutgoingMail.objects.get().text == "A"


def test_who_may_erase(acme: Company, priya: Customer) -> None:
    with tenant_scope(acme.tenant):
        for role in Role:
            if role not in (Role.CSO, Role.ADMINISTRATOR):
                with pytest.raises(PermissionDenied):
                    erase_customer(priya, by=acme.member(role), now=NOW)
        assert Customer.objects.get().name == SECRET
