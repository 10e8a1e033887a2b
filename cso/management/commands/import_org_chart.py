from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from cso.errors import DomainError
from cso.people.orgchart import FIELDS, load_chart, read_chart
from tenants.models import Tenant
from tenants.scope import tenant_scope


class Command(BaseCommand):
    help = "Load units, their parents and their leaders from a CSV file. Safe to repeat: the same file changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="a .csv file with a head line")
        parser.add_argument("--tenant", required=True, help="the workspace's short name")
        parser.add_argument("--map", nargs="*", default=[], metavar="FIELD=COLUMN", help=f"fields: {', '.join(FIELDS)}")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = Tenant.objects.filter(slug=options["tenant"]).first()
        if tenant is None:
            raise CommandError(f"There is no workspace “{options['tenant']}”.")
        columns = dict(pair.split("=", 1) for pair in options["map"] if "=" in pair)
        if len(columns) != len(options["map"]):
            raise CommandError("--map takes FIELD=COLUMN.")
        try:
            with options["file"].open(encoding="utf-8-sig", newline="") as file, tenant_scope(tenant):
                rows, remarks = read_chart(file, columns)
                report = load_chart(rows, by=None, today=timezone.now().astimezone(tenant.zone).date())
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(str(error)) from error
        except DomainError as error:
            raise CommandError(error.message) from error
        for remark in sorted(remarks + report.remarks, key=lambda remark: remark.line):
            refused = "refused: " if remark.refused else ""
            self.stderr.write(f"line {remark.line}, {remark.field}: {refused}{remark.message}")
        self.stdout.write(
            f"{report.added} units added, {report.changed} changed, {report.unchanged} unchanged,"
            f" {report.leaders_named} leaders named"
        )
