"""The chain of outcomes, looked after from the terminal."""

from __future__ import annotations

import os
from io import StringIO

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from cso.committees.balloting import cast_vote, close_ballot
from cso.committees.outcomes import verify_outcomes
from tenants.scope import tenant_scope
from tests.committees.scenes import seat_committee
from tests.personas import Company
from tests.servers import with_database

pytestmark = pytest.mark.django_db


def decide(company: Company, times: int) -> None:
    with tenant_scope(company.tenant):
        scene = seat_committee(company, 1)
        for _ in range(times):
            ballot = scene.ballot()
            cast_vote(ballot, scene.seats[0].pk, "no", by=scene.members[0])
            close_ballot(ballot, by=scene.members[0])


def said(*words: str) -> list[str]:
    out = StringIO()
    call_command("verify_outcomes", *words, stdout=out, stderr=out)
    return out.getvalue().splitlines()


def test_the_chain_holds_or_is_said_to_be_broken(acme: Company, other: Company) -> None:
    decide(acme, 2)
    assert said("acme") == ["acme: the chain of 2 records holds"]
    assert said("--all") == ["acme: the chain of 2 records holds", "other: the chain of 0 records holds"]
    with pytest.raises(CommandError, match="There is no workspace “nowhere”"):
        said("nowhere")
    with pytest.raises(CommandError, match="one of the arguments"):
        said()


@pytest.mark.django_db(transaction=True)
def test_whatever_is_changed_from_outside_is_found(acme: Company) -> None:
    decide(acme, 3)
    for act, broken in (
        ("UPDATE committees_outcomerecord SET yes = 9 WHERE number = 2", [2]),
        ("UPDATE committees_outcomerecord o SET hash = outcome_hash(o) WHERE number = 2", [3]),
        ("DELETE FROM committees_outcomerecord WHERE number = 2", [3]),
    ):
        url = with_database(os.environ["ADMIN_DATABASE_URL"], connection.settings_dict["NAME"])
        with psycopg.connect(url, autocommit=True) as superuser:
            superuser.execute("SET session_replication_role = replica")
            superuser.execute(act)
        with tenant_scope(acme.tenant):
            assert verify_outcomes() == broken
    with pytest.raises(CommandError, match="The chain is broken in: acme"):
        said("--all")
