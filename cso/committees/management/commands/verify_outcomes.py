from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cso.committees.models import OutcomeRecord
from cso.committees.outcomes import verify_outcomes
from tenants.models import Tenant
from tenants.scope import tenant_scope


class Command(BaseCommand):
    help = "Compute the chain of outcomes anew: whether any record was changed, removed or slipped in since."

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("workspace", nargs="?", help="its short name")
        which.add_argument("--all", action="store_true", help="all workspaces, one after the other")

    def handle(self, *args: Any, **options: Any) -> None:
        tenants = Tenant.objects.order_by("slug")
        if not options["all"]:
            tenants = tenants.filter(slug=options["workspace"])
            if not tenants:
                raise CommandError(f"There is no workspace “{options['workspace']}”.")
        if broken := [tenant.slug for tenant in tenants if not self._holds(tenant)]:
            raise CommandError(f"The chain is broken in: {', '.join(broken)}.")

    def _holds(self, tenant: Tenant) -> bool:
        with tenant_scope(tenant):
            broken, records = verify_outcomes(), OutcomeRecord.objects.count()
        if broken:
            numbers = ", ".join(map(str, broken))
            self.stderr.write(f"{tenant.slug}: of {records:,} records not what they were: {numbers}")
        else:
            self.stdout.write(f"{tenant.slug}: the chain of {records:,} records holds")
        return not broken
