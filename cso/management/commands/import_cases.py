from __future__ import annotations

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from cso.errors import InvalidFieldsError
from cso.recovery.loading.batches import chunks_of
from cso.recovery.loading.cases import Outcome, load_cases
from cso.recovery.loading.files import Lines, csv_lines, json_lines
from cso.recovery.loading.rows import FIELDS, Reading
from tenants.models import Tenant
from tenants.scope import tenant_scope

REFUSALS_SHOWN = 20


class Command(BaseCommand):
    help = "Load cases from CSV or NDJSON, as POST /api/v1/cases/batch does. Safe to repeat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="a .csv file with a head line, or a file of JSON lines")
        parser.add_argument("--tenant", required=True, help="the workspace's short name")
        parser.add_argument("--map", nargs="*", default=[], metavar="FIELD=COLUMN", help=f"fields: {', '.join(FIELDS)}")
        parser.add_argument("--time-zone", help="IANA zone of times without an offset, such as America/New_York")
        parser.add_argument("--time-format", help="as in strptime: '%%m/%%d/%%Y %%I:%%M:%%S %%p'; else ISO 8601")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = Tenant.objects.filter(slug=options["tenant"]).first()
        if tenant is None:
            raise CommandError(f"There is no workspace “{options['tenant']}”.")
        reading = _reading(options)
        now = timezone.now()
        try:
            with options["file"].open("rb") as file:
                size = options["file"].stat().st_size
                with tqdm(total=size, unit="B", unit_scale=True, desc=options["file"].name) as bar:
                    self._load(tenant, _lines(file, options["file"], reading, bar), reading, now)
        except OSError as error:
            raise CommandError(str(error)) from error
        except InvalidFieldsError as error:
            raise CommandError(error.message) from error

    def _load(self, tenant: Tenant, lines: Lines, reading: Reading, now: datetime) -> None:
        counts: Counter[str] = Counter()
        refused: list[Outcome] = []
        for chunk in chunks_of(lines):
            with tenant_scope(tenant):
                outcomes = load_cases(chunk, reading, by=None, now=now)
            counts.update(outcome.status for outcome in outcomes)
            wrong = [outcome for outcome in outcomes if outcome.status == "refused"]
            refused += wrong[: REFUSALS_SHOWN - len(refused)]
        for outcome in refused:
            for error in outcome.errors:
                self.stderr.write(f"line {outcome.line}, {error.field}: {error.message}")
        if counts["refused"] > len(refused):
            self.stderr.write(f"… and {counts['refused'] - len(refused)} more lines refused")
        statuses = ("created", "updated", "unchanged", "superseded", "refused")
        self.stdout.write(", ".join(f"{counts[status]} {status}" for status in statuses))


def _reading(options: dict[str, Any]) -> Reading:
    columns = {}
    for pair in options["map"]:
        name, equals, column = pair.partition("=")
        if not equals or name not in FIELDS:
            raise CommandError(f"--map takes FIELD=COLUMN with one of {', '.join(FIELDS)}, not “{pair}”.")
        columns[name] = column
    try:
        zone = ZoneInfo(options["time_zone"]) if options["time_zone"] else None
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise CommandError(f"“{options['time_zone']}” is not an IANA time zone.") from error
    return Reading(zone, options["time_format"], columns)


def _lines(file: BinaryIO, path: Path, reading: Reading, bar: tqdm[Any]) -> Lines:
    def watched() -> Iterator[bytes]:
        for line in file:
            bar.update(len(line))
            yield line

    return csv_lines(watched(), reading.columns) if path.suffix.lower() == ".csv" else json_lines(watched())
