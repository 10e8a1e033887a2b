from __future__ import annotations

import logging
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from cso.errors import InvalidFieldsError
from cso.recovery.mail.reading import MAX_RAW
from cso.recovery.mail.receiving import receive_mail
from tenants.models import Tenant
from tenants.scope import tenant_scope

# As sysexits.h names them, and mail servers read them.
EX_DATAERR, EX_TEMPFAIL = 65, 75
logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = (
        "Take one raw mail from standard input, as a mail server pipes it. Ends with 0 when it was taken or set aside, "
        "with 65 when it can never be, and with 75 when the server should try again."
    )
    # A mail is not to wait, or to be lost, because of what a check says.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--workspace", required=True, help="the workspace's short name")

    def handle(self, *args: Any, **options: Any) -> None:
        raw = sys.stdin.buffer.read(MAX_RAW + 1)
        try:
            self._take(options["workspace"], raw)
        except InvalidFieldsError as error:
            raise CommandError(error.message, returncode=EX_DATAERR) from error
        except CommandError:
            raise
        except Exception as error:
            # Whatever failed, the mail server keeps the mail and brings it again.
            logger.exception("A mail for %s could not be taken", options["workspace"])
            raise CommandError(f"Not taken: {type(error).__name__}", returncode=EX_TEMPFAIL) from error

    def _take(self, workspace: str, raw: bytes) -> None:
        tenant = Tenant.objects.filter(slug=workspace).first()
        if tenant is None:
            raise CommandError(f"There is no workspace “{workspace}”.", returncode=EX_TEMPFAIL)
        with tenant_scope(tenant):
            mail = receive_mail(raw, now=timezone.now())
        self.stdout.write(f"{mail.status} {mail.message_id} {mail.reason}".strip())
