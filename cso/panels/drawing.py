"""How a sample is shared among segments. Pure."""

from __future__ import annotations

from collections.abc import Mapping


def shares_of(sample: int, wanted: Mapping[str, int], available: Mapping[str, int]) -> dict[str, int]:
    """How many to take of each segment, at most as many as there are: in proportion to `wanted`.

    What a segment cannot give the others do; those that nobody wants come last, in proportion to what there is. The
    shares add up to the sample, or to all there are.
    """
    shares = dict.fromkeys(available, 0)
    left = min(sample, sum(available.values()))
    while left:
        rest = {segment: there - shares[segment] for segment, there in available.items() if there > shares[segment]}
        weights = {segment: wanted[segment] for segment in rest if wanted.get(segment)} or rest
        for segment, part in _apportioned(left, weights).items():
            given = min(part, rest[segment])
            shares[segment] += given
            left -= given
    return shares


def _apportioned(seats: int, weights: Mapping[str, int]) -> dict[str, int]:
    """All the seats, by the largest remainders; of equal ones the first name wins."""
    total = sum(weights.values())
    parts = {name: seats * weight // total for name, weight in weights.items()}
    by_remainder = sorted(weights, key=lambda name: (-(seats * weights[name] % total), name))
    for name in by_remainder[: seats - sum(parts.values())]:
        parts[name] += 1
    return parts
