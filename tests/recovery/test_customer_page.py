"""The customer's link, answers, questions by mail and call-backs, as the office's own acts."""

from __future__ import annotations

import threading
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connections

from cso.alarms.models import Alarm
from cso.customers.models import Customer
from cso.errors import ConflictError, InvalidFieldsError, NotAllowedError
from cso.outbox.models import OutgoingMail
from cso.people import actions as people
from cso.people.models import Person
from cso.recovery import actions
from cso.recovery.call_backs import ask_call_back, call_back_done, open_call_backs
from cso.recovery.customer_page import answer_questions, revoke_links, view_of
from cso.recovery.duplicates import merge_cases
from cso.recovery.links import LinkExpiredError, case_by_token, link_of, token_of
from cso.recovery.loading.cases import load_cases
from cso.recovery.loading.rows import Reading
from cso.recovery.models import CallBack, Case, CaseEvent, CustomerAnswer
from cso.recovery.questions import ask_questions
from tenants.members import end_membership
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.personas import NOW, Company, log_case, make_company

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FIXED = NOW + 2 * HOUR
YES: dict[str, Any] = {"is_fixed": True, "apology": True, "surprised": True, "words": ""}
ERASED: dict[str, Any] = {"erased_at": FIXED, "name": "", "email": "", "phone": "", "external_id": None}


def customer(**fields: Any) -> Customer:
    return Customer.objects.create(
        **{"name": "Ana Roy", "email": "Ana@roy.example", "phone": "+1 514 555 0142"} | fields
    )


def fixed_case(company: Company, reported_at: datetime = NOW, **fields: Any) -> Case:
    fields = {"customer": customer()} | fields
    return log_case(company.units["north-1"], reported_at, fixed_after=2 * HOUR, **fields)


def answered(case: Case, at: datetime, **said: Any) -> Case:
    return answer_questions(case, **YES | said, now=at)


def log(case: Case) -> list[str]:
    return list(CaseEvent.objects.filter(case=case).order_by("recorded_at", "id").values_list("kind", flat=True))


def mails(kind: str) -> int:
    return OutgoingMail.objects.filter(kind=kind).count()


# --- the link ---------------------------------------------------------------------------------------------------------


def test_a_link_opens_one_case_of_one_tenant(acme: Company, other: Company) -> None:
    with tenant_scope(acme.tenant):
        case = fixed_case(acme)
        token = token_of(case)
        assert link_of(case).endswith(f"/acme/c/{token}/")
        assert len(token) == 40
        assert case_by_token(token, now=FIXED) == case
        wrong = [
            token[:-1] + ("A" if token[-1] != "A" else "B"),
            token[:-4],
            token + "AAAA",
            "",
            "é",
            "a" * 40,
            "=" * 40,
        ]
        for wrong_token in [*wrong, "\x00" * 40, token.replace(token[0], "~", 1)]:
            with pytest.raises(Case.DoesNotExist):
                case_by_token(wrong_token, now=FIXED)
    with tenant_scope(other.tenant), pytest.raises(Case.DoesNotExist):
        # Not even where the other tenant had a case with this id: the tenant is signed too.
        case_by_token(token, now=FIXED)


def test_a_link_lives_for_90_days_after_the_fix_and_60_after_the_closing(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        case = fixed_case(acme)
        assert case_by_token(token_of(case), now=FIXED + 90 * DAY) == case
        with pytest.raises(LinkExpiredError):
            case_by_token(token_of(case), now=FIXED + 90 * DAY + timedelta(microseconds=1))
        Case.objects.filter(pk=case.pk).update(closed_at=FIXED + DAY, solution="put_right")
        assert case_by_token(token_of(case), now=FIXED + 61 * DAY) == case
        with pytest.raises(LinkExpiredError):
            case_by_token(token_of(case), now=FIXED + 61 * DAY + timedelta(microseconds=1))
        still_open = log_case(acme.units["south"], NOW)
        assert case_by_token(token_of(still_open), now=NOW + 999 * DAY) == still_open


def test_a_revoked_link_and_one_of_an_erased_customer_open_nothing(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        case = fixed_case(acme)
        old = token_of(case)
        case = revoke_links(case, by=acme.member(Role.FRONTLINE), now=FIXED)
        with pytest.raises(PermissionDenied):
            revoke_links(case, by=acme.member(Role.AUDITOR), now=FIXED)
        with pytest.raises(Case.DoesNotExist):
            case_by_token(old, now=FIXED)
        assert case_by_token(token_of(case), now=FIXED) == case
        Customer.objects.update(**ERASED)
        with pytest.raises(Case.DoesNotExist):
            case_by_token(token_of(case), now=FIXED)


def test_a_duplicates_link_opens_the_case_that_took_it_in_if_it_is_the_same_customers(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        ana = customer()
        into = fixed_case(acme, customer=ana)
        mine, foreign = (
            log_case(acme.units["south"], NOW, customer=who) for who in (ana, customer(email="b@b.example"))
        )
        Case.objects.filter(pk__in=[mine.pk, foreign.pk]).update(merged_into=into)
        assert case_by_token(token_of(mine), now=FIXED) == into
        assert case_by_token(token_of(foreign), now=FIXED) == foreign


def test_to_revoke_links_is_to_revoke_those_of_its_duplicates_too(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        ana = customer()
        into, mine = (log_case(acme.units["south"], NOW, customer=ana) for _ in range(2))
        link = token_of(mine)
        merge_cases(mine, into, by=None, now=FIXED)
        assert case_by_token(link, now=FIXED) == into
        revoke_links(into, by=None, now=FIXED)
        with pytest.raises(Case.DoesNotExist):
            case_by_token(link, now=FIXED)


def test_whose_case_it_never_was_cannot_open_it_or_be_asked_any_more(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        unknown, told, loaded = (
            log_case(acme.units["south"], NOW, fixed_after=2 * HOUR, customer=who)
            for who in (None, customer(), customer(external_id="x", email="x@x.example"))
        )
        links = [token_of(case) for case in (unknown, told, loaded)]
        ben = customer(external_id="ben", email="ben@b.example", phone="")
        ask_questions(told, now=FIXED)
        for case in (unknown, told):
            actions.correct_case(case, by=None, now=FIXED, customer=ben)
        (outcome,) = load_cases(
            [(1, {"external_id": loaded.external_id, "customer": "ben"})], Reading(), by=None, now=FIXED
        )
        assert outcome.status == "updated"
        # What was known of nobody was given to whoever it is.
        assert case_by_token(links[0], now=FIXED).customer == ben
        for link in links[1:]:
            with pytest.raises(Case.DoesNotExist):
                case_by_token(link, now=FIXED)
        assert OutgoingMail.objects.get(recipient="ana@roy.example").status == "cancelled"
        assert not Alarm.objects.filter(kind="remind_questions").exists()
        actions.correct_case(told, by=None, now=FIXED, customer=None)
        assert not Alarm.objects.filter(kind="ask_questions", subject=told.pk).exists()


# --- answers ----------------------------------------------------------------------------------------------------------


def test_only_the_customers_answer_makes_a_case_dazzled(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        case = fixed_case(acme)
        assert (case.recovered_24h, case.dazzled) == (True, False)
        case = answered(case, FIXED + HOUR, words="  The flowers!  ")
        assert (case.dazzled, case.surprised, case.apologised) == (True, True, True)
        assert (case.answered_at, case.said_fixed) == (FIXED + HOUR, True)
        answer = CustomerAnswer.objects.get()
        assert (answer.at, answer.words) == (FIXED + HOUR, "The flowers!")
        assert log(case)[-1] == "answered"


def test_the_same_answer_twice_is_one(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        case = fixed_case(acme)
        first = answered(case, FIXED + HOUR)
        second = answered(case, FIXED + 2 * HOUR)
        assert (second.answered_at, second.revision) == (first.answered_at, first.revision)
        assert CustomerAnswer.objects.count() == 1
        for _ in range(2):
            case = answered(case, FIXED + 3 * HOUR, is_fixed=False)
        assert (CustomerAnswer.objects.count(), case.times_undone) == (2, 1)


def test_the_last_answer_within_14_days_counts(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        case = fixed_case(acme)
        assert answered(case, FIXED + HOUR).surprised
        case = answered(case, FIXED + 14 * DAY, surprised=False, apology=None)
        assert (case.answered_surprise, case.surprised, case.answered_apology) == (True, False, False)
        with pytest.raises(ConflictError) as refused:
            answered(case, FIXED + 14 * DAY + timedelta(microseconds=1))
        assert refused.value.code == "answer_time_over"
        assert view_of(case, now=FIXED + 15 * DAY).answer_until is None
        case.refresh_from_db()
        assert case.said_surprised is False


def test_there_is_nothing_to_answer_before_the_fix(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["north-1"], NOW, customer=customer())
        assert not view_of(case, now=NOW).may_answer
        with pytest.raises(ConflictError) as refused:
            answered(case, NOW + HOUR)
        assert refused.value.code == "not_fixed_yet"
        case = actions.fix_case(case, by=None, at=FIXED, now=FIXED)
        case = actions.reopen_case(case, by=None, at=FIXED + HOUR, now=FIXED + HOUR, note="No")
        with pytest.raises(ConflictError):
            answered(case, FIXED + 2 * HOUR)
        assert CustomerAnswer.objects.count() == 0


def test_no_disputes_and_reopens_and_a_later_yes_does_not_close(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        case = fixed_case(acme)
        answered(case, FIXED + HOUR)
        case = answered(case, FIXED + DAY, is_fixed=False, words="Still no bag")
        assert (case.is_open, case.recovered_24h, case.dazzled, case.times_undone) == (True, False, False, 1)
        assert log(case)[-2:] == ["answered", "disputed"]
        assert case.events.get(kind="disputed").note == "Still no bag"
        assert view_of(case, now=FIXED + 2 * DAY).state == "again"
        case = answered(case, FIXED + 2 * DAY)
        assert (case.is_open, case.said_fixed, case.recovered_24h) == (True, True, False)
        assert log(case)[-1] == "answered"


def test_after_the_next_fix_the_questions_are_asked_anew(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        case = answered(fixed_case(acme), FIXED + DAY, is_fixed=False)
        again = FIXED + 20 * DAY
        with pytest.raises(ConflictError):
            answered(case, again - HOUR)
        case = actions.fix_case(case, by=None, at=again, now=again)
        view = view_of(case, now=again)
        assert (view.answer, view.answer_until) == (None, again + 14 * DAY)
        assert (case.said_fixed, case.said_surprised) == (False, True)  # the last valid answer, until there is another
        case = answered(case, again + HOUR, surprised=False)
        assert (case.said_fixed, case.said_surprised, case.is_open) == (True, False, False)


@pytest.mark.parametrize("email", ["FRONTLINE@acme.example", "frontline@acme.example"])
def test_an_employee_cannot_answer(acme: Company, email: str) -> None:
    with tenant_scope(acme.tenant):
        case = fixed_case(acme, customer=customer(email=email))
        with pytest.raises(NotAllowedError):
            answered(case, FIXED + HOUR)
        mine = fixed_case(acme)
        for by in (acme.member(Role.CSO), acme.member(Role.FRONTLINE)):
            with pytest.raises(NotAllowedError):
                answer_questions(mine, **YES, now=FIXED, by=by)
        with pytest.raises(InvalidFieldsError):
            answered(mine, FIXED + HOUR, words="x" * 2_001)
        with pytest.raises(InvalidFieldsError):
            answered(mine, FIXED + HOUR, words="a\x00b")
        assert CustomerAnswer.objects.count() == 0
        assert ask_questions(case, now=FIXED) is None


# --- asking by mail ---------------------------------------------------------------------------------------------------


def test_a_wish_to_be_called_reaches_the_leader_once(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["north-1"], NOW, customer=customer())
        wish = ask_call_back(case, phone="", note="After five", now=NOW + HOUR)
        assert (wish.phone, wish.leader, wish.unit) == ("+1 514 555 0142", acme.leader, case.unit)
        assert ask_call_back(case, phone="+1 416 555 0100", note="Again", now=NOW + 2 * HOUR) == wish
        mail = OutgoingMail.objects.get(kind="call_back")
        assert mail.recipient == "leader@acme.example"
        assert "They say: “After five”" in mail.text
        assert f"/acme/cases/{case.pk}/" in mail.html
        leader = acme.member(Role.LEADER)
        assert list(open_call_backs(leader)) == [wish]
        assert log(case) == ["call_back_asked"]
        done = call_back_done(wish, by=leader, at=NOW + HOUR + timedelta(minutes=12), now=NOW + 2 * HOUR)
        done.refresh_from_db()
        assert (done.seconds_to_call, done.called_by) == (720, leader)
        assert not open_call_backs(leader)
        with pytest.raises(ConflictError):
            call_back_done(wish, by=leader, at=NOW + 2 * HOUR, now=NOW + 2 * HOUR)
        assert ask_call_back(case, phone="", note="", now=NOW + 3 * HOUR) != wish
        assert OutgoingMail.objects.filter(kind="call_back").count() == 2


def test_a_leader_who_left_is_told_of_no_customer(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        Person.objects.filter(pk=acme.leader.pk).update(email="lea@home.example")
        above = people.add_person("Tom Top", by=None, email="tom@acme.example")
        people.name_leader(acme.units["top"], above, date(2024, 1, 1), by=None)
        end_membership(acme.member(Role.LEADER), by=None, now=NOW)
        wish = ask_call_back(log_case(acme.units["north-1"], NOW), phone="514 555 0142", note="", now=NOW)
        assert (wish.leader, OutgoingMail.objects.get().recipient) == (above, "tom@acme.example")


def test_a_call_back_wants_a_number_and_an_instant_that_can_be(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], NOW)
        for phone, note in (("", ""), ("call me", ""), ("5" * 41, ""), ("514 555 0142", "x" * 501)):
            with pytest.raises(InvalidFieldsError):
                ask_call_back(case, phone=phone, note=note, now=NOW)
        with pytest.raises(NotAllowedError):
            ask_call_back(case, phone="514 555 0142", note="", now=NOW, by=acme.member(Role.FRONTLINE))
        assert CallBack.objects.count() == 0
        wish = ask_call_back(case, phone="514 555 0142", note="", now=NOW)
        assert wish.leader is None  # nobody leads south, nor the top
        assert OutgoingMail.objects.count() == 0
        for at in (NOW - HOUR, NOW + HOUR):
            with pytest.raises(InvalidFieldsError):
                call_back_done(wish, by=None, at=at, now=NOW)
        with pytest.raises(PermissionDenied):
            call_back_done(wish, by=acme.member(Role.AUDITOR), at=NOW, now=NOW)
        boss = people.add_person("Bo Top", by=None, email="bo@acme.example")
        people.name_leader(acme.units["top"], boss, NOW.date() - 2 * DAY, by=None)
        call_back_done(wish, by=None, at=NOW, now=NOW)
        assert ask_call_back(case, phone="514 555 0142", note="", now=NOW + HOUR).leader == boss
        assert OutgoingMail.objects.get().recipient == "bo@acme.example"


def test_others_wishes_to_be_called_are_not_shown(acme: Company, other: Company) -> None:
    with tenant_scope(acme.tenant):
        ask_call_back(log_case(acme.units["south"], NOW), phone="514 555 0142", note="", now=NOW)
        assert open_call_backs(acme.member(Role.CSO)).count() == 1
        assert open_call_backs(acme.member(Role.LEADER)).count() == 0  # leads the north
    with tenant_scope(other.tenant):
        assert open_call_backs(other.member(Role.CSO)).count() == 0


@pytest.mark.django_db(transaction=True)
def test_clicks_at_the_same_moment_double_nothing() -> None:
    acme = make_company("acme")
    with tenant_scope(acme.tenant):
        case = fixed_case(acme)
    failures: list[Exception] = []

    def click() -> None:
        try:
            with tenant_scope(acme.tenant):
                answered(case, FIXED + HOUR, is_fixed=False)
                ask_call_back(case, phone="", note="", now=FIXED + HOUR)
                ask_questions(case, now=FIXED + HOUR)
        except Exception as error:
            failures.append(error)
        connections.close_all()

    threads = [threading.Thread(target=click) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with tenant_scope(acme.tenant):
        case.refresh_from_db()
        assert (CustomerAnswer.objects.count(), CallBack.objects.count(), case.times_undone) == (1, 1, 1)
        assert log(case) == ["fixed", "answered", "disputed", "call_back_asked"]
