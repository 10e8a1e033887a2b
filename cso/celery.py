"""The Celery application of worker and beat. What is due stands in PostgreSQL; Redis only wakes the workers."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cso.settings")

app = Celery("cso")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
