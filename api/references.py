"""How a request names another thing: by its id, or by the tenant's own key for it."""

from __future__ import annotations

from typing import TypeVar

from django.db.models import Model, Q, QuerySet

from cso.texts import as_uuid

M = TypeVar("M", bound=Model)


def find(rows: QuerySet[M], wording: str, own_key: str) -> M | None:
    """The row of `rows` whose id is `wording`, else the one whose column `own_key` is; None when there is none."""
    matches = Q(**{own_key: wording})
    wanted = as_uuid(wording)
    if wanted is not None:
        matches |= Q(pk=wanted)
    found = list(rows.filter(matches)[:2])
    return next((row for row in found if row.pk == wanted), found[0] if found else None)
