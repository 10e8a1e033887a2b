"""The audit log: who did what, append-only and hash-chained per tenant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from django.db import connection

from tenants.models import Actor, ApiKey, AuditEntry, Membership

# Run by the database on each insert, so that no path can write an entry outside the chain. The lock makes the
# entries of one tenant line up; it is held to the end of the transaction.
CHAIN_TRIGGER = """
CREATE FUNCTION audit_chain() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last record;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('audit', NEW.tenant_id));
    SELECT number, hash INTO last FROM tenants_auditentry
        WHERE tenant_id = NEW.tenant_id ORDER BY number DESC LIMIT 1;
    NEW.number := COALESCE(last.number, 0) + 1;
    NEW.previous_hash := COALESCE(last.hash, ''::bytea);
    NEW.hash := audit_hash(NEW);
    RETURN NEW;
END $$;
"""
HASH_FUNCTION = """
CREATE FUNCTION audit_hash(entry tenants_auditentry) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(entry.previous_hash || convert_to(jsonb_build_array(
        entry.number, to_char(entry.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), entry.member_id,
        entry.api_key_id, entry.act, entry.subject, entry.details)::text, 'UTF8'))
$$;
"""
INSTALL = [
    HASH_FUNCTION,
    CHAIN_TRIGGER,
    "CREATE TRIGGER audit_chain BEFORE INSERT ON tenants_auditentry FOR EACH ROW EXECUTE FUNCTION audit_chain()",
]


def record(by: Actor | None, act: str, subject: str, **details: Any) -> None:
    """Write one entry; `by` None is the product itself (a command, the demo). Details must be JSON values."""
    AuditEntry.objects.create(
        member=by if isinstance(by, Membership) else None,
        api_key=by if isinstance(by, ApiKey) else None,
        act=act,
        subject=subject[:200],
        details=details,
    )
    for follower in _followers[act]:
        follower()


_followers: dict[str, list[Callable[[], None]]] = defaultdict(list)


def when_recorded(*acts: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Register what follows from any of `acts`, in the transaction that records it."""

    def register(follower: Callable[[], None]) -> Callable[[], None]:
        for act in acts:
            _followers[act].append(follower)
        return follower

    return register


def verify() -> list[int]:
    """The numbers of the current tenant's entries whose hash, or whose place in the chain, is not what it was."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT number FROM (
                SELECT entry.number, entry.hash, entry.previous_hash, audit_hash(entry) AS expected,
                       lag(entry.hash, 1, ''::bytea) OVER (ORDER BY entry.number) AS before,
                       row_number() OVER (ORDER BY entry.number) AS place
                FROM tenants_auditentry entry
            ) chain
            WHERE hash <> expected OR previous_hash <> before OR number <> place
            ORDER BY number
            """
        )
        return [number for (number,) in cursor.fetchall()]
