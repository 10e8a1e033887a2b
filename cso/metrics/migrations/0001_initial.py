import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import tenants.fields
import tenants.scope
from tenants.isolation import SecureTenantTable
from tenants.together import Together


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("people", "0001_initial"),
        ("tenants", "0001_initial"),
    ]

    operations = [
        Together(
            [
                migrations.CreateModel(
                    name="Mark",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                db_default=tenants.fields.UuidV7(), editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("source", models.CharField(max_length=40)),
                        ("day", models.DateField()),
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
                                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="people.unit"
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                        "base_manager_name": "objects",
                    },
                ),
                migrations.CreateModel(
                    name="QuarantinedMark",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                db_default=tenants.fields.UuidV7(), editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("source", models.CharField(max_length=40)),
                        ("day", models.DateField()),
                        ("error", models.CharField(max_length=500)),
                        ("quarantined_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                        ("tried_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
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
                                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="people.unit"
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                        "base_manager_name": "objects",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("tenant", "source", "unit", "day"), name="one_quarantine_per_facts"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="WorkerHeartbeat",
                    fields=[
                        ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                        ("beat_at", models.DateTimeField()),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(condition=models.Q(("id", 1)), name="one_heartbeat"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Cell",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                db_default=tenants.fields.UuidV7(), editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("family", models.CharField(max_length=20)),
                        ("grain", models.CharField(choices=[("month", "Month"), ("week", "Week")], max_length=5)),
                        ("period", models.DateField()),
                        (
                            "own",
                            django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None),
                        ),
                        (
                            "total",
                            django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None),
                        ),
                        (
                            "own_buckets",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.SmallIntegerField(), db_default=[], default=list, size=None
                            ),
                        ),
                        (
                            "own_bucket_counts",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.IntegerField(), db_default=[], default=list, size=None
                            ),
                        ),
                        (
                            "total_buckets",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.SmallIntegerField(), db_default=[], default=list, size=None
                            ),
                        ),
                        (
                            "total_bucket_counts",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.IntegerField(), db_default=[], default=list, size=None
                            ),
                        ),
                        ("revision", models.PositiveIntegerField(db_default=1, default=1)),
                        ("as_of", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
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
                                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="people.unit"
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                        "base_manager_name": "objects",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("tenant", "family", "grain", "period", "unit"), name="one_cell_per_period"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Restatement",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                db_default=tenants.fields.UuidV7(), editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("family", models.CharField(max_length=20)),
                        ("grain", models.CharField(choices=[("month", "Month"), ("week", "Week")], max_length=5)),
                        ("period", models.DateField()),
                        (
                            "before",
                            django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None),
                        ),
                        (
                            "after",
                            django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None),
                        ),
                        ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
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
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.unit"
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                        "base_manager_name": "objects",
                        "indexes": [
                            models.Index(fields=["tenant", "family", "period", "unit"], name="restatement_of_cell"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="EngineState",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                db_default=tenants.fields.UuidV7(), editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("attempts", models.PositiveSmallIntegerField(default=0)),
                        ("next_try_at", models.DateTimeField(null=True)),
                        ("alone", models.UUIDField(null=True)),
                        ("last_error", models.CharField(blank=True, default="", max_length=500)),
                        ("refreshed_at", models.DateTimeField(null=True)),
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
                            models.UniqueConstraint(fields=("tenant",), name="one_engine_state_per_tenant"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Target",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                db_default=tenants.fields.UuidV7(), editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("metric", models.CharField(max_length=40)),
                        ("starts_on", models.DateField()),
                        ("percent", models.DecimalField(decimal_places=2, max_digits=5)),
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
                            models.UniqueConstraint(
                                fields=("tenant", "metric", "starts_on"), name="one_target_per_day"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("percent__gt", 0), ("percent__lte", 100)),
                                name="target_is_a_percentage",
                            ),
                        ],
                    },
                ),
            ]
        ),
        SecureTenantTable("Mark"),
        SecureTenantTable("QuarantinedMark"),
        SecureTenantTable("Cell"),
        SecureTenantTable("Restatement"),
        SecureTenantTable("EngineState"),
        SecureTenantTable("Target"),
    ]
