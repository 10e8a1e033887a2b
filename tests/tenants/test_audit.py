"""The audit log cannot be changed unnoticed, and numbers its entries without a gap whoever writes at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from django.db import connection

from tenants import audit
from tenants.members import create_tenant
from tenants.models import AuditEntry, Tenant
from tenants.scope import tenant_scope

WRITERS = 8
ENTRIES = 10


@pytest.fixture
def office(committed: None, admin: psycopg.Connection) -> Iterator[Tenant]:
    tenant = create_tenant("office", "Office", "America/Toronto")
    yield tenant
    admin.execute("DELETE FROM tenants_auditentry")
    admin.execute("DELETE FROM tenants_tenant")


def wrong(tenant: Tenant) -> list[int]:
    with tenant_scope(tenant):
        return audit.verify()


def numbers(tenant: Tenant) -> list[int]:
    with tenant_scope(tenant):
        return list(AuditEntry.objects.order_by("number").values_list("number", flat=True))


def write(tenant: Tenant, *acts: str) -> None:
    with tenant_scope(tenant):
        for act in acts:
            audit.record(None, act, "a subject", of=1)


def test_concurrent_writers_leave_no_gap(office: Tenant) -> None:
    def writer(name: int) -> None:
        for number in range(ENTRIES):
            write(office, f"act {name}-{number}")
        connection.close()

    with ThreadPoolExecutor(WRITERS) as threads:
        list(threads.map(writer, range(WRITERS)))
    assert numbers(office) == list(range(1, WRITERS * ENTRIES + 1))
    assert wrong(office) == []


def test_an_abandoned_entry_leaves_no_gap(office: Tenant) -> None:
    write(office, "first")
    with pytest.raises(ZeroDivisionError), tenant_scope(office):
        audit.record(None, "abandoned", str(1 // 0))
    write(office, "second")
    assert numbers(office) == [1, 2]


def test_each_tenant_has_a_chain_of_its_own(office: Tenant) -> None:
    other = create_tenant("other-office", "Other", "UTC")
    for tenant in (office, other, office):
        write(tenant, "act")
    assert (numbers(office), numbers(other)) == ([1, 2], [1])
    assert (wrong(office), wrong(other)) == ([], [])


def test_the_database_numbers_and_hashes_whatever_is_said(office: Tenant) -> None:
    with tenant_scope(office):
        AuditEntry.objects.bulk_create(
            [AuditEntry(act="bulk", subject="s", number=77, hash=b"mine", previous_hash=b"mine") for _ in range(3)]
        )
    assert numbers(office) == [1, 2, 3]
    assert wrong(office) == []


@pytest.mark.parametrize(
    ("change", "noticed"),
    [
        ("UPDATE tenants_auditentry SET details = '{\"of\": 2}' WHERE number = 2", [2]),
        ("UPDATE tenants_auditentry SET act = 'another' WHERE number = 2", [2]),
        ("UPDATE tenants_auditentry SET subject = 'another' WHERE number = 1", [1]),
        ("UPDATE tenants_auditentry SET at = at + INTERVAL '1 microsecond' WHERE number = 3", [3]),
        ("UPDATE tenants_auditentry SET member_id = NULL, act = 'act 2 ' WHERE number = 2", [2]),
        ("DELETE FROM tenants_auditentry WHERE number = 2", [3, 4]),
        ("DELETE FROM tenants_auditentry WHERE number = 1", [2, 3, 4]),
        ("UPDATE tenants_auditentry SET number = 9 WHERE number = 2", [3, 4, 9]),
        # One who knows how, and hashes the changed entry anew, breaks the chain at the next.
        (
            "UPDATE tenants_auditentry SET act = 'another' WHERE number = 2;"
            "UPDATE tenants_auditentry entry SET hash = audit_hash(entry) WHERE number = 2",
            [3],
        ),
    ],
)
def test_a_change_by_a_superuser_is_noticed(
    office: Tenant, admin: psycopg.Connection, change: str, noticed: list[int]
) -> None:
    write(office, "act 1", "act 2", "act 3", "act 4")
    assert wrong(office) == []
    admin.execute(change)
    assert wrong(office) == noticed
