"""Secrets: with consent alone, no longer than agreed, and gone when taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from cso.customers.actions import save_customer
from cso.customers.models import Customer, CustomerPreference
from cso.customers.preferences import add_preference, live_preferences, take_back_preference
from cso.errors import ConflictError, InvalidFieldsError
from cso.recovery.erasure import erase_customer
from tenants.models import AuditEntry
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.personas import NOW, Company

TEA: dict[str, Any] = {
    "text": "Camomile tea, never coffee",
    "source": "told_us",
    "consented_at": NOW,
    "expires_on": None,
}


def refused(act: Callable[[], object]) -> list[tuple[str, str]]:
    with pytest.raises(InvalidFieldsError) as refusal:
        act()
    return [(error.field, error.code) for error in refusal.value.errors]


def test_a_secret_is_kept_shown_and_taken_back(acme: Company, other: Company) -> None:
    fran = acme.member(Role.FRONTLINE)
    with tenant_scope(acme.tenant):
        priya = save_customer(Customer(), by=None, name="Priya")
        kept = add_preference(priya, **TEA | {"text": "  Camomile  tea "}, by=fran, now=NOW)
        assert (kept.text, kept.recorded_by) == ("Camomile tea", fran)
        assert list(live_preferences(fran, priya, NOW)) == [kept]
        assert not live_preferences(acme.member(Role.CSO), save_customer(Customer(), by=None, name="P."), NOW)
        entry = AuditEntry.objects.get(act="add_preference")
        assert "tea" not in f"{entry.subject} {entry.details}", "the audit log outlives an erasure"
        with pytest.raises(PermissionDenied):
            take_back_preference(kept, by=acme.member(Role.AUDITOR))
        take_back_preference(kept, by=fran)
        assert not CustomerPreference.objects.exists()
        assert AuditEntry.objects.filter(act="take_back_preference").exists()


def test_a_secret_ends_on_its_day_in_the_tenants_zone(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        priya = save_customer(Customer(), by=None, name="Priya")
        add_preference(priya, **TEA | {"expires_on": date(2026, 3, 19)}, by=None, now=NOW)
        cso = acme.member(Role.CSO)
        # Midnight of Toronto, four hours behind Greenwich since 8 March.
        midnight = datetime(2026, 3, 19, 4, tzinfo=UTC)
        assert live_preferences(cso, priya, midnight - timedelta(microseconds=1)).count() == 1
        assert live_preferences(cso, priya, midnight).count() == 0


def test_what_is_not_kept(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        priya = save_customer(Customer(), by=None, name="Priya")

        def keep(by: Any = None, **values: Any) -> CustomerPreference:
            return add_preference(priya, **TEA | values, by=by, now=NOW)

        assert refused(lambda: keep(consented_at=None)) == [("consented_at", "required")]
        assert refused(lambda: keep(consented_at=NOW + timedelta(minutes=2))) == [("consented_at", "in_the_future")]
        assert refused(lambda: keep(consented_at=datetime(1899, 1, 1, tzinfo=UTC))) == [("consented_at", "too_early")]
        assert refused(lambda: keep(text=" ", source="rumour")) == [("text", "required"), ("source", "unknown")]
        assert refused(lambda: keep(text="x" * 301)) == [("text", "too_long")]
        assert refused(lambda: keep(text="\x00")) == [("text", "nul")]
        assert refused(lambda: keep(expires_on=date(2026, 3, 18))) == [("expires_on", "not_later")]
        with pytest.raises(PermissionDenied):
            keep(by=acme.member(Role.AUDITOR))
        erase_customer(priya, by=None, now=NOW)
        with pytest.raises(ConflictError):
            keep()
        assert not CustomerPreference.objects.exists()
