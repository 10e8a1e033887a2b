"""The first administrator of a workspace."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command

from tenants.models import AuditEntry, Membership, Tenant, User
from tenants.scope import tenant_scope

pytestmark = pytest.mark.django_db


def create(slug: str) -> list[str]:
    out = StringIO()
    email = "Ada@Acme.example"
    call_command("create_workspace", slug, "Acme", time_zone="America/Toronto", administrator=email, stdout=out)
    return out.getvalue().splitlines()


def test_the_administrator_is_enrolled_and_told_who_raises_the_target() -> None:
    password, key, target = create("acme")
    user = User.objects.get(email="ada@acme.example")
    assert user.check_password(password.rpartition(" ")[2])
    assert key.startswith("API key: cso_acme_")
    assert target.endswith("the Chief Serving Officer raises it under Targets.")
    with tenant_scope(Tenant.objects.get(slug="acme")):
        assert Membership.objects.get().role == "administrator"
        assert AuditEntry.objects.filter(act="add_member").exists()


def test_who_has_an_account_keeps_the_password() -> None:
    create("acme")
    assert create("second")[0].startswith("API key: ")
    assert User.objects.count() == 1
