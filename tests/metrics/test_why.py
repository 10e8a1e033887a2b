"""Why a share misses its target: each reason counted once more in plain Python over the cases as they are stored."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from cso.customers.models import Customer
from cso.intervals import wilson_interval
from cso.metrics.counting import Window
from cso.metrics.periods import parse_period
from cso.metrics.queries.breakdown import breakdown
from cso.metrics.queries.drilldown import facts_behind
from cso.metrics.queries.why import Missed, Reason, Why, can_tell, cases_with, missed_part, reason_of, why_missed
from cso.metrics.registry import METRICS
from cso.people.models import Unit
from cso.recovery import actions as recovery
from cso.recovery.contacts import record_contact
from cso.recovery.models import Case, CaseEvent, Contact, Remedy
from cso.rules.models import Origin, Rule
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.personas import NOW, Company, log_case

HOUR = timedelta(hours=1)
DAY = 24 * HOUR
MARCH = parse_period("2026-03")
HEADLINE = METRICS["recovered_24h"]
LATER = NOW + 40 * DAY


def by_hand(cases: list[Case], of: Callable[[Case], bool | None]) -> tuple[int, int] | None:
    """Cases and misses of which something holds; None where they do not miss more often than the others."""
    told = [(case, held) for case in cases if (held := of(case)) is not None]
    here = [case for case, held in told if held]
    rest = [case for case, held in told if not held]
    missed, others = (sum(not case.recovered_24h for case in group) for group in (here, rest))
    mine, theirs = wilson_interval(missed, len(here)), wilson_interval(others, len(rest))
    if mine is None or theirs is None or mine.low <= theirs.high:
        return None
    return len(here), missed


def in_our_hands(case: Case) -> bool:
    return bool(case.recorded_at < case.clock_start + DAY)


def waited(case: Case) -> bool | None:
    if not in_our_hands(case):
        return None
    due = case.clock_start + DAY
    return any(
        each.was_asked and each.asked_at < due and (each.decided_at is None or each.decided_at >= due)
        for each in Remedy.objects.filter(case=case)
        if each.asked_at
    )


def passed_on(case: Case) -> bool | None:
    if not in_our_hands(case):
        return None
    passes = [event for event in CaseEvent.objects.filter(case=case) if event.kind in {"moved", "handed_over"}]
    return any(event.at < case.clock_start + DAY for event in passes)


def silent(case: Case) -> bool | None:
    if not in_our_hands(case) or case.customer_id is None:
        return None
    return not any(contact.at < case.clock_start + DAY for contact in Contact.objects.filter(case=case))


def ask(unit: Unit, asked_at: datetime, decided_at: datetime | None, case: Case, company: Company) -> None:
    Remedy.objects.create(
        case=case,
        unit=unit,
        person=company.leader,
        status="asked" if decided_at is None else "refused",
        exception="Late check-out",
        on_own_authority=False,
        asked_at=asked_at,
        decided_at=decided_at,
    )
    Case.objects.filter(pk=case.pk).update(approvals_asked=1)


def customer(code: str) -> Customer:
    return Customer.objects.create(external_id=code, name=code)


@pytest.fixture
def handled(acme: Company) -> Company:
    """South in March: 20 quiet hits, and misses of every kind; one fell due in April, one is taken out."""
    unit = acme.units["south"]
    monday = datetime(2026, 3, 9, 14, tzinfo=NOW.tzinfo)  # ten in the morning in Toronto
    with tenant_scope(acme.tenant):
        rule = Rule.objects.create(title="No refund without the box", origin=Origin.HABIT)
        for number in range(20):
            case = log_case(unit, monday, fixed_after=HOUR, cause="Bags", customer=customer(f"hit-{number}"))
            record_contact(case, "acknowledge", by=None, at=monday + HOUR, now=monday + HOUR)
        for number in range(16):  # six heard nothing, and ten came in the evening
            at = monday + (10 * HOUR if number >= 6 else 0 * HOUR)
            cause = "Bags" if number % 2 else "Doors"
            case = log_case(unit, at, fixed_after=30 * HOUR, cause=cause, customer=customer(f"miss-{number}"))
            if number >= 6:
                record_contact(case, "acknowledge", by=None, at=at + DAY - HOUR, now=at + DAY)
        for number in range(12):  # waited for approval past the day, and passed on
            case = log_case(unit, monday, fixed_after=40 * HOUR)
            ask(unit, monday + HOUR, monday + DAY if number else None, case, acme)
            if number < 10:
                recovery.move_case(case, acme.units["north-2"], by=None, now=monday + 41 * HOUR, at=monday + 41 * HOUR)
                recovery.move_case(case, unit, by=None, now=monday + 42 * HOUR, at=monday + 42 * HOUR)
                CaseEvent.objects.create(case=case, kind="handed_over", at=monday + 2 * HOUR)
        quoted = log_case(unit, monday, fixed_after=30 * HOUR)
        Case.objects.filter(pk=quoted.pk).update(
            closed_at=monday + 31 * HOUR, solution="policy_quoted", quoted_rule=rule
        )
        # Loaded when its day was over: nobody here could have told its customer.
        late = log_case(unit, monday, fixed_after=30 * HOUR, customer=customer("old"))
        Case.objects.filter(pk=late.pk).update(recorded_at=monday + 50 * HOUR)
        log_case(unit, datetime(2026, 3, 31, 14, tzinfo=NOW.tzinfo), cause="Bags")
    return acme


def why(company: Company, target: Decimal | None = Decimal(90), metric: str = "recovered_24h", most: int = 20) -> Why:
    window = Window(company.units["south"].pk, *MARCH.bounds(company.tenant.zone))
    asked = Missed(METRICS[metric], [window], target)
    [found] = why_missed([asked], now=LATER, most=most)
    return found


def test_each_reason_is_what_a_count_by_hand_says_and_opens_to_as_many_cases(handled: Company) -> None:
    with tenant_scope(handled.tenant):
        start, end = MARCH.bounds(handled.tenant.zone)
        cases = [
            case
            for case in Case.objects.select_related("cause", "quoted_rule")
            if case.unit == handled.units["south"] and start <= case.clock_start + DAY < end and case.is_valid
        ]
        found = why(handled)
        misses = [case for case in cases if not case.recovered_24h]
        assert (found.counted, found.missed, len(cases)) == (len(cases), len(misses), 50)
        assert found.gap == Fraction(len(misses), len(cases)) - Fraction(1, 10)
        hours = {case.clock_start.astimezone(handled.tenant.zone).hour // 6 * 6 for case in cases}
        expected = {
            "approval": by_hand(cases, waited),
            "passed_on": by_hand(cases, passed_on),
            "silent": by_hand(cases, silent),
            **{f"hours:{h}": by_hand(cases, lambda c, h=h: _hour(c, handled) // 6 * 6 == h) for h in hours},  # type: ignore[misc]
        }
        for cause in {case.cause for case in misses}:
            of = [case for case in cases if case.cause == cause]
            key = f"cause:{cause.pk if cause else 'none'}"
            expected[key] = len(of), sum(not case.recovered_24h for case in of)
        rule = Rule.objects.get()
        expected[f"rule:{rule.pk}"] = 1, 1
        told = {reason.key: (reason.cases, reason.missed) for reason in found.reasons}
        assert told == {key: counts for key, counts in expected.items() if counts}
        assert {reason.kind for reason in found.reasons} == {
            "cause",
            "rule",
            "approval",
            "passed_on",
            "silent",
            "hours",
        }
        assert [reason.missed for reason in found.reasons] == sorted((m for _, m in told.values()), reverse=True)
        for reason in found.reasons:
            behind = facts_behind(
                handled.member(Role.CSO),
                HEADLINE,
                missed_part(HEADLINE),
                [handled.units["south"].pk],
                MARCH,
                now=LATER,
            )
            assert behind.filter(pk__in=cases_with(reason.key)).count() == reason.missed, reason.key
            named = reason_of(reason.key)
            assert (named.key, named.label) == (reason.key, reason.label)
            assert found.would_add(reason) == Fraction(reason.missed, 50)
            assert found.would_close(reason) == min(1, Fraction(reason.missed, 50) / (found.gap or 1))
        assert found.overlaps
        assert found.act == found.reasons[0].act


def _hour(case: Case, company: Company) -> int:
    return int(case.clock_start.astimezone(company.tenant.zone).hour)


def test_its_channels_are_the_parts_of_the_figure_by_channel(handled: Company) -> None:
    with tenant_scope(handled.tenant):
        for number, pk in enumerate(Case.objects.order_by("pk").values_list("pk", flat=True)):
            Case.objects.filter(pk=pk).update(channel=("phone", "chat", "")[number % 7 % 3])
        south = [handled.units["south"].pk]
        parts = breakdown(handled.member(Role.CSO), HEADLINE, south, MARCH, "channel", now=LATER)
        told = {each.channel: (each.cases, each.missed) for each in why(handled).channels}
        assert told == {part.key: (part.figure.denominator, part.figure.missed) for part in parts}
        assert set(told) == {"phone", "chat", ""}


def test_without_a_gap_nothing_is_closed_and_of_few_there_is_no_pattern(handled: Company) -> None:
    with tenant_scope(handled.tenant):
        for met in (why(handled, None), why(handled, Decimal(40))):
            assert met.gap is None
            assert met.reasons
            assert met.would_close(met.reasons[0]) is None
        north = Window(handled.units["north"].pk, *MARCH.bounds(handled.tenant.zone))
        log_case(handled.units["north-1"], NOW, fixed_after=30 * HOUR, cause="Doors")
        few, none = why_missed([Missed(HEADLINE, [north], Decimal(90)), Missed(HEADLINE, [], Decimal(90))], now=LATER)
        assert (few.missed, few.is_of_few) == (1, True)
        assert few.act == "Open the one miss: with so few cases there is no pattern yet."
        assert (none.counted, none.reasons, none.act) == (0, (), "")
        assert why_missed([], now=NOW) == []


def test_what_is_better_low_misses_by_what_it_counts_and_promises_have_the_reasons_of_their_cases(
    handled: Company,
) -> None:
    with tenant_scope(handled.tenant):
        found = why(handled, Decimal(1), "policy_quoted")
        assert (found.counted, found.missed, found.gap) == (1, 1, Fraction(99, 100))
        assert [reason.kind for reason in found.reasons] == ["cause", "rule"]
        assert missed_part(METRICS["policy_quoted"]) == "numerator"
        assert [key for key, metric in METRICS.items() if can_tell(metric)] == [
            *("recovered_24h", "recovered_24h_reported", "reopened", "not_our_failure", "surprised", "dazzled"),
            *("apology_given", "surprise_planned", "double_deviation", "promise_kept", "own_authority"),
            "policy_quoted",
        ]
        windows = [Window(handled.units["top"].pk, *MARCH.bounds(handled.tenant.zone))]
        of_all = why_missed([Missed(m, windows, Decimal(50)) for m in METRICS.values() if can_tell(m)], now=LATER)
        assert of_all[0].missed == 30


def test_what_is_no_reason_is_refused(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        for key in ("", "cause:", "rule:none", "hours:7", "attitude", "cause:x", f"rule:{acme.leader.pk}x"):
            with pytest.raises(ValueError, match=r"reason|UUID"):
                reason_of(key)
            with pytest.raises(ValueError, match=r"reason|UUID"):
                cases_with(key)


def test_each_reason_has_its_act() -> None:
    said = [
        Reason("cause", 1, 1),
        Reason("rule", 1, 1, name="Box", holds=False),
        Reason("rule", 1, 1, name="Box"),
        *(Reason(kind, 1, 1) for kind in ("approval", "passed_on", "silent")),
        Reason("hours", 1, 1, hour=18),
    ]
    assert [(reason.label, reason.act) for reason in said] == [
        ("No cause given", "Say what went wrong in these cases: nobody can mend what has no name."),
        ("The rule “Box” was quoted", "The rule “Box” holds no more: see that nobody quotes it."),
        ("The rule “Box” was quoted", "Nominate the rule “Box” to be killed."),
        (
            "Waited for approval when the 24 hours were over",
            "Let people give more on their own authority, or decide within the hour.",
        ),
        ("Passed on before the 24 hours were over", "Let whoever takes a case keep it until it is fixed."),
        (
            "The customer heard nothing for 24 hours",
            "Tell each customer on the first day what happens, even before it is fixed.",
        ),
        (
            "The clock started between 18:00 and 24:00",
            "See who is there from 18:00 to 24:00 to take up what comes in.",
        ),
    ]
