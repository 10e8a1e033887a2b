"""Changes of how a unit works: who marks them, who decides that limits begin anew, and where they show."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied

from cso.errors import ConflictError, InvalidFieldsError, NotAllowedError
from cso.people import actions as people
from cso.scorecards.changes import changes_at, mark_change, may_mark, may_withdraw, rebase_from, withdraw_change
from cso.scorecards.models import ProcessChange
from tenants.keys import create_api_key
from tenants.models import AuditEntry
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.personas import NOW, Company

TODAY = date(2026, 3, 18)


def mark(company: Company, unit: str = "north", role: Role = Role.LEADER, on: date = TODAY) -> ProcessChange:
    return mark_change(company.units[unit], on=on, what=" One  queue ", by=company.member(role), now=NOW)


def test_who_leads_marks_and_who_sets_targets_decides_where_limits_begin(acme: Company) -> None:
    leader, cso = acme.member(Role.LEADER), acme.member(Role.CSO)
    with tenant_scope(acme.tenant):
        change = mark(acme, "north-1")
        assert (change.what, change.made_by, change.rebases) == ("One queue", leader, False)
        for by in (leader, acme.member(Role.EXECUTIVE)):
            with pytest.raises(PermissionDenied):
                rebase_from(change, because="Better", by=by, now=NOW)
        with pytest.raises(InvalidFieldsError, match="why"):
            rebase_from(change, because=" ", by=cso, now=NOW)
        change = rebase_from(change, because="All teams moved", by=cso, now=NOW)
        assert (change.rebases, change.rebased_by, change.rebased_because) == (True, cso, "All teams moved")
        with pytest.raises(ConflictError) as refused:
            rebase_from(change, because="Again", by=cso, now=NOW)
        assert refused.value.code == "rebased"
        # Now it is a decision, and no mark that its maker takes back.
        assert not may_withdraw(leader, change)
        with pytest.raises(NotAllowedError):
            withdraw_change(change, because="No", by=leader, now=NOW)
        change = withdraw_change(change, because="Only one team moved", by=cso, now=NOW)
        assert (change.rebases, change.withdrawn_at) == (False, NOW)
        with pytest.raises(ConflictError) as gone:
            withdraw_change(change, because="Again", by=cso, now=NOW)
        assert gone.value.code == "withdrawn"
        told = [
            (entry.act, entry.subject, entry.details["unit"]) for entry in AuditEntry.objects.order_by("-number")[:3]
        ]
        assert told == [(act, "One queue", "north-1") for act in ("withdraw_change", "rebase_limits", "mark_change")]


def test_a_mark_is_of_what_has_happened_in_what_one_leads(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        for unit in ("south", "top"):
            with pytest.raises(NotAllowedError):
                mark(acme, unit)
        for role in (Role.FRONTLINE, Role.AUDITOR, Role.COMMITTEE_MEMBER):
            assert not may_mark(acme.member(role), acme.units["north"])
        with pytest.raises(InvalidFieldsError) as refused:
            mark_change(acme.units["north"], on=TODAY + timedelta(days=1), what="x" * 201, by=None, now=NOW)
        assert [(error.field, error.code) for error in refused.value.errors] == [
            ("what", "too_long"),
            ("on", "in_the_future"),
        ]
        with pytest.raises(InvalidFieldsError, match="Say what"):
            mark_change(acme.units["north"], on=TODAY, what="  ", by=None, now=NOW)


def test_a_chart_shows_those_of_its_unit_and_of_all_above(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        own, above = mark(acme, "north"), mark(acme, "top", Role.CSO, on=date(2026, 1, 5))
        below, aside = mark(acme, "north-1"), mark(acme, "south", Role.CSO)
        cso, leader = acme.member(Role.CSO), acme.member(Role.LEADER)
        assert list(changes_at(cso, acme.units["north"])) == [own, above]
        assert list(changes_at(leader, acme.units["north-1"])) == [below, own, above]
        assert list(changes_at(cso, acme.units["south"])) == [aside, above]
        assert list(changes_at(leader, acme.units["south"])) == []
        assert list(changes_at(cso, None)) == [above]
        assert list(changes_at(leader, None)) == []


def test_no_key_rebases_and_one_takes_back_what_another_marked(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        key, _ = create_api_key(acme.tenant, "Deploys", ["changes:write", "targets:write"], by=None)
        small, _ = create_api_key(acme.tenant, "Deploys too", ["changes:write"], by=None)
        change = mark_change(acme.units["south"], on=TODAY, what="New form", by=key, now=NOW)
        assert change.made_by is None
        with pytest.raises(NotAllowedError) as refused:
            rebase_from(change, because="Better", by=key, now=NOW)
        assert refused.value.code == "a_person_rebases"
        assert not may_withdraw(small, mark(acme))
        decided = rebase_from(mark(acme), because="Better", by=acme.member(Role.CSO), now=NOW)
        assert not may_withdraw(key, decided)  # else its old limits came back, which a person had put aside
        assert withdraw_change(change, because="Rolled back", by=small, now=NOW).withdrawn_at == NOW


def test_a_unit_that_was_moved_keeps_its_own(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        own = mark(acme, "north-1")
        people.move_unit(acme.units["north-1"], acme.units["south"], by=None)
        assert list(changes_at(acme.member(Role.CSO), acme.units["north-1"])) == [own]
