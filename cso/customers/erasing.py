"""What else is to be forgotten of an erased customer: each part of the office says so itself, wherever it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from uuid import UUID

from cso.customers.models import Customer

Eraser = Callable[..., Iterable[UUID]]
_erasers: list[Eraser] = []


def when_erased(eraser: Eraser) -> Eraser:
    """Register `eraser(customer, now=...)`: it takes out what tells who they were, and leaves every count as it was.

    It gives the ids of the mails that went to them, which are blanked with the others. The customer is locked, and so
    are their cases.
    """
    _erasers.append(eraser)
    return eraser


def erase_elsewhere(customer: Customer, *, now: datetime) -> list[UUID]:
    """Let all who registered erase; the ids of the mails that they name."""
    return [mail for eraser in _erasers for mail in eraser(customer, now=now)]
