import datetime

import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.comparison
import django.db.models.functions.datetime
import django.db.models.functions.text
import django.db.models.lookups
from django.db import migrations, models

import tenants.fields
import tenants.scope
from tenants.isolation import SecureTenantTable
from tenants.together import Together


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("customers", "0001_initial"),
        ("people", "0001_initial"),
        ("tenants", "0001_initial"),
    ]

    operations = [
        Together(
            [
                migrations.CreateModel(
                    name="Batch",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                db_default=tenants.fields.UuidV7(), editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "status",
                            models.CharField(
                                choices=[("queued", "Queued"), ("done", "Done")],
                                default="queued",
                                max_length=10,
                            ),
                        ),
                        ("reading", models.JSONField(default=dict)),
                        ("rows", models.PositiveIntegerField(default=0)),
                        ("created", models.PositiveIntegerField(default=0)),
                        ("updated", models.PositiveIntegerField(default=0)),
                        ("unchanged", models.PositiveIntegerField(default=0)),
                        ("superseded", models.PositiveIntegerField(default=0)),
                        ("refused", models.PositiveIntegerField(default=0)),
                        (
                            "created_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                        ("finished_at", models.DateTimeField(null=True)),
                        (
                            "member",
                            tenants.fields.TenantForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.membership",
                            ),
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
                    },
                ),
                migrations.CreateModel(
                    name="Cause",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                db_default=tenants.fields.UuidV7(), editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("name", models.CharField(max_length=120)),
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
                            models.UniqueConstraint(fields=("tenant", "name"), name="one_cause_per_name"),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("name__iregex", "(^|[^a-z0-9_])attitude([^a-z0-9_]|$)"), _negated=True
                                ),
                                name="attitude_is_not_a_cause",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Case",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                db_default=tenants.fields.UuidV7(), editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("external_id", models.CharField(blank=True, max_length=100, null=True)),
                        (
                            "channel",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("phone", "Phone"),
                                    ("email", "E-mail"),
                                    ("web", "Web"),
                                    ("chat", "Chat"),
                                    ("in_person", "In person"),
                                    ("colleague", "Colleague"),
                                ],
                                max_length=10,
                            ),
                        ),
                        ("summary", models.TextField(blank=True)),
                        ("occurred_at", models.DateTimeField(blank=True, null=True)),
                        ("reported_at", models.DateTimeField()),
                        (
                            "recorded_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                        ("first_fixed_at", models.DateTimeField(blank=True, null=True)),
                        ("fixed_at", models.DateTimeField(blank=True, null=True)),
                        ("first_undone_at", models.DateTimeField(blank=True, null=True)),
                        ("times_undone", models.PositiveSmallIntegerField(db_default=0, default=0)),
                        ("revision", models.PositiveIntegerField(db_default=1, default=1)),
                        (
                            "excluded_as",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("duplicate", "Duplicate"),
                                    ("test", "Test"),
                                    ("spam", "Spam"),
                                    ("not_our_failure", "Not our failure"),
                                ],
                                db_default="",
                                default="",
                                max_length=20,
                            ),
                        ),
                        ("exclusion_note", models.CharField(blank=True, db_default="", default="", max_length=500)),
                        (
                            "clock_start",
                            models.GeneratedField(
                                db_persist=True,
                                expression=django.db.models.functions.comparison.Coalesce("occurred_at", "reported_at"),
                                output_field=models.DateTimeField(),
                            ),
                        ),
                        (
                            "occurrence_known",
                            models.GeneratedField(
                                db_persist=True,
                                expression=models.expressions.RawSQL("occurred_at IS NOT NULL", ()),
                                output_field=models.BooleanField(),
                            ),
                        ),
                        (
                            "is_valid",
                            models.GeneratedField(
                                db_persist=True,
                                expression=models.expressions.RawSQL("exclusion_confirmed_by_id IS NULL", ()),
                                output_field=models.BooleanField(),
                            ),
                        ),
                        (
                            "is_not_our_failure",
                            models.GeneratedField(
                                db_persist=True,
                                expression=models.expressions.RawSQL(
                                    "excluded_as = 'not_our_failure' AND exclusion_confirmed_by_id IS NOT NULL", ()
                                ),
                                output_field=models.BooleanField(),
                            ),
                        ),
                        (
                            "recovered_24h",
                            models.GeneratedField(
                                db_persist=True,
                                expression=django.db.models.expressions.RawSQL(
                                    "COALESCE(first_fixed_at - COALESCE(occurred_at, reported_at) <= INTERVAL '24 hours', false) AND COALESCE(first_undone_at - first_fixed_at > INTERVAL '14 days', true)",
                                    (),
                                ),
                                output_field=models.BooleanField(),
                            ),
                        ),
                        (
                            "recovered_24h_reported",
                            models.GeneratedField(
                                db_persist=True,
                                expression=django.db.models.expressions.RawSQL(
                                    "COALESCE(first_fixed_at - reported_at <= INTERVAL '24 hours', false) AND COALESCE(first_undone_at - first_fixed_at > INTERVAL '14 days', true)",
                                    (),
                                ),
                                output_field=models.BooleanField(),
                            ),
                        ),
                        (
                            "undone_in_14d",
                            models.GeneratedField(
                                db_persist=True,
                                expression=django.db.models.expressions.RawSQL(
                                    "COALESCE(first_undone_at - first_fixed_at <= INTERVAL '14 days', false)", ()
                                ),
                                output_field=models.BooleanField(),
                            ),
                        ),
                        (
                            "seconds_to_recover",
                            models.GeneratedField(
                                db_persist=True,
                                expression=django.db.models.expressions.RawSQL(
                                    "ceil(EXTRACT(EPOCH FROM fixed_at - COALESCE(occurred_at, reported_at)))::bigint",
                                    (),
                                ),
                                output_field=models.BigIntegerField(null=True),
                            ),
                        ),
                        (
                            "customer",
                            tenants.fields.TenantForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="cases",
                                to="customers.customer",
                            ),
                        ),
                        (
                            "excluded_by",
                            tenants.fields.TenantForeignKey(
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.membership",
                            ),
                        ),
                        (
                            "exclusion_confirmed_by",
                            tenants.fields.TenantForeignKey(
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.membership",
                            ),
                        ),
                        (
                            "opened_by",
                            tenants.fields.TenantForeignKey(
                                editable=False,
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
                                on_delete=django.db.models.deletion.PROTECT, related_name="cases", to="people.unit"
                            ),
                        ),
                        (
                            "cause",
                            tenants.fields.TenantForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="cases",
                                to="recovery.cause",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                        "base_manager_name": "objects",
                        "indexes": [
                            models.Index(
                                fields=["tenant", "unit", "clock_start"],
                                include=(
                                    "is_valid",
                                    "is_not_our_failure",
                                    "recovered_24h",
                                    "occurrence_known",
                                    "seconds_to_recover",
                                    "cause",
                                ),
                                name="case_by_clock_start",
                            ),
                            models.Index(
                                fields=["tenant", "unit", "reported_at"],
                                include=("is_valid", "recovered_24h_reported"),
                                name="case_by_report",
                            ),
                            models.Index(
                                condition=models.Q(("first_fixed_at__isnull", False)),
                                fields=["tenant", "unit", "first_fixed_at"],
                                include=("is_valid", "undone_in_14d"),
                                name="case_by_first_fix",
                            ),
                            models.Index(
                                fields=["tenant", "reported_at", "id"],
                                include=(
                                    "unit",
                                    "is_valid",
                                    "is_not_our_failure",
                                    "clock_start",
                                    "recovered_24h",
                                    "recovered_24h_reported",
                                ),
                                name="case_newest",
                            ),
                            models.Index(
                                condition=models.Q(("fixed_at", None)),
                                fields=["tenant", "clock_start", "id"],
                                include=("unit", "is_valid"),
                                name="case_open",
                            ),
                            models.Index(
                                condition=models.Q(("customer__isnull", False)),
                                fields=["tenant", "customer", "reported_at"],
                                name="case_by_customer",
                            ),
                            models.Index(
                                condition=models.Q(("opened_by__isnull", False)),
                                fields=["tenant", "opened_by", "reported_at"],
                                name="case_by_opener",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("tenant", "external_id"), name="one_case_per_external_id"),
                            models.CheckConstraint(
                                condition=models.Q(("occurred_at__lte", models.F("reported_at"))),
                                name="reported_after_it_occurred",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "reported_at__lte",
                                        django.db.models.expressions.CombinedExpression(
                                            models.F("recorded_at"), "+", models.Value(datetime.timedelta(seconds=60))
                                        ),
                                    )
                                ),
                                name="not_reported_in_the_future",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "first_fixed_at__gte",
                                        django.db.models.functions.comparison.Coalesce("occurred_at", "reported_at"),
                                    )
                                ),
                                name="fixed_after_the_clock_started",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("fixed_at", None), ("fixed_at__gte", models.F("first_fixed_at")), _connector="OR"
                                ),
                                name="no_fix_before_the_first",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("first_fixed_at", None), ("first_undone_at", None), ("fixed_at", None)),
                                    ("first_fixed_at__isnull", False),
                                    _connector="OR",
                                ),
                                name="a_fix_has_a_first_fix",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("first_fixed_at", None),
                                    ("fixed_at__isnull", False),
                                    ("first_undone_at__isnull", False),
                                    _connector="OR",
                                ),
                                name="open_again_only_when_undone",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("first_undone_at", None), ("times_undone", 0)),
                                    models.Q(
                                        ("first_undone_at__gte", models.F("first_fixed_at")),
                                        ("first_undone_at__isnull", False),
                                        ("times_undone__gt", 0),
                                    ),
                                    _connector="OR",
                                ),
                                name="undone_after_the_first_fix",
                            ),
                            models.CheckConstraint(
                                condition=django.db.models.lookups.LessThanOrEqual(
                                    django.db.models.functions.text.Length("summary"), 5000
                                ),
                                name="summary_is_short",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("excluded_as", ""), ("excluded_by", None), ("exclusion_confirmed_by", None)
                                    ),
                                    models.Q(
                                        models.Q(("excluded_as", ""), _negated=True),
                                        models.Q(("exclusion_note", ""), _negated=True),
                                        ("excluded_by__isnull", False),
                                    ),
                                    _connector="OR",
                                ),
                                name="exclusion_has_a_reason_and_a_person",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("exclusion_confirmed_by", None),
                                    models.Q(("exclusion_confirmed_by", models.F("excluded_by")), _negated=True),
                                    _connector="OR",
                                ),
                                name="exclusion_needs_a_second_person",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="BatchChunk",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                db_default=tenants.fields.UuidV7(), editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("first_line", models.PositiveIntegerField()),
                        ("lines", models.BinaryField()),
                        ("attempts", models.PositiveSmallIntegerField(default=0)),
                        (
                            "batch",
                            tenants.fields.TenantForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="chunks", to="recovery.batch"
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
                                fields=("tenant", "batch", "first_line"), name="one_chunk_per_first_line"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="BatchRefusal",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                db_default=tenants.fields.UuidV7(), editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("line", models.PositiveIntegerField()),
                        ("external_id", models.CharField(blank=True, max_length=100)),
                        ("field", models.CharField(max_length=60)),
                        ("code", models.CharField(max_length=60)),
                        ("message", models.CharField(max_length=500)),
                        (
                            "batch",
                            tenants.fields.TenantForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="refusals",
                                to="recovery.batch",
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
                            models.Index(fields=["tenant", "batch", "line", "id"], name="batch_refusal_line"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CaseEvent",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                db_default=tenants.fields.UuidV7(), editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("opened", "Opened"),
                                    ("fixed", "Fixed"),
                                    ("reopened", "Reopened"),
                                    ("disputed", "Disputed by the customer"),
                                    ("corrected", "Corrected"),
                                    ("moved", "Moved to another unit"),
                                    ("exclusion_proposed", "Exclusion proposed"),
                                    ("exclusion_confirmed", "Excluded from the figures"),
                                    ("exclusion_withdrawn", "Counted again"),
                                ],
                                max_length=20,
                            ),
                        ),
                        ("at", models.DateTimeField()),
                        (
                            "recorded_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                        ("note", models.CharField(blank=True, db_default="", default="", max_length=2000)),
                        ("changes", models.JSONField(db_default={}, default=dict)),
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
                            "case",
                            tenants.fields.TenantForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="events", to="recovery.case"
                            ),
                        ),
                        (
                            "member",
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
                    ],
                    options={
                        "abstract": False,
                        "base_manager_name": "objects",
                        "indexes": [
                            models.Index(fields=["tenant", "case", "recorded_at"], name="case_event_log"),
                        ],
                    },
                ),
            ]
        ),
        SecureTenantTable("Batch"),
        SecureTenantTable("Cause"),
        SecureTenantTable("Case"),
        SecureTenantTable("BatchChunk"),
        SecureTenantTable("BatchRefusal"),
        SecureTenantTable("CaseEvent"),
    ]
