"""The Celery application of worker and beat. What is due stands in PostgreSQL; Redis only wakes the workers."""

from __future__ import annotations

import logging
import os
import time
from typing import Any

from celery import Celery
from celery.signals import worker_init, worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cso.settings")

logger = logging.getLogger(__name__)

app = Celery("cso")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
def refuse_unsafe_database(**_: Any) -> None:
    """Like the web process: no work on a database that would not keep tenants apart; one that is down is waited for."""
    from django.db import OperationalError, connection

    from tenants import guard

    while True:
        try:
            guard.refuse_unsafe_database()
        except OperationalError as error:
            logger.warning("No work before the database answers: %s", error)
            connection.close()
            time.sleep(1)
        except Exception as error:
            # Celery would log any other exception of a signal's receiver, and work unguarded.
            raise SystemExit(str(error)) from error
        else:
            return


@worker_ready.connect
def retry_what_failed(**_: Any) -> None:
    """This worker may bring the mend of what failed in the last one."""
    app.send_task("metrics.retry_quarantined", expires=600)
