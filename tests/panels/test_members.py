"""Members: on a panel with their consent alone, by quotas, for a term, and off it whenever they want."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from cso.alarms.actions import ring_alarms
from cso.errors import ConflictError, InvalidFieldsError, NotAllowedError
from cso.panels import members, panels
from cso.panels.links import leave_link, leave_token, member_by_leave_token, survey_token
from cso.panels.member_rows import import_members
from cso.panels.models import PanelMember
from cso.panels.permissions import runnable_panels, visible_panels
from cso.panels.queries import visible_commitments
from tenants.members import change_role
from tenants.models import AuditEntry, Membership
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.panels.scenes import DAY, HOUR, Scene, found
from tests.personas import Company, log_case


@pytest.fixture
def scene(acme: Company) -> Iterator[Scene]:
    with tenant_scope(acme.tenant):
        yield found(acme)


def code_of(act: Any, *args: Any, **values: Any) -> str:
    with pytest.raises((ConflictError, NotAllowedError)) as refused:
        act(*args, **values)
    return refused.value.code


def fields_of(act: Any, *args: Any, **values: Any) -> list[tuple[str, str]]:
    with pytest.raises(InvalidFieldsError) as refused:
        act(*args, **values)
    return [(error.field, error.code) for error in refused.value.errors]


def test_who_may_not_be_put_on_a_panel(scene: Scene) -> None:
    staff = scene.company.member(Role.FRONTLINE)
    colleague = scene.customer(email=staff.user.email.upper())
    declined, erased = scene.customer(), scene.customer()
    type(declined).objects.filter(pk=declined.pk).update(declined_questions_at=scene.now)
    nobody = {"external_id": None, "name": "", "email": "", "phone": "", "erased_at": scene.now}
    type(erased).objects.filter(pk=erased.pk).update(**nobody)
    assert [code_of(scene.member, each) for each in (colleague, declined, erased)] == ["employee", "declined", "erased"]
    known = scene.member()
    assert code_of(scene.member, known.customer) == "is_member"
    assert fields_of(scene.member, consented_at=scene.now + DAY, consent_source=" ") == [
        ("consent_source", "required"),
        ("consented_at", "in_the_future"),
    ]
    assert scene.member(scene.customer(email="")).left_at is None
    panels.close_panel(scene.panel, by=None, now=scene.now)
    assert code_of(scene.member) == "closed"


def test_a_member_is_of_the_panels_units(scene: Scene) -> None:
    units = scene.company.units
    scene.panel.unit = units["north"]
    scene.panel.save(update_fields=["unit"])
    assert scene.member(unit=units["north-2"]).unit == units["north-2"]
    assert scene.member().unit == units["north"]
    assert fields_of(scene.member, unit=units["south"]) == [("unit", "not_of_the_panel")]


def test_quotas_leave_so_many_places(scene: Scene) -> None:
    panels.set_quota(scene.panel, "business", 2, by=None)
    panels.set_quota(scene.panel, "family", 1, by=None)
    business, _ = scene.members(2, segment="business")
    assert code_of(scene.member, segment="business") == "quota_full"
    scene.member(segment="leisure")
    places = [(each.segment, each.wanted, each.members, each.open) for each in members.open_places(scene.panel)]
    assert places == [("business", 2, 2, 0), ("family", 1, 0, 1), ("leisure", None, 1, None)]
    members.leave_panel(business, because="removed", by=None, now=scene.now)
    assert scene.member(segment="business").segment == "business"
    assert code_of(scene.member, segment="business") == "quota_full"
    panels.set_quota(scene.panel, "business", None, by=None)
    assert scene.member(segment="business").segment == "business"


def test_a_term_ends_by_itself(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        scene = found(acme, term_days=10)
        early, late = scene.member(now=scene.now - 5 * DAY, consented_at=scene.now - 6 * DAY), scene.member()
    ring_alarms(acme.tenant, now=scene.now + 5 * DAY + timedelta(seconds=1))
    with tenant_scope(acme.tenant):
        left = PanelMember.objects.get(left_because="rotated")
        assert (left.pk, PanelMember.objects.get(left_at=None).pk) == (early.pk, late.pk)
        panels.change_panel(scene.panel, by=None, now=scene.now, term_days=3)
        assert PanelMember.objects.get(pk=late.pk).term_ends_at == late.joined_at + 3 * DAY
    ring_alarms(acme.tenant, now=scene.now + 3 * DAY)
    with tenant_scope(acme.tenant):
        assert not PanelMember.objects.filter(left_at=None).exists()
        assert scene.member(early.customer).left_at is None


def test_one_click_leaves_for_good(scene: Scene) -> None:
    member = scene.member()
    assert leave_link(member).endswith(f"/acme/leave/{leave_token(member)}/")
    found_by_link = member_by_leave_token(leave_token(member))
    left = members.leave_panel(found_by_link, because="asked", by=None, now=scene.now)
    again = members.leave_panel(member, because="removed", by=None, now=scene.now + DAY)
    assert (left.left_at, again.left_at, again.left_because) == (scene.now, scene.now, "asked")
    assert AuditEntry.objects.filter(act="leave_panel").count() == 1
    for token in ("", "x", "é", leave_token(member)[:-4] + "AAA=", survey_token(member)):  # type: ignore[arg-type]
        with pytest.raises(PanelMember.DoesNotExist):
            member_by_leave_token(token)


def test_a_token_of_another_workspace_is_none(acme: Company, other: Company) -> None:
    with tenant_scope(acme.tenant):
        token = leave_token(found(acme).member())
    with tenant_scope(other.tenant), pytest.raises(PanelMember.DoesNotExist):
        member_by_leave_token(token)


def test_who_runs_a_panel(scene: Scene) -> None:
    steward, leader = scene.company.member(Role.AUDITOR), scene.company.member(Role.LEADER)
    member = scene.member(by=steward)
    assert list(members.members_of(steward, scene.panel)) == [member]
    assert (list(members.members_of(leader, scene.panel)), list(members.candidates(leader, scene.panel))) == ([], [])
    assert code_of(scene.member, by=leader) == "not_allowed"
    assert code_of(members.leave_panel, member, because="removed", by=leader, now=scene.now) == "not_allowed"
    assert code_of(panels.set_quota, scene.panel, "family", 3, by=leader) == "not_allowed"
    assert code_of(panels.change_panel, scene.panel, by=leader, now=scene.now, name="Mine") == "not_allowed"


def test_whoever_works_a_case_may_ask_its_customer(scene: Scene) -> None:
    units, fran = scene.company.units, scene.company.member(Role.FRONTLINE)
    ana, ben = scene.customer(name="Ana", segment="family"), scene.customer(name="Ben")
    scene.customer(name="Cleo", email="")
    case = log_case(units["north-1"], scene.now - DAY, customer=ana)
    cso = scene.company.member(Role.CSO)
    assert list(members.candidates(cso, scene.panel)) == [ana, ben]
    assert list(members.candidates(cso, scene.panel, from_cases=True)) == [ana]
    assert list(members.candidates(cso, scene.panel, segment="family")) == [ana]
    consent: dict[str, Any] = {"consented_at": scene.now - HOUR, "consent_source": "on the phone", "now": scene.now}
    member = members.recruit_from_case(scene.panel, case, by=fran, **consent)
    assert (member.via, member.case, member.unit, member.segment) == ("case", case, units["north-1"], "family")
    assert list(members.candidates(cso, scene.panel)) == [ben]
    nobodys = log_case(units["north-1"], scene.now - DAY)
    assert fields_of(members.recruit_from_case, scene.panel, nobodys, by=fran, **consent) == [("case", "no_customer")]


def test_lines_join_or_say_why_not(scene: Scene) -> None:
    known = scene.member()
    consent = {"consented_at": "2026-01-05T10:00:00Z", "consent_source": "Sign-up form"}
    panels.set_quota(scene.panel, "business", 1, by=None)
    lines: list[Any] = [
        {"email": "ana@roy.example", "name": "Ana Roy", "language": "fr-ca", "segment": "business", **consent},
        {"email": "ANA@roy.example", **consent},
        {"external_id": known.customer.external_id, "segment": "family", **consent},
        {"email": "ben@roy.example", "segment": "business", **consent},
        {"name": "Nobody", "unit": "nowhere", "consented_at": "yesterday"},
        {"email": "no address", "hobby": "chess", **consent},
        "not a row",
        {"email": "cleo@roy.example", "unit": "north-1", "segment": "leisure", **consent},
    ]
    outcomes = import_members(scene.panel, enumerate(lines, 2), by=None, now=scene.now)
    told = [(each.line, each.status, [(error.field, error.code) for error in each.errors]) for each in outcomes]
    assert told == [
        (2, "joined", []),
        (3, "is_member", []),
        (4, "is_member", []),
        (5, "refused", [("customer", "quota_full")]),
        (6, "refused", [("external_id", "required"), ("unit", "unknown"), ("consented_at", "not_a_time")]),
        (7, "refused", [("hobby", "unknown")]),
        (8, "refused", [("row", "unreadable")]),
        (9, "joined", []),
    ]
    ana, cleo = (PanelMember.objects.get(pk=each.member or "") for each in (outcomes[0], outcomes[7]))
    assert (ana.customer.language, ana.segment, ana.via, ana.consent_source) == (
        "fr-ca",
        "business",
        "import",
        "Sign-up form",
    )
    assert (cleo.unit, cleo.segment) == (scene.company.units["north-1"], "leisure")
    # A refused line leaves nothing behind.
    assert not type(ana.customer).objects.filter(email="ben@roy.example").exists()
    entry = AuditEntry.objects.get(act="import_members")
    assert (entry.details["lines"], entry.details["joined"]) == (8, 2)


def test_a_steward_is_who_may_see_results(scene: Scene) -> None:
    """Named or not any more: they alone read the names, so they read the rest as well."""
    frontline, auditor = (scene.company.member(role) for role in (Role.FRONTLINE, Role.AUDITOR))
    north = scene.company.units["north"]
    given: dict[str, Any] = {"by": None, "now": scene.now, "steward": frontline}
    refused = [("steward", "may_not_see_results")]
    assert fields_of(panels.found_panel, "Others", unit=north, **given) == refused
    assert fields_of(panels.change_panel, scene.panel, **given) == refused
    assert list(visible_panels(auditor)) == [scene.panel]
    change_role(auditor, Role.COMMITTEE_MEMBER, by=None)
    former = Membership.objects.get(pk=auditor.pk)
    with pytest.raises(PermissionDenied):
        visible_panels(former)
    assert code_of(scene.member, by=former) == "not_allowed"
    assert (list(runnable_panels(former)), list(visible_commitments(former))) == ([], [])
