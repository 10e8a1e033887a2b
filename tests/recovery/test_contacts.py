"""The second clock: what the customer is owed next, and by when."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from cso.customers.actions import save_customer
from cso.customers.models import Customer
from cso.errors import InvalidFieldsError
from cso.recovery import actions
from cso.recovery.clocks import ContactsMade, contact_owed
from cso.recovery.contact_clock import reset_all_contact_clocks, reset_contact_clock, reset_contact_clocks
from cso.recovery.contacts import record_contact
from cso.recovery.customer_page import answer_questions
from cso.recovery.loading.cases import load_cases
from cso.recovery.loading.rows import Reading
from cso.recovery.models import Case, CaseEvent, Contact
from cso.recovery.queries import case_log
from cso.recovery.settings import recovery_settings
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.personas import NOW, Company, log_case

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
REPORTED = NOW - 100 * HOUR
TIMES = {"acknowledge": HOUR, "status": 8 * HOUR, "resolution": 2 * HOUR, "follow_up": 72 * HOUR}

# Hours after the report: fixed, undone, last contact, resolution told, follow-up made; and what is owed, by which hour.
OWED: list[tuple[dict[str, float], tuple[str, float] | None]] = [
    ({}, ("acknowledge", 1)),
    ({"last": 0.5}, ("status", 8.5)),
    ({"last": 30}, ("status", 38)),
    ({"fixed": 5}, ("resolution", 7)),
    ({"fixed": 5, "last": 4, "resolution": 4}, ("resolution", 7)),
    ({"fixed": 5, "last": 5, "resolution": 5}, ("follow_up", 77)),
    ({"fixed": 5, "last": 90, "resolution": 6, "follow_up": 90}, None),
    # Whoever asks how it went has told that it is fixed.
    ({"fixed": 5, "last": 20, "follow_up": 20}, None),
    ({"undone": 20, "last": 6, "resolution": 6}, ("status", 28)),
    ({"undone": 20, "last": 21, "resolution": 6}, ("status", 29)),
    ({"undone": 20}, ("status", 28)),
    ({"fixed": 30, "undone": 20, "last": 6, "resolution": 6}, ("resolution", 32)),
    ({"fixed": 30, "undone": 20, "last": 31, "resolution": 31}, ("follow_up", 102)),
    ({"fixed": 30, "undone": 20, "last": 31, "resolution": 31, "follow_up": 19}, ("follow_up", 102)),
    # Who has answered about the fix knows how it stands; about an earlier fix, not.
    ({"fixed": 5, "answered": 20}, None),
    ({"fixed": 30, "undone": 20, "answered": 20}, ("resolution", 32)),
    # It was fixed when it came here: who was told what is not known, and nothing is owed.
    ({"fixed": 5, "here": False}, None),
    ({"undone": 20, "here": False}, ("status", 28)),
]


def hour(told: dict[str, float], name: str) -> datetime | None:
    return REPORTED + told[name] * HOUR if name in told else None


@pytest.mark.parametrize(("told", "expected"), OWED)
def test_what_is_owed_next(told: dict[str, float], expected: tuple[str, float] | None) -> None:
    made = ContactsMade(hour(told, "last"), hour(told, "resolution"), hour(told, "follow_up"))
    owed = contact_owed(
        reported_at=REPORTED,
        fixed_at=hour(told, "fixed"),
        fixed_here=bool(told.get("here", True)),
        undone_at=hour(told, "undone"),
        made=made,
        answered_at=hour(told, "answered"),
        times=TIMES,
    )
    assert owed == (None if expected is None else (expected[0], REPORTED + expected[1] * HOUR))


def someone(**fields: Any) -> Customer:
    return save_customer(Customer(), by=None, **{"name": "Ana Reyes"} | fields)


def owed_of(case: Case) -> tuple[str, float | None]:
    """What is owed, and how many hours after the report it is due."""
    case.refresh_from_db()
    due = case.next_contact_due_at
    return case.next_contact, (due - REPORTED) / HOUR if due else None


def test_each_act_sets_the_clock_of_the_contacts(acme: Company) -> None:
    frontline = acme.member(Role.FRONTLINE)
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["north-1"], REPORTED)
        assert owed_of(case) == ("", None)  # nobody knows whom to tell
        actions.correct_case(case, by=None, now=NOW, customer=someone())
        assert owed_of(case) == ("acknowledge", 1)
        actions.correct_case(case, by=None, now=NOW, reported_at=REPORTED - HOUR)
        assert owed_of(case) == ("acknowledge", 0)
        contact = record_contact(
            case, "acknowledge", by=frontline, at=REPORTED + HOUR, now=NOW, channel="phone", note="Rang her"
        )
        assert (contact.member, contact.at, contact.channel) == (frontline, REPORTED + HOUR, "phone")
        assert owed_of(case) == ("status", 9)
        # A contact that is told late does not set the clock back.
        record_contact(case, "status", by=None, at=REPORTED, now=NOW)
        assert owed_of(case) == ("status", 9)
        actions.fix_case(case, by=None, at=REPORTED + 10 * HOUR, now=NOW)
        assert owed_of(case) == ("resolution", 12)
        record_contact(case, "resolution", by=None, at=REPORTED + 11 * HOUR, now=NOW)
        assert owed_of(case) == ("follow_up", 82)
        actions.dispute_case(case, by=None, at=REPORTED + 20 * HOUR, now=NOW, note="No")
        assert owed_of(case) == ("status", 28)
        actions.fix_case(case, by=None, at=REPORTED + 22 * HOUR, now=NOW)
        assert owed_of(case) == ("resolution", 24)
        answer_questions(case, is_fixed=True, apology=True, surprised=None, words="", now=NOW - HOUR)
        assert owed_of(case) == ("", None)
        actions.reopen_case(case, by=None, at=NOW, now=NOW, note="Came back")
        actions.fix_case(case, by=None, at=NOW, now=NOW)
        assert owed_of(case)[0] == "resolution"
        record_contact(case, "follow_up", by=None, at=None, now=NOW)
        assert owed_of(case) == ("", None)
        actions.correct_case(case, by=None, now=NOW, customer=None)
        assert owed_of(case) == ("", None)
        told = [(line.kind, line.note, line.changes) for line in case_log(case) if line.kind == "contacted"]
        assert told[0] == ("contacted", "Rang her", {"contact": "acknowledge", "channel": "phone"})
        assert [changes["contact"] for _, _, changes in told] == ["acknowledge", "status", "resolution", "follow_up"]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"kind": "shout"}, ("kind", "unknown")),
        ({"channel": "pigeon"}, ("channel", "unknown")),
        ({"note": "x" * 2_001}, ("note", "too_long")),
        ({"at": NOW + 61 * MINUTE}, ("at", "in_the_future")),
        ({"at": REPORTED - timedelta(microseconds=1)}, ("at", "before_opened")),
    ],
)
def test_a_contact_that_cannot_be_is_refused(acme: Company, values: dict[str, Any], code: tuple[str, str]) -> None:
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], REPORTED, customer=someone())
        told: dict[str, Any] = {"kind": "status", "by": None, "at": NOW, "now": NOW} | values
        with pytest.raises(InvalidFieldsError) as refused:
            record_contact(case, **told)
        assert [(error.field, error.code) for error in refused.value.errors] == [code]
        assert not Contact.objects.exists()


def test_a_contact_told_with_the_report_stands_though_the_callers_clock_is_ahead(acme: Company) -> None:
    ahead = NOW + timedelta(seconds=30)
    with tenant_scope(acme.tenant):
        case = actions.open_case(by=None, unit=acme.units["south"], reported_at=ahead, customer=someone(), now=NOW)
        assert record_contact(case, "acknowledge", by=None, at=None, now=NOW).at == ahead


def load(*rows: dict[str, Any]) -> list[str]:
    return [outcome.status for outcome in load_cases(list(enumerate(rows, 1)), Reading(), by=None, now=NOW)]


def test_a_bulk_load_sets_the_clock_as_acts_do(acme: Company) -> None:
    told = {"unit": "south", "reported_at": REPORTED.isoformat()}
    fixed = {"fixed_at": (REPORTED + 5 * HOUR).isoformat()}
    with tenant_scope(acme.tenant):
        someone(external_id="crm-1")
        load(
            {"external_id": "open", "customer": "crm-1"} | told,
            {"external_id": "anonymous"} | told,
            {"external_id": "fixed", "customer": "crm-1"} | told | fixed,
        )

        def owed() -> list[tuple[str, float | None]]:
            return [owed_of(Case.objects.get(external_id=name)) for name in ("open", "anonymous", "fixed")]

        assert owed() == [("acknowledge", 1), ("", None), ("", None)]
        # The customer becomes known; a report is corrected; a fix that came with its case is corrected.
        load(
            {"external_id": "anonymous", "customer": "crm-1"},
            {"external_id": "open", "reported_at": (REPORTED - HOUR).isoformat()},
            {"external_id": "fixed", "fixed_at": (REPORTED + 6 * HOUR).isoformat()},
        )
        assert owed() == [("acknowledge", 0), ("acknowledge", 1), ("", None)]
        record_contact(Case.objects.get(external_id="open"), "status", by=None, at=REPORTED + 2 * HOUR, now=NOW)
        assert owed()[0] == ("status", 10)
        load({"external_id": "open"} | fixed, {"external_id": "anonymous", "summary": "No bag"})
        assert owed() == [("resolution", 7), ("acknowledge", 1), ("", None)]
        # Taken up again after all: now it is ours to tell.
        late = Case.objects.get(external_id="fixed")
        actions.dispute_case(late, by=None, at=REPORTED + 20 * HOUR, now=NOW, note="No")
        assert owed_of(late) == ("status", 28)


def test_other_times_hold_for_every_case_that_is_open_or_owes(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        ana = someone()
        logged = log_case(acme.units["south"], REPORTED, customer=ana)
        told = log_case(acme.units["south"], REPORTED, customer=ana)
        record_contact(told, "acknowledge", by=None, at=REPORTED + HOUR, now=NOW)
        fixed = log_case(acme.units["south"], REPORTED, customer=ana, fixed_after=2 * HOUR)
        done = log_case(acme.units["south"], REPORTED, customer=ana, fixed_after=2 * HOUR)
        record_contact(done, "follow_up", by=None, at=NOW, now=NOW)
        promised = recovery_settings()
        promised.acknowledge_minutes, promised.status_minutes, promised.resolution_minutes = 30, 60, 90
        promised.save()
        reset_all_contact_clocks()
        assert [owed_of(case) for case in (logged, told, fixed, done)] == [
            ("acknowledge", 0.5),
            ("status", 2),
            ("resolution", 3.5),
            ("", None),
        ]


def test_one_case_at_a_time_or_all_at_once_the_clock_is_the_same(acme: Company) -> None:
    """Whatever happened to sixty cases, in whatever order: both forms of the rule agree on each."""
    dice = Random(4)
    with tenant_scope(acme.tenant):
        ana = someone()
        for _ in range(60):
            case = log_case(acme.units["south"], REPORTED, customer=dice.choice([ana, ana, ana, None]))
            _live(case, dice)
        gone = Customer.objects.create(erased_at=NOW)
        Case.objects.filter(pk__in=list(Case.objects.values_list("pk", flat=True)[:5])).update(customer=gone)
        Case.objects.filter(fixed_at=None).update(next_contact="status", next_contact_due_at=NOW)
        reset_all_contact_clocks()
        kinds = set()
        for case in Case.objects.all():
            kept = (case.next_contact, case.next_contact_due_at)
            reset_contact_clock(case)
            assert (case.next_contact, case.next_contact_due_at) == kept
            kinds.add((case.is_open, kept[0]))
        assert kinds == {
            (True, ""),
            (True, "acknowledge"),
            (True, "status"),
            (False, ""),
            (False, "resolution"),
            (False, "follow_up"),
        }


def _live(case: Case, dice: Random) -> None:
    """Up to five things that happen to a case one hour after the other, each written as the acts would."""
    at, events, contacts = REPORTED, [], []
    for _ in range(dice.randrange(6)):
        at += dice.randrange(3) * HOUR
        act = dice.choice(
            ["acknowledge", "status", "resolution", "resolution", "follow_up", *["fix"] * 3, "arrive fixed"]
        )
        if "fix" not in act:
            contacts.append(Contact(case=case, kind=act, at=at))
        elif case.is_open:
            case.first_fixed_at, case.fixed_at = case.first_fixed_at or at, at
            events += [CaseEvent(case=case, kind="fixed", at=at)] if act == "fix" else []
        else:
            case.first_undone_at, case.times_undone, case.fixed_at = case.first_undone_at or at, 1, None
            events.append(CaseEvent(case=case, kind=dice.choice(["reopened", "disputed"]), at=at))
    if case.fixed_at is not None and dice.random() < 0.3:
        case.answered_at, case.said_fixed = case.fixed_at + dice.choice([-1, 0, 1]) * HOUR, True
    answer = ["answered_at", "said_fixed"]
    case.save(update_fields=["first_fixed_at", "fixed_at", "first_undone_at", "times_undone", *answer])
    CaseEvent.objects.bulk_create(events)
    Contact.objects.bulk_create(contacts)
    reset_contact_clocks([case.pk])
