"""Who may administer a tenant: its members and its API keys."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied

from tenants.models import Actor
from tenants.roles import Can


def require_administrator(by: Actor | None) -> None:
    """Raise PermissionDenied unless `by` administers the tenant; None is the product itself (a command, the demo)."""
    if by is not None and not by.can(Can.ADMINISTER):
        raise PermissionDenied
