"""The weekly digest: what is in it for whom, and once a week whatever the clocks and the workers do."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connections

from cso.alarms.actions import ring_alarms
from cso.alarms.models import Alarm
from cso.committees.models import KillOrder
from cso.errors import InvalidFieldsError, NotAllowedError
from cso.metrics.actions import set_target
from cso.metrics.engine.refresh import refresh
from cso.outbox.actions import as_message
from cso.outbox.models import OutgoingMail
from cso.people.actions import name_leader
from cso.people.models import Person
from cso.scorecards.digest.contents import digest_for
from cso.scorecards.digest.mail import choose_digest, digest_choice, give_digests, next_digest, stop_digest, stop_link
from cso.scorecards.models import DigestChoice
from cso.scorecards.tasks import give_to_tenants
from cso.strategy.blockers import raise_blocker
from tenants.members import end_membership
from tenants.models import Membership
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.personas import NOW, Company, log_case

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# NOW is a Wednesday; the week before ended on Sunday, 15 March.
LAST_WEEK = datetime(2026, 3, 10, 12, tzinfo=UTC)


def mails() -> list[OutgoingMail]:
    return list(OutgoingMail.objects.filter(kind="digest").order_by("written_at", "id"))


def choose(member: Membership, weekday: int = 0, hour: int = 7, *, now: datetime = NOW) -> DigestChoice:
    return choose_digest(member, is_wanted=True, weekday=weekday, hour=hour, by=member, now=now)


def rings(choice: DigestChoice) -> datetime:
    return Alarm.objects.get(kind="scorecards.digest", subject=choice.pk).rings_at


def miss_a_case(company: Company, when: datetime = LAST_WEEK, **fields: Any) -> None:
    log_case(company.units["north-1"], when, summary="Bag lost", **fields)
    refresh()


def test_it_holds_what_waits_for_this_person_and_nobody_elses(acme: Company) -> None:
    leader = acme.member(Role.LEADER)
    with tenant_scope(acme.tenant):
        set_target("recovered_24h", Decimal(90), date(2025, 1, 1), by=None)
        for number in range(4):
            log_case(acme.units["north-1"], LAST_WEEK + number * HOUR, fixed_after=HOUR)
        miss_a_case(acme)
        log_case(acme.units["south"], LAST_WEEK)
        raise_blocker("No spare parts", owner=acme.leader, by=leader, now=LAST_WEEK)
        refresh()
        digest = digest_for(leader, now=NOW)
        [north] = digest.units
        assert (north.unit.code, north.figure.missed, north.figure.denominator) == ("north", 1, 5)
        assert (digest.late_all, [case.summary for case in digest.late]) == (1, ["Bag lost"])
        assert [blocker.what for blocker in digest.blockers] == ["No spare parts"]
        assert digest.leaders == []
        assert not KillOrder.objects.exists()
        assert digest_for(acme.member(Role.AUDITOR), now=NOW).is_empty


def test_executives_read_who_missed_over_four_weeks_and_where_that_stands(acme: Company) -> None:
    executive = acme.member(Role.EXECUTIVE)
    with tenant_scope(acme.tenant):
        set_target("recovered_24h", Decimal(90), date(2025, 1, 1), by=None)
        for week in range(4):
            log_case(acme.units["north-1"], LAST_WEEK - week * 7 * DAY, fixed_after=HOUR)
            for _each in range(3):
                log_case(acme.units["north-1"], LAST_WEEK - week * 7 * DAY, fixed_after=30 * HOUR)
        refresh()
        digest = digest_for(executive, now=NOW)
        assert digest.pooled.key == "2026-W08..2026-W11"
        [row] = digest.leaders
        assert (row.leader, row.figure.numerator, row.figure.denominator) == (acme.leader, 4, 16)
        choice = choose(executive)
    ring_alarms(acme.tenant, now=NOW + 7 * DAY)
    with tenant_scope(acme.tenant):
        [mail] = [mail for mail in mails() if mail.about == choice.pk]
    assert "1 leader missed the 24-hour target over the last 4 weeks:\n– Lea North, North: 25% of 12" in mail.text
    assert "/acme/scorecard/?period=2026-W09..2026-W12\n" in mail.text


def test_the_mail_says_it_in_ones_language_and_can_be_ended(acme: Company) -> None:
    leader = acme.member(Role.LEADER)
    with tenant_scope(acme.tenant):
        miss_a_case(acme)
        choice = choose(leader)
        monday = rings(choice)
    leader.user.language = "fr-ca"
    leader.user.save(update_fields=["language"])
    ring_alarms(acme.tenant, now=monday)
    with tenant_scope(acme.tenant):
        [mail] = mails()
        link = stop_link(choice)
    assert mail.subject == "Votre semaine chez Acme, du 16 mars 2026 au 22 mars 2026"
    assert "1 dossier ouvert dépasse les 24 heures :\n– Bag lost (échéance : 11 mars 2026)\n" in mail.text
    message = as_message(mail).message()
    assert message["List-Unsubscribe"] == f"<{link}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert link in mail.text
    assert link in mail.html


def test_once_a_week_however_often_and_late_it_rings(acme: Company) -> None:
    leader = acme.member(Role.LEADER)
    with tenant_scope(acme.tenant):
        miss_a_case(acme)
        choice = choose(leader, weekday=6, hour=23)
        sunday = rings(choice)
        assert sunday == datetime(2026, 3, 23, 3, tzinfo=UTC)
    # The worker comes back after midnight: it is still that Sunday's.
    ring_alarms(acme.tenant, now=sunday + 2 * HOUR)
    ring_alarms(acme.tenant, now=sunday + 2 * HOUR)
    with tenant_scope(acme.tenant):
        assert [mail.key.rpartition(":")[2] for mail in mails()] == ["2026-W12"]
        assert rings(choice) == sunday + 7 * DAY
        # A new choice within the week gets nobody a second one.
        changed = choose(leader, weekday=1, hour=0, now=sunday - 7 * DAY)
        assert rings(changed) == datetime(2026, 3, 17, 4, tzinfo=UTC)
    ring_alarms(acme.tenant, now=datetime(2026, 3, 17, 4, tzinfo=UTC))
    with tenant_scope(acme.tenant):
        assert len(mails()) == 1
        assert rings(changed) == datetime(2026, 3, 24, 4, tzinfo=UTC)


def test_weeks_in_which_the_clocks_change_have_one_digest_too(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        skipped, twice = (DigestChoice(weekday=6, hour=hour) for hour in (2, 1))
        # 8 March 2026: two o'clock is skipped, and three is the same instant.
        before = datetime(2026, 3, 7, 12, tzinfo=UTC)
        first = next_digest(skipped, after=before)
        assert first == datetime(2026, 3, 8, 7, tzinfo=UTC)
        assert next_digest(skipped, after=first) == datetime(2026, 3, 15, 6, tzinfo=UTC)
        # 1 November 2026: one o'clock comes twice, and the first counts.
        first = next_digest(twice, after=datetime(2026, 10, 31, 12, tzinfo=UTC))
        assert first == datetime(2026, 11, 1, 5, tzinfo=UTC)
        assert next_digest(twice, after=first) == datetime(2026, 11, 8, 6, tzinfo=UTC)


def test_nothing_to_tell_is_no_mail_and_whoever_left_gets_none(acme: Company) -> None:
    leader, executive = acme.member(Role.LEADER), acme.member(Role.EXECUTIVE)
    with tenant_scope(acme.tenant):
        quiet = choose(executive)
        monday = rings(quiet)
    ring_alarms(acme.tenant, now=monday)
    with tenant_scope(acme.tenant):
        assert mails() == []
        assert rings(quiet) == monday + 7 * DAY
        miss_a_case(acme)
        gone = choose(leader)
        end_membership(leader, by=None, now=NOW)
    ring_alarms(acme.tenant, now=rings_in(acme, gone))
    with tenant_scope(acme.tenant):
        assert mails() == []


def rings_in(company: Company, choice: DigestChoice) -> datetime:
    with tenant_scope(company.tenant):
        return rings(choice)


def test_everybody_chooses_for_themselves_an_hour_that_there_is(acme: Company) -> None:
    leader = acme.member(Role.LEADER)
    with tenant_scope(acme.tenant):
        with pytest.raises(NotAllowedError):
            choose_digest(leader, is_wanted=True, weekday=0, hour=7, by=acme.member(Role.CSO), now=NOW)
        with pytest.raises(InvalidFieldsError) as refused:
            choose_digest(leader, is_wanted=True, weekday=7, hour=24, by=leader, now=NOW)
        assert [error.field for error in refused.value.errors] == ["weekday", "hour"]
        assert not DigestChoice.objects.exists()


def test_who_leads_or_sits_in_the_executive_gets_it_unless_they_chose(acme: Company) -> None:
    wanting = {Role.CSO, Role.EXECUTIVE, Role.LEADER}
    monday = datetime(2026, 3, 23, 11, tzinfo=UTC)
    with tenant_scope(acme.tenant):
        miss_a_case(acme)
        line = acme.member(Role.FRONTLINE)
        leader, executive, cso = (acme.member(role) for role in (Role.LEADER, Role.EXECUTIVE, Role.CSO))
        # By default, before anything is kept: so says the page under one's own menu.
        assert {role for role in Role if digest_choice(acme.member(role), now=NOW).is_wanted} == wanting
        assert not DigestChoice.objects.exists()
        choose(cso, weekday=4, hour=16)
        choose_digest(executive, is_wanted=False, weekday=0, hour=7, by=executive, now=NOW)
        assert give_digests(now=NOW) == 1
        assert give_digests(now=NOW) == 0
        given = digest_choice(leader, now=NOW)
        assert (given.is_wanted, given.weekday, given.hour, rings(given)) == (True, 0, 7, monday)
        assert not digest_choice(executive, now=NOW).is_wanted
        assert (digest_choice(cso, now=NOW).weekday, DigestChoice.objects.count()) == (4, 3)
    give_to_tenants([acme.tenant.pk])
    for _twice in range(2):
        ring_alarms(acme.tenant, now=monday)
    with tenant_scope(acme.tenant):
        assert [mail.about for mail in mails() if mail.about == given.pk] == [given.pk]
        # Ended by one click it is never given again; who came to lead since then gets it.
        stop_digest(given, now=monday)
        name_leader(acme.units["south"], Person.objects.get(member=line), date(2026, 3, 1), by=None)
        assert give_digests(now=monday) == 1
        assert not digest_choice(leader, now=monday).is_wanted
        assert rings(digest_choice(line, now=monday)) == monday + 7 * DAY


@pytest.mark.django_db(transaction=True)
def test_two_workers_write_one(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        miss_a_case(acme)
        choice = choose(acme.member(Role.LEADER))
        monday = rings(choice)
    start = threading.Barrier(2)

    def work() -> None:
        start.wait()
        ring_alarms(acme.tenant, now=monday)
        connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    with tenant_scope(acme.tenant):
        assert len(mails()) == 1
        assert rings(choice) == monday + 7 * DAY
