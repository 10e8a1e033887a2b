"""The company that a test begins with is the one that its people would make, though it is written at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from django.db import connection, transaction

from cso.people.models import Person, Unit
from tenants import audit
from tenants.models import Membership
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.personas import Company, act_out, make_company
from tests.tenants.rows import TENANT_MODELS

# Each row without what is new with each making; ids are told apart by those that refer to them, below.
ROWS = " UNION ALL ".join(
    f"SELECT '{model._meta.label}', regexp_replace("
    "(to_jsonb(t) - '{tenant_id,user_id,hash,previous_hash}'::text[])::text,"
    f" '[0-9a-f]{{8}}-[0-9a-f-]{{27}}|[0-9-]{{10}}T[0-9:.+]*', '…', 'g') FROM {model._meta.db_table} t"
    for model in TENANT_MODELS
)
TIES = """
    SELECT u.code, above.code, p.name, post.title, m.role, account.email, l.starts_on FROM people_unit u
    LEFT JOIN people_unit above ON above.tenant_id = u.tenant_id AND above.id = u.parent_id
    LEFT JOIN people_leadership l ON l.tenant_id = u.tenant_id AND l.unit_id = u.id
    LEFT JOIN people_person p ON p.tenant_id = u.tenant_id AND (p.id = l.person_id OR p.unit_id = u.id)
    LEFT JOIN people_position post ON post.tenant_id = p.tenant_id AND post.id = p.position_id
    LEFT JOIN tenants_membership m ON m.tenant_id = p.tenant_id AND m.id = p.member_id
    LEFT JOIN tenants_user account ON account.id = m.user_id
"""


def told(make: Callable[[str], Company]) -> tuple[Counter[object], Counter[object], Company]:
    """What stands in the database once a company has been made, which is then undone."""
    before = transaction.savepoint()
    company = make("acme")
    with tenant_scope(company.tenant), connection.cursor() as cursor:
        standing = [Counter(cursor.execute(question).fetchall()) for question in (ROWS, TIES)]
        assert audit.verify() == []
        # Its objects are those of its rows.
        assert company.leader == Person.objects.get(member=company.member(Role.LEADER))
        parents = [unit.parent_id for unit in company.units.values()]
        assert parents == list(Unit.objects.order_by("pk").values_list("parent", flat=True))
        for member in company.members.values():
            assert Membership.objects.select_related("user").get(pk=member.pk).user == member.user
            assert (member.tenant_id, member.user_id) == (company.tenant.pk, member.user.pk)
    transaction.savepoint_rollback(before)
    return standing[0], standing[1], company


@pytest.mark.django_db
def test_a_company_written_at_once_is_the_one_that_is_acted_out() -> None:
    acted, written = told(act_out), [told(make_company) for _ in range(2)][1]
    assert acted[:2] == written[:2]
    assert acted[0]
    assert acted[2].tenant.pk != written[2].tenant.pk
