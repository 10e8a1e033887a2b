"""Holding a wave's row: shared by who answers, alone by who opens, closes or cancels."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import connection

from cso.clock import database_now
from cso.panels.models import Wave
from tenants.scope import current_tenant_id


def hold_wave(wave: UUID, *, alone: bool) -> tuple[Wave, datetime]:
    """The wave as it is once we hold its row, and the database's clock read after that."""
    lock = "FOR UPDATE" if alone else "FOR SHARE"
    with connection.cursor() as cursor:
        query = "SELECT id FROM panels_wave WHERE tenant_id = %s AND id = %s "
        cursor.execute(query + lock, [current_tenant_id(), wave])
    return Wave.objects.select_related("panel", "unit").get(pk=wave), database_now()
