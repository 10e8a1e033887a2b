"""Who led what from when to when: never two at once, also for those who go around the office."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction

from cso.errors import ConflictError, InvalidFieldsError
from cso.people import actions
from cso.people.models import Leadership, Person, Unit
from cso.people.queries import leaderships_between
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.personas import Company

APRIL, MAY, JUNE, JULY = (date(2026, month, 1) for month in (4, 5, 6, 7))


@pytest.fixture
def south(acme: Company) -> Unit:
    return acme.units["south"]


@pytest.fixture
def people(acme: Company) -> list[Person]:
    with tenant_scope(acme.tenant):
        return [actions.add_person(name, by=None) for name in ("Ada", "Ben")]


@pytest.mark.parametrize(
    ("starts_on", "ends_on"),
    [(MAY, JUNE), (APRIL, date(2026, 5, 2)), (date(2026, 5, 31), JULY), (APRIL, JULY), (APRIL, None), (MAY, None)],
)
def test_nobody_leads_a_unit_beside_another(
    acme: Company, south: Unit, people: list[Person], starts_on: date, ends_on: date | None
) -> None:
    ada, ben = people
    with tenant_scope(acme.tenant):
        actions.name_leader(south, ada, MAY, JUNE, by=None)
        with pytest.raises(ConflictError) as refused:
            actions.name_leader(south, ben, starts_on, ends_on, by=None)
        assert refused.value.code == "led_by_another"
        columns = "tenant_id, unit_id, person_id, starts_on, ends_on"
        insert = f"INSERT INTO people_leadership ({columns}) VALUES (%s, %s, %s, %s, %s)"
        with pytest.raises(IntegrityError, match="one_leader_at_a_time"), transaction.atomic():
            connection.cursor().execute(insert, [acme.tenant.pk, south.pk, ben.pk, starts_on, ends_on])


def test_one_may_follow_the_other_on_the_day(acme: Company, south: Unit, people: list[Person]) -> None:
    ada, ben = people
    with tenant_scope(acme.tenant):
        actions.name_leader(south, ada, MAY, JUNE, by=None)
        actions.name_leader(south, ben, JUNE, by=None)
        actions.name_leader(south, ben, APRIL, MAY, by=None)
        led = leaderships_between(APRIL, JULY, [south.pk])
        assert [(each.person.name, each.starts_on, each.ends_on) for each in led] == [
            ("Ben", APRIL, MAY),
            ("Ada", MAY, JUNE),
            ("Ben", JUNE, None),
        ]


def test_two_units_and_two_tenants_do_not_get_in_each_others_way(
    acme: Company, other: Company, people: list[Person]
) -> None:
    with tenant_scope(acme.tenant):
        for code in ("south", "north-1"):
            actions.name_leader(acme.units[code], people[0], MAY, by=None)
    with tenant_scope(other.tenant):
        actions.name_leader(other.units["south"], actions.add_person("Ada", by=None), MAY, by=None)
        assert Leadership.objects.filter(unit__code="south").count() == 1


def test_a_leadership_ends_so_that_another_can_begin(acme: Company, south: Unit, people: list[Person]) -> None:
    ada, ben = people
    with tenant_scope(acme.tenant):
        leadership = actions.name_leader(south, ada, MAY, by=None)
        with pytest.raises(InvalidFieldsError):
            actions.end_leadership(leadership, MAY, by=None)
        actions.end_leadership(leadership, JUNE, by=None)
        with pytest.raises(InvalidFieldsError):
            actions.end_leadership(leadership, JULY, by=None)
        actions.name_leader(south, ben, JUNE, by=None)


@pytest.mark.parametrize("ends_on", [MAY, APRIL])
def test_whoever_leads_leads_at_least_a_day(acme: Company, south: Unit, people: list[Person], ends_on: date) -> None:
    with tenant_scope(acme.tenant):
        with pytest.raises(InvalidFieldsError):
            actions.name_leader(south, people[0], MAY, ends_on, by=None)
        with pytest.raises(IntegrityError, match=r"leads_at_least_a_day|range lower bound"), transaction.atomic():
            Leadership.objects.create(unit=south, person=people[0], starts_on=MAY, ends_on=ends_on)


def test_only_an_editor_of_people_names_leaders(acme: Company, south: Unit, people: list[Person]) -> None:
    with tenant_scope(acme.tenant):
        with pytest.raises(PermissionDenied):
            actions.name_leader(south, people[0], MAY, by=acme.member(Role.LEADER))
        actions.name_leader(south, people[0], MAY, by=acme.member(Role.ADMINISTRATOR))


def test_a_new_leader_ends_the_lead_before_and_is_found_by_name(acme: Company, people: list[Person]) -> None:
    north = acme.units["north"]
    with tenant_scope(acme.tenant):
        actions.replace_leader(north, "Ada", MAY, by=None)
        actions.replace_leader(north, "Nadia Next", JUNE, by=None, position="Director")
        led = Leadership.objects.filter(unit=north).order_by("starts_on")
        assert [(lead.person.name, lead.starts_on, lead.ends_on) for lead in led] == [
            ("Lea North", date(2024, 1, 1), MAY),
            ("Ada", MAY, JUNE),
            ("Nadia Next", JUNE, None),
        ]
        assert led[1].person == people[0]
        assert str(led[2].person.position) == "Director"


def test_of_two_people_with_one_name_the_position_tells_which(acme: Company) -> None:
    north = acme.units["north"]
    with tenant_scope(acme.tenant):
        director, _manager = (actions.add_person("Kim", by=None, position=title) for title in ("Director", "Manager"))
        with pytest.raises(ConflictError) as refused:
            actions.replace_leader(north, "Kim", MAY, by=None)
        assert refused.value.code == "ambiguous_name"
        assert Leadership.objects.get(unit=north).ends_on is None
        assert actions.replace_leader(north, "Kim", MAY, by=None, position="Director").person == director
