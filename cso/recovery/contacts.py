"""The four contacts with the customer: recorded, and owed in time."""

from __future__ import annotations

from cso.recovery.contact_clock import reset_contact_clock

__all__ = ["reset_contact_clock"]
