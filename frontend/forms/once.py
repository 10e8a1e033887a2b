"""Forms whose act happens once, however often they are sent: a double click, or a page that is sent again."""

from __future__ import annotations

import secrets
from datetime import datetime
from uuid import UUID, uuid5

# Of a UUIDv7: milliseconds since 1970 lead, which keep rows in the order of time; the other bits tell them apart.
_AFTER_TIME = 80
_VERSION_AND_VARIANT = 0x7 << 76 | 0b10 << 62
_OTHERS = ~(0xF << 76 | 0b11 << 62)


def fresh_id(now: datetime) -> UUID:
    """For the hidden field of a form that is shown at `now`."""
    return _uuid7(int(now.timestamp() * 1000), secrets.randbits(_AFTER_TIME))


def id_made_by(form: UUID, *what: object) -> UUID:
    """The id of the row that a form makes of `what` was filled in: other words make another row, the same none."""
    return _uuid7(form.int >> _AFTER_TIME, uuid5(form, "\n".join(map(str, what))).int & ((1 << _AFTER_TIME) - 1))


def _uuid7(milliseconds: int, rest: int) -> UUID:
    return UUID(int=(milliseconds << _AFTER_TIME | rest) & _OTHERS | _VERSION_AND_VARIANT)
