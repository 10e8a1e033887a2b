"""The Celery application of worker and beat. What is due stands in PostgreSQL; Redis only wakes the workers."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import worker_init, worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cso.settings")

app = Celery("cso")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
def refuse_unsafe_database(**_: Any) -> None:
    """Like the web process: no work on a database that would not keep tenants apart."""
    from tenants import guard

    try:
        guard.refuse_unsafe_database()
    except guard.UnsafeDatabaseError as error:
        # Celery logs any other exception of a signal's receiver, and goes on.
        raise SystemExit(str(error)) from error


@worker_ready.connect
def retry_what_failed(**_: Any) -> None:
    """This worker may bring the mend of what failed in the last one."""
    app.send_task("metrics.retry_quarantined", expires=600)
