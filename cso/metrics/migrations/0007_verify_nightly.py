import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import tenants.fields
import tenants.scope
from tenants.isolation import SecureTenantTable


class Migration(migrations.Migration):
    dependencies = [
        ("metrics", "0006_mark_panels"),
        ("people", "0002_dazzling_recovery"),
        ("tenants", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="enginestate",
            name="verified_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.CreateModel(
            name="Discrepancy",
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
                    "kept",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), null=True, size=None
                    ),
                ),
                (
                    "rebuilt",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), null=True, size=None
                    ),
                ),
                ("found_at", models.DateTimeField()),
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
                        fields=("tenant", "family", "grain", "period", "unit"), name="one_discrepancy_per_cell"
                    )
                ],
            },
        ),
        SecureTenantTable("Discrepancy"),
    ]
