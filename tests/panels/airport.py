"""A survey of passengers as an airport publishes it: a row a passenger, a hundred columns of codes, made by lot.

And its figures by plain fractions, from the same rows.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

Row = dict[str, str]

ITEMS = [f"Q7{letter}" for letter in "ABCDEFGHIJ"]
IGNORED = [f"Q{number}X" for number in range(20, 85)]
REGIONS = {"1": "International", "2": "Domestic"}
REASONS = {"0": "blank", "1": "price", "2": "people", "3": "place", "4": "place"}
TERMINALS = {"1": "t1", "2": "t2", "3": "t3"}


def passengers(rows: int, *, seed: int) -> list[Row]:
    """Scores 1-5 with 0 for blank and 6 for never used; NPS 0-10 with 11 for don't know and 99 for blank; empty cells
    and whole numbers with a point, as such files have them; a segment that is sometimes not known; weights."""
    lot = random.Random(seed)
    return [_passenger(lot, number) for number in range(1, rows + 1)]


def _passenger(lot: random.Random, number: int) -> Row:
    likes = lot.random()
    row = {"RESPNUM": str(number), "INTDOM": lot.choice(["1", "2", "2", "2.0", "0"]), "TERM": lot.choice("1233")}
    row["WEIGHT"] = f"{lot.uniform(0.2, 3.0):.8f}"
    row["NETPRO"] = lot.choice([*map(str, range(11)), "9", "10", "8.0", "11", "99", ""])
    row["EASE"] = lot.choice([*"1234567", "", "8"])
    row["REASON"] = lot.choice(["1", "2", "3", "4", "0", ""])
    for item in ITEMS:
        score = min(5, max(1, round(lot.gauss(2.5 + 2 * likes, 1))))
        row[item] = lot.choice([str(score)] * 7 + [f"{score}.0", "0", "6", ""])
    return row | {column: str(lot.randrange(9)) for column in IGNORED}


def as_csv(rows: Sequence[Row]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


CODE_LIST: dict[str, Any] = {
    "response": "RESPNUM",
    "segment": {"column": "INTDOM", "codes": REGIONS | {"0": ""}},
    "unit": {"column": "TERM", "codes": TERMINALS},
    "weight": "WEIGHT",
    "questions": {
        "nps": {"column": "NETPRO", "codes": {"11": "dont_know", "99": "blank"}},
        "ease": {"column": "EASE", "codes": {"8": "dont_know"}},
        "reason": {"column": "REASON", "codes": REASONS},
        **{item.lower(): {"column": item, "codes": {"0": "blank", "6": "dont_know"}} for item in ITEMS[1:]},
        # Every code said, from bad to good, as in some files.
        ITEMS[0].lower(): {
            "column": ITEMS[0],
            "codes": {"0": "blank", "6": "dont_know", "1": 1, "2": 2, "3": 3, "4": 4, "5": 5},
        },
    },
}

OPTIONS = [{"code": code, "text_en": code, "is_price": code == "price"} for code in ("price", "people", "place")]
QUESTIONS: list[dict[str, Any]] = [
    {"code": "nps", "kind": "nps", "text_en": "Would you recommend the airport?"},
    {"code": "ease", "kind": "effort", "text_en": "How easy was it?"},
    {"code": "reason", "kind": "choice", "asks_for": "reasons", "text_en": "Why here?", "options": OPTIONS},
    *(
        {"code": item.lower(), "kind": "csat", "text_en": f"Rate item {item}", "touch_point": f"Touch point {item}"}
        for item in ITEMS
    ),
]


def score_of(row: Row, code: str) -> int | None:
    """What a passenger scored; None for a blank, "don't know" and "never used"."""
    column, low, high = {"nps": ("NETPRO", 0, 10), "ease": ("EASE", 1, 7)}.get(code, (code.upper(), 1, 5))
    told = row[column]
    return int(float(told)) if told and low <= float(told) <= high else None


def figures(
    rows: Sequence[Row], code: str, weight: Callable[[Row], Fraction] = lambda row: Fraction(1)
) -> tuple[Fraction, Fraction]:
    """The figure (NPS from -1 to 1, else the share on the good side) and the mean."""
    said = [(score, weight(row)) for row in rows if (score := score_of(row, code)) is not None]
    whole = sum((w for _, w in said), Fraction(0))

    def share(low: int, high: int) -> Fraction:
        return sum((w for score, w in said if low <= score <= high), Fraction(0)) / whole

    value = {"nps": lambda: share(9, 10) - share(0, 6), "ease": lambda: share(5, 7)}.get(code, lambda: share(4, 5))()
    return value, sum((score * w for score, w in said), Fraction(0)) / whole


def given_weight(row: Row) -> Fraction:
    return Fraction(row["WEIGHT"])


def share_weights(rows: Sequence[Row], code: str, shares: Mapping[str, Fraction]) -> Callable[[Row], Fraction]:
    """share / number of valid answers of the segment; none for who is of no known one."""
    valid = [region_of(row) for row in rows if score_of(row, code) is not None]
    return lambda row: shares.get(region_of(row), Fraction(0)) / max(1, valid.count(region_of(row)))


def region_of(row: Row) -> str:
    return REGIONS.get(row["INTDOM"][0], "")
