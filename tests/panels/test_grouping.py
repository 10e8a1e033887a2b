"""Groups that no sum and no difference takes apart: small worlds, attacked with every combination there is."""

from __future__ import annotations

from collections import defaultdict
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cso.panels.grouping import Groups, Tree, groups_of, shown_units, thin_side

K = 3
# top -> (north -> (n1, n2), south -> (s1, s2), lone)
PARENTS = {"north": "top", "south": "top", "lone": "top", "n1": "north", "n2": "north", "s1": "south", "s2": "south"}
UNITS = ["top", *PARENTS]
NOBODY = Tree("top", PARENTS, {})

PEOPLE = st.dictionaries(
    st.tuples(st.sampled_from(UNITS), st.sampled_from("abcd")), st.integers(1, 6), min_size=1, max_size=14
)
STAFF = st.dictionaries(st.sampled_from(UNITS), st.integers(1, 5))


@pytest.mark.parametrize(
    ("people", "staff", "shown"),
    [
        ({"n1": 2}, {}, ""),  # too few in all
        ({"n1": 3}, {}, "top north n1"),
        ({"n1": 3, "n2": 3}, {}, "top north n1 n2"),
        ({"n1": 3, "n2": 2}, {}, "top north"),  # north less n1 would tell of two
        ({"n1": 3, "n2": 3, "north": 1}, {}, "top north n1"),  # the smallest makes room, here by name
        ({"n1": 4, "n2": 3, "north": 1}, {}, "top north n1"),
        ({"n1": 4, "n2": 3, "north": 3}, {}, "top north n1 n2"),
        ({"n1": 9, "s1": 2}, {}, "top"),  # top less north would tell of two
        ({"n1": 9, "s1": 2, "lone": 1}, {}, "top north n1"),  # south and lone together are enough
        ({"n1": 9}, {"n1": 2}, ""),  # two people work there
        ({"n1": 9}, {"n1": 3}, "top north n1"),
        ({"n1": 9, "n2": 9}, {"n1": 2, "n2": 1}, "top north"),  # of three, in two teams
        ({"n1": 9, "n2": 9}, {"n1": 3, "n2": 2}, "top north"),  # north less n1 would blame two
        ({"n1": 9, "s1": 9}, {"n1": 3, "n2": 2}, "top north n1 south s1"),  # nobody answered for n2
        ({"elsewhere": 3}, {}, "top"),
    ],
)
def test_units_are_shown_where_enough_answered_and_enough_work(
    people: dict[str, int], staff: dict[str, int], shown: str
) -> None:
    known = {NOBODY.known(unit): count for unit, count in people.items()}
    assert shown_units(known, Tree("top", PARENTS, staff), K) == frozenset(shown.split())


def test_the_whole_organization_is_nobody() -> None:
    few = {"n1": 2}
    assert shown_units({"n1": 9, "s1": 9}, Tree("top", PARENTS, few), K) == frozenset()
    # South would be fine; but all less south is the two of n1.
    assert shown_units({"n1": 9, "s1": 9}, Tree("top", PARENTS, few, is_everything=True), K) == {"top"}


@pytest.mark.parametrize(
    ("people", "segments"),
    [
        ({("top", "a"): 5, ("top", "b"): 3}, "ab"),
        ({("top", "a"): 5, ("top", "b"): 2}, ""),  # a joins b, who would be two
        ({("top", "a"): 5, ("top", "b"): 2, ("top", "c"): 1}, "a"),  # b and c are three together
        ({("top", "a"): 5, ("top", "b"): 4, ("top", "c"): 2}, "a"),  # the smallest joins
        # Each by itself is large enough; but south less b, and c less north, would be two people: a joins b.
        ({("n1", "a"): 4, ("s1", "b"): 4, ("n1", "c"): 4, ("s1", "c"): 2}, "c"),
        ({("n1", "a"): 4, ("s1", "b"): 4, ("n1", "c"): 4, ("s1", "c"): 3}, "abc"),
        ({("n1", "a"): 4, ("s1", "b"): 4}, "ab"),  # two worlds apart: nothing to take away from one another
    ],
)
def test_segments_stand_alone_where_no_difference_with_units_is_small(
    people: dict[tuple[str, str], int], segments: str
) -> None:
    assert groups_of(people, NOBODY, K).segments == frozenset(segments)


@settings(max_examples=60, deadline=None)
@given(PEOPLE, STAFF)
def test_no_combination_of_groups_isolates_fewer_people(
    people: dict[tuple[str, str], int], staff: dict[str, int]
) -> None:
    """Each group added or taken away, or left; whoever is left with a weight is a person that it tells of."""
    groups = groups_of(people, Tree("top", PARENTS, staff), K)
    if not groups.units:
        return
    atoms = _atoms(people, groups)
    units, segments = sorted({unit for unit, _ in atoms}), sorted({str(each) for _, each in atoms})
    for weights in product((-1, 0, 1), repeat=len(units) + len(segments)):
        by_unit = dict(zip(units, weights, strict=False))
        by_segment = dict(zip(segments, weights[len(units) :], strict=True))
        told = sum(count for (unit, each), count in atoms.items() if by_unit[unit] + by_segment[str(each)])
        assert told == 0 or told >= K
    for unit in units:
        there = {each for each, _ in people if groups.unit_of(each, NOBODY) == unit}
        work = sum(staff.get(each, 0) for each in there)
        assert work == 0 or work >= K


@settings(max_examples=60, deadline=None)
@given(PEOPLE, PEOPLE)
def test_what_depends_on_an_answer_is_told_in_sums_of_its_groups(
    people: dict[tuple[str, str], int], fewer: dict[tuple[str, str], int]
) -> None:
    first = groups_of(people, NOBODY, K)
    some = {key: min(count, people[key]) for key, count in fewer.items() if key in people}
    then = groups_of(some, NOBODY, K, within=first)
    assert then.units <= first.units
    assert then.segments <= first.segments


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(
        st.tuples(st.integers(0, 6), st.integers(0, 6)).filter(lambda ends: ends[0] < ends[1]), st.integers(1, 6)
    ),
    st.integers(1, 8),
)
def test_a_thin_side_is_found_where_there_is_one(edges: dict[tuple[int, int], int], k: int) -> None:
    """Against all cuts there are, of a graph made connected by thick edges to its neighbours."""
    chain = {(n, n + 1): 1 for n in range(6)}
    weights = {ends: edges.get(ends, 0) + chain.get(ends, 0) for ends in edges.keys() | chain.keys()}
    graph: dict[int, dict[int, int]] = defaultdict(dict)
    for (one, other), weight in weights.items():
        graph[one][other] = graph[other][one] = weight

    def cut(side: set[int]) -> int:
        return sum(weight for (one, other), weight in weights.items() if (one in side) != (other in side))

    sides = [{n for n in range(7) if number >> n & 1} for number in range(1, 2**6)]
    found = thin_side(graph, k)
    assert (found is not None) == (min(map(cut, sides)) < k)
    assert found is None or cut(found) < k


def _atoms(people: dict[tuple[str, str], int], groups: Groups[str]) -> dict[tuple[str, str | None], int]:
    """People as no group tells them apart."""
    found: dict[tuple[str, str | None], int] = defaultdict(int)
    for (unit, segment), count in people.items():
        found[groups.unit_of(unit, NOBODY), groups.segment_of(segment)] += count
    return found
