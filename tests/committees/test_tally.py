"""The arithmetic against exact fractions, and what other products get wrong."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cso.committees.effect import effect_of
from cso.committees.tally import BaseOf, Share, Terms, Votes, break_tie, quorum_of, tally, yes_still_needed

HALF = Share(1, 2, is_more_than=True)
TWO_THIRDS = Share(2, 3, is_more_than=False)
NO_QUORUM = Share(0, 1, is_more_than=False)


def terms(
    majority: Share | int = HALF, base: BaseOf = "cast", quorum: Share | int = NO_QUORUM, *, chair: bool = False
) -> Terms:
    return Terms(quorum, base, majority, chair)


@pytest.mark.parametrize(
    ("votes", "by", "result"),
    [
        (Votes(6, 3, 0, 12), terms(quorum=7), "carried"),
        (Votes(2, 1, 0, 3), terms(), "carried"),  # 2 of 3
        (Votes(4, 2, 0, 6), terms(TWO_THIRDS), "carried"),  # at least
        (Votes(3, 2, 0, 6), terms(TWO_THIRDS), "lost"),
        (Votes(0, 0, 5, 5), terms(TWO_THIRDS), "lost"),  # 0 : 0 is no two thirds; the quorum is met by abstentions
        (Votes(0, 4, 0, 5), terms(), "lost"),  # nobody says yes
        (Votes(0, 0, 0, 5), terms(), "inquorate"),  # nobody at all
        (Votes(3, 3, 0, 6), terms(), "lost"),  # a tie
        (Votes(3, 3, 0, 6), terms(chair=True), "tied"),
        (Votes(0, 0, 6, 6), terms(chair=True), "lost"),  # nothing to break
        (Votes(3, 3, 0, 6), terms(TWO_THIRDS, chair=True), "lost"),  # one more would not carry
        (Votes(3, 3, 0, 6), terms(base="eligible", chair=True), "tied"),
        (Votes(2, 2, 2, 6), terms(base="eligible", chair=True), "lost"),
        (Votes(2, 1, 2, 5), terms(base="participating"), "lost"),  # abstentions count in this base
        (Votes(2, 1, 2, 5), terms(), "carried"),
        (Votes(8, 7, 0, 15), terms(8, "fixed"), "carried"),
        (Votes(7, 0, 0, 15), terms(8, "fixed"), "lost"),
        (Votes(7, 7, 0, 15), terms(8, "fixed", chair=True), "tied"),
        (Votes(1, 0, 0, 1), terms(quorum=HALF), "carried"),  # one seat
        (Votes(1, 0, 4, 9), terms(quorum=HALF), "carried"),  # a quorum by abstentions
        (Votes(4, 0, 0, 9), terms(quorum=HALF), "inquorate"),  # of the eligible, not of those who came
    ],
)
def test_results(votes: Votes, by: Terms, result: str) -> None:
    assert tally(votes, by).result == result


def test_what_others_get_wrong() -> None:
    assert Share(28, 100, is_more_than=False).least_of(25) == 7  # a float ceiling says 8
    # Six voters, a half at least, one yes so far: two more, not three.
    half_at_least = terms(Share(1, 2, is_more_than=False), base="eligible")
    assert yes_still_needed(Votes(1, 0, 0, 6), half_at_least) == 2
    assert yes_still_needed(Votes(0, 4, 0, 6), terms(base="eligible")) is None
    tied = tally(Votes(2, 2, 0, 4), terms(chair=True))
    assert (break_tie(tied, terms(chair=True), yes=True).result, break_tie(tied, terms(), yes=False).result) == (
        "carried",
        "lost",
    )
    with pytest.raises(ValueError, match="no tie"):
        break_tie(tally(Votes(2, 1, 0, 4), terms()), terms(), yes=True)
    with pytest.raises(ValueError, match="can have given"):
        Votes(2, 2, 1, 4)


@st.composite
def _shares(draw: st.DrawFn) -> Share:
    denominator = draw(st.integers(1, 120))
    numerator = draw(st.integers(0, denominator))
    return Share(numerator, denominator, is_more_than=numerator < denominator and draw(st.booleans()))


@st.composite
def _votes(draw: st.DrawFn) -> Votes:
    yes, no, abstain, away = (draw(st.integers(0, 60)) for _ in range(4))
    return Votes(yes, no, abstain, yes + no + abstain + away)


def _reaches(count: int, share: Share, whole: int) -> bool:
    part = Fraction(share.numerator, share.denominator) * whole
    return count > part if share.is_more_than else count >= part


@settings(max_examples=300, deadline=None)
@given(_votes(), _shares(), _shares(), st.sampled_from(["cast", "participating", "eligible"]), st.booleans())
def test_tally_against_fractions(votes: Votes, quorum: Share, majority: Share, base: BaseOf, chair: bool) -> None:
    by = Terms(quorum, base, majority, chair)
    told = tally(votes, by)
    whole = {"cast": votes.yes + votes.no, "participating": votes.participating, "eligible": votes.eligible}[base]
    has_quorum = votes.participating > 0 and _reaches(votes.participating, quorum, votes.eligible)
    carried = votes.yes > 0 and _reaches(votes.yes, majority, whole)
    assert (told.result != "inquorate") == has_quorum
    if has_quorum:
        assert (told.result == "carried") == carried
        assert (votes.yes >= told.yes_needed) == carried
    one_more = _reaches(votes.yes + 1, majority, whole + (base != "eligible"))
    assert (told.result == "tied") == (has_quorum and not carried and chair and votes.yes == votes.no > 0 and one_more)
    assert 1 <= quorum_of(votes.eligible, by) <= max(1, votes.eligible + 1)
    needed = yes_still_needed(votes, by)
    if needed is not None:
        more = Votes(votes.yes + needed, votes.no, votes.abstain, votes.eligible)
        assert tally(more, by).result == "carried"


def test_effect_says_what_chance_would_do() -> None:
    assert (effect_of(4, 0).verdict, effect_of(4, 0).low) == ("too_few", None)
    assert effect_of(20, 6).verdict == "effective"
    assert effect_of(20, 17).verdict == "no_effect"
    assert (effect_of(5, 0).verdict, effect_of(6, 0).verdict) == ("no_effect", "effective")
    assert effect_of(6, 25).verdict == "harmful"
    found = effect_of(10, 5)
    # Of 15, 5: Clopper and Pearson's interval of the share is 0.1182 to 0.6162.
    assert found.low == pytest.approx(0.1182 / 0.8818, abs=0.001)
    assert found.high == pytest.approx(0.6162 / 0.3838, abs=0.002)
    assert (effect_of(9, 0).low, effect_of(3000, 2000).verdict) == (0.0, "effective")
