"""Several people at one case: its one owner, tasks of units, who held it how long, and the punches it took."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from pytest_django import DjangoAssertNumQueries

from cso.customers.actions import save_customer
from cso.customers.models import Customer
from cso.errors import ConflictError, DomainError, InvalidFieldsError, NotAllowedError
from cso.people import actions as people
from cso.people.models import Person
from cso.recovery import actions
from cso.recovery.closing import close_case
from cso.recovery.erasure import erase_customer
from cso.recovery.loading.cases import load_cases
from cso.recovery.loading.rows import Reading
from cso.recovery.models import Case, CaseEvent, CaseTask, SupportNote
from cso.recovery.queries import case_log, visible_cases
from cso.recovery.teamwork import (
    add_task,
    cancel_task,
    custody,
    finish_task,
    hand_over,
    held_by,
    owner_of,
    owners_of,
    support_notes,
    take_case,
    take_punch,
    write_support_note,
)
from tenants.keys import create_api_key
from tenants.members import add_member, change_role, end_membership
from tenants.models import Actor, AuditEntry, Membership, User
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.personas import NOW, Company, log_case
from tests.threads import at_once_sorted

HOUR = timedelta(hours=1)
REPORTED = NOW - 100 * HOUR


def colleague(name: str, role: Role = Role.FRONTLINE) -> Membership:
    return add_member(User.objects.create(email=f"{name}@acme.example", name=name), role, by=None)


def hour(number: float) -> datetime:
    return REPORTED + number * HOUR


def code_of(act: Callable[[], Any]) -> str:
    with pytest.raises(DomainError) as refused:
        act()
    error = refused.value
    return error.errors[0].code if isinstance(error, InvalidFieldsError) else error.code


def test_a_case_has_exactly_one_owner_whoever_comes_and_goes(acme: Company) -> None:
    """Down the whole way: taken, intake owner, one above, leader, leader above, CSO, administrator."""
    frontline, leader, cso = (acme.member(role) for role in (Role.FRONTLINE, Role.LEADER, Role.CSO))
    with tenant_scope(acme.tenant):
        north, team = acme.units["north"], acme.units["north-1"]
        case = log_case(team, REPORTED)
        ida, ole = colleague("Ida"), colleague("Ole")
        people.name_intake_owner(north, ole, by=None)
        people.name_intake_owner(team, ida, by=None)

        def owner() -> Membership | None:
            case.refresh_from_db()
            found = owner_of(case)
            assert found is not None
            # The lists say the same as the page.
            assert [one for one in Membership.objects.all() if Case.objects.filter(held_by(one)).exists()] == [found]
            return found

        take_case(case, by=frontline, now=NOW)
        assert owner() == frontline
        end_membership(frontline, by=None, now=NOW)
        assert owner() == ida
        end_membership(ida, by=None, now=NOW)
        assert owner() == ole
        end_membership(ole, by=None, now=NOW)
        assert owner() == leader  # of north, the unit above
        end_membership(leader, by=None, now=NOW)
        assert owner() == cso
        second = colleague("Cleo", Role.CSO)
        assert owner() == cso
        end_membership(cso, by=None, now=NOW)
        assert owner() == second
        end_membership(second, by=None, now=NOW)
        assert owner() == acme.member(Role.ADMINISTRATOR)


def test_a_person_who_cannot_sign_in_leads_and_owns_nothing(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        person = people.add_person("No Account", by=None)
        people.name_leader(acme.units["north-1"], person, date(2024, 1, 1), by=None)
        assert owner_of(log_case(acme.units["north-1"], REPORTED)) == acme.member(Role.LEADER)
        Person.objects.filter(pk=person.pk).update(member=colleague("Neo"))
        assert str(owner_of(Case.objects.get())) == "Neo (Frontline)"


def test_owners_of_many_cases_take_two_queries(
    acme: Company, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with tenant_scope(acme.tenant):
        for unit in acme.units.values():
            log_case(unit, REPORTED)
        take_case(log_case(acme.units["south"], REPORTED), by=acme.member(Role.EXECUTIVE), now=NOW)
        cases = list(Case.objects.select_related("unit").order_by("id"))
        with django_assert_num_queries(2):
            owners = owners_of(cases)
            found = [(case.unit.code, owners[case.pk].label) for case in cases]
        assert found == [
            ("top", "Acme Chief Serving Officer"),
            ("north", "Acme Leader"),
            ("south", "Acme Chief Serving Officer"),
            ("north-1", "Acme Leader"),
            ("north-2", "Acme Leader"),
            ("south", "Acme Executive"),
        ]
        assert Case.objects.filter(held_by(acme.member(Role.LEADER))).count() == 3
        assert owners_of([]) == {}


def test_a_workspace_keeps_an_administrator(acme: Company) -> None:
    first = acme.member(Role.ADMINISTRATOR)
    with tenant_scope(acme.tenant):
        assert code_of(lambda: end_membership(first, by=None, now=NOW)) == "last_administrator"
        assert code_of(lambda: change_role(first, Role.CSO, by=None)) == "last_administrator"
        change_role(first, Role.ADMINISTRATOR, by=None)
        second = colleague("Adam", Role.ADMINISTRATOR)
        end_membership(first, by=None, now=NOW)
        assert code_of(lambda: end_membership(second, by=None, now=NOW)) == "last_administrator"


@pytest.mark.django_db(transaction=True)
def test_of_two_administrators_who_go_at_once_one_stays(acme: Company) -> None:
    first = acme.member(Role.ADMINISTRATOR)
    with tenant_scope(acme.tenant):
        second = colleague("Adam", Role.ADMINISTRATOR)
    assert at_once_sorted(
        acme,
        lambda: end_membership(first, by=None, now=NOW),
        lambda: change_role(second, Role.CSO, by=None),
    ) == ["done", "last_administrator"]


def test_an_intake_owner_can_work_and_is_kept_in_the_audit(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        north, auditor = acme.units["north"], acme.member(Role.AUDITOR)
        assert code_of(lambda: people.name_intake_owner(north, auditor, by=None)) == "cannot_work_cases"
        with pytest.raises(PermissionDenied):
            people.name_intake_owner(north, None, by=acme.member(Role.LEADER))
        viewer = colleague("Ida")
        case = log_case(acme.units["north-2"], REPORTED)
        assert not visible_cases(viewer).exists()
        people.name_intake_owner(north, viewer, by=None)
        assert list(visible_cases(viewer)) == [case]
        entry = AuditEntry.objects.get(act="name_intake_owner")
        assert (entry.subject, entry.details) == ("north", {"before": None, "after": "Ida@acme.example"})


def test_a_case_is_taken_once_handed_over_and_reset_by_a_move(acme: Company) -> None:
    frontline, leader, cso = (acme.member(role) for role in (Role.FRONTLINE, Role.LEADER, Role.CSO))
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], REPORTED)
        case = take_case(case, by=frontline, now=NOW, at=hour(1))
        assert case in visible_cases(frontline)
        assert take_case(case, by=frontline, now=NOW).revision == case.revision
        assert code_of(lambda: take_case(case, by=leader, now=NOW)) == "taken"
        assert code_of(lambda: take_case(case, by=None, now=NOW)) == "required"
        assert code_of(lambda: hand_over(case, acme.member(Role.AUDITOR), by=leader, now=NOW)) == "cannot_work_cases"
        assert code_of(lambda: hand_over(case, leader, by=None, now=NOW, at=hour(0.5))) == "before_last_owner"
        assert code_of(lambda: hand_over(case, leader, by=None, now=NOW, at=NOW + HOUR)) == "in_the_future"
        case = hand_over(case, leader, by=frontline, now=NOW, at=hour(2), note="She speaks Cree")
        assert owner_of(case) == leader
        case = actions.move_case(case, acme.units["top"], by=leader, now=NOW, at=hour(3))
        assert (case.owner, owner_of(case)) == (None, cso)
        assert code_of(lambda: actions.move_case(case, acme.units["south"], by=None, now=NOW, at=hour(2))) == (
            "before_last_owner"
        )
        assert [(line.kind, (line.at - REPORTED) / HOUR, line.note, line.changes) for line in case_log(case)[1:]] == [
            ("taken", 1, "", {"owner": "Acme Frontline"}),
            ("handed_over", 2, "She speaks Cree", {"owner": ["Acme Frontline", "Acme Leader"]}),
            ("moved", 3, "", {"unit": ["south", "top"]}),
        ]
        end_membership(leader, by=None, now=NOW)
        case = take_case(hand_over(case, frontline, by=None, now=NOW), by=frontline, now=NOW)
        end_membership(frontline, by=None, now=NOW)
        assert take_case(case, by=cso, now=NOW).owner == cso  # who left has it no more


@pytest.mark.django_db(transaction=True)
def test_of_those_who_take_a_case_at_once_one_has_it(acme: Company) -> None:
    takers = [acme.member(role) for role in (Role.FRONTLINE, Role.LEADER, Role.EXECUTIVE, Role.CSO)]
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], REPORTED)
    outcome = at_once_sorted(acme, *(lambda taker=taker: take_case(case, by=taker, now=NOW) for taker in takers))
    assert outcome == ["done"] + ["taken"] * 3
    with tenant_scope(acme.tenant):
        assert CaseEvent.objects.get().member_id == Case.objects.get().owner_id


@pytest.mark.django_db(transaction=True)
def test_a_closing_and_a_reopening_at_once_leave_a_case_that_could_be(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], REPORTED, fixed_after=HOUR)
    assert at_once_sorted(
        acme,
        lambda: close_case(case, by=None, at=hour(5), now=NOW, solution="put_right"),
        lambda: actions.reopen_case(case, by=None, at=hour(4), now=NOW, note="No"),
    ) == ["done", "done"]
    with tenant_scope(acme.tenant):
        case = Case.objects.get()
        last = CaseEvent.objects.order_by("-id").values_list("kind", flat=True)[0]
        assert (case.is_open, case.closed_at is None, case.solution == "") == ((last == "reopened"),) * 3
        assert (case.times_undone, case.first_fixed_at) == (1, hour(1))


def held(case: Case, now: datetime = NOW) -> list[tuple[str, float, float | None, float]]:
    """Unit, from and until which hour after the report, and for how many hours."""
    return [
        (
            each.unit_name,
            (each.since - REPORTED) / HOUR,
            (each.until - REPORTED) / HOUR if each.until else None,
            each.seconds / 3_600,
        )
        for each in custody(case, now=now)
    ]


def test_a_log_replayed_gives_each_unit_its_time_and_the_case_its_figures(acme: Company) -> None:
    """A service desk's log: reassigned twice, resolved, closed later, reopened, bounced back, resolved, closed."""
    desk, floor, store = acme.units["top"], acme.units["north"], acme.units["south"]
    with tenant_scope(acme.tenant):
        case = log_case(desk, REPORTED, occurred_at=hour(-2))
        assert held(case, now=hour(2)) == [("Top", 0, None, 2)]
        case = actions.move_case(case, floor, by=None, now=NOW, at=hour(4))
        case = actions.move_case(case, store, by=None, now=NOW, at=hour(10))
        assert held(case, now=hour(12)) == [("Top", 0, 4, 4), ("North", 4, 10, 6), ("South", 10, None, 2)]
        case = actions.fix_case(case, by=None, at=hour(21), now=NOW)
        case = close_case(case, by=None, at=hour(45), now=NOW, solution="put_right")
        assert held(case) == [("Top", 0, 4, 4), ("North", 4, 10, 6), ("South", 10, 21, 11)]
        # 23 h after the mistake: in time, though closed 24 h later.
        assert (case.recovered_24h, case.recovered_24h_reported, case.seconds_to_recover) == (True, True, 23 * 3_600)
        case = actions.reopen_case(case, by=None, at=hour(50), now=NOW, note="Again")
        case = actions.move_case(case, floor, by=None, now=NOW, at=hour(52))
        case = actions.fix_case(case, by=None, at=hour(60.5), now=NOW)
        case = close_case(case, by=None, at=hour(61), now=NOW, solution="explained")
        case = actions.move_case(case, desk, by=None, now=NOW, at=hour(70))  # tidied up; nobody waits any more
        assert held(case) == [
            ("Top", 0, 4, 4),
            ("North", 4, 10, 6),
            ("South", 10, 52, 42),
            ("North", 52, 60.5, 8.5),
        ]
        assert sum(each.seconds for each in custody(case, now=NOW)) == 60.5 * 3_600
        assert (case.recovered_24h, case.undone_in_14d, case.times_undone) == (False, True, 1)
        assert (case.first_fixed_at, case.fixed_at, case.closed_at) == (hour(21), hour(60.5), hour(61))
        assert case.seconds_to_recover == 62.5 * 3_600


def test_custody_reads_what_bulk_loads_wrote_now_and_then(acme: Company) -> None:
    north, south = acme.units["north"], acme.units["south"]
    with tenant_scope(acme.tenant):
        row = {"external_id": "T-1", "unit": "north", "reported_at": REPORTED.isoformat()}
        assert load(row, now=NOW) == ["created"]
        ada = colleague("Ada")
        take_case(Case.objects.get(), by=ada, now=NOW)
        moved = {"external_id": "T-1", "unit": "south", "cause": "Mislaid", "customer": "crm-1", "channel": "web"}
        assert load(moved, now=NOW) == ["updated"]
        case = Case.objects.get()
        assert case.owner is None
        assert case_log(case)[-1].changes == {
            "unit": ["north", "south"],
            "customer": [None, str(case.customer_id)],
            "cause": [None, "Mislaid"],
            "channel": ["", "web"],
        }
        # As it was written once.
        Case.objects.update(unit=north)
        CaseEvent.objects.create(
            case=case, kind="moved", at=NOW + HOUR, changes={"unit_id": [str(south.pk), str(north.pk)]}
        )
        assert held(case, now=NOW + 3 * HOUR) == [
            ("North", 0, 100, 100),
            ("South", 100, 101, 1),
            ("North", 101, None, 2),
        ]
        # Moved and fixed by one line.
        load({"external_id": "T-1", "unit": "top", "fixed_at": hour(30).isoformat()}, now=NOW)
        case.refresh_from_db()
        assert held(case) == [("North", 0, 30, 30)]


def load(*rows: dict[str, Any], now: datetime) -> list[str]:
    return [outcome.status for outcome in load_cases(list(enumerate(rows, 1)), Reading(), by=None, now=now)]


def test_a_fix_that_comes_after_the_closing_is_refused_by_its_line(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        row = {"external_id": "T-1", "unit": "north", "reported_at": REPORTED.isoformat()}
        load(row | {"fixed_at": hour(2).isoformat()}, now=NOW)
        close_case(Case.objects.get(), by=None, at=hour(3), now=NOW, solution="put_right")
        (outcome,) = load_cases(
            [(1, {"external_id": "T-1", "fixed_at": hour(4).isoformat()})], Reading(), by=None, now=NOW
        )
        assert [(error.field, error.code) for error in outcome.errors] == [("fixed_at", "after_closed")]


def test_custody_of_a_moment_and_of_a_part_of_a_second(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        at_once_fixed = log_case(acme.units["south"], REPORTED, fixed_after=timedelta(0))
        assert held(at_once_fixed) == [("South", 0, 0, 0)]
        case = log_case(acme.units["south"], REPORTED)
        for number, unit in enumerate(("north", "top", "south"), 1):
            at = REPORTED + timedelta(milliseconds=400 * number)
            case = actions.move_case(case, acme.units[unit], by=None, now=NOW, at=at)
        case = actions.fix_case(case, by=None, at=REPORTED + timedelta(milliseconds=1_600), now=NOW)
        assert sum(each.seconds for each in custody(case, now=NOW)) == case.seconds_to_recover == 2


def test_units_are_asked_for_their_part_and_see_the_case_until_it_is_done(acme: Company) -> None:
    frontline, leader = acme.member(Role.FRONTLINE), acme.member(Role.LEADER)
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], REPORTED)
        assert not visible_cases(frontline).exists()
        asked: dict[str, Any] = {"unit": acme.units["north-1"], "by": None, "now": NOW}
        assert code_of(lambda: add_task(case, what=" ", due_at=NOW + HOUR, **asked)) == "required"
        assert code_of(lambda: add_task(case, what="x" * 301, due_at=NOW + HOUR, **asked)) == "too_long"
        assert code_of(lambda: add_task(case, what="Look", due_at=NOW, **asked)) == "in_the_past"
        task = add_task(case, what="Look on carousel 4", due_at=NOW + HOUR, **asked)
        assert list(visible_cases(frontline)) == list(visible_cases(leader)) == [case]
        assert code_of(lambda: finish_task(task, by=None, now=NOW, at=NOW - HOUR)) == "before_asked"
        task = finish_task(task, by=frontline, now=NOW + 2 * HOUR, at=NOW + HOUR)
        assert (task.done_at, task.done_by) == (NOW + HOUR, frontline)
        assert not visible_cases(frontline).exists()
        assert code_of(lambda: finish_task(task, by=None, now=NOW + HOUR)) == "task_done"
        assert code_of(lambda: cancel_task(task, by=None, now=NOW + HOUR)) == "task_done"
        needless = cancel_task(add_task(case, what="Call", due_at=NOW + HOUR, **asked), by=None, now=NOW)
        assert code_of(lambda: finish_task(needless, by=None, now=NOW)) == "task_cancelled"
        assert [(line.kind, line.note, line.changes["asked_of"]) for line in case_log(case)[1:]] == [
            ("task_added", "Look on carousel 4", "North-1"),
            ("task_done", "Look on carousel 4", "North-1"),
            ("task_added", "Call", "North-1"),
            ("task_cancelled", "Call", "North-1"),
        ]


@pytest.mark.django_db(transaction=True)
def test_a_task_is_done_once(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], REPORTED)
        task = add_task(case, unit=acme.units["north"], what="Look", due_at=NOW + HOUR, by=None, now=NOW)
    finish = lambda: finish_task(task, by=None, now=NOW + HOUR)  # noqa: E731
    assert at_once_sorted(acme, finish, finish, lambda: cancel_task(task, by=None, now=NOW + HOUR))[0] == "done"
    with tenant_scope(acme.tenant):
        assert CaseEvent.objects.filter(kind__in=["task_done", "task_cancelled"]).count() == 1
        task = CaseTask.objects.get()
        assert (task.done_at is None) != (task.cancelled_at is None)


def test_whoever_takes_the_punch_owns_the_case_and_nothing_marks_who_let_it_go(acme: Company) -> None:
    frontline, leader = acme.member(Role.FRONTLINE), acme.member(Role.LEADER)
    with tenant_scope(acme.tenant):
        case = take_case(log_case(acme.units["north-1"], REPORTED), by=frontline, now=NOW, at=hour(1))
        key, _ = create_api_key(acme.tenant, "Desk", ("cases:write",), by=None)
        assert code_of(lambda: take_punch(case, by=key, now=NOW)) == "required"
        case = take_punch(case, by=leader, now=NOW, at=hour(2))
        assert owner_of(case) == leader
        event = CaseEvent.objects.order_by("id").last()
        assert event is not None
        # Told as any case that somebody takes, and without whom it was taken from.
        assert (event.kind, event.member, event.note, event.changes) == ("taken", leader, "", {"owner": "Acme Leader"})
        assert not CaseEvent.objects.filter(kind="handed_over").exists()
        assert take_punch(case, by=leader, now=NOW).revision == case.revision


def test_a_support_note_is_its_authors_alone(acme: Company) -> None:
    frontline = acme.member(Role.FRONTLINE)
    with tenant_scope(acme.tenant):
        ana = save_customer(Customer(), by=None, name="Ana Reyes")
        case = log_case(acme.units["north-1"], REPORTED, customer=ana)
        key, _ = create_api_key(acme.tenant, "Desk", ("cases:write", "cases:read"), by=None)
        for refused in (acme.member(Role.AUDITOR), key):
            with pytest.raises(NotAllowedError):
                write_support_note(case, "Mine", by=refused, now=NOW)  # type: ignore[arg-type]
        assert code_of(lambda: write_support_note(case, " ", by=frontline, now=NOW)) == "required"
        assert code_of(lambda: write_support_note(case, "x" * 2_001, by=frontline, now=NOW)) == "too_long"
        revision = Case.objects.get().revision
        write_support_note(case, "He shouted at me for an hour", by=frontline, now=NOW)
        assert [note.text for note in support_notes(frontline, case)] == ["He shouted at me for an hour"]
        others: list[Actor] = [member for member in acme.members.values() if member != frontline]
        for viewer in [*others, key]:
            assert not support_notes(viewer, case).exists()
        # No trace of it on the case.
        assert (Case.objects.get().revision, CaseEvent.objects.count()) == (revision, 0)
        # It may tell who the customer was, and goes with them.
        erase_customer(ana, by=None, now=NOW)
        assert "shouted" not in "".join(SupportNote.objects.values_list("text", flat=True))


def test_a_merged_case_takes_no_act_and_names_the_other(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        case, other = log_case(acme.units["south"], REPORTED), log_case(acme.units["south"], REPORTED)
        Case.objects.filter(pk=case.pk).update(merged_into=other)
        acts: list[Callable[[], Any]] = [
            lambda: take_case(case, by=acme.member(Role.CSO), now=NOW),
            lambda: close_case(case, by=None, at=NOW, now=NOW, solution="put_right"),
            lambda: actions.move_case(case, acme.units["north"], by=None, now=NOW),
        ]
        for act in acts:
            with pytest.raises(ConflictError, match=other.reference) as refused:
                act()
            assert refused.value.code == "merged"
