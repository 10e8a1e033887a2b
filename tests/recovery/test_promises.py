"""Promises: what words mean, and when one is kept or broken, to the microsecond."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cso.alarms.actions import ring_alarms
from cso.alarms.models import Alarm
from cso.errors import ConflictError, DomainError, InvalidFieldsError
from cso.recovery import actions
from cso.recovery.models import Case, CaseEvent, Promise
from cso.recovery.promises import (
    cancel_promise,
    dispute_promise,
    due_from_words,
    explain_broken,
    keep_promise,
    make_promise,
    move_promise,
    promise_falls_due,
)
from cso.recovery.settings import (
    FIRST_WORDS,
    promise_words,
    remove_promise_word,
    replace_promise_words,
    set_promise_word,
)
from tenants.models import AuditEntry
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.personas import NOW, Company, log_case
from tests.threads import at_once_sorted

MICROSECOND, MINUTE, HOUR = timedelta(microseconds=1), timedelta(minutes=1), timedelta(hours=1)
DUE = NOW + 2 * HOUR
LATER = NOW + timedelta(days=10)
NOTHING = UUID(int=7)


def codes(refused: pytest.ExceptionInfo[InvalidFieldsError]) -> list[tuple[str, str]]:
    return [(error.field, error.code) for error in refused.value.errors]


def promised(company: Company, *, due_at: datetime = DUE, case: Case | None = None, now: datetime = NOW) -> Promise:
    case = case or log_case(company.units["south"], NOW - HOUR)
    return make_promise(case, what="Call back", by=None, at=NOW, now=now, due_at=due_at)


def log_of(promise: Promise) -> list[tuple[str, datetime]]:
    events = CaseEvent.objects.filter(case=promise.case_id).order_by("recorded_at", "id")
    return list(events.values_list("kind", "at"))


def first_broken(promise: Promise) -> datetime | None:
    return Case.objects.get(pk=promise.case_id).first_promise_broken_at


@pytest.mark.parametrize(
    ("words", "minutes"),
    [
        ("soon", 120),
        ("We'll call back SOON.", 120),
        ("sooner or later", None),
        ("right away", 15),
        ("today, or at least this week", 7_200),  # the longest word, not the first
        ("shortly—promised", 60),
        ("in 3 hours", 180),
        ("In 45 min.", 45),
        ("within 2 days", 2_880),
        ("within  24h", 1_440),
        ("dans 2 heures", 120),
        ("D’ici 3 jours", 4_320),
        ("in 1 week", 10_080),
        ("soon, in 3 hours at most", 180),  # what is explicit goes before a word
        ("in 61 days", None),
        ("in 0 minutes", None),
        ("in 99999 weeks", None),
        ("in 2.5 hours", None),
        ("in ３ hours", 180),
        ("when we can", None),
        ("", None),
        ("a" * 5_000, None),
    ],
)
def test_what_is_said_is_dated(acme: Company, words: str, minutes: int | None) -> None:
    with tenant_scope(acme.tenant):
        due = None if minutes is None else NOW + minutes * MINUTE
        assert due_from_words(words, NOW) == due


def test_words_are_a_workspaces_own(acme: Company, other: Company) -> None:
    cso = acme.member(Role.CSO)
    with tenant_scope(acme.tenant):
        assert promise_words() == FIRST_WORDS
        set_promise_word("  Très  BIENTÔT ", 45, by=cso)
        set_promise_word("soon", 30, by=cso)
        set_promise_word("soon", 30, by=cso)
        remove_promise_word("Today", by=cso)
        remove_promise_word("today", by=cso)
        assert promise_words() == {word: FIRST_WORDS[word] for word in FIRST_WORDS if word != "today"} | {
            "soon": 30,
            "très bientôt": 45,
        }
        assert due_from_words("on vous rappelle très bientôt !", NOW) == NOW + 45 * MINUTE
        acts = AuditEntry.objects.filter(act__contains="promise_word").order_by("number").values_list("act", "subject")
        assert list(acts) == [
            ("set_promise_word", "très bientôt"),
            ("set_promise_word", "soon"),
            ("remove_promise_word", "today"),
        ]
        replace_promise_words([("Soon", 60), ("asap", 15)], by=None)
        assert promise_words() == {"asap": 15, "soon": 60}
        with pytest.raises(InvalidFieldsError) as twice:
            replace_promise_words([("soon", 60), ("SOON", 15)], by=None)
        assert codes(twice) == [("words", "twice")]
        replace_promise_words([], by=None)
        assert (promise_words(), due_from_words("soon", NOW)) == ({}, None)
        for word, minutes, found in (
            (" ", 5, ("word", "required")),
            ("...", 5, ("word", "required")),
            ("x" * 41, 5, ("word", "too_long")),
            ("a\x00", 5, ("word", "nul")),
            ("soon", 0, ("minutes", "out_of_range")),
            ("soon", 86_401, ("minutes", "out_of_range")),
        ):
            with pytest.raises(InvalidFieldsError) as refused:
                set_promise_word(word, minutes, by=None)
            assert codes(refused) == [found]
    with tenant_scope(other.tenant):
        assert due_from_words("soon", NOW) == NOW + 120 * MINUTE


def test_a_promise_is_dated_as_one_types(acme: Company) -> None:
    frontline = acme.member(Role.FRONTLINE)
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], NOW - HOUR)
        typed = make_promise(case, what=" Call back soon ", by=frontline, at=None, now=NOW)
        assert (typed.what, typed.words, typed.made_at) == ("Call back soon", "soon", NOW)
        assert (typed.first_due_at, typed.due_at, typed.unit, typed.member) == (DUE, DUE, case.unit, frontline)
        said = make_promise(case, what="Call back soon", words="Tomorrow", by=None, at=NOW, now=NOW)
        assert (said.words, said.due_at) == ("Tomorrow", NOW + 24 * HOUR)
        exact = make_promise(case, what="Call", words="soon", due_at=NOW + HOUR, by=None, at=NOW, now=NOW)
        assert (exact.words, exact.due_at) == ("soon", NOW + HOUR)
        assert log_of(typed) == [("promised", NOW)] * 3
        rings = Alarm.objects.filter(kind="promise_falls_due").order_by("rings_at").values_list("rings_at", flat=True)
        assert list(rings) == [NOW + HOUR + MICROSECOND, DUE + MICROSECOND, NOW + 24 * HOUR + MICROSECOND]


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({}, [("due_at", "vague")]),
        ({"words": "as soon as possible maybe never", "what": "x"}, None),
        ({"words": "one day"}, [("due_at", "vague")]),
        ({"what": "  ", "due_at": DUE}, [("what", "required")]),
        ({"what": "a\x00", "words": "w" * 41, "due_at": DUE}, [("what", "nul"), ("words", "too_long")]),
        ({"what": "x" * 301, "due_at": DUE}, [("what", "too_long")]),
        ({"due_at": NOW - MICROSECOND}, [("due_at", "before_made")]),
        ({"due_at": datetime.max.replace(tzinfo=NOW.tzinfo)}, [("due_at", "too_far")]),
        ({"due_at": DUE, "at": NOW - 2 * HOUR}, [("at", "before_opened")]),
        ({"due_at": DUE, "at": NOW + HOUR}, [("at", "in_the_future")]),
    ],
)
def test_a_promise_is_refused_by_its_fields(
    acme: Company, values: dict[str, Any], found: list[tuple[str, str]] | None
) -> None:
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], NOW - HOUR)
        told: dict[str, Any] = {"what": "Call back", "at": NOW} | values
        if found is None:
            assert make_promise(case, by=None, now=NOW, **told).due_at == DUE
            return
        with pytest.raises(InvalidFieldsError) as refused:
            make_promise(case, by=None, now=NOW, **told)
        assert codes(refused) == found


@pytest.mark.parametrize(
    ("done_at", "kept"),
    [(NOW, True), (DUE - MICROSECOND, True), (DUE, True), (DUE + MICROSECOND, False), (DUE + HOUR, False)],
)
def test_done_by_the_first_time_is_kept_and_a_microsecond_later_is_not(
    acme: Company, done_at: datetime, kept: bool
) -> None:
    with tenant_scope(acme.tenant):
        promise = keep_promise(promised(acme), by=None, at=done_at, now=LATER)
        assert (promise.kept, promise.kept_at_first, promise.kept_as_moved) == (kept, kept, False)
        assert (promise.broken_at, first_broken(promise)) == ((None, None) if kept else (DUE, DUE))
        told = [("promise_kept", done_at)] if kept else [("promise_broken", DUE), ("promise_late", done_at)]
        assert log_of(promise) == [("promised", NOW), *told]
        assert not Alarm.objects.filter(kind="promise_falls_due").exists()


def test_it_is_broken_when_it_falls_due_once_however_often_it_rings(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        promise = promised(acme)
    ring_alarms(acme.tenant, now=DUE)
    with tenant_scope(acme.tenant):
        assert first_broken(promise) is None
    ring_alarms(acme.tenant, now=DUE + MICROSECOND)
    with tenant_scope(acme.tenant):
        assert (first_broken(promise), Case.objects.get().doubly_deviated) == (DUE, True)
        promise_falls_due(promise.pk, now=DUE + HOUR)
        promise_falls_due(NOTHING, now=DUE + HOUR)
        assert log_of(promise) == [("promised", NOW), ("promise_broken", DUE)]
        # Told late, but done in time: it was kept all along.
        kept = keep_promise(promise, by=None, at=DUE - MINUTE, now=DUE + 2 * HOUR)
        assert (kept.kept, kept.broken_at, first_broken(promise)) == (True, None, None)


@pytest.mark.parametrize(
    ("moves", "done_after", "kept"),
    [
        # (moved to so long after DUE, agreed, asked so long before DUE)
        ([(HOUR, True, MICROSECOND)], HOUR, True),
        ([(HOUR, True, MICROSECOND)], HOUR + MICROSECOND, False),
        ([(HOUR, True, timedelta(0))], HOUR, False),  # at the very time it fell due
        ([(HOUR, False, HOUR)], HOUR, False),
        ([(HOUR, False, HOUR)], timedelta(0), True),  # done by the first time all the same
        ([(HOUR, True, HOUR), (3 * HOUR, True, HOUR)], HOUR, False),  # twice
        ([(HOUR, True, HOUR), (3 * HOUR, True, HOUR)], -MINUTE, True),
        ([(-HOUR, True, 90 * MINUTE)], timedelta(0), True),  # sooner: the first time still holds
    ],
)
def test_a_moved_promise_is_kept_if_the_customer_agreed_in_time_once(
    acme: Company, moves: list[tuple[timedelta, bool, timedelta]], done_after: timedelta, kept: bool
) -> None:
    with tenant_scope(acme.tenant):
        promise = promised(acme)
        for to, agreed, before in moves:
            promise = move_promise(promise, DUE + to, agreed=agreed, by=None, at=DUE - before, now=LATER)
        promise = keep_promise(promise, by=None, at=DUE + done_after, now=LATER)
        assert promise.kept is kept
        assert promise.kept_as_moved is (kept and done_after > timedelta(0))
        assert (promise.broken_at is None, first_broken(promise) is None) == (kept, kept)


def test_an_agreed_move_takes_the_alarm_along_and_a_second_one_brings_it_back(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        promise = promised(acme)
        promise = move_promise(promise, DUE + HOUR, agreed=True, by=None, at=NOW, now=NOW)
        assert (promise.first_due_at, promise.due_at, promise.times_moved) == (DUE, DUE + HOUR, 1)
        assert Alarm.objects.get(kind="promise_falls_due").rings_at == DUE + HOUR + MICROSECOND
        assert CaseEvent.objects.filter(kind="promise_moved").get().changes == {
            "due_at": [DUE.isoformat(), (DUE + HOUR).isoformat()],
            "agreed": True,
        }
        promise = move_promise(promise, DUE + 2 * HOUR, agreed=True, by=None, at=NOW, now=NOW)
        assert (promise.move_agreed, promise.broken_at) == (False, None)
        assert Alarm.objects.get(kind="promise_falls_due").rings_at == DUE + MICROSECOND
        with pytest.raises(InvalidFieldsError) as refused:
            move_promise(promise, NOW, agreed=True, by=None, at=NOW + MICROSECOND, now=NOW)
        assert codes(refused) == [("due_at", "before_made")]


def test_a_promise_of_the_past_is_judged_at_once(acme: Company) -> None:
    """A replay: made, due and never kept, long before it is told."""
    with tenant_scope(acme.tenant):
        promise = promised(acme, now=LATER)
        assert (promise.broken_at, first_broken(promise)) == (DUE, DUE)
        assert log_of(promise) == [("promised", NOW), ("promise_broken", DUE)]
        assert not Alarm.objects.filter(kind="promise_falls_due").exists()


def test_a_case_remembers_the_first_of_its_broken_promises(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], NOW - HOUR)
        later = promised(acme, case=case, due_at=DUE + HOUR, now=LATER)
        first = promised(acme, case=case, now=LATER)
        assert first_broken(first) == DUE
        # Told late: the customer had said, before it fell due, that it was not needed.
        cancel_promise(first, by=None, at=DUE, now=LATER)
        assert first_broken(first) == DUE + HOUR
        with pytest.raises(ConflictError) as refused:
            cancel_promise(later, by=None, at=DUE + HOUR + MICROSECOND, now=LATER)
        assert refused.value.code == "fell_due"
        keep_promise(later, by=None, at=DUE, now=LATER)
        assert first_broken(first) is None
        assert [promise.is_counted for promise in Promise.objects.order_by("first_due_at")] == [False, True]


def test_what_is_disputed_is_broken(acme: Company) -> None:
    customer = acme.member(Role.FRONTLINE)
    with tenant_scope(acme.tenant):
        promise = promised(acme)
        with pytest.raises(ConflictError) as refused:
            dispute_promise(promise, by=customer, at=NOW, now=NOW)
        assert refused.value.code == "not_done"
        promise = keep_promise(promise, by=None, at=NOW + HOUR, now=LATER)
        with pytest.raises(InvalidFieldsError) as early:
            dispute_promise(promise, by=customer, at=NOW, now=LATER)
        assert codes(early) == [("at", "before_done")]
        promise = dispute_promise(promise, by=customer, at=DUE + HOUR, now=LATER)
        assert (promise.kept, promise.broken_at, first_broken(promise)) == (False, DUE, DUE)
        with pytest.raises(ConflictError) as again:
            dispute_promise(promise, by=customer, at=LATER, now=LATER)
        assert again.value.code == "already_disputed"
        other = keep_promise(promised(acme), by=None, at=NOW, now=NOW)
        assert dispute_promise(other, by=customer, at=NOW + MINUTE, now=LATER).broken_at == NOW + MINUTE
        assert CaseEvent.objects.filter(kind="promise_broken", member=customer).count() == 2


def test_a_dispute_of_the_fix_leaves_promises_alone(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        promise = keep_promise(promised(acme), by=None, at=NOW, now=NOW)
        actions.fix_case(promise.case, by=None, at=NOW, now=NOW)
        actions.dispute_case(promise.case, by=None, at=NOW + HOUR, now=LATER, note="Not fixed")
        promise.refresh_from_db()
        assert (promise.kept, first_broken(promise)) == (True, None)


def test_why_it_was_broken_is_one_of_five_causes(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        promise = promised(acme)
        with pytest.raises(ConflictError) as refused:
            explain_broken(promise, "no_means", by=None, now=DUE)
        assert refused.value.code == "not_broken"
        explain_broken(promise, "no_means", by=None, now=LATER)  # the alarm has not rung yet
        assert explain_broken(promise, "unspoken", by=None, now=LATER).broken_because == "unspoken"
        assert list(CaseEvent.objects.filter(kind="corrected").order_by("id").values_list("changes", flat=True)) == [
            {"broken_because": ["", "no_means"]},
            {"broken_because": ["no_means", "unspoken"]},
        ]
        with pytest.raises(InvalidFieldsError) as unknown:
            explain_broken(promise, "attitude", by=None, now=LATER)
        assert codes(unknown) == [("because", "unknown")]


def test_what_is_settled_stays(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        done = keep_promise(promised(acme), by=None, at=NOW, now=NOW)
        gone = cancel_promise(promised(acme), by=None, at=NOW, now=NOW)
        for promise, code in ((done, "already_done"), (gone, "already_cancelled")):
            for act in (keep_promise, cancel_promise):
                with pytest.raises(ConflictError) as refused:
                    act(promise, by=None, at=NOW, now=NOW)
                assert refused.value.code == code
            with pytest.raises(ConflictError) as refused:
                move_promise(promise, LATER, agreed=True, by=None, at=NOW, now=NOW)
            assert refused.value.code == code
        # A promise of a case that was merged since is still to be kept.
        open_one = promised(acme)
        Case.objects.filter(pk=open_one.case_id).update(merged_into=done.case_id)
        assert keep_promise(open_one, by=None, at=NOW, now=NOW).kept is True


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["move", "agree", "keep", "cancel", "dispute"]),
        st.integers(-4, 6),  # at, in half hours from DUE
        st.integers(-4, 8),  # to
    ),
    max_size=5,
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(steps=STEPS)
def test_verdicts_are_those_of_a_plain_rule(acme: Company, steps: list[tuple[str, int, int]]) -> None:
    """Whatever is told, in whatever order of time: kept, broken and counted as a person would say from the story."""
    half = HOUR / 2
    with tenant_scope(acme.tenant):
        promise = promised(acme)
        moves: list[tuple[datetime, datetime, bool]] = []
        done = disputed = cancelled = None
        for act, when, to in steps:
            at, due = DUE + when * half, DUE + to * half
            try:
                if act in {"move", "agree"}:
                    move_promise(promise, due, agreed=act == "agree", by=None, at=at, now=LATER)
                    moves.append((at, due, act == "agree"))
                elif act == "keep":
                    keep_promise(promise, by=None, at=at, now=LATER)
                    done = at
                elif act == "cancel":
                    cancel_promise(promise, by=None, at=at, now=LATER)
                    cancelled = at
                else:
                    dispute_promise(promise, by=None, at=at, now=LATER)
                    disputed = at
            except DomainError:
                continue
        promise_falls_due(promise.pk, now=LATER)
        promise.refresh_from_db()
        last = DUE
        if len(moves) == 1 and moves[0][2] and moves[0][0] < DUE:
            last = max(DUE, moves[0][1])
        kept = done is not None and done <= last and disputed is None
        assert (promise.kept, promise.is_counted) == (kept, cancelled is None)
        assert (promise.broken_at is not None) == (cancelled is None and not kept)
        assert first_broken(promise) == promise.broken_at


@pytest.mark.django_db(transaction=True)
def test_an_act_and_its_alarm_at_once_end_well(acme: Company) -> None:
    """The alarm holds itself and wants the case, the act holds the case and wants the alarm: neither waits for ever."""
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], NOW - HOUR)
        promises = [promised(acme, case=case) for _ in range(4)]

    def rung() -> None:
        for promise in promises:
            Alarm.objects.select_for_update().filter(subject=promise.pk).delete()
            promise_falls_due(promise.pk, now=LATER)

    def kept() -> None:
        for promise in promises:
            keep_promise(promise, by=None, at=DUE, now=LATER)

    assert at_once_sorted(acme, kept, rung) == ["done", "done"]
    while_ringing = ring_alarms(acme.tenant, now=LATER + HOUR)
    assert while_ringing is False
    with tenant_scope(acme.tenant):
        assert all(promise.kept for promise in Promise.objects.all())
        assert Case.objects.get().first_promise_broken_at is None
