from __future__ import annotations

from argparse import ArgumentParser
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from cso.metrics.actions import set_target
from cso.metrics.queries.figures import HEADLINE
from cso.scorecards.plans.categories import first_categories
from tenants.keys import create_api_key
from tenants.members import create_tenant, enroll
from tenants.roles import SCOPE_GRANTS, Role
from tenants.scope import tenant_scope

# Without a target nobody misses it. One that most can reach is a start; from there it only rises.
FIRST_TARGET = Decimal(80)


class Command(BaseCommand):
    help = "Create a workspace with its first administrator and an API key; prints password and key once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the short name in addresses: a-z, 0-9 and -")
        parser.add_argument("name")
        parser.add_argument("--time-zone", required=True, help="IANA zone; a day is this zone's")
        parser.add_argument("--administrator", required=True, metavar="EMAIL")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            tenant = create_tenant(options["slug"], options["name"], options["time_zone"])
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        email = options["administrator"].strip().lower()
        with tenant_scope(tenant):
            _, password = enroll(email, email.partition("@")[0], Role.ADMINISTRATOR, by=None)
            set_target(HEADLINE.key, FIRST_TARGET, date(2000, 1, 1), by=None)
            first_categories(by=None)
            _, key = create_api_key(tenant, "First key", list(SCOPE_GRANTS), by=None)
        if password is not None:
            self.stdout.write(f"{email} signs in with the password {password}")
        self.stdout.write(f"API key: {key}")
        first = f"The first target is {FIRST_TARGET} % recovered within 24 hours"
        self.stdout.write(f"{first}; the Chief Serving Officer raises it under Targets.")
