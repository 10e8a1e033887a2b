"""What stands in a version of a plan, when it may, and what makes it easier than what stood there before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from cso.errors import FieldError, InvalidFieldsError
from cso.metrics.actions import in_force
from cso.metrics.queries.targets import courses
from cso.metrics.registry import METRICS, Metric
from cso.scorecards.models import Category, Measure, PlanVersion

MOST_ITEMS = 40
_WEIGHT, _VALUE = Decimal(10_000), Decimal(10) ** 16
# What a figure of this product can be, by the kind of its metric: percent, and points of a net score.
_LIMITS = {"share": (Decimal(0), Decimal(100)), "net": (Decimal(-100), Decimal(100)), "count": (Decimal(0), _VALUE)}
_WEIGHT_STEP, _VALUE_STEP = Decimal("0.001"), Decimal("0.0001")


@dataclass(frozen=True)
class Item:
    """A metric (by key) or a measure, never both. `target` None follows the metric's own target path.

    Shares are in percent, net figures in points; floor and target of what adds up, such as a count, are of one month.
    """

    category: Category
    weight: Decimal
    floor: Decimal
    target: Decimal | None = None
    metric: str = ""
    measure: Measure | None = None

    @property
    def what(self) -> str:
        return self.metric or (self.measure.code if self.measure else "")

    @property
    def key(self) -> str | UUID:
        return self.measure.pk if self.measure else self.metric

    @property
    def is_better_low(self) -> bool:
        """Raises KeyError for a metric that there is none of."""
        return (self.measure or METRICS[self.metric]).better == "lower"

    @property
    def adds_up(self) -> bool:
        """Whether more months mean more of it, so that floor and target are those of one."""
        return self.measure.rollup == Measure.Rollup.SUM if self.measure else METRICS[self.metric].kind == "count"

    def told(self) -> dict[str, str | None]:
        target = str(self.target) if self.target is not None else None
        numbers = {"weight": str(self.weight), "floor": str(self.floor), "target": target}
        return {"category": self.category.code, "what": self.what} | numbers


def items_of(version: PlanVersion) -> list[Item]:
    return [
        Item(each.category, each.weight, each.floor, each.target, each.metric, each.measure)
        for each in version.items.all()
    ]


def scorable_metrics() -> list[Metric]:
    """Those that an item may rest on, in the registry's order."""
    return [metric for metric in METRICS.values() if not _metric_errors(metric)]


def weights_of(items: Iterable[Item]) -> dict[Category, Decimal]:
    """What each category weighs, in the order in which they come."""
    weights: dict[Category, Decimal] = defaultdict(Decimal)
    for item in items:
        weights[item.category] += item.weight
    return weights


def check_items(items: Iterable[Item], starts_on: date) -> list[Item]:
    """The items as they are kept. Raises `InvalidFieldsError` with all that is wrong, by `items.0.weight` and so on.

    Serving is part of every plan, rests on a metric of this product at least, and weighs as much as each other
    category. Only outcomes are scored: shares, net figures and counts of this product, and measures; no task, no state.
    The target is another value than the floor, on its better side.
    """
    known = list(items)
    if len(known) > MOST_ITEMS:
        raise InvalidFieldsError.of("items", "too_many", f"Use {MOST_ITEMS} items at most.")
    paths = courses({item.metric for item in known})
    errors: list[FieldError] = []
    for number, item in enumerate(known):
        path = in_force(paths.get(item.metric, {}), starts_on)
        found = _what_errors(item) or _number_errors(item) or _way_errors(item, path)
        errors += [FieldError(f"items.{number}.{error.field}", error.code, error.message) for error in found]
    if errors := errors or _twice_errors(known) or _balance_errors(known):
        raise InvalidFieldsError(errors)
    return known


def easier(before: Sequence[Item], after: Sequence[Item], starts_on: date) -> list[str]:
    """In sentences, what asks less of the leader than `before`, and which targets lie below the path in force."""
    paths = courses({item.metric for item in [*before, *after]})
    kept = {item.key: item for item in after}
    told = []
    for item in before:
        now = kept.get(item.key)
        told += _easier_item(item, now, paths, starts_on, before, after) if now else [f"{item.what} is taken out."]
    for item in after:
        path = in_force(paths.get(item.metric, {}), starts_on)
        if item.target is not None and path is not None and _asks_less(item, item.target, path):
            told.append(f"{item.what} has the target {_plain(item.target)}, where the path asks {_plain(path)}.")
    return told


@dataclass(frozen=True)
class Change:
    """An item in two versions, one after the other; None where it does not stand in one of them.

    is_easier: it asks less of the leader than before, whatever the target paths are.
    """

    before: Item | None
    after: Item | None
    is_easier: bool


def changes(before: Sequence[Item], after: Sequence[Item]) -> list[Change]:
    """What differs between two versions, in the order of the later one; what was taken out comes last."""
    old, new = ({item.key: item for item in items} for items in (before, after))
    found = []
    for key in dict.fromkeys([*new, *old]):
        was, now = old.get(key), new.get(key)
        if was is None or now is None:
            found.append(Change(was, now, is_easier=now is None))
        elif was != now:
            # The day matters to paths alone, of which none is looked at.
            told = _easier_item(was, now, {}, date.min, before, after)
            found.append(Change(was, now, is_easier=bool(told)))
    return found


def _easier_item(
    was: Item,
    now: Item,
    paths: dict[str, dict[date, Decimal]],
    starts_on: date,
    before: Sequence[Item],
    after: Sequence[Item],
) -> list[str]:
    told = []
    path = in_force(paths.get(was.metric, {}), starts_on)
    old, new = (item.target if item.target is not None else path for item in (was, now))
    if old is not None and new is not None and _asks_less(was, new, old):
        told.append(f"{was.what} has the target {_plain(new)} after {_plain(old)}.")
    if _asks_less(was, now.floor, was.floor):
        told.append(f"{was.what} has the floor {_plain(now.floor)} after {_plain(was.floor)}.")
    if was.category.pk != now.category.pk:
        told.append(f"{was.what} moves from {was.category.code} to {now.category.code}.")
    elif _share(now, after) < _share(was, before):
        told.append(f"{was.what} weighs less in {was.category.code}.")
    return told


def _asks_less(item: Item, value: Decimal, than: Decimal) -> bool:
    return value > than if item.is_better_low else value < than


def _share(item: Item, items: Sequence[Item]) -> Fraction:
    """Of the weight of its category."""
    whole = sum((Fraction(each.weight) for each in items if each.category.pk == item.category.pk), Fraction(0))
    return Fraction(item.weight) / whole


def _what_errors(item: Item) -> list[FieldError]:
    if item.category.retired_at is not None:
        return [FieldError("category", "retired", f"{item.category.name} is no longer used.")]
    if bool(item.metric) == (item.measure is not None):
        return [FieldError("metric", "one_of_two", "Give a metric, or a measure in place of one.")]
    if item.measure is not None:
        if item.measure.nature == Measure.Nature.TASK:
            return [FieldError("measure", "a_task", f"{item.measure.name} is a task; only outcomes are scored.")]
        return []
    metric = METRICS.get(item.metric)
    if metric is None:
        return [FieldError("metric", "unknown", "There is no metric of this key.")]
    return _metric_errors(metric)


def _metric_errors(metric: Metric) -> list[FieldError]:
    if metric.nature == "task":
        return [FieldError("metric", "a_task", f"{metric.name} is a task; only outcomes are scored.")]
    if metric.is_state:
        return [
            FieldError("metric", "a_state", f"{metric.name} says how things stand now; a month has no score of it.")
        ]
    if metric.kind not in ("share", "net", "count"):
        message = f"{metric.name} has no points: score a share, such as what was done within its time, or a count."
        return [FieldError("metric", "no_points", message)]
    return []


def _number_errors(item: Item) -> list[FieldError]:
    errors = []
    if not _fits(item.weight, _WEIGHT, _WEIGHT_STEP) or item.weight <= 0:
        message = "A weight is above 0 and below 10,000, with three decimals at most."
        errors.append(FieldError("weight", "out_of_range", message))
    low, high = _LIMITS.get(METRICS[item.metric].kind if item.metric else "", (-_VALUE, _VALUE))
    for name, value in (("floor", item.floor), ("target", item.target)):
        if value is None:
            continue
        if not _fits(value, _VALUE, _VALUE_STEP):
            errors.append(FieldError(name, "out_of_range", "Use a number below 10^16 with four decimals at most."))
        elif not low <= value <= high:
            errors.append(FieldError(name, "out_of_range", f"Use {_plain(low)} to {_plain(high)}."))
    return errors


def _fits(value: Decimal, size: Decimal, step: Decimal) -> bool:
    return value.is_finite() and abs(value) < size and value.quantize(step) == value


def _way_errors(item: Item, path: Decimal | None) -> list[FieldError]:
    """What is wrong with the way from floor to target. path: the metric's target in force; None where there is none."""
    target = item.target if item.target is not None else path
    if target is None:
        message = "Give a target: no path of targets is in force for this when the version starts."
        return [FieldError("target", "required", message)]
    if target == item.floor:
        return [FieldError("target", "is_the_floor", "The target must differ from the floor: no way leads to it.")]
    if (target < item.floor) != item.is_better_low:
        side = "below" if item.is_better_low else "above"
        return [FieldError("target", "wrong_side", f"Of this the better side is {side} the floor.")]
    return []


def _twice_errors(items: Sequence[Item]) -> list[FieldError]:
    seen: set[str | UUID] = set()
    errors = []
    for number, item in enumerate(items):
        if item.key in seen:
            errors.append(FieldError(f"items.{number}", "twice", f"{item.what} stands in the plan already."))
        seen.add(item.key)
    return errors


def _balance_errors(items: Sequence[Item]) -> list[FieldError]:
    weights = weights_of(items)
    serving = next((category for category in weights if category.is_serving), None)
    if serving is None:
        return [FieldError("items", "no_serving", "Serving is part of every plan: give it an item.")]
    if not any(item.metric for item in items if item.category.is_serving):
        message = "Serving rests on what happened to customers: give it at least one metric of this product."
        return [FieldError("items", "no_serving_metric", message)]
    unlike = [f"{other.code} {_plain(sum_)}" for other, sum_ in weights.items() if sum_ != weights[serving]]
    if unlike:
        message = (
            f"Serving weighs as much as each other category: it has {_plain(weights[serving])}, {', '.join(unlike)}."
        )
        return [FieldError("items", "unequal_weights", message)]
    return []


def _plain(number: Decimal) -> str:
    """Without zeros behind the point."""
    return f"{number.normalize():f}"
