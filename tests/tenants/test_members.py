"""Workspaces and their members: who may be what, and until when."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from tenants.members import add_member, change_role, create_tenant, end_membership, enroll, memberships_of
from tenants.models import RESERVED_SLUGS, AuditEntry, Membership, User
from tenants.roles import ROLE_GRANTS, Can, Role
from tenants.scope import tenant_scope
from tests.personas import NOW, PASSWORD, Company


@pytest.mark.parametrize(
    ("slug", "zone"),
    [
        *((slug, "UTC") for slug in sorted(RESERVED_SLUGS)),
        *((slug, "UTC") for slug in ("a", "Acme", "acme_air", "1st", "-acme", "acme\n", "a" * 41, "acmé", "")),
        ("acme", "Mars/Olympus"),
        ("acme", ""),
    ],
)
def test_a_workspace_needs_a_free_address_and_a_known_zone(db: None, slug: str, zone: str) -> None:
    with pytest.raises(ValidationError):
        create_tenant(slug, "Acme", zone)


def test_an_address_is_taken_once(acme: Company) -> None:
    with pytest.raises(ValidationError):
        create_tenant("acme", "Another", "UTC")


def test_a_new_workspace_is_empty(acme: Company) -> None:
    with tenant_scope(create_tenant("new", "New", "UTC")):
        assert Membership.objects.count() == AuditEntry.objects.count() == 0


def test_one_person_works_in_several_workspaces_in_one_role_each(acme: Company, other: Company) -> None:
    user = acme.member(Role.CSO).user
    with tenant_scope(other.tenant):
        add_member(user, Role.AUDITOR, by=other.member(Role.ADMINISTRATOR))
    assert [(m.tenant.slug, m.role) for m in memberships_of(user)] == [("acme", "cso"), ("other", "auditor")]


def test_a_former_member_comes_back_under_the_same_membership(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        member = acme.member(Role.LEADER)
        end_membership(member, by=None, now=NOW)
        end_membership(member, by=None, now=NOW + timedelta(days=1))
        assert member.ended_at == NOW
        assert [act for act in Can if member.can(act)] == []
        back = add_member(member.user, Role.FRONTLINE, by=None)
        assert (back.pk, back.role, back.ended_at) == (member.pk, Role.FRONTLINE, None)
        acts = AuditEntry.objects.order_by("-number").values_list("act", flat=True)
        assert list(acts[:2]) == ["add_member", "end_membership"]


def test_an_ended_membership_is_no_membership(acme: Company) -> None:
    member = acme.member(Role.LEADER)
    with tenant_scope(acme.tenant):
        end_membership(member, by=None, now=NOW)
    assert memberships_of(member.user) == []


def test_only_an_administrator_changes_members(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        someone = acme.member(Role.FRONTLINE)
        for role in set(Role) - {Role.ADMINISTRATOR}:
            by = acme.member(role)
            for act in (
                lambda by=by: add_member(someone.user, Role.CSO, by=by),
                lambda by=by: enroll("new@acme.example", "New", Role.CSO, by=by),
                lambda by=by: change_role(someone, Role.CSO, by=by),
                lambda by=by: end_membership(someone, by=by, now=NOW),
            ):
                with pytest.raises(PermissionDenied):
                    act()
        someone.refresh_from_db()
        assert (someone.role, someone.ended_at) == (Role.FRONTLINE, None)


def test_someone_new_gets_a_first_password_and_someone_known_keeps_theirs(acme: Company, other: Company) -> None:
    known = other.member(Role.CSO).user
    with tenant_scope(acme.tenant):
        administrator = acme.member(Role.ADMINISTRATOR)
        _, password = enroll("New@Acme.example", "New", Role.FRONTLINE, by=administrator)
        assert password is not None
        assert User.objects.get(email="new@acme.example").check_password(password)
        joined, none = enroll(known.email.upper(), "Another name", Role.AUDITOR, by=administrator)
        assert (joined.user, none) == (known, None)
        known.refresh_from_db()
        assert known.check_password(PASSWORD)
        assert known.name == "Other Chief Serving Officer"


def test_an_administrator_serves_nobody_and_only_administrators_administer() -> None:
    assert {role for role in Role if Can.ADMINISTER in ROLE_GRANTS[role]} == {Role.ADMINISTRATOR}
    assert not ROLE_GRANTS[Role.ADMINISTRATOR] & {Can.SEE_ALL_CASES, Can.LOG_CASE, Can.SEE_SCORECARD}
    assert not ROLE_GRANTS[Role.AUDITOR] & {Can.LOG_CASE, Can.WORK_CASE, Can.EXCLUDE_CASE, Can.EDIT_PEOPLE}
