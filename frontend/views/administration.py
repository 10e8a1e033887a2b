"""Members, API keys and the audit log of a workspace."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cso.errors import ConflictError
from cso.metrics.engine.verification import is_recounting, recount
from cso.metrics.queries.doubts import cells_in_doubt
from frontend.access import MemberRequest, for_members
from frontend.forms.administration import AddKeyForm, AddMemberForm, RoleForm
from frontend.forms.base import PortalForm, answer_to, sent
from frontend.views.form_page import form_page
from frontend.words.figures import period_words
from tenants import audit
from tenants.keys import revoke_api_key
from tenants.members import add_member as restore_membership
from tenants.members import end_membership
from tenants.models import ApiKey, AuditEntry, Membership
from tenants.roles import Can, Role

AUDIT_PAGE = 50


@for_members(Can.ADMINISTER)
@require_safe
def members(request: MemberRequest) -> HttpResponse:
    known = Membership.objects.select_related("user").order_by("user__name")
    context = {
        "members": known.filter(ended_at=None),
        "former": known.exclude(ended_at=None),
        "doubted": [(unit.name, period_words(period)) for unit, period in cells_in_doubt()],
        "is_recounting": is_recounting(),
    }
    return render(request, "frontend/administration/members.html", context)


@for_members(Can.ADMINISTER)
@require_POST
def recount_figures(request: MemberRequest) -> HttpResponse:
    recount(by=request.member, now=request.now)
    messages.success(request, _("All figures are being counted again."))
    return redirect("members", request.tenant.slug)


@for_members(Can.ADMINISTER)
@require_http_methods(["GET", "HEAD", "POST"])
def add_member(request: MemberRequest) -> HttpResponse:
    form = AddMemberForm(sent(request))

    def add() -> HttpResponse:
        member, password = form.save(by=request.member)
        context = {"title": _("%(name)s can sign in now") % {"name": member.label}, "member": member}
        return _shown_once(request, password, **context)

    up = (reverse("members", args=[request.tenant.slug]), _("Members"))
    return answer_to(form, add) or form_page(request, form, title=_("Add a member"), submit=_("Add"), up=up)


@for_members(Can.ADMINISTER)
@require_http_methods(["GET", "HEAD", "POST"])
def change_member_role(request: MemberRequest, member: UUID) -> HttpResponse:
    found = _another_member(request, member)
    form = RoleForm(sent(request), initial={"role": found.role})

    def change() -> HttpResponse:
        form.save(found, by=request.member)
        messages.success(request, _("%(name)s has another role now.") % {"name": found.label})
        return redirect("members", request.tenant.slug)

    up = (reverse("members", args=[request.tenant.slug]), _("Members"))
    return answer_to(form, change) or form_page(
        request, form, title=_("Role of %(name)s") % {"name": found.label}, submit=_("Save"), up=up
    )


@for_members(Can.ADMINISTER)
@require_POST
def end_member(request: MemberRequest, member: UUID) -> HttpResponse:
    found = _another_member(request, member)
    try:
        end_membership(found, by=request.member, now=request.now)
    except ConflictError as error:
        messages.error(request, error.message)
        return redirect("members", request.tenant.slug)
    undo = reverse("restore_member", args=[request.tenant.slug, found.pk])
    text = _("%(name)s can do nothing here any more.") % {"name": found.label}
    messages.success(request, text, extra_tags=undo)
    return redirect("members", request.tenant.slug)


@for_members(Can.ADMINISTER)
@require_POST
def restore_member(request: MemberRequest, member: UUID) -> HttpResponse:
    """A former member comes back with the role they had."""
    found = get_object_or_404(Membership.objects.select_related("user").exclude(ended_at=None), pk=member)
    restore_membership(found.user, Role(found.role), by=request.member)
    messages.success(request, _("%(name)s can sign in here again.") % {"name": found.label})
    return redirect("members", request.tenant.slug)


@for_members(Can.ADMINISTER)
@require_safe
def keys(request: MemberRequest) -> HttpResponse:
    context = {"keys": ApiKey.objects.order_by("revoked_at", "-created_at")}
    return render(request, "frontend/administration/keys.html", context)


@for_members(Can.ADMINISTER)
@require_http_methods(["GET", "HEAD", "POST"])
def add_key(request: MemberRequest) -> HttpResponse:
    form = AddKeyForm(sent(request))

    def make() -> HttpResponse:
        key = form.save(request.tenant, by=request.member)
        return _shown_once(request, key, title=_("The key is made"))

    up = (reverse("keys", args=[request.tenant.slug]), _("API keys"))
    return answer_to(form, make) or form_page(
        request, form, title=_("Make an API key"), submit=_("Make the key"), up=up
    )


@for_members(Can.ADMINISTER)
@require_http_methods(["GET", "HEAD", "POST"])
def revoke_key(request: MemberRequest, key: UUID) -> HttpResponse:
    """Asks first: a revoked key cannot be brought back."""
    found = get_object_or_404(ApiKey, pk=key)
    form = PortalForm(sent(request))

    def revoke() -> HttpResponse:
        revoke_api_key(found, by=request.member, now=request.now)
        messages.success(request, _("“%(name)s” opens nothing any more.") % {"name": found.name})
        return redirect("keys", request.tenant.slug)

    up = (reverse("keys", args=[request.tenant.slug]), _("API keys"))
    title = _("Revoke “%(name)s” for good?") % {"name": found.name}
    return answer_to(form, revoke) or form_page(request, form, title=title, submit=_("Revoke it"), up=up)


@for_members(Can.SEE_AUDIT)
@require_safe
def audit_log(request: MemberRequest) -> HttpResponse:
    """The newest entries first; `check=1` walks the whole chain, `before` pages by number."""
    before = request.GET.get("before", "")
    if before and not (before.isdecimal() and len(before) < 19):
        raise Http404
    entries = AuditEntry.objects.select_related("member__user", "api_key").order_by("-number")
    found = list((entries.filter(number__lt=int(before)) if before else entries)[: AUDIT_PAGE + 1])
    context = {
        "entries": [_audit_line(entry) for entry in found[:AUDIT_PAGE]],
        "next_url": f"?before={found[AUDIT_PAGE - 1].number}" if len(found) > AUDIT_PAGE else "",
        "checked": "check" in request.GET,
        "broken": audit.verify() if "check" in request.GET else [],
    }
    return render(request, "frontend/administration/audit_log.html", context)


def _audit_line(entry: AuditEntry) -> dict[str, Any]:
    """An entry as people read it; its act and details keep the names that programs know them by."""
    actor = entry.member or entry.api_key
    # Pairs: of a mapping with a detail named "items" a template would take that for its method.
    details = [
        (name.replace("_", " "), ", ".join(map(str, value)) if isinstance(value, list) else value)
        for name, value in entry.details.items()
        if value not in (None, "", [])
    ]
    return {
        "number": entry.number,
        "at": entry.at,
        "by": actor.label if actor else _("the product"),
        "act": entry.act.replace("_", " ").capitalize(),
        "subject": entry.subject,
        "details": details,
    }


def _another_member(request: MemberRequest, member: UUID) -> Membership:
    """A live member other than oneself: nobody may lock themselves out."""
    others = Membership.objects.select_related("user").filter(ended_at=None).exclude(pk=request.member.pk)
    return get_object_or_404(others, pk=member)


def _shown_once(request: MemberRequest, secret: str | None, **context: object) -> HttpResponse:
    response = render(request, "frontend/administration/shown_once.html", {"secret": secret, **context})
    response["Cache-Control"] = "no-store"
    return response
