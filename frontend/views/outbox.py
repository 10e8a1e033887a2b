"""The mails of a workspace: which wait, which could not be sent and why, which went out."""

from __future__ import annotations

import re
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cso.errors import ConflictError
from cso.outbox.actions import retry_mail
from cso.outbox.models import OutgoingMail
from cso.outbox.queries import counts_by_status, mails_behind, visible_mails
from frontend.access import MemberRequest, for_members
from tenants.roles import Can

PAGE = 50
_LINK = re.compile(r"(/c/)[A-Za-z0-9_=-]+")


@for_members(Can.SET_RECOVERY)
@require_safe
def outbox(request: MemberRequest) -> HttpResponse:
    """One status at a time (`status`); `before` is the last mail of the page before."""
    status = request.GET.get("status", OutgoingMail.Status.WAITING)
    if status not in OutgoingMail.Status.values:
        raise Http404
    mails = visible_mails(request.member).filter(status=status)
    if before := request.GET.get("before"):
        mails = mails_behind(mails, get_object_or_404(mails, pk=_uuid(before)))
    found = list(mails[: PAGE + 1])
    counts = counts_by_status(request.member)
    address = reverse("outbox", args=[request.tenant.slug])
    context = {
        "status": status,
        "mails": [(mail, _text(mail)) for mail in found[:PAGE]],
        "tabs": [
            (str(label), f"{address}?status={value}", value == status, counts.get(value))
            for value, label in OutgoingMail.Status.choices
        ],
        "next_url": f"?status={status}&before={found[PAGE - 1].pk}" if len(found) > PAGE else "",
        "is_sent_out": _is_sent_out(),
    }
    return render(request, "frontend/administration/outbox.html", context)


@for_members(Can.SET_RECOVERY)
@require_POST
def retry_sending(request: MemberRequest, mail: UUID) -> HttpResponse:
    found = get_object_or_404(visible_mails(request.member), pk=mail)
    try:
        retry_mail(found, by=request.member, now=request.now)
    except ConflictError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("The mail to %(recipient)s is tried again.") % {"recipient": found.recipient})
    return redirect("outbox", request.tenant.slug)


def _text(mail: OutgoingMail) -> str:
    """Its words; where mails do go out, without the customer's own link, which is the customer's alone."""
    return _LINK.sub(r"\1…", mail.text) if _is_sent_out() else mail.text


def _is_sent_out() -> bool:
    return not settings.EMAIL_BACKEND.endswith((".console.EmailBackend", ".dummy.EmailBackend"))


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Http404 from error
