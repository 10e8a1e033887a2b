"""Who had a case for how long, and what other units are asked to do for it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.utils.translation import gettext as _

from cso.recovery.models import Case, EventKind
from cso.recovery.teamwork import custody
from frontend.access import MemberRequest
from frontend.templatetags.times import due_in
from frontend.views.case.head import case_url
from frontend.words.figures import span_words


def task_rows(request: MemberRequest, case: Case, *, works: bool) -> list[dict[str, Any]]:
    """Those that wait first, the earliest due first."""
    rows = []
    for task in case.tasks.select_related("unit", "done_by__user").order_by("due_at", "id"):
        waits = task.done_at is None and task.cancelled_at is None
        if task.cancelled_at is not None:
            kind, state = "", _("No longer needed")
        elif task.done_at is not None:
            kind, state = "fixed", _("Done")
        else:
            kind, state = "late" if request.now > task.due_at else "open", due_in(task.due_at, request.now)
        rows.append(
            {
                "what": task.what,
                "unit": task.unit.name,
                "kind": kind,
                "state": state,
                "is_over": not waits,
                "done_by": task.done_by.label if task.done_by else "",
                "done_url": case_url(request, case, "finish-task", task.pk) if works and waits else "",
                "cancel_url": case_url(request, case, "cancel-task", task.pk) if works and waits else "",
            }
        )
    return sorted(rows, key=lambda row: row["is_over"])


def custody_rows(request: MemberRequest, case: Case, happened: Collection[str]) -> list[dict[str, Any]]:
    """How long each unit held it, in their order; `share` of the whole time in per cent."""
    if EventKind.MOVED not in happened:
        time = (case.fixed_at or request.now) - case.reported_at
        return [
            {"unit": case.unit.name, "time": span_words(time.total_seconds()), "share": 100, "is_now": case.is_open}
        ]
    held = custody(case, now=request.now)
    whole = sum(part.seconds for part in held) or 1
    return [
        {
            "unit": part.unit_name,
            "time": span_words(part.seconds),
            "share": round(100 * part.seconds / whole),
            "is_now": part.until is None,
        }
        for part in held
    ]
