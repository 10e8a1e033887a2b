"""The story as told: a small one, through the command, into the real database."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.core.management import call_command
from django.db import transaction
from django.test import RequestFactory
from django.utils import timezone

from cso.committees.models import KillOrder, Nomination, OutcomeRecord
from cso.committees.outcomes import verify_outcomes
from cso.committees.queries import awaiting_vote, committee_coverage, story_of
from cso.customers.models import Customer, CustomerPreference, Purchase
from cso.metrics.engine.rebuild import verify
from cso.metrics.models import Mark
from cso.metrics.periods import last_weeks, parse_period
from cso.metrics.queries.standing import Standing, leaders_standing
from cso.panels.links import invitation_by_token
from cso.panels.models import Commitment, PanelSession, Remark, Response, ResultGroup, RosterEntry, Wave
from cso.panels.queries import attendance_by_person
from cso.panels.results import response_rate, trend
from cso.panels.themes import themes_of
from cso.people.models import Leadership, Person, Unit
from cso.people.queries import led_units
from cso.recognition.models import Recognition
from cso.recovery.duplicates import probable_duplicates
from cso.recovery.models import Authority, CallBack, Case, CaseEvent, Contact, EventKind, Promise
from cso.recovery.queries import case_log, open_cases
from cso.rules.models import Rule
from cso.scorecards.board_pack import board_pack
from cso.scorecards.models import Acknowledgement, Plan, PlanVersion
from cso.scorecards.scores.snapshots import as_seen, restatements_of
from cso.scorecards.scores.tables import scores_of
from cso.scorecards.walls.figures import wall_figures
from cso.scorecards.walls.links import wall_by_token
from cso.scorecards.walls.pulse import pulse_of
from tenants.keys import recognise
from tenants.members import memberships_of
from tenants.models import Membership, Tenant, User
from tenants.roles import SCOPE_GRANTS, Role
from tenants.scope import tenant_scope

CASES = 2_000
# A Saturday's late evening where the story plays, and the next day and month already in UTC.
NOW = datetime(2026, 3, 1, 2, 30, tzinfo=UTC)
Told = dict[str, list[dict[str, str]]]


@pytest.fixture(scope="module")
def told(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> Iterator[Told]:
    """One story for all tests of this module, in a transaction that is rolled back."""
    file = tmp_path_factory.mktemp("story") / "people.json"
    outer = transaction.atomic()
    # As Django's own TestCase does: scopes inside may call themselves outermost.
    outer._from_testcase = True  # type: ignore[attr-defined]
    with django_db_blocker.unblock(), outer:
        call_command("tell_story", credentials=file, cases=CASES, now=NOW, stdout=StringIO())
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        yield json.loads(file.read_text())
        transaction.set_rollback(True)


def tenant(slug: str) -> Tenant:
    return Tenant.objects.get(slug=slug)


def standing(slug: str, now: datetime) -> Standing:
    viewer = Membership.objects.get(role=Role.CSO)
    # A year, so that also in a small story each division has enough cases to be judged.
    return leaders_standing(viewer, last_weeks(52, now, tenant(slug).zone), now=now)


BOTH = pytest.mark.parametrize("slug", ["larkspur-air", "port-ellery"])


def test_both_tenants_are_filled(told: Told) -> None:
    counts = {}
    for slug in ("larkspur-air", "port-ellery"):
        with tenant_scope(tenant(slug)):
            counts[slug] = [model.objects.count() for model in (Unit, Case, Customer)]
            assert Person.objects.count() > 180
            assert not Mark.objects.exists()
            assert verify() == []
    # Two customers of each wrote a second time.
    # Nine of each have joined the panel, whom no case names.
    assert counts == {"larkspur-air": [61, 1_202, 409], "port-ellery": [40, 802, 309]}


@BOTH
def test_people_are_at_work_on_the_cases_of_these_days(told: Told, slug: str) -> None:
    with tenant_scope(tenant(slug)):
        for model in (Authority, Contact, CustomerPreference, Promise, Purchase, Rule):
            assert model.objects.exists(), model
        assert Case.objects.filter(dazzled=True, closed_at__isnull=False).exists()
        assert CallBack.objects.filter(called_at=None).count() == 2
        written_twice = Case.objects.get(
            external_id__endswith="-M",
            unit__in=Person.objects.filter(
                member__role=Role.FRONTLINE, member__user__email__startswith="frontline@"
            ).values("unit"),
        )
        assert [other.external_id for other in probable_duplicates(written_twice)][:1] == [
            str(written_twice.external_id).removesuffix("-M")
        ]


def test_each_role_signs_in_where_it_is_told(told: Told) -> None:
    request = RequestFactory().post("/accounts/login/")
    assert len(told["people"]) == 2 * len(Role)
    for person in told["people"]:
        user = authenticate(request, email=person["email"], password=person["password"])
        assert isinstance(user, User), person
        roles = {m.tenant.slug: m.get_role_display() for m in memberships_of(user)}
        assert roles[person["workspace"]] == person["role"]
        assert person["landing"] == f"/{person['workspace']}/"


def test_one_executive_works_in_both(told: Told) -> None:
    both = [p for p in told["people"] if p["role"] == "Executive"]
    assert len({(p["email"], p["password"]) for p in both}) == 1
    assert {p["workspace"] for p in both} == {"larkspur-air", "port-ellery"}


def test_nobody_else_has_a_password(told: Told) -> None:
    known = {person["email"] for person in told["people"]}
    assert not any(user.has_usable_password() for user in User.objects.exclude(email__in=known))


@BOTH
def test_the_key_opens_its_tenant_with_all_scopes(told: Told, slug: str) -> None:
    (key,) = [each["key"] for each in told["keys"] if each["workspace"] == slug]
    with tenant_scope(tenant(slug)):
        assert recognise(key, now=timezone.now()).scopes == sorted(SCOPE_GRANTS)


@BOTH
def test_some_leaders_miss_and_some_meet(told: Told, slug: str) -> None:
    with tenant_scope(tenant(slug)):
        found = standing(slug, NOW)
    verdicts = [row.judgement.verdict for row in found.rows]
    assert "missed" in verdicts
    assert found.organization.denominator > 100
    assert any(row.judgement.gap is not None and row.judgement.gap <= 0 for row in found.rows)
    assert all(row.why.reasons[0].id for row in found.rows if row.judgement.verdict == "missed")
    # Someone took over within the period, and each answers for the own part.
    assert any(row.since for row in found.rows)


@BOTH
def test_the_bad_week_stands_out(told: Told, slug: str) -> None:
    with tenant_scope(tenant(slug)):
        weeks = standing(slug, NOW).weeks
    bad = weeks[-{"larkspur-air": 9, "port-ellery": 12}[slug]][1]
    usual = sorted(figure.percent or 0 for _, figure in weeks)[len(weeks) // 2]
    assert bad.percent is not None
    assert bad.percent < usual - 8


@BOTH
def test_there_is_something_to_do_for_everybody(told: Told, slug: str) -> None:
    now = NOW
    with tenant_scope(tenant(slug)):
        cso, leader = (Membership.objects.get(user__email__startswith=f"{who}@{slug}") for who in ("cso", "leader"))
        frontline = Membership.objects.get(user__email__startswith=f"frontline@{slug}")
        open_ones = list(open_cases(cso))
        assert any(case.due_at < now for case in open_ones)
        assert any(case.due_at > now for case in open_ones)
        assert led_units(leader).count() == 1
        assert Case.objects.filter(opened_by=frontline).exists()
        awaiting = Case.objects.exclude(excluded_as="").filter(is_valid=True)
        assert awaiting.count() == 2
        assert Case.objects.filter(is_valid=False).count() > 2
        vacant = Leadership.objects.filter(ends_on__lt=now.date()).exclude(unit__leaderships__ends_on=None)
        assert vacant.count() == 1


@BOTH
def test_the_log_of_a_reopened_case_reads_whole(told: Told, slug: str) -> None:
    with tenant_scope(tenant(slug)):
        kinds = set(CaseEvent.objects.values_list("kind", flat=True))
        assert {EventKind.REOPENED, EventKind.DISPUTED, EventKind.EXCLUSION_CONFIRMED} <= kinds
        case = Case.objects.filter(times_undone=1, fixed_at__isnull=False, excluded_as="").earliest("reported_at")
        turns = {EventKind.OPENED, EventKind.FIXED, EventKind.REOPENED, EventKind.DISPUTED}
        log = [(line.kind, bool(line.by)) for line in case_log(case) if line.kind in turns]
    assert [kind for kind, _ in log][:2] == [EventKind.OPENED, EventKind.FIXED]
    assert log[2][0] in {EventKind.REOPENED, EventKind.DISPUTED}
    assert log[3] == (EventKind.FIXED, True)


def test_telling_it_again_changes_nothing(told: Told, tmp_path: Path) -> None:
    out, before = StringIO(), User.objects.get(email="executive@board.example").password
    call_command("tell_story", credentials=tmp_path / "again.json", stdout=out)
    assert out.getvalue() == "The story is told already; nothing was changed, and its passwords were shown then.\n"
    assert not (tmp_path / "again.json").exists()
    assert User.objects.get(email="executive@board.example").password == before


@pytest.mark.parametrize("slug", ["larkspur-air", "port-ellery"])
def test_the_committees_have_something_in_every_state(told: Told, slug: str) -> None:
    with tenant_scope(tenant(slug)):
        now, voter = NOW, Membership.objects.get(role=Role.COMMITTEE_MEMBER)
        [waiting] = awaiting_vote(voter, now=now)
        assert waiting.ballot.closes_at == now + timedelta(days=2)
        assert sorted(OutcomeRecord.objects.values_list("result", "ballot__is_secret")) == [
            ("carried", False),
            ("carried", False),
            ("carried", True),
            ("lost", False),
        ]
        assert verify_outcomes() == []
        orders = {order.status: order for order in KillOrder.objects.select_related("rule")}
        assert set(orders) == {"effective", "ordered"}
        effective = orders["effective"]
        assert (effective.cases_before, effective.cases_after, effective.rule.status) == (21, 4, "killed")
        assert KillOrder.objects.filter(status="ordered", due_at__lt=now).count() == 1
        assert len(set(Nomination.objects.values_list("status", flat=True))) == len(Nomination.Status) == 9
        kinds = [moment.kind for moment in story_of(effective.rule)]
        assert {"first_case", "nominated", "opened", "decided", "executed", "verified", "effect"} <= set(kinds)
        live = [each for each in committee_coverage(Membership.objects.get(role=Role.CSO), now=now) if each.is_live]
        assert len(live) == 1


@BOTH
def test_customers_are_heard_and_it_changes_something(told: Told, slug: str) -> None:
    with tenant_scope(tenant(slug)):
        waves = {wave.name: wave for wave in Wave.objects.order_by("opens_at")}
        assert [wave.status for wave in waves.values()] == ["closed", "closed", "open", "draft"]
        first, second, running = list(waves.values())[:3]
        cso = Membership.objects.get(role=Role.CSO)
        scores = {
            code: [point.part for point in trend(cso, first.panel, code)] for code in ("nps", "satisfied", "easy")
        }
        for before, after in scores.values():
            assert before is not None
            assert after is not None
            assert after.score.value - before.score.value > Fraction(1, 10)
        whole = ResultGroup.objects.filter(by="whole", kind="nps").order_by("at")
        assert (
            list(whole.values_list("answers", "favourable", "unfavourable"))
            == {
                "larkspur-air": [(49, 14, 18), (49, 23, 10)],
                "port-ellery": [(45, 10, 20), (45, 18, 11)],
            }[slug]
        )
        assert ResultGroup.objects.filter(by="segment", is_pooled=True, wave=second).exists()
        assert not ResultGroup.objects.filter(wave=running).exists()
        assert Response.objects.filter(wave=running).count() > 20
        assert running.questions.count() == 5
        assert Remark.objects.filter(is_praise=False, words__contains="[name]").exists()
        assert not Remark.objects.filter(is_praise=True, words__contains="[name]").exists()
        [rate] = response_rate(cso, second)
        assert (rate.bounced, rate.withdrew) == (2, 1)
        assert themes_of(cso, second)[0].praise > 0


@BOTH
def test_a_customer_may_answer_now(told: Told, slug: str) -> None:
    [path] = [survey["path"] for survey in told["surveys"] if survey["workspace"] == slug]
    with tenant_scope(tenant(slug)):
        invitation = invitation_by_token(path.split("/")[3], now=NOW)
        assert invitation.answered_at is None


@BOTH
def test_a_wall_shows_the_whole_company(told: Told, slug: str) -> None:
    [path] = [wall["path"] for wall in told["walls"] if wall["workspace"] == slug]
    with tenant_scope(tenant(slug)):
        wall = wall_by_token(path.split("/")[3])
        found = wall_figures(wall, pulse_of(wall, now=NOW), now=NOW)
        assert (wall.name, wall.unit) == ("Head office", None)
        assert found.judgement.verdict in {"met", "missed"}, "there is enough to tell"
        assert found.surprised.numerator
        assert found.hero is not None
        assert found.rules
        assert found.wins


@BOTH
def test_leaders_hear_the_panel_and_heroes_are_celebrated(told: Told, slug: str) -> None:
    with tenant_scope(tenant(slug)):
        held = PanelSession.objects.exclude(ended_at=None)
        lines = attendance_by_person(held)
        assert [(line.is_chief_executive, line.attended, line.sessions) for line in lines] == [
            (True, 1, 2),
            (False, 0, 2),
            (False, 1, 2),
            (False, 1, 2),
            (False, 2, 2),
            (False, 2, 2),
            (False, 2, 2),
        ]
        left_early = RosterEntry.objects.get(present_seconds=42 * 60)
        assert (left_early.session_seconds, left_early.attended) == (3_600, False)
        assert PanelSession.objects.filter(started_at=None, planned_at__gt=NOW).count() == 1
        made = Commitment.objects.all()
        kept, late = made.filter(kept=True), made.filter(kept=False, done_at__isnull=False)
        told_of, withdrawn = made.exclude(told_at=None), made.exclude(withdrawn_at=None)
        open_ones = made.filter(done_at=None, withdrawn_at=None)
        states = (kept, late, told_of, withdrawn, open_ones, open_ones.filter(due_at__lt=NOW))
        assert [each.count() for each in states] == [3, 1, 3, 1, 2, 1]
        assert set(Recognition.objects.values_list("kind", flat=True)) == set(Recognition.Kind.values)
        assert set(Recognition.objects.values_list("source", flat=True)) == {"", "case", "remark"}


@BOTH
def test_leaders_are_scored_by_plans_that_they_have_read(told: Told, slug: str) -> None:
    with tenant_scope(tenant(slug)):
        cso = Membership.objects.get(role=Role.CSO)
        [year, november] = scores_of(cso, [parse_period("2026"), parse_period("2025-11")], now=NOW)
        divisions = {"larkspur-air": 11, "port-ellery": 10}[slug]
        assert len(year.scores) == divisions
        lacking = {score.plan.unit.code: [item.what for item in score.items if item.lacks] for score in year.scores}
        # Of one the ledger told nothing this year; one leads since twelve days, too short for a month's figure.
        assert {unit: lacks for unit, lacks in lacking.items() if lacks} == {
            "larkspur-air": {"CLB": ["cost-per-guest"], "DIG": ["cost-per-guest", "turnover", "minutes-late"]},
            "port-ellery": {"311": ["cost-per-request"], "STR": ["cost-per-request", "turnover", "days-open"]},
        }[slug]
        assert Acknowledgement.objects.count() == divisions
        [changed] = PlanVersion.objects.filter(number=2)
        assert (changed.starts_on.isoformat(), changed.acknowledgements.exists()) == ("2026-03-01", False)
        own = Plan.objects.select_related("person", "unit").get(person__email__startswith="leader@", year=2025)
        [restated] = restatements_of(own, november.period)
        assert [change.what for change in restated.changes] == [restated.after.items[2]["what"]]
        seen = [
            next(row for row in as_seen(cso, november.period, instant) if row.plan_id == own.pk)
            for instant in (NOW - timedelta(hours=20), NOW)
        ]
        assert seen == [restated.before, restated.after]
        assert seen[0].items[2]["value"] != seen[1].items[2]["value"]


@BOTH
def test_what_was_saved_stands_against_what_was_given(told: Told, slug: str) -> None:
    with tenant_scope(tenant(slug)):
        pack = board_pack(Membership.objects.get(role=Role.CSO), parse_period("2025-Q4..2026-Q1"), now=NOW)
        assert pack.returned.ratio is not None
        low, high = pack.returned.ratio
        assert 1 < low < high
