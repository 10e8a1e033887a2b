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
        ("tenants", "0002_user_language"),
    ]

    operations = [
        Together(
            [
                migrations.CreateModel(
                    name="Outcome",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                db_default=tenants.fields.UuidV7(), editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("name", models.CharField(max_length=120)),
                        ("description", models.CharField(blank=True, default="", max_length=1000)),
                        ("position", models.PositiveSmallIntegerField(default=0)),
                        ("review_on", models.DateField()),
                        ("made_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                        ("ended_at", models.DateTimeField(null=True)),
                        ("ended_because", models.CharField(blank=True, default="", max_length=500)),
                        (
                            "owner",
                            tenants.fields.TenantForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="outcomes", to="people.person"
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
                                condition=models.Q(("ended_at", None)),
                                fields=("tenant", "name"),
                                name="one_outcome_per_name",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("ended_at", None), ("ended_because", "")),
                                    models.Q(
                                        ("ended_at__isnull", False), models.Q(("ended_because", ""), _negated=True)
                                    ),
                                    _connector="OR",
                                ),
                                name="ended_says_why",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Initiative",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                db_default=tenants.fields.UuidV7(), editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("name", models.CharField(max_length=120)),
                        ("starts_on", models.DateField()),
                        ("due_on", models.DateField()),
                        ("is_remarkable", models.BooleanField(default=False)),
                        ("done_at", models.DateTimeField(null=True)),
                        ("stopped_at", models.DateTimeField(null=True)),
                        ("what_came_of_it", models.CharField(blank=True, default="", max_length=500)),
                        (
                            "owner",
                            tenants.fields.TenantForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person"
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
                            "outcome",
                            tenants.fields.TenantForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="initiatives",
                                to="strategy.outcome",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                        "base_manager_name": "objects",
                        "indexes": [
                            models.Index(fields=["tenant", "outcome", "due_on"], name="initiatives_of_outcome"),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("due_on__gte", models.F("starts_on"))),
                                name="an_initiative_ends_after_it_starts",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("done_at", None), ("stopped_at", None), _connector="OR"),
                                name="done_or_stopped",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("done_at", None), ("stopped_at", None), ("what_came_of_it", "")),
                                    models.Q(
                                        models.Q(
                                            ("done_at__isnull", False), ("stopped_at__isnull", False), _connector="OR"
                                        ),
                                        models.Q(("what_came_of_it", ""), _negated=True),
                                    ),
                                    _connector="OR",
                                ),
                                name="what_is_over_says_what_came_of_it",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Blocker",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                db_default=tenants.fields.UuidV7(), editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("what", models.CharField(max_length=300)),
                        (
                            "severity",
                            models.CharField(
                                choices=[("stops", "Stops us"), ("slows", "Slows us")], default="slows", max_length=5
                            ),
                        ),
                        ("raised_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                        ("cleared_at", models.DateTimeField(null=True)),
                        ("how", models.CharField(blank=True, default="", max_length=500)),
                        (
                            "owner",
                            tenants.fields.TenantForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person"
                            ),
                        ),
                        (
                            "raised_by",
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
                        (
                            "outcome",
                            tenants.fields.TenantForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="blockers",
                                to="strategy.outcome",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                        "base_manager_name": "objects",
                        "indexes": [
                            models.Index(fields=["tenant", "cleared_at", "raised_at"], name="blockers_by_age"),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("cleared_at", None), ("how", "")),
                                    models.Q(("cleared_at__isnull", False), models.Q(("how", ""), _negated=True)),
                                    _connector="OR",
                                ),
                                name="cleared_says_how",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="OutcomeMetric",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                db_default=tenants.fields.UuidV7(), editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("metric", models.CharField(max_length=40)),
                        ("target", models.DecimalField(decimal_places=2, max_digits=9, null=True)),
                        (
                            "outcome",
                            tenants.fields.TenantForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="metrics",
                                to="strategy.outcome",
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
                            models.UniqueConstraint(fields=("tenant", "metric"), name="a_metric_serves_one_outcome"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="OutcomeReview",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                db_default=tenants.fields.UuidV7(), editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("decided", models.CharField(max_length=1000)),
                        ("was_due_on", models.DateField()),
                        ("next_on", models.DateField()),
                        ("at", models.DateTimeField()),
                        (
                            "by",
                            tenants.fields.TenantForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.membership",
                            ),
                        ),
                        (
                            "outcome",
                            tenants.fields.TenantForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="reviews",
                                to="strategy.outcome",
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
                            models.Index(fields=["tenant", "outcome", "at"], name="reviews_of_outcome"),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("decided", ""), _negated=True), name="a_review_decides"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="BlockerHandover",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                db_default=tenants.fields.UuidV7(), editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("why", models.CharField(max_length=300)),
                        ("at", models.DateTimeField()),
                        (
                            "blocker",
                            tenants.fields.TenantForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="handovers",
                                to="strategy.blocker",
                            ),
                        ),
                        (
                            "from_owner",
                            tenants.fields.TenantForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person"
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
                            "to_owner",
                            tenants.fields.TenantForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person"
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                        "base_manager_name": "objects",
                        "indexes": [
                            models.Index(fields=["tenant", "blocker", "at"], name="handovers_of_blocker"),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("why", ""), _negated=True), name="handed_over_says_why"
                            ),
                        ],
                    },
                ),
            ]
        ),
        SecureTenantTable("Outcome"),
        SecureTenantTable("Initiative"),
        SecureTenantTable("Blocker"),
        SecureTenantTable("OutcomeMetric"),
        SecureTenantTable("OutcomeReview"),
        SecureTenantTable("BlockerHandover"),
    ]
