from __future__ import annotations

import json
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q
from django.utils import timezone

from cso.errors import DomainError
from cso.panels.importing.code_lists import read_code_list
from cso.panels.importing.files import ENCODINGS, survey_rows
from cso.panels.importing.loading import ROWS_AT_ONCE, STATUSES, Outcome, import_responses
from cso.panels.models import Wave
from cso.recovery.loading.files import Lines, json_lines
from cso.texts import as_uuid
from tenants.models import Tenant
from tenants.scope import tenant_scope

REFUSALS_SHOWN = 20


class Command(BaseCommand):
    help = "Load what was answered elsewhere, by a code list (docs/panels.md). Safe to repeat until the wave is closed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("workspace", help="the workspace's short name")
        parser.add_argument("wave", help="id or name of an imported wave that is open")
        parser.add_argument("file", type=Path, help="a .csv file with a head line, or a file of JSON lines")
        parser.add_argument("--code-list", type=Path, required=True, help="a JSON file: columns and codes")
        parser.add_argument("--encoding", choices=ENCODINGS, default=ENCODINGS[0], help="of a CSV file")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = Tenant.objects.filter(slug=options["workspace"]).first()
        if tenant is None:
            raise CommandError(f"There is no workspace “{options['workspace']}”.")
        try:
            told = json.loads(options["code_list"].read_text(encoding="utf-8-sig"))
            with options["file"].open("rb") as file:
                is_csv = options["file"].suffix.lower() == ".csv"
                lines = survey_rows(file, encoding=options["encoding"]) if is_csv else json_lines(file)
                self._load(tenant, options["wave"], lines, told)
        except OSError as error:
            raise CommandError(str(error)) from error
        except ValueError as error:
            raise CommandError(f"{options['code_list']} is not JSON: {error}.") from error
        except DomainError as error:
            raise CommandError(error.message) from error

    def _load(self, tenant: Tenant, name: str, lines: Lines, told: Any) -> None:
        counts: Counter[str] = Counter()
        shown = 0
        for chunk in _chunks(lines):
            with tenant_scope(tenant):
                wave = _wave(name)
                outcomes = import_responses(wave, chunk, read_code_list(wave, told), by=None, now=timezone.now())
            counts.update(outcome.status for outcome in outcomes)
            for outcome in outcomes:
                if outcome.errors and shown < REFUSALS_SHOWN:
                    shown += 1
                    self._tell(outcome)
        if counts["refused"] > shown:
            self.stderr.write(f"… and {counts['refused'] - shown} more lines refused")
        self.stdout.write(", ".join(f"{counts[status]} {status}" for status in STATUSES))

    def _tell(self, outcome: Outcome) -> None:
        for error in outcome.errors:
            self.stderr.write(f"line {outcome.line}, {error.field}: {error.message}")


def _chunks(lines: Lines) -> Iterator[list[tuple[int, Any]]]:
    while chunk := list(islice(lines, ROWS_AT_ONCE)):
        yield chunk


def _wave(name: str) -> Wave:
    found = list(Wave.objects.filter(Q(pk=as_uuid(name)) | Q(name=name)).select_related("panel", "unit")[:2])
    if len(found) != 1:
        raise CommandError(f"There {'are several waves' if found else 'is no wave'} “{name}”.")
    return found[0]
