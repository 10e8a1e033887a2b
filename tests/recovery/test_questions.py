"""Asking the customer by mail: once for each fix, reminded once, never too often, and in their language."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from cso.alarms.actions import ring_alarms
from cso.alarms.models import Alarm
from cso.customers.models import Customer
from cso.outbox.models import OutgoingMail
from cso.recovery import actions
from cso.recovery.customer_page import decline_questions
from cso.recovery.links import link_of
from cso.recovery.questions import acknowledge, ask_by_alarm, ask_questions, remind
from cso.recovery.settings import recovery_settings
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.personas import NOW, Company, log_case
from tests.recovery.test_customer_page import DAY, ERASED, FIXED, HOUR, answered, customer, fixed_case, log, mails
from tests.threads import at_once


def test_the_fix_asks_by_itself_and_reminds_once(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        case = fixed_case(acme)
        recovery_settings()
    ring_alarms(acme.tenant, now=FIXED)
    with tenant_scope(acme.tenant):
        mail = OutgoingMail.objects.get(kind="questions")
        assert (mail.recipient, mail.about) == ("ana@roy.example", case.pk)
        assert link_of(case) in mail.text
        assert link_of(case) in mail.html
        assert log(case)[-1] == "question_sent"
        assert Alarm.objects.get(kind="remind_questions").rings_at == FIXED + 3 * DAY
        assert ask_questions(case, now=FIXED + HOUR) is None
    for late in (3, 4, 9):
        ring_alarms(acme.tenant, now=FIXED + late * DAY)
    with tenant_scope(acme.tenant):
        assert (mails("questions"), mails("questions_reminder")) == (1, 1)


@pytest.mark.parametrize("what", ["answered", "reopened", "erased", "declined", "too late"])
def test_no_reminder_where_there_is_nothing_to_remind_of(acme: Company, what: str) -> None:
    with tenant_scope(acme.tenant):
        case = fixed_case(acme)
        assert ask_questions(case, now=FIXED)
        if what == "answered":
            answered(case, FIXED + HOUR)
        elif what == "reopened":
            actions.reopen_case(case, by=None, at=FIXED + HOUR, now=FIXED + HOUR, note="No")
        elif what == "erased":
            Customer.objects.update(**ERASED)
        elif what == "declined":
            decline_questions(case, now=FIXED)
        case.refresh_from_db()
        assert remind(case, now=FIXED + (15 if what == "too late" else 3) * DAY) is None
        if what in {"answered", "reopened", "declined"}:
            # The first mail itself, should the mail server have been away meanwhile.
            assert OutgoingMail.objects.get().status == "cancelled"


def test_a_customer_is_not_asked_again_within_the_days_of_rest(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        ana = customer()
        first, second, third = (fixed_case(acme, NOW + days * DAY, customer=ana) for days in (0, 29, 31))
        assert ask_questions(first, now=FIXED)
        assert ask_questions(second, now=FIXED + 29 * DAY) is None
        assert ask_questions(third, now=FIXED + 31 * DAY)
        # They said that it is not fixed: the next fix of that case is what they wait to hear of.
        third = answered(third, FIXED + 32 * DAY, is_fixed=False)
        third = actions.fix_case(third, by=None, at=FIXED + 33 * DAY, now=FIXED + 33 * DAY)
        assert ask_questions(third, now=FIXED + 33 * DAY)
        decline_questions(third, now=FIXED + 33 * DAY)
        fourth = fixed_case(acme, NOW + 90 * DAY, customer=ana)
        assert ask_questions(fourth, now=FIXED + 90 * DAY) is None


def test_nobody_is_asked_about_the_past_about_an_open_case_or_about_none_of_ours(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        past = log_case(acme.units["south"], NOW - 30 * DAY, customer=customer())
        actions.fix_case(past, by=None, at=NOW - 29 * DAY, now=NOW)
        unreachable = fixed_case(acme, customer=customer(email=""))
        unknown = fixed_case(acme, customer=None)
        still_open = log_case(acme.units["south"], NOW, customer=customer())
        assert not Alarm.objects.filter(subject=past.pk).exists()
        for case in (past, unreachable, unknown, still_open):
            case.refresh_from_db()
            assert ask_questions(case, now=FIXED) is None
        spam = fixed_case(acme)
        officer, leader = acme.member(Role.CSO), acme.member(Role.LEADER)
        actions.propose_exclusion(spam, "spam", "An advertisement", by=officer, now=FIXED)
        spam = actions.confirm_exclusion(spam, by=leader, now=FIXED)
        assert ask_questions(spam, now=FIXED) is None
        assert OutgoingMail.objects.count() == 0


def test_mails_speak_the_customers_language_else_the_tenants(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        settings = recovery_settings()
        settings.mail_name, settings.mail_address, settings.language = "Ailes", "aide@ailes.example", "fr-ca"
        settings.save()
        french = log_case(acme.units["south"], NOW, customer=customer())
        english = log_case(acme.units["south"], NOW, customer=customer(email="bob@roy.example", language="en"))
        theirs, mine = acknowledge(french, now=NOW), acknowledge(english, now=NOW)
        assert theirs is not None
        assert mine is not None
        assert acknowledge(french, now=NOW) is None
        assert (theirs.language, theirs.sender_name, theirs.reply_to) == ("fr-ca", "Ailes", "aide@ailes.example")
        assert theirs.text.startswith("Bonjour,\n\nMerci de nous l’avoir dit.")
        assert mine.text.startswith("Hello,\n\nThank you for telling us.")
        assert 'lang="fr-ca"' in theirs.html
        # A report cannot make us send its words to somebody else's address.
        assert french.summary == "" or french.summary not in theirs.text
        fixed = actions.fix_case(french, by=None, at=FIXED, now=FIXED)
        asked = ask_questions(fixed, now=FIXED)
        assert asked is not None
        zone = ZoneInfo("America/Toronto")
        assert (FIXED + 14 * DAY).astimezone(zone).hour == 13
        assert "jusqu’au 1er avril 2026 à 13\u00a0h\u00a000." in asked.text


# --- call-backs -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_fix_that_is_undone_and_its_alarm_at_once_end_well(acme: Company) -> None:
    """The alarm holds itself and wants the case, the act holds the case and wants the alarm: neither waits for ever."""
    with tenant_scope(acme.tenant):
        cases = [fixed_case(acme, customer=customer(email=f"ana{number}@roy.example")) for number in range(3)]

    def rung() -> None:
        for case in cases:
            Alarm.objects.select_for_update().filter(subject=case.pk).delete()
            ask_by_alarm(case.pk, now=FIXED)

    def reopened() -> None:
        for case in cases:
            actions.reopen_case(case, by=None, at=FIXED + HOUR, now=FIXED + HOUR, note="It broke again")

    assert at_once(acme, reopened, rung) == ["done", "done"]
    ring_alarms(acme.tenant, now=FIXED + DAY)
    with tenant_scope(acme.tenant):
        waiting = OutgoingMail.objects.filter(kind="questions").exclude(status="cancelled")
        assert not waiting.exists(), "nobody is asked about a fix that did not hold"
