from __future__ import annotations

import time
from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from cso.demo import credentials
from cso.demo.airline import LARKSPUR
from cso.demo.city import PORT_ELLERY
from cso.demo.telling import is_told, tell

STORIES = (LARKSPUR, PORT_ELLERY)
CASES = sum(story.cases for story in STORIES)


class Command(BaseCommand):
    help = "Tell 18 months of an airline and a city into two tenants. Once told, the story stays as it is."
    # For callers from code: the instant at which it is told.
    stealth_options = ("now",)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--credentials", type=Path, help="write the demo people's passwords and API keys here (JSON)"
        )
        parser.add_argument("--seed", type=int, default=7, help="another number tells another story (7)")
        parser.add_argument("--cases", type=int, default=CASES, help=f"how many cases in both tenants ({CASES:,})")

    def handle(self, *args: Any, **options: Any) -> None:
        now = options.get("now") or timezone.now()
        self.began = time.monotonic()
        missing = [story for story in STORIES if not is_told(story)]
        if not missing and credentials.are_issued(STORIES):
            self.stdout.write("The story is told already; nothing was changed, and its passwords were shown then.")
            return
        for story in missing:
            scale = options["cases"] / CASES
            scaled = replace(story, cases=round(story.cases * scale), customers=round(story.customers * scale))
            tell(scaled, seed=options["seed"], now=now, say=self.say)
        issued = credentials.issue(STORIES)
        if options["credentials"]:
            credentials.write(issued, options["credentials"])
            self.say(f"People and keys are in {options['credentials']}")
        else:
            self.print_credentials(issued)

    def say(self, line: str) -> None:
        self.stdout.write(f"{time.monotonic() - self.began:5.1f} s  {line}")

    def print_credentials(self, issued: credentials.Credentials) -> None:
        for person in issued["people"]:
            self.stdout.write("  ".join(person[field] for field in ("workspace", "role", "email", "password")))
        for key in issued["keys"]:
            self.stdout.write(f"{key['workspace']}  {key['key']}")
        for link in [*issued["surveys"], *issued["walls"]]:
            self.stdout.write(f"{link['workspace']}  {link['path']}")
