"""The one check before an act."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied

from tenants.models import Actor
from tenants.roles import Can


def require(by: Actor | None, can: Can) -> None:
    """Raise PermissionDenied unless `by` can do this; None is the product itself (a command, the demo)."""
    if by is not None and not by.can(can):
        raise PermissionDenied
