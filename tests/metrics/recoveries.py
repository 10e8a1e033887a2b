"""A month of recoveries in which everything happens once or twice: answers, promises, approvals, calls, customers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from cso.customers.models import Customer, Purchase
from cso.metrics.engine.refresh import refresh
from cso.people.models import Unit
from cso.recovery.models import CallBack, Case, Promise, Remedy
from cso.rules.models import Rule
from tests.personas import NOW, Company, log_case

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def answered(case: Case, *, surprised: bool | None, apology: bool | None = None) -> Case:
    Case.objects.filter(pk=case.pk).update(
        answered_at=NOW, said_fixed=True, said_surprised=surprised, said_apology=apology
    )
    return case


def closed(case: Case, solution: str = "put_right", *, asked: int = 0, rule: Rule | None = None) -> Case:
    closed_at = case.fixed_at + HOUR if case.fixed_at else None
    Case.objects.filter(pk=case.pk).update(
        closed_at=closed_at, solution=solution, approvals_asked=asked, quoted_rule=rule
    )
    return case


def promised(case: Case, due_after: timedelta, *, done_after: timedelta | None = None, **values: Any) -> Promise:
    """Made at the report, due so long after it, and done so long after it."""
    made_at = case.reported_at
    return Promise.objects.create(
        **{
            "case": case,
            "unit": case.unit,
            "what": "A call",
            "made_at": made_at,
            "first_due_at": made_at + due_after,
            "due_at": made_at + due_after,
            "done_at": made_at + done_after if done_after is not None else None,
            **values,
        }
    )


def customer(name: str, low: int | None = None, high: int | None = None) -> Customer:
    """Who comes once a year for one year, and is worth what one visit brings."""
    if low is None:
        return Customer.objects.create(name=name)
    return Customer.objects.create(
        name=name,
        currency="USD",
        spend_per_visit_minor=low,
        spend_per_visit_high_minor=high,
        visits_per_year=1,
        years=1,
    )


def bought(who: Customer, at: Any) -> Purchase:
    return Purchase.objects.create(
        customer=who, external_id=f"{who.name} {at:%c}", bought_at=at, amount_minor=1, currency="USD"
    )


def approval(case: Case, wait: timedelta | None, **values: Any) -> Remedy:
    decided_at = case.reported_at + wait if wait is not None else None
    status = "refused" if decided_at else "asked"
    return Remedy.objects.create(
        **{
            "case": case,
            "unit": case.unit,
            "person": values.pop("person"),
            "status": status,
            "amount_minor": 100,
            "currency": "USD",
            "on_own_authority": False,
            "asked_at": case.reported_at,
            "decided_at": decided_at,
            **values,
        }
    )


def call_back(case: Case, wait: timedelta | None) -> CallBack:
    called_at = case.reported_at + wait if wait is not None else None
    return CallBack.objects.create(case=case, unit=case.unit, asked_at=case.reported_at, called_at=called_at)


def a_month(company: Company) -> dict[str, Case]:
    """March 2026 of `south` and `north-1`, refreshed: reported 72 h before NOW, and fixed an hour later, or not."""
    south, north = company.units["south"], company.units["north-1"]
    rule = Rule.objects.create(title="No exceptions", origin="internal")

    def case(unit: Unit, fixed: timedelta | None = HOUR, **fields: Any) -> Case:
        return log_case(unit, NOW - 72 * HOUR, fixed_after=fixed, **fields)

    ada, bob, eve = customer("Ada", 10_000, 30_000), customer("Bob", 500), customer("Eve")
    told = {
        "dazzled": answered(case(south, channel="phone", cause="Late", customer=ada), surprised=True, apology=True),
        "late but surprised": answered(case(south, 30 * HOUR, channel="web", cause="Lost"), surprised=True),
        "not surprised": answered(case(north, channel="phone", cause="Late"), surprised=False, apology=False),
        "does not know": answered(case(north, channel="email"), surprised=None, apology=True),
        "silent": case(north, None, customer=bob, channel="phone"),
        "of Eve": case(south, None, customer=eve),
    }
    closed(told["dazzled"])
    closed(told["not surprised"], "policy_quoted", asked=1, rule=rule)
    promised(told["dazzled"], 2 * HOUR, done_after=2 * HOUR)
    promised(told["silent"], 2 * HOUR)
    promised(told["silent"], 2 * HOUR, due_at=NOW, times_moved=1, move_agreed=True, done_after=70 * HOUR)
    promised(told["silent"], 72 * HOUR + DAY)
    promised(told["dazzled"], HOUR, cancelled_at=NOW - 71 * HOUR)
    for hours in (1, 3, None):
        approval(told["silent"], hours * HOUR if hours else None, person=company.leader)
    call_back(told["silent"], 2 * HOUR)
    call_back(told["silent"], None)
    Case.objects.filter(pk=told["late but surprised"].pk).update(planned_surprise="A song")
    Case.objects.update(next_contact="", next_contact_due_at=None)
    Case.objects.filter(pk=told["silent"].pk).update(next_contact="status", next_contact_due_at=NOW - HOUR)
    Case.objects.filter(pk=told["of Eve"].pk).update(next_contact="status", next_contact_due_at=NOW + HOUR)
    refresh()
    return told
