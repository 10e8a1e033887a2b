"""What every page of a workspace needs around its content."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from cso.languages import LANGUAGES
from tenants.models import Membership
from tenants.roles import Can, Role

# (label, url, is current)
Link = tuple[str, str, bool]
MOST_SECTIONS = 6
_SCORECARD = ("", "scorecard", "units", "changes", "targets", "strategy", "blockers", "board-pack")
# Section -> how addresses of its pages begin, behind the workspace, where not like its own.
_FURTHER = {"scorecard": _SCORECARD, "landing": _SCORECARD, "members": ("",)}


def workspace(request: HttpRequest) -> dict[str, Any]:
    """Nothing outside a workspace, nor for a stranger in one."""
    member = getattr(request, "member", None)
    if not member:
        return {"now": getattr(request, "now", None)}
    slug = request.tenant.slug  # type: ignore[attr-defined]
    found: dict[str, Any] = {
        "now": getattr(request, "now", None),
        "workspace": request.tenant,  # type: ignore[attr-defined]
        "viewer": {
            "name": member.label,
            "role_label": member.get_role_display(),
            "initials": initials(member.label),
        },
        "nav": [_link(request, label, name) for label, name in sections(member)],
        "menu": [_link(request, label, name) for label, name in menu(member)],
        "home_url": reverse("landing", args=[slug]),
        "search_url": reverse("search", args=[slug]),
        "workspaces_url": reverse("workspaces"),
        "account_url": reverse("account"),
        "digest_url": reverse("digest", args=[slug]),
        "language_url": reverse("language"),
        "languages": [(code, name, code == get_language()) for code, name in LANGUAGES.items()],
        "sign_out_url": reverse("account_logout"),
    }
    if member.can(Can.LOG_CASE):
        found["log_case_url"] = reverse("log_case", args=[slug])
    return found


def initials(name: str) -> str:
    """One or two capital letters for a name: of its first and of its last word."""
    words = name.split()
    return "".join(word[0] for word in [*words[:1], *words[1:][-1:]]).upper()


def sections(member: Membership) -> list[tuple[str, str]]:
    """(label, address name) of what stands in the navigation, six at most."""
    if member.role == Role.ADMINISTRATOR:
        # All of them stand under the user's menu.
        return _administration(member)[:MOST_SECTIONS]
    first = (_("Scorecard"), "scorecard") if member.can(Can.SEE_SCORECARD) else (_("My work"), "landing")
    listening = [(_("Listening"), "listening")] if member.can(Can.SEE_RESULTS) else []
    sections = [first, (_("Recoveries"), "cases"), (_("Dumb rules"), "rules"), *listening, (_("Heroes"), "heroes")]
    return [*sections, (_("Organization"), "organization")]


def menu(member: Membership) -> list[tuple[str, str]]:
    """(label, address name) of what stands under the user's own menu."""
    customers = [(_("Customers"), "customers")] if member.can(Can.SEE_CUSTOMERS) else []
    return [*customers, *_administration(member)]


def _administration(member: Membership) -> list[tuple[str, str]]:
    pages = [
        (Can.ADMINISTER, _("Members"), "members"),
        (Can.ADMINISTER, _("API keys"), "keys"),
        (Can.EDIT_PEOPLE, _("Organization"), "organization"),
        (Can.SET_TARGET, _("Targets"), "targets"),
        (Can.SET_RECOVERY, _("How we recover"), "recovery_settings"),
        (Can.SET_RECOVERY, _("Outbox"), "outbox"),
        (Can.SEE_AUDIT, _("Audit log"), "audit_log"),
    ]
    return [(label, name) for right, label, name in pages if member.can(right)]


def _link(request: HttpRequest, label: str, name: str) -> Link:
    url = reverse(name, args=[request.tenant.slug])  # type: ignore[attr-defined]
    _, _, first, *_ = f"{request.path}///".split("/")
    here = name != "landing" and request.path.startswith(url)
    return label, url, here or first in _FURTHER.get(name, ())
