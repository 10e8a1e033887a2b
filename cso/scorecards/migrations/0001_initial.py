import uuid

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
        ("people", "0002_dazzling_recovery"),
        ("tenants", "0001_initial"),
    ]

    operations = [
        Together(
            [
                migrations.CreateModel(
                    name="Category",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                db_default=tenants.fields.UuidV7(), editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("code", models.CharField(max_length=40)),
                        ("name", models.CharField(max_length=80)),
                        ("is_serving", models.BooleanField(default=False)),
                        ("position", models.PositiveSmallIntegerField(default=0)),
                        ("retired_at", models.DateTimeField(blank=True, null=True)),
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
                            models.UniqueConstraint(fields=("tenant", "code"), name="one_category_per_code"),
                            models.UniqueConstraint(
                                condition=models.Q(("is_serving", True)),
                                fields=("tenant",),
                                name="one_serving_category",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("is_serving", False), ("retired_at", None), _connector="OR"),
                                name="serving_never_retires",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="DigestChoice",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                db_default=tenants.fields.UuidV7(), editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("is_wanted", models.BooleanField(default=True)),
                        ("weekday", models.PositiveSmallIntegerField(default=0)),
                        ("hour", models.PositiveSmallIntegerField(default=7)),
                        (
                            "member",
                            tenants.fields.TenantForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tenants.membership"
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
                        "constraints": [
                            models.UniqueConstraint(fields=("tenant", "member"), name="one_digest_choice"),
                            models.CheckConstraint(
                                condition=models.Q(("hour__lte", 23), ("weekday__lte", 6)), name="an_hour_of_the_week"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Measure",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                db_default=tenants.fields.UuidV7(), editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("code", models.CharField(max_length=40)),
                        ("name", models.CharField(max_length=120)),
                        ("unit_word", models.CharField(blank=True, default="", max_length=20)),
                        (
                            "rollup",
                            models.CharField(
                                choices=[
                                    ("sum", "Added up"),
                                    ("ratio", "The ratio of the sums"),
                                    ("last", "The last month's"),
                                ],
                                max_length=5,
                            ),
                        ),
                        (
                            "better",
                            models.CharField(
                                choices=[("higher", "Higher is better"), ("lower", "Lower is better")],
                                default="higher",
                                max_length=6,
                            ),
                        ),
                        (
                            "nature",
                            models.CharField(
                                choices=[("outcome", "An outcome"), ("task", "A task")], default="outcome", max_length=7
                            ),
                        ),
                        ("source", models.CharField(max_length=200)),
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
                            models.UniqueConstraint(fields=("tenant", "code"), name="one_measure_per_code"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="MeasureFigure",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                db_default=tenants.fields.UuidV7(), editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("month", models.DateField()),
                        ("numerator", models.DecimalField(decimal_places=4, max_digits=20)),
                        ("denominator", models.DecimalField(decimal_places=4, default=1, max_digits=20)),
                        ("source", models.CharField(max_length=200)),
                        ("as_of", models.DateTimeField()),
                        (
                            "recorded_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                        (
                            "api_key",
                            tenants.fields.TenantForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.apikey",
                            ),
                        ),
                        (
                            "measure",
                            tenants.fields.TenantForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="figures",
                                to="scorecards.measure",
                            ),
                        ),
                        (
                            "recorded_by",
                            tenants.fields.TenantForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
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
                            models.Index(
                                fields=["tenant", "measure", "unit", "month", "recorded_at"], name="figure_of_measure"
                            ),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("month__day", 1)), name="a_month_begins_on_its_first"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("denominator__gt", 0)), name="a_denominator_is_above_zero"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Plan",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                db_default=tenants.fields.UuidV7(), editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("year", models.PositiveSmallIntegerField()),
                        (
                            "person",
                            tenants.fields.TenantForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="plans", to="people.person"
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
                                on_delete=django.db.models.deletion.PROTECT, related_name="plans", to="people.unit"
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                        "base_manager_name": "objects",
                        "indexes": [
                            models.Index(fields=["tenant", "year", "unit"], name="plans_of_year"),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("tenant", "person", "unit", "year"), name="one_plan_per_year"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("year__gte", 1970), ("year__lte", 2200)),
                                name="a_plan_is_of_our_time",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PlanVersion",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                db_default=tenants.fields.UuidV7(), editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("number", models.PositiveSmallIntegerField()),
                        ("starts_on", models.DateField()),
                        ("reason", models.CharField(blank=True, default="", max_length=500)),
                        ("made_at", models.DateTimeField()),
                        (
                            "api_key",
                            tenants.fields.TenantForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.apikey",
                            ),
                        ),
                        (
                            "made_by",
                            tenants.fields.TenantForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.membership",
                            ),
                        ),
                        (
                            "plan",
                            tenants.fields.TenantForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="versions",
                                to="scorecards.plan",
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
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("tenant", "plan", "number"), name="one_plan_version_per_number"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("starts_on__day", 1)), name="a_version_starts_with_a_month"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PlanItem",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                db_default=tenants.fields.UuidV7(), editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("metric", models.CharField(blank=True, default="", max_length=40)),
                        ("weight", models.DecimalField(decimal_places=3, max_digits=7)),
                        ("floor", models.DecimalField(decimal_places=4, max_digits=20)),
                        ("target", models.DecimalField(decimal_places=4, max_digits=20, null=True)),
                        (
                            "category",
                            tenants.fields.TenantForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="scorecards.category"
                            ),
                        ),
                        (
                            "measure",
                            tenants.fields.TenantForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="scorecards.measure",
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
                            "version",
                            tenants.fields.TenantForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="items",
                                to="scorecards.planversion",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                        "base_manager_name": "objects",
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("metric", ""), ("measure__isnull", False)),
                                    models.Q(models.Q(("metric", ""), _negated=True), ("measure", None)),
                                    _connector="OR",
                                ),
                                name="an_item_is_a_metric_or_a_measure",
                            ),
                            models.CheckConstraint(condition=models.Q(("weight__gt", 0)), name="a_weight_weighs"),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("target", None),
                                    models.Q(("target", models.F("floor")), _negated=True),
                                    _connector="OR",
                                ),
                                name="the_target_is_not_the_floor",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("target__isnull", False), models.Q(("metric", ""), _negated=True), _connector="OR"
                                ),
                                name="only_a_metric_follows_a_path",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("metric", ""), _negated=True),
                                fields=("tenant", "version", "metric"),
                                name="each_metric_once_in_a_version",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("measure__isnull", False)),
                                fields=("tenant", "version", "measure"),
                                name="each_measure_once_in_a_version",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Acknowledgement",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                db_default=tenants.fields.UuidV7(), editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                        (
                            "member",
                            tenants.fields.TenantForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenants.membership"
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
                            "version",
                            tenants.fields.TenantForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="acknowledgements",
                                to="scorecards.planversion",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                        "base_manager_name": "objects",
                        "constraints": [
                            models.UniqueConstraint(fields=("tenant", "version"), name="acknowledged_once"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ProcessChange",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                db_default=tenants.fields.UuidV7(), editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("on", models.DateField()),
                        ("what", models.CharField(max_length=200)),
                        ("made_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                        ("rebased_at", models.DateTimeField(null=True)),
                        ("rebased_because", models.CharField(blank=True, default="", max_length=300)),
                        ("withdrawn_at", models.DateTimeField(null=True)),
                        ("withdrawn_because", models.CharField(blank=True, default="", max_length=300)),
                        (
                            "made_by",
                            tenants.fields.TenantForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.membership",
                            ),
                        ),
                        (
                            "rebased_by",
                            tenants.fields.TenantForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
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
                            models.Index(fields=["tenant", "unit", "on"], name="changes_of_unit"),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("rebased_at", None), ("rebased_because", "")),
                                    models.Q(
                                        ("rebased_at__isnull", False), models.Q(("rebased_because", ""), _negated=True)
                                    ),
                                    _connector="OR",
                                ),
                                name="a_rebasing_has_its_reason",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("withdrawn_at", None), ("withdrawn_because", "")),
                                    models.Q(
                                        ("withdrawn_at__isnull", False),
                                        models.Q(("withdrawn_because", ""), _negated=True),
                                    ),
                                    _connector="OR",
                                ),
                                name="a_withdrawn_change_has_its_reason",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ScoreSnapshot",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                db_default=tenants.fields.UuidV7(), editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "grain",
                            models.CharField(
                                choices=[("month", "Month"), ("quarter", "Quarter"), ("year", "Year")], max_length=7
                            ),
                        ),
                        ("period", models.DateField()),
                        (
                            "state",
                            models.CharField(
                                choices=[("running", "Running"), ("provisional", "Provisional"), ("final", "Final")],
                                max_length=11,
                            ),
                        ),
                        ("score", models.DecimalField(decimal_places=3, max_digits=7, null=True)),
                        ("items", models.JSONField()),
                        (
                            "because",
                            models.CharField(
                                choices=[
                                    ("first", "Scored for the first time"),
                                    ("facts", "What happened changed the figures"),
                                    ("plan", "The plan changed"),
                                    ("state", "The period moved on"),
                                ],
                                max_length=5,
                            ),
                        ),
                        ("as_of", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                        (
                            "plan",
                            tenants.fields.TenantForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="snapshots",
                                to="scorecards.plan",
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
                            "version",
                            tenants.fields.TenantForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="scorecards.planversion",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                        "base_manager_name": "objects",
                        "indexes": [
                            models.Index(
                                fields=["tenant", "plan", "grain", "period", "as_of"], name="snapshot_of_plan"
                            ),
                            models.Index(fields=["tenant", "grain", "period", "as_of"], name="snapshot_of_period"),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("score", None), models.Q(("score__gte", 0), ("score__lte", 100)), _connector="OR"
                                ),
                                name="a_score_is_of_100",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Wall",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                db_default=tenants.fields.UuidV7(), editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("name", models.CharField(max_length=80)),
                        ("link", models.UUIDField(default=uuid.uuid4, editable=False)),
                        ("made_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                        ("revoked_at", models.DateTimeField(null=True)),
                        (
                            "made_by",
                            tenants.fields.TenantForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
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
                            "unit",
                            tenants.fields.TenantForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="people.unit",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                        "base_manager_name": "objects",
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("revoked_at", None)),
                                fields=("tenant", "name"),
                                name="one_wall_per_name",
                            ),
                            models.UniqueConstraint(fields=("tenant", "link"), name="one_wall_per_link"),
                        ],
                    },
                ),
            ]
        ),
        SecureTenantTable("Category"),
        SecureTenantTable("DigestChoice"),
        SecureTenantTable("Measure"),
        SecureTenantTable("MeasureFigure"),
        SecureTenantTable("Plan"),
        SecureTenantTable("PlanVersion"),
        SecureTenantTable("PlanItem"),
        SecureTenantTable("Acknowledgement"),
        SecureTenantTable("ProcessChange"),
        SecureTenantTable("ScoreSnapshot"),
        SecureTenantTable("Wall"),
    ]
