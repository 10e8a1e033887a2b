"""What comes from the customer of a case: answers, the wish to be called, mails, files; and what we know of them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.utils.translation import gettext as _

from cso.customers.preferences import live_preferences
from cso.recovery.links import link_of
from cso.recovery.models import Case, Channel, EventKind
from frontend.access import MemberRequest
from frontend.views.case.head import case_url
from tenants.roles import Can


def voice(request: MemberRequest, case: Case, happened: Collection[str], *, works: bool) -> dict[str, Any]:
    calls = case.call_backs.filter(called_at=None).select_related("leader")
    waiting = calls.first() if EventKind.CALL_BACK_ASKED in happened else None
    # Files come by mail, or with the web form.
    writes = EventKind.MAIL_RECEIVED in happened or case.channel in {Channel.EMAIL, Channel.WEB}
    return {
        "customer": case.customer if request.member.can(Can.SEE_CUSTOMERS) else None,
        "secrets": list(live_preferences(request.member, case.customer, request.now)) if case.customer else [],
        "link": link_of(case, may_answer=False) if works else "",
        "answers": _answers(case) if case.answered_at else [],
        "words": _words(case) if case.answered_at else "",
        "call_back": waiting,
        "called_url": case_url(request, case, "called-back", waiting.pk) if waiting and works else "",
        "mails": list(case.mails.order_by("received_at", "id")) if writes else [],
        "files": list(case.attachments.defer("content").order_by("received_at", "id")) if writes else [],
    }


def _answers(case: Case) -> list[tuple[str, str, str]]:
    """Question, answer and tone."""
    said = [
        (_("Is it fixed?"), case.said_fixed),
        (_("Was there a clear apology?"), case.said_apology),
        (_("Something they did not expect?"), case.said_surprised),
    ]
    words = {True: (_("Yes"), "better"), False: (_("No"), "worse"), None: (_("They do not know"), "chance")}
    return [(question, *words[answer]) for question, answer in said]


def _words(case: Case) -> str:
    """What they wrote, with the last answer that has words."""
    texts = case.answers.exclude(words="").order_by("-at", "-id").values_list("words", flat=True)
    return str(texts.first() or "")
