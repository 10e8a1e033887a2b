"""What leaders are scored by beside serving, in each story: figures that others count."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Told:
    """A measure with its floor and its target of one month, better low.

    per_month: between what a month's figure lies. of: between what its denominator lies; None for what is added up.
    """

    code: str
    name: str
    category: str
    unit_word: str
    source: str
    floor: int
    target: int
    per_month: tuple[int, int]
    of: tuple[int, int] | None = None


_LEFT = Told("turnover", "People who left", "people", "people", "People system, month-end", 7, 1, (0, 5))

FIGURES: dict[str, tuple[Told, ...]] = {
    "larkspur-air": (
        Told(
            "cost-per-guest",
            "Cost per guest served",
            "financial",
            "CAD",
            "Ledger, month-end close",
            17,
            10,
            (11, 15),
            of=(18_000, 60_000),
        ),
        _LEFT,
        Told(
            "minutes-late",
            "Minutes late per departure",
            "process",
            "min",
            "Operations control",
            22,
            8,
            (9, 19),
            of=(300, 1_900),
        ),
    ),
    "port-ellery": (
        Told(
            "cost-per-request",
            "Cost per request",
            "financial",
            "USD",
            "City ledger, month-end close",
            95,
            60,
            (66, 90),
            of=(900, 5_200),
        ),
        _LEFT,
        Told(
            "days-open", "Days to close a request", "process", "days", "Works register", 14, 4, (5, 12), of=(300, 2_400)
        ),
    ),
}

ONE_HAND = "Whoever takes a case keeps it until it is fixed"
ONE_QUEUE = "One queue for phone, mail, web and chat"
SINCE_ONE_QUEUE = "All teams work from it, so weeks before say nothing of how we work now"
