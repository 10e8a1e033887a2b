"""Outcomes and what is done for them: one owner, one outcome for each metric, and reviews that nobody puts off."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from cso.errors import ConflictError, InvalidFieldsError, NotAllowedError
from cso.strategy import initiatives, outcomes
from cso.strategy.models import Outcome, OutcomeMetric, OutcomeReview
from cso.strategy.outcomes import (
    change_outcome,
    end_outcome,
    free_metric,
    give_metric,
    make_outcome,
    order_outcomes,
    review_outcome,
)
from cso.strategy.queries import is_overdue, overdue, visible_outcomes, who_serves
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.personas import Company
from tests.strategy.scenes import DAY, HOUR, NOW, TODAY, a_person, acts, an_outcome, last_entry


def names() -> list[str]:
    return list(Outcome.objects.filter(ended_at=None).order_by("position").values_list("name", flat=True))


def refusals(error: pytest.ExceptionInfo[InvalidFieldsError]) -> list[tuple[str, str]]:
    return [(each.field, each.code) for each in error.value.errors]


def test_an_outcome_is_made_changed_and_put_in_order(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        cso = acme.member(Role.CSO)
        first, second, third = (an_outcome(acme, name) for name in ("Right  at once", "Heard", "Surprised"))
        assert (first.name, [first.position, second.position, third.position]) == ("Right at once", [0, 1, 2])
        order_outcomes([third, first, second], by=cso)
        assert names() == ["Surprised", "Right at once", "Heard"]
        assert last_entry().details == {"order": ["Surprised", "Right at once", "Heard"]}
        entries = len(acts())
        order_outcomes([third, first, second], by=cso)
        change_outcome(first, name="Right at once", owner=acme.leader, by=cso)
        assert len(acts()) == entries, "nothing was changed, so nothing is told"
        other = a_person("Ola Second")
        change_outcome(first, name="Right the first time", owner=other, by=cso)
        assert last_entry().details["owner"] == ["Lea North", "Ola Second"]
        assert last_entry().details["name"] == ["Right at once", "Right the first time"]
        for wrong in ([first, second], [first, second, third, third], [first, first, second]):
            with pytest.raises(InvalidFieldsError, match="Name each outcome"):
                order_outcomes(wrong, by=cso)
        with pytest.raises(ConflictError, match="already"):
            change_outcome(first, name="Heard", by=cso)


def test_what_no_outcome_can_be(acme: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    with tenant_scope(acme.tenant):
        wrong: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
            ({"name": "  "}, [("name", "required")]),
            ({"name": "x" * 121, "review_on": TODAY}, [("name", "too_long"), ("review_on", "in_the_past")]),
            ({"review_on": TODAY + 367 * DAY}, [("review_on", "too_far")]),
            ({"description": "a\x00"}, [("description", "nul")]),
        ]
        for fields, expected in wrong:
            with pytest.raises(InvalidFieldsError) as error:
                an_outcome(acme, **fields)
            assert refusals(error) == expected
        an_outcome(acme)
        with pytest.raises(ConflictError) as conflict:
            an_outcome(acme, " Right at once ")
        assert conflict.value.code == "name_in_use"
        monkeypatch.setattr(outcomes, "MOST_OUTCOMES", 1)
        with pytest.raises(ConflictError, match="End one first"):
            an_outcome(acme, "Heard")
        for role in (Role.EXECUTIVE, Role.LEADER, Role.ADMINISTRATOR):
            with pytest.raises(PermissionDenied):
                make_outcome("Mine", owner=acme.leader, review_on=TODAY + DAY, by=acme.member(role), now=NOW)


def test_a_review_says_what_was_decided_and_alone_moves_the_day(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        outcome = an_outcome(acme)
        due = outcome.review_on
        # Its last half an hour in Toronto is the next day in London.
        late = NOW + 10 * DAY + 13.5 * HOUR
        assert (is_overdue(outcome, late - HOUR), is_overdue(outcome, late)) == (False, True)
        assert [each.name for each in overdue(Outcome.objects.all(), late)] == ["Right at once"]
        with pytest.raises(InvalidFieldsError) as error:
            review_outcome(outcome, decided=" ", next_on=due, by=acme.member(Role.LEADER), now=late)
        assert refusals(error) == [("decided", "required"), ("next_on", "in_the_past")]
        for role in (Role.EXECUTIVE, Role.FRONTLINE):
            with pytest.raises(NotAllowedError):
                review_outcome(outcome, decided="No", next_on=due + 40 * DAY, by=acme.member(role), now=late)
        # The leader owns it, so they may; the Chief Serving Officer may for all of them.
        for role, after in ((Role.LEADER, 30), (Role.CSO, 60)):
            review = review_outcome(outcome, decided="Go on", next_on=due + after * DAY, by=acme.member(role), now=late)
        outcome.refresh_from_db()
        assert outcome.review_on == due + 60 * DAY
        assert (review.was_due_on, OutcomeReview.objects.count()) == (due + 30 * DAY, 2)
        assert last_entry().details["next_on"] == str(due + 60 * DAY)
        assert not overdue(Outcome.objects.all(), late).exists()


def test_a_metric_serves_one_outcome_and_says_which_it_leaves(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        cso = acme.member(Role.CSO)
        first, second = an_outcome(acme), an_outcome(acme, "Heard")
        assert give_metric("recovered_24h", first, by=cso) is None
        assert give_metric("recovered_24h", first, by=cso) is None
        left = give_metric("recovered_24h", second, by=cso)
        assert (left, last_entry().details["left"]) == (first, "Right at once")
        assert OutcomeMetric.objects.get().outcome_id == second.pk
        served = {each.metric.key: each.outcome for each in who_serves(Outcome.objects.all())}
        assert (served["recovered_24h"], served["nps"]) == (second, None)
        with pytest.raises(InvalidFieldsError, match="no metric"):
            give_metric("happiness", first, by=cso)
        with pytest.raises(PermissionDenied):
            give_metric("nps", first, by=acme.member(Role.LEADER))
        assert free_metric("recovered_24h", by=cso) == second
        assert free_metric("recovered_24h", by=cso) is None
        assert acts()[-1] == "free_metric"


def test_a_metric_has_a_target_of_its_own_where_it_follows_no_path(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        outcome = an_outcome(acme)
        give_metric("nps", outcome, by=None, target=Decimal(40))
        give_metric("nps", outcome, by=None, target=Decimal("30.5"))
        assert last_entry().details | {"outcome": ""} == {
            "metric": "nps",
            "left": None,
            "target": "30.5",
            "target_before": "40",
            "outcome": "",
        }
        for metric, target, code in (
            ("recovered_24h", "80", "has_a_path"),
            ("rules_killed", "2", "adds_up"),
            ("value_at_risk", "2", "adds_up"),
            ("nps", "100.5", "out_of_range"),
            ("time_to_recover", "0.001", "out_of_range"),
            ("silent", "NaN", "out_of_range"),
        ):
            with pytest.raises(InvalidFieldsError) as error:
                give_metric(metric, outcome, by=None, target=Decimal(target))
            assert refusals(error) == [("target", code)]
        other = an_outcome(acme, "Heard")
        assert give_metric("nps", other, by=None, target=Decimal(20)) == outcome
        assert [each.target for each in who_serves(Outcome.objects.all()) if each.outcome] == [Decimal(20)]


def test_an_outcome_ends_with_a_reason_once_nothing_runs_for_it(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        cso = acme.member(Role.CSO)
        outcome = an_outcome(acme)
        give_metric("recovered_24h", outcome, by=cso)
        running = initiatives.start_initiative(
            outcome, "One desk", owner=acme.leader, starts_on=TODAY, due_on=TODAY + DAY, by=acme.member(Role.LEADER)
        )
        with pytest.raises(ConflictError) as conflict:
            end_outcome(outcome, because="Reached", by=cso, now=NOW)
        assert conflict.value.code == "initiatives_run"
        initiatives.stop_initiative(running, what_came_of_it="No room for it", by=cso, now=NOW)
        with pytest.raises(InvalidFieldsError):
            end_outcome(outcome, because="", by=cso, now=NOW)
        end_outcome(outcome, because="Reached", by=cso, now=NOW)
        assert last_entry().details["metrics"] == ["recovered_24h"]
        assert not OutcomeMetric.objects.exists()
        ended_acts: list[Callable[[], object]] = [
            lambda: end_outcome(outcome, because="Again", by=cso, now=NOW),
            lambda: change_outcome(outcome, name="Other", by=cso),
            lambda: give_metric("nps", outcome, by=cso),
            lambda: review_outcome(outcome, decided="x", next_on=TODAY + DAY, by=cso, now=NOW),
            lambda: initiatives.resume_initiative(running, by=cso),
            lambda: initiatives.start_initiative(
                outcome, "Late", owner=acme.leader, starts_on=TODAY, due_on=TODAY, by=cso
            ),
        ]
        for act in ended_acts:
            with pytest.raises(ConflictError) as conflict:
                act()
            assert conflict.value.code == "ended"
        # Its name may be used again.
        an_outcome(acme)


def test_an_initiative_runs_until_somebody_says_what_came_of_it(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        lead, cso = acme.member(Role.LEADER), acme.member(Role.CSO)
        outcome, other = an_outcome(acme), a_person("Ola Second")
        made = initiatives.start_initiative(
            outcome, "One desk", owner=other, starts_on=TODAY, due_on=TODAY + 30 * DAY, by=lead, is_remarkable=True
        )
        with pytest.raises(InvalidFieldsError) as error:
            initiatives.change_initiative(made, due_on=TODAY - DAY, by=lead)
        assert refusals(error) == [("due_on", "before_start")]
        with pytest.raises(InvalidFieldsError) as error:
            initiatives.change_initiative(made, name=" ", starts_on=date(1999, 1, 1), by=lead)
        assert refusals(error) == [("name", "required"), ("starts_on", "out_of_range")]
        initiatives.change_initiative(made, due_on=TODAY + 60 * DAY, owner=acme.leader, by=lead)
        assert last_entry().details["due_on"] == [str(TODAY + 30 * DAY), str(TODAY + 60 * DAY)]
        with pytest.raises(NotAllowedError):
            initiatives.change_initiative(made, name="Mine", by=acme.member(Role.FRONTLINE))
        with pytest.raises(InvalidFieldsError, match="what came of it"):
            initiatives.finish_initiative(made, what_came_of_it=" ", by=lead, now=NOW)
        initiatives.finish_initiative(made, what_came_of_it="One desk at each gate", by=lead, now=NOW)
        with pytest.raises(ConflictError, match="over"):
            initiatives.stop_initiative(made, what_came_of_it="x", by=cso, now=NOW)
        resumed = initiatives.resume_initiative(made, by=lead)
        assert (resumed.done_at, resumed.what_came_of_it) == (None, "")
        assert last_entry().details["what_came_of_it"] == "One desk at each gate"
        with pytest.raises(ConflictError, match="not over"):
            initiatives.resume_initiative(made, by=lead)
        stopped = initiatives.stop_initiative(made, what_came_of_it="Nobody came", by=cso, now=NOW)
        assert (stopped.done_at, stopped.stopped_at) == (None, NOW)


def test_who_sees_which_outcome(acme: Company, other: Company) -> None:
    with tenant_scope(other.tenant):
        an_outcome(other, "Theirs")
    with tenant_scope(acme.tenant):
        an_outcome(acme, "Lea's")
        theirs = an_outcome(acme, "Ola's", owner=a_person("Ola Second"))
        seen = {role: sorted(o.name for o in visible_outcomes(acme.member(role))) for role in Role}
        assert seen[Role.CSO] == seen[Role.EXECUTIVE] == seen[Role.AUDITOR] == ["Lea's", "Ola's"]
        assert (seen[Role.LEADER], seen[Role.FRONTLINE], seen[Role.ADMINISTRATOR]) == (["Lea's"], [], [])
        initiatives.start_initiative(
            theirs, "One desk", owner=acme.leader, starts_on=TODAY, due_on=TODAY, by=acme.member(Role.CSO)
        )
        assert sorted(o.name for o in visible_outcomes(acme.member(Role.LEADER))) == ["Lea's", "Ola's"]
