"""Letting another seat vote for one's own, and taking that back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from cso.committees.bodies import revoke_delegation
from cso.committees.holding import held_now
from cso.committees.models import CharterVersion, Committee, Seat, SeatTenure
from cso.committees.queries import delegations_in
from frontend.access import MemberRequest, for_members
from frontend.forms.base import answer_to, sent
from frontend.forms.committees.bodies import DelegateForm
from frontend.views.form_page import form_page
from tenants.roles import Can


@for_members(Can.SEE_PEOPLE)
@require_http_methods(["GET", "HEAD", "POST"])
def delegate(request: MemberRequest, seat: UUID) -> HttpResponse:
    own = _own_seat(request, seat)
    others = held_now().filter(seat__committee=own.committee, member__isnull=False).exclude(seat=own)
    form = DelegateForm(sent(request), seat=own, others=list(others.select_related("seat", "member__user")))

    def do() -> HttpResponse:
        form.save(by=request.member, now=request.now)
        messages.success(request, _("From the next ballot on they may vote for you. Your own vote overrides theirs."))
        return redirect("committee", request.tenant.slug, own.committee_id)

    up = (reverse("committee", args=[request.tenant.slug, own.committee_id]), own.committee.name)
    title = _("Who votes for “%(seat)s” when you cannot?") % {"seat": own.label}
    return answer_to(form, do) or form_page(request, form, title=title, submit=_("Let them vote"), up=up)


@for_members(Can.SEE_PEOPLE)
@require_POST
def take_back(request: MemberRequest, seat: UUID) -> HttpResponse:
    own = _own_seat(request, seat)
    revoke_delegation(own, by=request.member, now=request.now)
    messages.success(request, _("Taken back: you alone vote for “%(seat)s”.") % {"seat": own.label})
    return redirect("committee", request.tenant.slug, own.committee_id)


def delegations_shown(
    request: MemberRequest, committee: Committee, charter: CharterVersion, holders: dict[UUID, SeatTenure]
) -> dict[str, Any]:
    """`delegations`: those that stand · `own_seats`: ids of those that the member may delegate · `delegated`: and has.

    `for_me`: seats whose holders delegated to the member, as words. Nothing where the charter allows none.
    """
    if not charter.allows_delegation:
        return {}
    standing = delegations_in(committee)
    own = {seat for seat, holder in holders.items() if holder.member_id == request.member.pk}
    return {
        "delegations": standing,
        "own_seats": own - {each.to_seat_id for each in standing},
        "delegated": {each.seat_id for each in standing},
        "for_me": [
            _("%(seat)s, for %(name)s") % {"seat": each.seat.label, "name": _name(holders.get(each.seat_id))}
            for each in standing
            if each.to_seat_id in own
        ],
    }


def _name(holder: SeatTenure | None) -> str:
    return holder.member.label if holder and holder.member else _("nobody")


def _own_seat(request: MemberRequest, pk: UUID) -> Seat:
    held = held_now().filter(member=request.member).values("seat")
    return get_object_or_404(Seat.objects.select_related("committee"), pk=pk, pk__in=held)
