from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from cso.environment import database, required
from tenants.database import prepare_database


class Command(BaseCommand):
    help = "As a superuser (ADMIN_DATABASE_URL): create the product's roles and database. Safe to repeat."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        for name in ("ADMIN_DATABASE_URL", "MIGRATOR_DATABASE_URL"):
            database(name)
        try:
            prepare_database(required("ADMIN_DATABASE_URL"), settings.DATABASE_URL, required("MIGRATOR_DATABASE_URL"))
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.stdout.write("Roles and database are ready.")
