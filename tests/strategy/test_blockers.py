"""Blockers for the executive meeting: who raises, clears and hands on, and how old they are."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.exceptions import PermissionDenied

from cso.errors import ConflictError, InvalidFieldsError, NotAllowedError
from cso.strategy.blockers import clear_blocker, hand_over_blocker, raise_blocker, reopen_blocker
from cso.strategy.models import BlockerHandover
from cso.strategy.outcomes import end_outcome
from cso.strategy.queries import age_in_days, open_blockers, visible_blockers
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.personas import Company
from tests.strategy.scenes import DAY, HOUR, NOW, a_person, an_outcome, last_entry


def test_a_blocker_is_raised_handed_on_and_cleared(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        cso, lead, boss = (acme.member(role) for role in (Role.CSO, Role.LEADER, Role.EXECUTIVE))
        outcome = an_outcome(acme)
        raised = raise_blocker(
            " No  budget ",
            owner=acme.leader,
            by=boss,
            now=NOW,
            severity="stops",
            outcome=outcome,
            unit=acme.units["north"],
        )
        assert (raised.what, raised.raised_by, last_entry().act) == ("No budget", boss, "raise_blocker")
        other = a_person("Ola Second")
        with pytest.raises(NotAllowedError, match="Only its owner"):
            clear_blocker(raised, how="Found some", by=boss, now=NOW)
        with pytest.raises(InvalidFieldsError) as error:
            hand_over_blocker(raised, acme.leader, why="", by=lead, now=NOW)
        assert [(e.field, e.code) for e in error.value.errors] == [("why", "required"), ("owner", "unchanged")]
        hand_over_blocker(raised, other, why="Holds the budget", by=lead, now=NOW + DAY)
        assert last_entry().details["before"] == "Lea North"
        assert BlockerHandover.objects.get().to_owner == other
        with pytest.raises(NotAllowedError):
            clear_blocker(raised, how="Found some", by=lead, now=NOW)
        with pytest.raises(InvalidFieldsError, match="Say how"):
            clear_blocker(raised, how=" ", by=cso, now=NOW)
        cleared = clear_blocker(raised, how="Found some", by=cso, now=NOW + 3 * DAY)
        assert (cleared.cleared_at, cleared.how) == (NOW + 3 * DAY, "Found some")
        too_late: list[Callable[[], object]] = [
            lambda: clear_blocker(raised, how="Again", by=cso, now=NOW),
            lambda: hand_over_blocker(raised, acme.leader, why="x", by=cso, now=NOW),
        ]
        for act in too_late:
            with pytest.raises(ConflictError, match="cleared already"):
                act()
        # Who raised it sees that it still stands; who neither raised nor owns it does not say so.
        with pytest.raises(NotAllowedError):
            reopen_blocker(raised, by=lead)
        again = reopen_blocker(raised, by=boss)
        assert (again.cleared_at, again.how, age_in_days(again, NOW + 5 * DAY)) == (None, "", 5)
        assert last_entry().details["how"] == "Found some"
        with pytest.raises(ConflictError, match="not cleared"):
            reopen_blocker(raised, by=boss)


def test_what_no_blocker_can_be(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        cso, ended = acme.member(Role.CSO), an_outcome(acme)
        end_outcome(ended, because="Reached", by=cso, now=NOW)
        with pytest.raises(InvalidFieldsError) as error:
            raise_blocker("", owner=acme.leader, by=cso, now=NOW, severity="bad", outcome=ended)
        assert [(e.field, e.code) for e in error.value.errors] == [
            ("what", "required"),
            ("severity", "unknown"),
            ("outcome", "ended"),
        ]
        for role in (Role.FRONTLINE, Role.COMMITTEE_MEMBER, Role.AUDITOR, Role.ADMINISTRATOR):
            with pytest.raises(PermissionDenied):
                raise_blocker("Mine", owner=acme.leader, by=acme.member(role), now=NOW)


def test_the_oldest_stands_first_and_ages_by_days_of_the_calendar(acme: Company, other: Company) -> None:
    with tenant_scope(other.tenant):
        raise_blocker("Theirs", owner=other.leader, by=None, now=NOW)
    with tenant_scope(acme.tenant):
        lead, second = acme.member(Role.LEADER), a_person("Ola Second")
        # 03:30 in London is still the evening before in Toronto.
        old = raise_blocker("Old", owner=second, by=None, now=NOW - 9 * DAY - 11.5 * HOUR)
        raise_blocker("New", owner=acme.leader, by=None, now=NOW)
        raised = raise_blocker("Raised by Lea", owner=second, by=lead, now=NOW - 2 * DAY)
        gone = raise_blocker("Gone", owner=acme.leader, by=None, now=NOW - 20 * DAY)
        clear_blocker(gone, how="It was", by=None, now=NOW - 10 * DAY)
        hand_over_blocker(old, acme.leader, why="x", by=None, now=NOW)
        hand_over_blocker(old, second, why="back", by=None, now=NOW)
        rows = open_blockers(acme.member(Role.EXECUTIVE))
        assert [(row.what, age_in_days(row, NOW), row.times_handed) for row in rows] == [  # type: ignore[attr-defined]
            ("Old", 10, 2),
            ("Raised by Lea", 2, 0),
            ("New", 0, 0),
        ]
        gone.refresh_from_db()
        assert age_in_days(gone, NOW) == 10, "what is cleared grows no older"
        assert [row.what for row in open_blockers(lead)] == ["Raised by Lea", "New"]
        assert not visible_blockers(acme.member(Role.FRONTLINE)).exists()
        clear_blocker(raised, how="Done", by=acme.member(Role.CSO), now=NOW)
        assert visible_blockers(lead).count() == 3
