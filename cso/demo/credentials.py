"""Passwords of the demo people, API keys, links to surveys and walls, made anew for each installation, told once."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from cso.demo.listening import survey_path
from cso.demo.story import Story
from cso.scorecards.models import Wall
from cso.scorecards.walls.links import wall_path
from tenants.keys import create_api_key
from tenants.models import ApiKey, Membership, Tenant
from tenants.roles import SCOPE_GRANTS
from tenants.scope import tenant_scope

KEY_NAME = "Demo integration"
# Without characters that look alike.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"

Credentials = dict[str, list[dict[str, str]]]


def are_issued(stories: Sequence[Story]) -> bool:
    return all(_has_key(Tenant.objects.get(slug=story.slug)) for story in stories)


def _has_key(tenant: Tenant) -> bool:
    with tenant_scope(tenant):
        return ApiKey.objects.filter(name=KEY_NAME).exists()


def issue(stories: Sequence[Story]) -> Credentials:
    """Give each demo person a password, one for all their workspaces, and each tenant a key with all scopes.

    And by their paths a survey that a customer may answer now, and the walls that hang.
    """
    passwords: dict[str, str] = {}
    people, keys, surveys, walls = [], [], [], []
    for story in stories:
        tenant = Tenant.objects.get(slug=story.slug)
        with tenant_scope(tenant):
            for role in story.roles:
                member = Membership.objects.select_related("user").get(user__email=role.email)
                if role.email not in passwords:
                    passwords[role.email] = _password()
                    member.user.set_password(passwords[role.email])
                    member.user.save(update_fields=["password"])
                people.append(
                    {
                        "workspace": story.slug,
                        "name": role.name,
                        "role": str(member.get_role_display()),
                        "email": role.email,
                        "password": passwords[role.email],
                        "landing": f"/{story.slug}/",
                    }
                )
            _, key = create_api_key(tenant, KEY_NAME, sorted(SCOPE_GRANTS), by=None)
            keys.append({"workspace": story.slug, "name": KEY_NAME, "key": key})
            if path := survey_path():
                surveys.append({"workspace": story.slug, "path": path})
            links = Wall.objects.filter(revoked_at=None).order_by("name").values_list("link", flat=True)
            walls += [{"workspace": story.slug, "path": wall_path(link)} for link in links]
    return {"people": people, "keys": keys, "surveys": surveys, "walls": walls}


def _password() -> str:
    """75 random bits in three groups that can be typed."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(3))


def write(credentials: Credentials, path: Path) -> None:
    """As JSON, readable by its owner alone."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(credentials, file, indent=2)
