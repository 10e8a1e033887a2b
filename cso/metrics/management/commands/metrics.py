from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cso.metrics.engine import turns
from cso.metrics.engine.rebuild import rebuild, verify
from tenants.models import Tenant
from tenants.scope import tenant_scope


class Command(BaseCommand):
    help = "Recompute all figures from the cases (rebuild), or compare them with a recomputation (verify)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("act", choices=["rebuild", "verify"])
        parser.add_argument("--tenant", help="the workspace's short name; without it all, one after the other")

    def handle(self, *args: Any, **options: Any) -> None:
        tenants = Tenant.objects.order_by("slug")
        if options["tenant"]:
            tenants = tenants.filter(slug=options["tenant"])
            if not tenants:
                raise CommandError(f"There is no workspace “{options['tenant']}”.")
        if options["act"] == "rebuild":
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
