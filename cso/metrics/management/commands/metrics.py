from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from cso.metrics.engine import turns
from cso.metrics.engine.rebuild import rebuild, verify
from cso.metrics.periods import Period, parse_period
from cso.metrics.queries.explain import Explained, explain
from cso.metrics.registry import METRICS, Metric
from cso.people.models import Unit
from tenants.models import Tenant
from tenants.scope import current_tenant, tenant_scope

MOST_LISTED = 20


class Command(BaseCommand):
    help = (
        "Recompute all figures from the cases (rebuild), compare them with a recomputation (verify), or say how one"
        " figure came about, down to the rows: explain KEY UNIT PERIOD, such as recovered_24h north 2026-03."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("act", choices=["rebuild", "verify", "explain"])
        parser.add_argument("figure", nargs="*", metavar="KEY UNIT PERIOD", help="what explain explains")
        parser.add_argument("--tenant", help="the workspace's short name; without it all, one after the other")
        parser.add_argument("--most", type=int, default=MOST_LISTED, help="how many rows of each part explain lists")

    def handle(self, *args: Any, **options: Any) -> None:
        tenants = Tenant.objects.order_by("slug")
        if options["tenant"]:
            tenants = tenants.filter(slug=options["tenant"])
            if not tenants:
                raise CommandError(f"There is no workspace “{options['tenant']}”.")
        if (options["act"] == "explain") != bool(options["figure"]):
            raise CommandError("Only explain takes a figure, and needs one: KEY UNIT PERIOD.")
        if options["act"] == "explain":
            self._explain(list(tenants), options["figure"], options["most"])
        elif options["act"] == "rebuild":
            for tenant in tenants:
                self._rebuild(tenant)
        elif wrong := sum(self._verify(tenant) for tenant in tenants):
            raise CommandError(f"{wrong} cells are not what their cases say; nothing was changed.")

    def _rebuild(self, tenant: Tenant) -> None:
        with tenant_scope(tenant):
            changed = rebuild()
        self.stdout.write(f"{tenant.slug}: {changed:,} cells changed")

    def _verify(self, tenant: Tenant) -> int:
        while turns.take_turn(tenant):
            pass
        with tenant_scope(tenant):
            differences = verify()
        for each in differences[:20]:
            self.stderr.write(
                f"{tenant.slug}: {each.family} of {each.unit}, {each.grain} {each.period}:"
                f" kept {each.kept}, the cases say {each.rebuilt}"
            )
        self.stdout.write(f"{tenant.slug}: {len(differences)} cells differ")
        return len(differences)

    def _explain(self, tenants: list[Tenant], figure: list[str], most: int) -> None:
        if len(tenants) != 1:
            raise CommandError("Say which workspace: --tenant NAME.")
        if len(figure) != 3:
            raise CommandError("Say which figure: KEY UNIT PERIOD, such as recovered_24h north 2026-03.")
        with tenant_scope(tenants[0]):
            metric, unit, period = _asked(*figure)
            found = explain(metric, unit, period, now=timezone.now(), most=max(0, most))
            for line in _lines(found):
                self.stdout.write(line)
        if not found.agrees:
            raise CommandError("The kept figure is not what its facts say: run verify, then rebuild.")


def _asked(key: str, code: str, text: str) -> tuple[Metric, Unit, Period]:
    metric = METRICS.get(key)
    if metric is None:
        raise CommandError(f"There is no metric “{key}”; there are {', '.join(METRICS)}.")
    if metric.is_state:
        raise CommandError(f"{key} says how things stand now, and is counted from its facts at every look.")
    unit = Unit.objects.filter(code=code).first()
    if unit is None:
        raise CommandError(f"There is no unit with the code “{code}” here.")
    try:
        return metric, unit, parse_period(text)
    except ValueError as error:
        raise CommandError(str(error)) from error


def _lines(found: Explained) -> Iterator[str]:
    yield from _figure_lines(found)
    yield from _cell_lines(found)
    yield from _fact_lines(found)


def _figure_lines(found: Explained) -> Iterator[str]:
    metric, family, figure = found.metric, found.metric.family, found.kept
    start, end = (f"{instant:%Y-%m-%d %H:%M} UTC" for instant in found.period.bounds(current_tenant().zone))
    yield f"{metric.key} of {found.unit.code} with all below it, {found.period.key}: {start} to {end}, not included"
    yield f"  {metric.meaning}"
    yield f"  decided by {metric.period_rule}; {family.source.table}.{family.column} + {family.delay}"
    yield f"  numerator   {metric.numerator} = {figure.numerator}: {family.conditions[metric.numerator]}"
    yield f"  denominator {metric.denominator} = {figure.denominator}: {family.conditions[metric.denominator]}"
    yield f"  {_share(found)}; {figure.status}"
    yield f"  {_target(found)}"


def _cell_lines(found: Explained) -> Iterator[str]:
    family = found.metric.family
    yield "Cells as they are kept, " + ", ".join(family.counters) + ":"
    for cell in found.cells:
        told = f"{cell.grain} {cell.period}: own {cell.own}, with all below {cell.total}"
        yield f"  {told}; revision {cell.revision}, last changed {cell.as_of:%Y-%m-%d %H:%M:%S} UTC"
    if not found.cells:
        yield "  none: nothing of this kind has happened in it"
    yield f"  less what is not yet due: {found.kept.running}; marks that wait for the engine: {found.waiting}"
    for reason, number in found.left_out:
        yield f"  left out as {reason or 'not valid'}: {number}"
    for change in found.restated:
        yield f"  restated {change.at:%Y-%m-%d %H:%M} UTC, {change.period}: {change.before} became {change.after}"


def _fact_lines(found: Explained) -> Iterator[str]:
    family = found.metric.family
    says = "the same" if found.agrees else "NOT THE SAME"
    yield f"From the facts alone: {_counts(found.counted.counts)}, running {found.counted.running}: {says}"
    if not found.agrees:
        yield f"  kept is: {_counts(found.kept.counts)}, running {found.kept.running}"
    for title, rows in (("Numerator", found.hits), ("The rest", found.misses), ("Not yet due", found.running)):
        if rows:
            yield f"{title}, the first {len(rows)}:"
        for row in rows:
            yield f"  {row.pk} {getattr(row, family.column):%Y-%m-%d %H:%M:%S.%f} UTC  {row}"


def _counts(counts: Any) -> str:
    return ", ".join(f"{name} {number}" for name, number in counts.items())


def _share(found: Explained) -> str:
    figure = found.kept
    if found.metric.kind != "share":
        return f"a {found.metric.kind}, which is no share"
    if figure.percent is None or figure.interval is None:
        return "no data: nothing counts yet, which is neither 0 % nor 100 %"
    low, high = figure.interval.low * 100, figure.interval.high * 100
    return (
        f"{figure.numerator} / {figure.denominator} = {figure.percent:.4f} %, likely {low:.1f} to {high:.1f} % (Wilson)"
    )


def _target(found: Explained) -> str:
    if found.target is None:
        return "no target is in force"
    gap = "" if found.judgement.gap is None else f", {found.judgement.gap:.4f} points short"
    return f"target {found.target.normalize():f} %: {found.judgement.verdict}{gap}"
