"""The right to act: what fits is given, what does not is asked for, and no race, split or clock passes a limit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.exceptions import PermissionDenied
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cso.customers.actions import save_customer
from cso.customers.models import Customer
from cso.errors import ConflictError, InvalidFieldsError, NotAllowedError
from cso.outbox.models import OutgoingMail
from cso.people import actions as people
from cso.people.models import Person
from cso.recovery import actions
from cso.recovery.authority import (
    Room,
    authority_of,
    cost_below,
    cost_of,
    decide_remedy,
    give_remedy,
    room_left,
    set_authority,
    withdraw_remedy,
)
from cso.recovery.models import Case, Remedy
from cso.recovery.settings import recovery_settings, set_recovery
from tenants.members import add_member
from tenants.models import AuditEntry, User
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.personas import NOW, Company, log_case
from tests.threads import at_once_sorted

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
GIVEN, ASKED = Remedy.Status.GIVEN, Remedy.Status.ASKED


def codes(refused: pytest.ExceptionInfo[InvalidFieldsError]) -> list[tuple[str, str]]:
    return [(error.field, error.code) for error in refused.value.errors]


def agent(company: Company, name: str = "Ana Agent", role: Role = Role.FRONTLINE) -> Person:
    """A member of the post "Agent", who may give 100.00 CAD on a case, 250.00 a day, and two exceptions."""
    email = f"{name.split()[0].lower()}@{company.tenant.slug}.example"
    member = add_member(User.objects.create(email=email, name=name, password="!"), role, by=None)
    person = people.add_person(name, by=None, position="Agent", unit=company.units["north-1"], member=member)
    assert person.position is not None
    set_authority(
        person.position,
        by=None,
        currency="CAD",
        per_case_minor=100_00,
        per_day_minor=250_00,
        exceptions=["Late check-out", "waive  the fee"],
    )
    return person


def give(case: Case, person: Person, minor: int, *, at: datetime = NOW, **what: Any) -> Remedy:
    return give_remedy(case, person=person, by=person.member, now=at, amount_minor=minor, **what)


def case_of(company: Company, unit: str = "north-1", at: datetime = NOW - HOUR) -> Case:
    return log_case(company.units[unit], at)


def test_what_fits_is_given_and_recorded_and_a_cent_more_is_asked_for(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        ana = agent(acme)
        exact, above = case_of(acme), case_of(acme)
        fits = give(exact, ana, 100_00, note=" A taxi home ")
        assert (fits.status, fits.on_own_authority, fits.asked_at) == (GIVEN, True, None)
        assert (fits.given_at, fits.day, fits.currency, fits.note) == (NOW, date(2026, 3, 18), "CAD", "A taxi home")
        assert (fits.unit, fits.member, fits.api_key) == (acme.units["north-1"], ana.member, None)
        asked = give(above, ana, 100_01)
        assert (asked.status, asked.on_own_authority, asked.given_at, asked.asked_at) == (ASKED, False, None, NOW)
        # What is asked for takes no room.
        assert room_left(ana, above, now=NOW) == Room("CAD", 100_00, 150_00, ("Late check-out", "waive the fee"))
        assert room_left(ana, exact, now=NOW).case_minor == 0
        kinds = {case.pk: list(case.events.values_list("kind", "changes")) for case in (exact, above)}
        assert kinds == {
            exact.pk: [("remedy_given", {"amount_minor": 10000, "currency": "CAD"})],
            above.pk: [("approval_asked", {"amount_minor": 10001, "currency": "CAD"})],
        }
        for case, times in ((exact, 0), (above, 1)):
            case.refresh_from_db()
            assert (case.approvals_asked, case.within_own_authority) == (times, times == 0)


def test_a_sum_cannot_be_split_over_gifts_colleagues_or_a_merged_duplicate(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        ana, bo = agent(acme), agent(acme, "Bo Agent")
        case, duplicate = case_of(acme), case_of(acme)
        assert [give(case, ana, minor).status for minor in (60_00, 40_00, 1)] == [GIVEN, GIVEN, ASKED]
        assert give(case, bo, 1).status == ASKED
        give(duplicate, bo, 70_00)
        survivor = case_of(acme)
        Case.objects.filter(pk=duplicate.pk).update(merged_into=survivor)
        assert [give(survivor, bo, minor).status for minor in (30_01, 30_00)] == [ASKED, GIVEN]
        assert cost_of(survivor) == {"CAD": 100_00}
        with pytest.raises(ConflictError) as refused:
            give(duplicate, bo, 1)
        assert refused.value.code == "merged"


def test_a_day_is_the_workspaces_own_and_may_have_23_hours(acme: Company) -> None:
    """Midnight in Toronto, on the day of which the clocks went forward: 05:00 UTC, and 23 hours later 04:00 UTC."""
    begins, ends = datetime(2026, 3, 8, 5, tzinfo=UTC), datetime(2026, 3, 9, 4, tzinfo=UTC)
    with tenant_scope(acme.tenant):
        ana = agent(acme)

        def spend(minor: int, at: datetime) -> str:
            return give(case_of(acme, at=at - HOUR), ana, minor, at=at).status

        second = timedelta(microseconds=1)
        assert [spend(100_00, begins - second), spend(100_00, begins - second)] == [GIVEN, GIVEN]
        assert spend(50_01, begins - second) == ASKED
        assert [spend(100_00, begins), spend(100_00, ends - second), spend(50_00, begins + 12 * HOUR)] == [GIVEN] * 3
        assert spend(1, ends - second) == ASKED
        assert spend(1, ends) == GIVEN
        days = Remedy.objects.filter(status=GIVEN).order_by("given_at").values_list("day", flat=True)
        assert [day.day for day in days if day] == [7, 7, 8, 8, 8, 9]


def test_a_form_sent_twice_gives_once(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        ana, case, token = agent(acme), case_of(acme), UUID(int=7)
        assert give(case, ana, 5_00, id=token).pk == token
        for where in (case, case_of(acme)):
            with pytest.raises(ConflictError) as refused:
                give(where, ana, 5_00, id=token)
            assert refused.value.code == "sent_twice"
        assert cost_of(case) == {"CAD": 5_00}


def test_another_currency_is_refused_by_the_name_of_the_right_one(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        ana, case = agent(acme), case_of(acme)
        with pytest.raises(InvalidFieldsError) as refused:
            give(case, ana, 5_00, currency="USD")
        assert codes(refused) == [("currency", "other_currency")]
        assert "CAD" in refused.value.errors[0].message
        give(case, ana, 5_00)
        # The post's currency changes within the day: what was given in the other one cannot be counted, so one asks.
        authority = authority_of(ana)
        assert authority is not None
        set_authority(authority.position, by=None, currency="USD", per_case_minor=100_00, per_day_minor=250_00)
        assert room_left(ana, case_of(acme), now=NOW) == Room("USD", 100_00, 0, ())
        assert give(case_of(acme), ana, 5_00).status == ASKED
        assert give(case_of(acme, at=NOW + 23 * HOUR), ana, 5_00, at=NOW + 24 * HOUR).status == GIVEN
        assert give(case, ana, 5_00, at=NOW + 24 * HOUR).status == ASKED, "on this case stands another currency"


def test_an_exception_must_stand_in_the_list(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        ana, case = agent(acme), case_of(acme)
        known = give(case, ana, 0, exception=" late  CHECK-OUT ")
        assert (known.status, known.exception, known.amount_minor, known.currency) == (GIVEN, "Late check-out", 0, "")
        assert give(case, ana, 0, exception="A second night").status == ASKED
        assert cost_of(case) == {}


def test_without_an_authority_everything_is_asked_for(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        fran = Person.objects.get(name="Fran Line")
        assert (authority_of(fran), room_left(fran, case_of(acme), now=NOW)) == (None, Room("USD", 0, 0, ()))
        assert [give(case_of(acme), fran, 1).currency, give(case_of(acme), fran, 1, currency="EUR").currency] == [
            "USD",
            "EUR",
        ]
        assert Remedy.objects.filter(status=ASKED).count() == 2


@pytest.mark.parametrize(
    ("what", "found"),
    [
        ({}, [("amount_minor", "required")]),
        ({"amount_minor": 5, "exception": "Late check-out"}, [("amount_minor", "required")]),
        ({"amount_minor": -5}, [("amount_minor", "out_of_range")]),
        ({"amount_minor": 10**12 + 1}, [("amount_minor", "out_of_range")]),
        ({"amount_minor": 5, "note": "a\x00b"}, [("note", "nul")]),
        ({"amount_minor": 5, "note": "x" * 501}, [("note", "too_long")]),
        ({"exception": "x" * 81}, [("exception", "too_long")]),
        ({"exception": "\ud800"}, [("exception", "not_utf8")]),
        ({"amount_minor": 5, "at": NOW + 61 * timedelta(seconds=1)}, [("at", "in_the_future")]),
        ({"amount_minor": 5, "at": NOW - 2 * HOUR}, [("at", "before_opened")]),
    ],
)
def test_a_remedy_is_refused_by_its_fields(acme: Company, what: dict[str, Any], found: list[tuple[str, str]]) -> None:
    with tenant_scope(acme.tenant):
        ana, case = agent(acme), case_of(acme)
        with pytest.raises(InvalidFieldsError) as refused:
            give_remedy(case, person=ana, by=ana.member, now=NOW, **what)
        assert codes(refused) == found
        assert not Remedy.objects.exists()


def test_everybody_gives_in_their_own_name_and_only_who_works_on_cases(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        ana, case = agent(acme), case_of(acme)
        with pytest.raises(NotAllowedError):
            give_remedy(case, person=ana, by=acme.member(Role.LEADER), now=NOW, amount_minor=5)
        with pytest.raises(PermissionDenied):
            give_remedy(case, person=ana, by=acme.member(Role.AUDITOR), now=NOW, amount_minor=5)


def test_costs_are_summed_by_currency_below_units_and_in_time(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        ana, fran = agent(acme), Person.objects.get(name="Fran Line")
        north, south = case_of(acme, "north-1", NOW - 48 * HOUR), case_of(acme, "south")
        give(north, ana, 10_00, at=NOW - HOUR)
        give(south, ana, 20_00)
        asked = give(north, fran, 7_00, currency="EUR")
        decide_remedy(asked, by=acme.member(Role.CSO), approve=True, now=NOW)
        give(south, fran, 9_99)
        ids = {code: unit.pk for code, unit in acme.units.items()}
        assert cost_below([ids["top"]], NOW - 2 * HOUR, NOW + HOUR) == {"CAD": 30_00, "EUR": 7_00}
        assert cost_below([ids["north"]], NOW - 2 * HOUR, NOW + HOUR) == {"CAD": 10_00, "EUR": 7_00}
        assert cost_below([ids["south"]], NOW - 2 * HOUR, NOW) == {}, "up to, not including, the end"
        actions.move_case(north, acme.units["south"], by=None, now=NOW)
        assert cost_below([ids["south"]], NOW - 2 * HOUR, NOW) == {}, "what was given stays with who gave it"
        assert cost_below([], NOW - HOUR, NOW) == {}


def test_an_authority_is_set_by_who_may_and_kept_in_the_audit(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        post = acme.leader.position
        assert post is not None
        cso = acme.member(Role.CSO)
        made = set_authority(
            post, by=cso, currency="CAD", per_case_minor=0, per_day_minor=1, exceptions=["Upgrade", " UPGRADE "]
        )
        assert (made.exceptions, AuditEntry.objects.filter(act="set_authority").count()) == (["UPGRADE"], 1)
        bad: dict[str, Any] = {"currency": "cad", "per_case_minor": -1, "per_day_minor": 10**13, "exceptions": [" "]}
        with pytest.raises(InvalidFieldsError) as refused:
            set_authority(post, by=cso, **bad)
        assert codes(refused) == [
            ("currency", "not_a_currency"),
            ("exceptions", "blank"),
            ("per_case_minor", "out_of_range"),
            ("per_day_minor", "out_of_range"),
        ]
        with pytest.raises(PermissionDenied):
            set_authority(post, by=acme.member(Role.LEADER), currency="CAD", per_case_minor=1, per_day_minor=1)


def test_how_a_workspace_recovers_is_set_by_field_and_kept_in_the_audit(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        cso, south = acme.member(Role.CSO), acme.units["south"]
        chosen = set_recovery(by=cso, approval_minutes=15, currency="CAD", intake_unit=south, language="fr-ca")
        assert (chosen.approval_minutes, chosen.currency, chosen.intake_unit) == (15, "CAD", south)
        assert recovery_settings().language == "fr-ca"
        entry = AuditEntry.objects.get(act="set_recovery")
        assert entry.details == {
            "approval_minutes": [30, 15],
            "currency": ["USD", "CAD"],
            "intake_unit": [None, "south"],
            "language": ["en", "fr-ca"],
        }
        set_recovery(by=cso, approval_minutes=15)
        assert AuditEntry.objects.filter(act="set_recovery").count() == 1, "nothing new was said"
        bad: dict[str, Any] = {
            "status_minutes": 0,
            "follow_up_minutes": 10**6,
            "question_rest_days": 0,
            "currency": "C$",
            "mail_name": "x" * 121,
            "mail_address": "nobody",
            "language": "de",
        }
        with pytest.raises(InvalidFieldsError) as refused:
            set_recovery(by=cso, **bad)
        assert {error.field for error in refused.value.errors} == set(bad)
        with pytest.raises(PermissionDenied):
            set_recovery(by=acme.member(Role.LEADER), approval_minutes=1)
        asked = give(case_of(acme), Person.objects.get(name="Fran Line"), 5_00)
        assert asked.minutes_each == 15
        mail = OutgoingMail.objects.get()
        assert mail.subject == "Fran Line vous demande d’approuver : 5 CAD"


def test_new_contact_times_hold_for_what_is_owed_already(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], NOW, customer=save_customer(Customer(), by=None, name="Priya Shah"))
        case.refresh_from_db()
        assert case.next_contact_due_at == NOW + HOUR
        set_recovery(by=None, acknowledge_minutes=20)
        case.refresh_from_db()
        assert case.next_contact_due_at == NOW + 20 * MINUTE


SPENDS = st.lists(
    st.tuples(
        st.integers(0, 2),  # who
        st.integers(0, 2),  # on which case
        st.integers(1, 120_00),
        st.integers(0, 40),  # hours later
    ),
    max_size=25,
)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(spends=SPENDS)
def test_no_sequence_of_spends_passes_a_limit(acme: Company, spends: list[tuple[int, int, int, int]]) -> None:
    """Against a plain count: given exactly where both limits leave room."""
    with tenant_scope(acme.tenant):
        stamp = Person.objects.count()
        staff = [agent(acme, f"A{stamp}-{number} Agent") for number in range(3)]
        cases = [case_of(acme) for _ in range(3)]
        on_case: dict[int, int] = {}
        on_day: dict[tuple[int, date], int] = {}
        for who, where, minor, later in spends:
            at = NOW + later * HOUR
            day = at.astimezone(acme.tenant.zone).date()
            fits = on_case.get(where, 0) + minor <= 100_00 and on_day.get((who, day), 0) + minor <= 250_00
            assert give(cases[where], staff[who], minor, at=at).status == (GIVEN if fits else ASKED)
            if fits:
                on_case[where] = on_case.get(where, 0) + minor
                on_day[who, day] = on_day.get((who, day), 0) + minor


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_of_eight_spends_at_the_limit_exactly_those_that_fit_pass(self, acme: Company) -> None:
        """Eight times 30.00 on one case of 100.00, by two colleagues: three fit."""
        with tenant_scope(acme.tenant):
            staff, case = [agent(acme), agent(acme, "Bo Agent")], case_of(acme)
        assert (
            at_once_sorted(acme, *(self._gift(case, staff[number % 2], 30_00) for number in range(8))) == ["done"] * 8
        )
        with tenant_scope(acme.tenant):
            assert sorted(Remedy.objects.values_list("status", flat=True)) == ["asked"] * 5 + ["given"] * 3
            assert (cost_of(case), Case.objects.get().approvals_asked) == ({"CAD": 90_00}, 5)

    def test_one_person_on_eight_cases_at_once_does_not_pass_the_day(self, acme: Company) -> None:
        with tenant_scope(acme.tenant):
            ana, cases = agent(acme), [case_of(acme) for _ in range(8)]
        assert at_once_sorted(acme, *(self._gift(case, ana, 60_00) for case in cases)) == ["done"] * 8
        with tenant_scope(acme.tenant):
            assert sorted(Remedy.objects.values_list("status", flat=True)) == ["asked"] * 4 + ["given"] * 4

    def test_of_two_decisions_and_a_withdrawal_at_once_one_holds(self, acme: Company) -> None:
        with tenant_scope(acme.tenant):
            ana, case = agent(acme), case_of(acme)
            asked = give(case, ana, 200_00)
        lea, cso = acme.member(Role.LEADER), acme.member(Role.CSO)
        outcome = at_once_sorted(
            acme,
            lambda: decide_remedy(asked, by=lea, approve=True, now=NOW),
            lambda: decide_remedy(asked, by=cso, approve=False, now=NOW),
            lambda: withdraw_remedy(asked, by=ana.member, now=NOW),
        )
        assert outcome == ["decided_already"] * 2 + ["done"]
        with tenant_scope(acme.tenant):
            assert case.events.count() == 2

    @staticmethod
    def _gift(case: Case, person: Person, minor: int) -> Callable[[], Any]:
        return lambda: give(case, person, minor)
