"""Which groups of people may be shown, so that no sum or difference of what is shown tells of fewer than k people.

Pure: counts of people in, names of groups out. The answers to one question are parted twice.

*By unit.* A unit is shown where at least k of its answers are, and at least k people work where they were given (or
nobody is recorded there, who could be pointed at; or it is the whole organization). What its shown children leave over
must be nothing or as many, else the smallest of them is not shown. So the figure of a unit is a sum of groups, each of
k people or more, and so is every difference of units.

*By segment.* Segments of k or more stand alone, the others are pooled; a pool that is too small takes in the smallest.

*Both together.* Whoever adds some groups of units and takes away some groups of segments, each as often as he likes,
weighs a person of unit group i and segment group j by a[i] + b[j]. Draw each group as a node, and each person as an
edge from their unit group to their segment group. People weighed with 0 join nodes of equal potential (a[i] there,
-b[j] here), so those weighed with anything else are the edges between nodes of different potential: in each connected
component none of them, or all edges across some cut. Hence it is enough that no cut of a component has 1 to k - 1
edges. While one has, a segment of either side is pooled with one of the other: it cannot be cut there again, and of a
component with one segment every cut is of whole groups.

*Questions that are asked only after some answer to another one.* How many answered them says how many gave that
answer; so their groups are sums of the groups of the other question (`within`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Generic, TypeVar

U = TypeVar("U", bound=Hashable)
N = TypeVar("N", bound=Hashable)

Graph = dict[N, dict[N, int]]


@dataclass(frozen=True)
class Tree(Generic[U]):
    """The units below `root`: each one's parent (not the root's), and how many people work in it.

    is_everything: the root is the whole organization, which is nobody, however few of its people are recorded.
    """

    root: U
    parents: Mapping[U, U]
    staff: Mapping[U, int]
    is_everything: bool = False

    def known(self, unit: U) -> U:
        """The unit, or the root for one that is elsewhere."""
        return unit if unit in self.parents else self.root


@dataclass(frozen=True)
class Groups(Generic[U]):
    """What may be shown: `units`, each with those above it; `segments` that stand alone. Without units, nothing."""

    units: frozenset[U]
    segments: frozenset[str]

    def unit_of(self, unit: U, tree: Tree[U]) -> U:
        """The lowest unit that may be shown above (or at) this one."""
        unit = tree.known(unit)
        while unit not in self.units:
            unit = tree.parents[unit]
        return unit

    def segment_of(self, segment: str) -> str | None:
        """The segment itself, None where it is pooled."""
        return segment if segment in self.segments else None


def groups_of(
    people: Mapping[tuple[U, str], int], tree: Tree[U], k: int, *, within: Groups[U] | None = None
) -> Groups[U]:
    """The groups of the people who answered a question, by their unit and segment; see above.

    within: the groups of the question on whose answer this one depends.
    """
    by_unit: dict[U, int] = defaultdict(int)
    by_segment: dict[str, int] = defaultdict(int)
    for (unit, segment), count in people.items():
        by_unit[tree.known(unit)] += count
        by_segment[segment] += count
    units = shown_units(by_unit, tree, k, within=within.units if within else None)
    if not units:
        return Groups(frozenset(), frozenset())
    alone = _segments_alone(by_segment, k, within.segments if within else None)
    found = Groups(units, alone)
    edges: dict[tuple[U, str], int] = defaultdict(int)
    for (unit, segment), count in people.items():
        edges[found.unit_of(unit, tree), segment] += count
    return Groups(units, _uncut(edges, alone, by_segment, k))


def shown_units(people: Mapping[U, int], tree: Tree[U], k: int, *, within: Iterable[U] | None = None) -> frozenset[U]:
    """The units that may be shown, by how many people of each answered; none where all together are too few.

    within: only these may be.
    """
    return frozenset(_Units(people, tree, k, within).shown())


class _Units(Generic[U]):
    def __init__(self, people: Mapping[U, int], tree: Tree[U], k: int, within: Iterable[U] | None) -> None:
        self.root, self.k = tree.root, k
        self.blames_nobody = {tree.root} if tree.is_everything else set()
        self.within = None if within is None else frozenset(within)
        self.children: dict[U, set[U]] = defaultdict(set)
        # Of each subtree: how many answered, and how many work where they did.
        self.people: dict[U, int] = defaultdict(int)
        self.staff: dict[U, int] = defaultdict(int)
        for unit, count in people.items():
            above = unit
            while count:
                self.people[above] += count
                self.staff[above] += tree.staff.get(unit, 0)
                if above == tree.root:
                    break
                self.children[tree.parents[above]].add(above)
                above = tree.parents[above]

    def shown(self) -> Iterable[U]:
        waiting = [self.root] if self._may_show(self.root) else []
        while waiting:
            unit = waiting.pop()
            yield unit
            waiting.extend(self._children_of(unit))

    def _children_of(self, unit: U) -> list[U]:
        """Those that may be shown beside what is then left over at the unit, the largest first."""
        fit = sorted(filter(self._may_show, self.children[unit]), key=lambda each: (-self.people[each], str(each)))
        while fit:
            people = self.people[unit] - sum(self.people[each] for each in fit)
            staff = self.staff[unit] - sum(self.staff[each] for each in fit)
            if people == 0 or self._are_enough(people, staff):
                break
            fit.pop()
        return fit

    def _may_show(self, unit: U) -> bool:
        is_within = self.within is None or unit in self.within
        staff = 0 if unit in self.blames_nobody else self.staff[unit]
        return is_within and self._are_enough(self.people[unit], staff)

    def _are_enough(self, people: int, staff: int) -> bool:
        return people >= self.k and (staff == 0 or staff >= self.k)


def _segments_alone(people: Mapping[str, int], k: int, within: frozenset[str] | None) -> frozenset[str]:
    alone = {each for each, count in people.items() if count >= k and (within is None or each in within)}
    pooled = sum(people.values()) - sum(people[each] for each in alone)
    if 0 < pooled < k and alone:
        alone.remove(min(alone, key=_size_in(people)))
    return frozenset(alone)


def _uncut(
    people: Mapping[tuple[U, str], int], alone: frozenset[str], sizes: Mapping[str, int], k: int
) -> frozenset[str]:
    """Pool segments until no cut is thinner than k people."""
    while cut := _first_cut(people, alone, k):
        # None is the pool; where it stands on one side, a segment of the other joins it.
        for side in cut:
            if None not in side:
                alone -= {min((each for each in side if each is not None), key=_size_in(sizes))}
    return alone


def _size_in(sizes: Mapping[str, int]) -> Callable[[str], tuple[int, str]]:
    return lambda segment: (sizes[segment], segment)


def _first_cut(
    people: Mapping[tuple[U, str], int], alone: frozenset[str], k: int
) -> tuple[set[str | None], set[str | None]] | None:
    """The segments on either side of a cut with fewer than k people; None where there is none."""
    graph: Graph[tuple[bool, object]] = defaultdict(dict)
    for (unit, segment), count in people.items():
        if count:
            ends = (True, unit), (False, segment if segment in alone else None)
            weight = graph[ends[0]].get(ends[1], 0) + count
            graph[ends[0]][ends[1]] = graph[ends[1]][ends[0]] = weight
    for component in _components(graph):
        if side := thin_side(component, k):
            thin = {name for is_unit, name in side if not is_unit}
            thick = {name for is_unit, name in component.keys() - side if not is_unit}
            return thin, thick  # type: ignore[return-value]
    return None


def _components(graph: Graph[N]) -> Iterable[Graph[N]]:
    left = set(graph)
    while left:
        inside, waiting = set(), [next(iter(left))]
        while waiting:
            node = waiting.pop()
            if node not in inside:
                inside.add(node)
                waiting.extend(graph[node])
        left -= inside
        yield {node: dict(graph[node]) for node in inside}


def thin_side(graph: Graph[N], k: int) -> set[N] | None:
    """One side of a cut of a connected graph that weighs less than k; None where every cut weighs as much.

    By Nagamochi and Ibaraki: nodes are visited in the order of their weight to those visited before. The last one's
    weight is the lightest cut between it and the one before; and two ends that are joined by k or more when the second
    is reached are parted by no lighter cut, so they are made one.
    """
    members = {node: {node} for node in graph}
    while len(graph) > 1:
        last, weight, joined = _visit(graph, k)
        if weight < k:
            return members[last]
        graph, members = _contract(graph, members, joined)
    return None


def _visit(graph: Graph[N], k: int) -> tuple[N, int, list[tuple[N, N]]]:
    """The node visited last, its weight to all others, and the pairs that no cut lighter than k parts."""
    reach: dict[N, int] = dict.fromkeys(graph, 0)
    order = {node: index for index, node in enumerate(graph)}
    heap: list[tuple[int, int, N]] = []
    for node, index in order.items():
        heappush(heap, (0, index, node))
    joined, left = [], set(graph)
    node = next(iter(graph))
    while left:
        _, _, node = heappop(heap)
        if node not in left:
            continue
        left.remove(node)
        for other, weight in graph[node].items():
            if other in left:
                reach[other] += weight
                heappush(heap, (-reach[other], order[other], other))
                if reach[other] >= k:
                    joined.append((node, other))
    return node, reach[node], joined


def _contract(
    graph: Graph[N], members: dict[N, set[N]], joined: Iterable[tuple[N, N]]
) -> tuple[Graph[N], dict[N, set[N]]]:
    heads = {node: node for node in graph}

    def head(node: N) -> N:
        while heads[node] != node:
            heads[node] = heads[heads[node]]
            node = heads[node]
        return node

    for one, other in joined:
        heads[head(one)] = head(other)
    smaller: Graph[N] = {head(node): {} for node in graph}
    inside: dict[N, set[N]] = defaultdict(set)
    for node, others in graph.items():
        here = head(node)
        inside[here] |= members[node]
        for other, weight in others.items():
            if (there := head(other)) != here:
                smaller[here][there] = smaller[here].get(there, 0) + weight
    return smaller, inside
