import django.contrib.postgres.constraints
import django.db.models.deletion
from django.db import migrations, models

import cso.people.models
import tenants.fields
import tenants.scope
from tenants.isolation import SecureTenantTable
from tenants.together import Together


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("tenants", "0001_initial"),
    ]

    operations = [
        # Lets a scalar id take part in an exclusion constraint without an extension; see Leadership.
        migrations.RunSQL("CREATE TYPE uuidrange AS RANGE (subtype = uuid)", "DROP TYPE uuidrange"),
        Together(
            [
                migrations.CreateModel(
                    name="Position",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                db_default=tenants.fields.UuidV7(), editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("title", models.CharField(max_length=200)),
                        (
                            "tenant",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                default=tenants.scope.current_tenant_id,
                                editable=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.tenant",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                        "base_manager_name": "objects",
                        "constraints": [
                            models.UniqueConstraint(fields=("tenant", "title"), name="one_position_per_title"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Unit",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                db_default=tenants.fields.UuidV7(), editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("code", models.CharField(max_length=100)),
                        ("name", models.CharField(max_length=200)),
                        (
                            "parent",
                            tenants.fields.TenantForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="children",
                                to="people.unit",
                            ),
                        ),
                        (
                            "tenant",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                default=tenants.scope.current_tenant_id,
                                editable=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.tenant",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                        "base_manager_name": "objects",
                        "indexes": [
                            models.Index(fields=["tenant", "parent"], name="unit_children"),
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("tenant", "code"), name="one_unit_per_code"),
                            models.CheckConstraint(
                                condition=models.Q(("parent", models.F("id")), _negated=True),
                                name="a_unit_is_not_its_own_parent",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Person",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                db_default=tenants.fields.UuidV7(), editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("name", models.CharField(max_length=200)),
                        ("external_id", models.CharField(blank=True, max_length=100, null=True)),
                        ("email", models.EmailField(blank=True, max_length=254)),
                        (
                            "member",
                            tenants.fields.TenantForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="people",
                                to="tenants.membership",
                            ),
                        ),
                        (
                            "tenant",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                default=tenants.scope.current_tenant_id,
                                editable=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.tenant",
                            ),
                        ),
                        (
                            "position",
                            tenants.fields.TenantForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="people",
                                to="people.position",
                            ),
                        ),
                        (
                            "unit",
                            tenants.fields.TenantForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="people",
                                to="people.unit",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                        "base_manager_name": "objects",
                        "indexes": [
                            models.Index(fields=["tenant", "unit"], name="person_unit"),
                            models.Index(fields=["tenant", "name"], name="person_name"),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("tenant", "external_id"), name="one_person_per_external_id"
                            ),
                            models.UniqueConstraint(fields=("tenant", "member"), name="one_person_per_member"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Leadership",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                db_default=tenants.fields.UuidV7(), editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("starts_on", models.DateField()),
                        ("ends_on", models.DateField(blank=True, null=True)),
                        (
                            "tenant",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                default=tenants.scope.current_tenant_id,
                                editable=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.tenant",
                            ),
                        ),
                        (
                            "person",
                            tenants.fields.TenantForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="leaderships",
                                to="people.person",
                            ),
                        ),
                        (
                            "unit",
                            tenants.fields.TenantForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="leaderships",
                                to="people.unit",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                        "base_manager_name": "objects",
                        "indexes": [
                            models.Index(fields=["tenant", "unit", "starts_on"], name="leadership_unit"),
                            models.Index(fields=["tenant", "person"], name="leadership_person"),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("ends_on", None), ("ends_on__gt", models.F("starts_on")), _connector="OR"
                                ),
                                name="leads_at_least_a_day",
                            ),
                            django.contrib.postgres.constraints.ExclusionConstraint(
                                expressions=[
                                    (
                                        models.Func(
                                            models.F("tenant_id"),
                                            models.F("tenant_id"),
                                            models.Value("[]"),
                                            function="int8range",
                                        ),
                                        "=",
                                    ),
                                    (
                                        models.Func(
                                            models.F("unit_id"),
                                            models.F("unit_id"),
                                            models.Value("[]"),
                                            function="uuidrange",
                                        ),
                                        "=",
                                    ),
                                    (cso.people.models.DateRange("starts_on", "ends_on"), "&&"),
                                ],
                                name="one_leader_at_a_time",
                                violation_error_message="Another leader holds this unit in that time.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="UnitAncestor",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                db_default=tenants.fields.UuidV7(), editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("distance", models.PositiveSmallIntegerField()),
                        (
                            "ancestor",
                            tenants.fields.TenantForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="below", to="people.unit"
                            ),
                        ),
                        (
                            "tenant",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                default=tenants.scope.current_tenant_id,
                                editable=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.tenant",
                            ),
                        ),
                        (
                            "unit",
                            tenants.fields.TenantForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="above", to="people.unit"
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                        "base_manager_name": "objects",
                        "indexes": [
                            models.Index(
                                fields=["tenant", "unit", "distance"], include=("ancestor",), name="unit_above"
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("tenant", "ancestor", "unit"), name="one_way_up_to_each_ancestor"
                            ),
                        ],
                    },
                ),
            ]
        ),
        SecureTenantTable("Position"),
        SecureTenantTable("Unit"),
        SecureTenantTable("Person"),
        SecureTenantTable("Leadership"),
        SecureTenantTable("UnitAncestor"),
    ]
