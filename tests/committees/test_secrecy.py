"""Whoever holds the whole database, twice even, cannot tell a secret vote, its time or its place."""

from __future__ import annotations

import os
import random
from urllib.parse import urlsplit

import psycopg
import pytest

from cso.committees.balloting import cast_vote, close_ballot, database_now, recuse, votes_of
from cso.committees.invitations import remind_voters
from cso.committees.models import RollEntry, SecretCount, VoteEvent
from cso.committees.queries import tally_shown
from cso.errors import ConflictError
from cso.outbox.models import OutgoingMail
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.committees.scenes import outcome_of, seat_committee
from tests.personas import Company
from tests.servers import with_database

CHOICES = ["yes"] * 3 + ["no"] * 2 + ["abstain"]

pytestmark = pytest.mark.django_db(transaction=True)


def dump() -> dict[str, list[str]]:
    """Every row of every table as it lies there, each with the transaction that wrote it."""
    url = with_database(os.environ["ADMIN_DATABASE_URL"], urlsplit(os.environ["DATABASE_URL"]).path.lstrip("/"))
    with psycopg.connect(url, autocommit=True) as admin:
        names = admin.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        return {
            name: [row for (row,) in admin.execute(f"SELECT xmin || ' ' || t::text FROM {name} t ORDER BY ctid")]
            for (name,) in names
        }


def test_a_dump_tells_no_vote(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        scene = seat_committee(acme, 6, preset="secret")
        ballot = scene.ballot()
        roll = list(RollEntry.objects.filter(ballot=ballot).values_list("label", flat=True))
    order = list(zip(scene.seats, scene.members, CHOICES, strict=True))
    random.shuffle(order)
    before = dump()
    for seat, member, choice in order:
        with tenant_scope(acme.tenant):
            cast_vote(ballot, seat.pk, choice, by=member)
        after = dump()
        _differ_by_one_mark_alone(before, after)
        before = after
    with tenant_scope(acme.tenant):
        # Where the lines of the roll lie, and how old they are, is the same whoever voted first.
        assert list(_in_place(before["committees_rollentry"], roll)) == roll
        assert not VoteEvent.objects.exists()
        assert tally_shown(acme.member(Role.CSO), ballot, now=database_now()) is None
        with pytest.raises(ConflictError):
            cast_vote(ballot, scene.seats[0].pk, "no", by=scene.members[0])
        with pytest.raises(ConflictError):
            recuse(ballot, scene.seats[0].pk, because="Too late", by=None)
        counted = votes_of(ballot)
        assert (counted.yes, counted.no, counted.abstain) == (3, 2, 1)
        close_ballot(ballot, by=scene.members[0])
        outcome = outcome_of(ballot)
        assert (outcome.yes, outcome.no, outcome.abstain, outcome.result) == (3, 2, 1, "carried")
        assert not SecretCount.objects.exists()
        assert all("choice" not in line and line["voted"] for line in outcome.roll)


def _differ_by_one_mark_alone(before: dict[str, list[str]], after: dict[str, list[str]]) -> None:
    """Of all tables only the roll and the sealed numbers changed: no log, alarm, mail or session knows of the vote."""
    changed = {name for name in after if before[name] != after[name]}
    assert changed == {"committees_rollentry", "committees_secretcount"}
    ages = {row.split(" ", 1)[0] for name in changed for row in after[name]}
    assert len(ages) == 1
    (was,), (is_now,) = before["committees_secretcount"], after["committees_secretcount"]
    assert len(was.partition("(")[2]) == len(is_now.partition("(")[2])
    old = {row.split(" ", 1)[1] for row in before["committees_rollentry"]}
    marked = [row for row in after["committees_rollentry"] if row.split(" ", 1)[1] not in old]
    assert len(marked) == 1
    assert "yes" not in marked[0]


def _in_place(rows: list[str], labels: list[str]) -> list[str]:
    return [label for row in rows for label in labels if label in row]


def test_few_papers_are_not_broken_down(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        scene = seat_committee(acme, 3, preset="secret", quorum_count=1)
        ballot = scene.ballot()
        for index in (0, 1):
            cast_vote(ballot, scene.seats[index].pk, ("yes", "abstain")[index], by=scene.members[index])
        remind_voters(ballot.pk, now=database_now())
        # All are reminded, or the mails would tell who had voted by then.
        assert OutgoingMail.objects.filter(kind="vote_reminder").count() == 3
        remind_voters(ballot.pk, now=database_now())
        assert OutgoingMail.objects.count() == 6
        close_ballot(ballot, by=None)
        close_ballot(ballot, by=scene.members[0])
        outcome = outcome_of(ballot)
        assert (outcome.yes, outcome.no, outcome.abstain, outcome.base_count) == (None,) * 4
        assert (outcome.voted, "yes" in outcome.sentence) == (2, False)
