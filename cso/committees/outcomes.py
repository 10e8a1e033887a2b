"""What came of a ballot: written once, in the transaction that closes it, and told in words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection

from cso.committees.consequences import carry_out
from cso.committees.invitations import tell_outcome
from cso.committees.models import Ballot, CharterVersion, OutcomeRecord, RollEntry
from cso.committees.tally import Tally
from cso.committees.wording import FEWEST_SECRET_PAPERS, kept_words

HASH_FUNCTION = """
CREATE FUNCTION outcome_hash(outcome committees_outcomerecord) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT encode(sha256(convert_to(jsonb_build_array(
        outcome.previous_hash, outcome.number, outcome.ballot_id, outcome.corrects_id, outcome.result, outcome.yes,
        outcome.no, outcome.abstain, outcome.voted, outcome.eligible, outcome.recused, outcome.vacant, outcome.quorum,
        outcome.base_count, outcome.yes_needed, outcome.casting_vote, outcome.sentence, outcome.terms, outcome.roll,
        outcome.evidence_hash, to_char(outcome.declared_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')
    )::text, 'UTF8')), 'hex')
$$;
"""
CHAIN_FUNCTION = """
CREATE FUNCTION outcome_chain() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last record;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('outcome', NEW.tenant_id));
    SELECT number, hash INTO last FROM committees_outcomerecord
        WHERE tenant_id = NEW.tenant_id ORDER BY number DESC LIMIT 1;
    NEW.number := COALESCE(last.number, 0) + 1;
    NEW.previous_hash := COALESCE(last.hash, '');
    NEW.hash := outcome_hash(NEW);
    RETURN NEW;
END $$;
"""
# How each is made, and how it is taken away again.
INSTALL = [
    (HASH_FUNCTION, "DROP FUNCTION outcome_hash"),
    (CHAIN_FUNCTION, "DROP FUNCTION outcome_chain"),
    (
        "CREATE TRIGGER outcome_chain BEFORE INSERT ON committees_outcomerecord"
        " FOR EACH ROW EXECUTE FUNCTION outcome_chain()",
        "DROP TRIGGER outcome_chain ON committees_outcomerecord",
    ),
]


def declare(ballot: Ballot, tally: Tally, *, casting_vote: str, now: datetime) -> OutcomeRecord:
    """Write the outcome, and do what it says. The caller holds the ballot's row alone."""
    outcome = record(ballot, tally, casting_vote=casting_vote, now=now)
    tell_outcome(outcome, carry_out(outcome, now=now), now=now)
    return outcome


def record(
    ballot: Ballot,
    tally: Tally,
    *,
    casting_vote: str,
    now: datetime,
    corrects: OutcomeRecord | None = None,
    because: str = "",
) -> OutcomeRecord:
    """The next record of the chain, which does nothing yet; one that corrects another says why."""
    assert ballot.charter is not None
    roll = list(ballot.roll.select_related("member__user").order_by("label"))
    is_told = _is_told(ballot, tally)
    outcome = OutcomeRecord(
        ballot=ballot,
        corrects=corrects,
        result=tally.result,
        yes=tally.votes.yes if is_told else None,
        no=tally.votes.no if is_told else None,
        abstain=tally.votes.abstain if is_told else None,
        voted=tally.votes.participating,
        eligible=tally.votes.eligible,
        recused=sum(entry.status == RollEntry.Status.RECUSED for entry in roll),
        vacant=sum(entry.status == RollEntry.Status.VACANT for entry in roll),
        quorum=tally.quorum,
        # Of votes cast, the base would tell how many of few secret papers were abstentions.
        base_count=tally.base_count if is_told else None,
        yes_needed=tally.yes_needed if is_told else None,
        casting_vote=casting_vote,
        terms=terms_of(ballot.charter),
        roll=[_line(entry, is_secret=ballot.is_secret) for entry in roll],
        evidence_hash=ballot.evidence_hash,
        declared_at=now,
    )
    outcome.sentence = kept_words(outcome, because=because)
    outcome.save(force_insert=True)
    outcome.refresh_from_db(fields=["number", "previous_hash", "hash"])
    return outcome


def terms_of(charter: CharterVersion) -> dict[str, Any]:
    """The charter as it stood, by the names of its fields."""
    left_out = {"id", "tenant", "committee", "member", "in_force_from"}
    names = [field.name for field in charter._meta.local_fields if field.name not in left_out]
    return {name: getattr(charter, name) for name in names}


def verify_outcomes() -> list[int]:
    """The numbers of the current tenant's outcomes whose hash, or whose place in the chain, is not what it was."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT number FROM (
                SELECT o.number, o.hash, o.previous_hash, outcome_hash(o) AS expected,
                       lag(o.hash, 1, '') OVER (ORDER BY o.number) AS before,
                       row_number() OVER (ORDER BY o.number) AS place
                FROM committees_outcomerecord o
            ) chain
            WHERE hash <> expected OR previous_hash <> before OR number <> place
            ORDER BY number
            """
        )
        return [number for (number,) in cursor.fetchall()]


def _is_told(ballot: Ballot, tally: Tally) -> bool:
    return not ballot.is_secret or tally.votes.participating >= FEWEST_SECRET_PAPERS


def _line(entry: RollEntry, *, is_secret: bool) -> dict[str, Any]:
    line: dict[str, Any] = {
        "seat": entry.label,
        "member": entry.member.label if entry.member else entry.holder_name or None,
        "status": entry.status,
        "voted": entry.has_voted,
    }
    if not is_secret:
        line |= {"choice": entry.choice or None, "by_delegate": entry.by_delegate}
    return line
