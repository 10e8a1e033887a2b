"""Tables whose rows have their tenant by a reference: nothing is lost by not looking it up twice."""

from __future__ import annotations

import psycopg
import pytest
from psycopg.errors import ForeignKeyViolation

from tenants.base import TenantModel
from tenants.fields import TenantForeignKey
from tests.personas import Company
from tests.tenants.rows import TENANT_MODELS

THROUGH = [model for model in TENANT_MODELS if model.rules.tenant_through]


def test_the_tables_of_many_rows_have_it() -> None:
    assert [model._meta.label for model in THROUGH] == ["metrics.Mark", "metrics.Cell"]


@pytest.mark.parametrize("model", THROUGH, ids=lambda model: model._meta.label)
def test_the_reference_is_required_and_leads_to_a_row_that_has_a_tenants_key(model: type[TenantModel]) -> None:
    assert model.rules.tenant_through is not None
    field = model._meta.get_field(model.rules.tenant_through)
    assert isinstance(field, TenantForeignKey)
    assert not field.null
    target = field.related_model
    assert isinstance(target, type)
    assert issubclass(target, TenantModel)
    assert target.rules.tenant_through is None


@pytest.mark.parametrize("table", [model._meta.db_table for model in THROUGH])
@pytest.mark.django_db(transaction=True)
def test_a_tenant_that_is_not_there_is_refused_even_to_a_superuser(
    acme: Company, admin: psycopg.Connection, table: str
) -> None:
    values = {
        "metrics_mark": "(tenant_id, source, unit_id, day) VALUES (%s, 'case', %s, '2026-03-01')",
        "metrics_cell": "(tenant_id, family, grain, unit_id, period, own, total)"
        " VALUES (%s, 'due', 'month', %s, '2026-03-01', '{0}', '{0}')",
    }[table]
    unit = acme.units["top"].pk
    with admin.transaction(force_rollback=True):
        admin.execute(f"INSERT INTO {table} {values}".encode(), [acme.tenant.pk, unit])
        with pytest.raises(ForeignKeyViolation, match=f"{table}_unit_fk"), admin.transaction():
            admin.execute(f"INSERT INTO {table} {values}".encode(), [acme.tenant.pk + 1_000_000, unit])
