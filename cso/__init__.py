"""The office: what it does for the people it serves. Knows no HTTP."""

from cso.celery import app as celery_app

__all__ = ["celery_app"]
