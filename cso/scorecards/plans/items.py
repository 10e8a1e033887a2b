"""What stands in a version of a plan, when it may, and what makes it easier than what stood there before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from django.utils import translation
from django.utils.functional import Promise, lazy
from django.utils.translation import gettext, gettext_noop

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
    def name(self) -> str | Promise:
        """As people call it; of a metric in the language that is spoken when it is read."""
        return self.measure.name if self.measure else METRICS[self.metric].name

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
        raise InvalidFieldsError.of("items", "too_many", gettext("Use %(n)s items at most.") % {"n": MOST_ITEMS})
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
    """In sentences, what asks less of the leader than `before`, and which targets lie below the path in force.

    Each is put into words when it is read, in the language that is spoken then.
    """
    paths = courses({item.metric for item in [*before, *after]})
    kept = {item.key: item for item in after}
    told = []
    for item in before:
        now = kept.get(item.key)
        told += (
            _easier_item(item, now, paths, starts_on, before, after)
            if now
            else [_told(gettext_noop("%(what)s is taken out."), what=item.name)]
        )
    for item in after:
        path = in_force(paths.get(item.metric, {}), starts_on)
        if item.target is not None and path is not None and _asks_less(item, item.target, path):
            words = {"what": item.name, "target": _plain(item.target), "path": _plain(path)}
            told.append(
                _told(gettext_noop("%(what)s has the target %(target)s, where the path asks %(path)s."), **words)
            )
    return told + [
        _told(gettext_noop("%(category)s is added, so that each other category weighs less."), category=added.name)
        for added in _added_categories(before, after)
    ]


def _added_categories(before: Sequence[Item], after: Sequence[Item]) -> list[Category]:
    """Those that only the later version has; none where it is the first, which makes nothing weigh less."""
    known = {item.category.pk for item in before}
    added = {item.category.pk: item.category for item in after if known and item.category.pk not in known}
    return list(added.values())


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
    added = {category.pk for category in _added_categories(before, after)}
    found = []
    for key in dict.fromkeys([*new, *old]):
        was, now = old.get(key), new.get(key)
        if was is None or now is None:
            found.append(Change(was, now, is_easier=now is None or now.category.pk in added))
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
        words = {"what": was.name, "after": _plain(new), "before": _plain(old)}
        told.append(_told(gettext_noop("%(what)s has the target %(after)s after %(before)s."), **words))
    if _asks_less(was, now.floor, was.floor):
        words = {"what": was.name, "after": _plain(now.floor), "before": _plain(was.floor)}
        told.append(_told(gettext_noop("%(what)s has the floor %(after)s after %(before)s."), **words))
    if was.category.pk != now.category.pk:
        words = {"what": was.name, "before": was.category.name, "after": now.category.name}
        told.append(_told(gettext_noop("%(what)s moves from %(before)s to %(after)s."), **words))
    elif _share(now, after) < _share(was, before):
        told.append(
            _told(gettext_noop("%(what)s weighs less in %(category)s."), what=was.name, category=was.category.name)
        )
    return told


def _told(sentence: str, **words: object) -> str:
    said: str = _in_words(sentence, words)
    return said


def _say(sentence: str, words: Mapping[str, object]) -> str:
    return translation.gettext(sentence) % words


_in_words = lazy(_say, str)


def _asks_less(item: Item, value: Decimal, than: Decimal) -> bool:
    return value > than if item.is_better_low else value < than


def _share(item: Item, items: Sequence[Item]) -> Fraction:
    """Of the weight of its category."""
    whole = sum((Fraction(each.weight) for each in items if each.category.pk == item.category.pk), Fraction(0))
    return Fraction(item.weight) / whole


def _what_errors(item: Item) -> list[FieldError]:
    if item.category.retired_at is not None:
        return [
            FieldError("category", "retired", gettext("%(name)s is no longer used.") % {"name": item.category.name})
        ]
    if bool(item.metric) == (item.measure is not None):
        return [FieldError("metric", "one_of_two", gettext("Give a metric, or a measure in place of one."))]
    if item.measure is not None:
        if item.measure.nature == Measure.Nature.TASK:
            return [FieldError("measure", "a_task", _is_a_task(item.measure.name))]
        return []
    metric = METRICS.get(item.metric)
    if metric is None:
        return [FieldError("metric", "unknown", gettext("There is no metric of this key."))]
    return _metric_errors(metric)


def _metric_errors(metric: Metric) -> list[FieldError]:
    if metric.nature == "task":
        return [FieldError("metric", "a_task", _is_a_task(metric.name))]
    if metric.is_state:
        message = gettext("%(name)s says how things stand now; a month has no score of it.")
        return [FieldError("metric", "a_state", message % {"name": metric.name})]
    if metric.kind not in ("share", "net", "count"):
        message = gettext("%(name)s has no points: score a share, such as what was done within its time, or a count.")
        return [FieldError("metric", "no_points", message % {"name": metric.name})]
    return []


def _is_a_task(name: object) -> str:
    return gettext("%(name)s is a task; only outcomes are scored.") % {"name": name}


def _number_errors(item: Item) -> list[FieldError]:
    errors = []
    if not _fits(item.weight, _WEIGHT, _WEIGHT_STEP) or item.weight <= 0:
        message = gettext("A weight is above 0 and below 10,000, with three decimals at most.")
        errors.append(FieldError("weight", "out_of_range", message))
    low, high = _LIMITS.get(METRICS[item.metric].kind if item.metric else "", (-_VALUE, _VALUE))
    for name, value in (("floor", item.floor), ("target", item.target)):
        if value is None:
            continue
        if not _fits(value, _VALUE, _VALUE_STEP):
            message = gettext("Use a number below 10^16 with four decimals at most.")
            errors.append(FieldError(name, "out_of_range", message))
        elif not low <= value <= high:
            message = gettext("Use %(low)s to %(high)s.") % {"low": _plain(low), "high": _plain(high)}
            errors.append(FieldError(name, "out_of_range", message))
    return errors


def _fits(value: Decimal, size: Decimal, step: Decimal) -> bool:
    return value.is_finite() and abs(value) < size and value.quantize(step) == value


def _way_errors(item: Item, path: Decimal | None) -> list[FieldError]:
    """What is wrong with the way from floor to target. path: the metric's target in force; None where there is none."""
    target = item.target if item.target is not None else path
    if target is None:
        message = gettext("Give a target: no path of targets is in force for this when the version starts.")
        return [FieldError("target", "required", message)]
    if target == item.floor:
        message = gettext("The target must differ from the floor: no way leads to it.")
        return [FieldError("target", "is_the_floor", message)]
    if (target < item.floor) != item.is_better_low:
        below, above = (
            gettext("Of this the better side is below the floor."),
            gettext("Of this the better side is above the floor."),
        )
        return [FieldError("target", "wrong_side", below if item.is_better_low else above)]
    return []


def _twice_errors(items: Sequence[Item]) -> list[FieldError]:
    seen: set[str | UUID] = set()
    errors = []
    for number, item in enumerate(items):
        if item.key in seen:
            message = gettext("%(what)s stands in the plan already.") % {"what": item.name}
            errors.append(FieldError(f"items.{number}", "twice", message))
        seen.add(item.key)
    return errors


def _balance_errors(items: Sequence[Item]) -> list[FieldError]:
    weights = weights_of(items)
    serving = next((category for category in weights if category.is_serving), None)
    if serving is None:
        return [FieldError("items", "no_serving", gettext("Serving is part of every plan: give it an item."))]
    if not any(item.metric for item in items if item.category.is_serving):
        message = gettext("Serving rests on what happened to customers: give it at least one metric of this product.")
        return [FieldError("items", "no_serving_metric", message)]
    unlike = [f"{other.name} {_plain(sum_)}" for other, sum_ in weights.items() if sum_ != weights[serving]]
    if unlike:
        message = gettext("Serving weighs as much as each other category: it has %(serving)s; %(others)s.")
        words = {"serving": _plain(weights[serving]), "others": ", ".join(unlike)}
        return [FieldError("items", "unequal_weights", message % words)]
    return []


def _plain(number: Decimal) -> str:
    """Without zeros behind the point."""
    return f"{number.normalize():f}"
