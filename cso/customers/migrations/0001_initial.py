import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
from django.db import migrations, models

import tenants.fields
import tenants.scope
from tenants.isolation import SecureTenantTable


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("tenants", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Customer",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=tenants.fields.UuidV7(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("external_id", models.CharField(blank=True, max_length=100, null=True)),
                ("name", models.CharField(blank=True, max_length=200)),
                ("email", models.EmailField(blank=True, max_length=254)),
                (
                    "email_ci",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.db.models.functions.text.Lower("email"),
                        output_field=models.EmailField(max_length=254),
                    ),
                ),
                ("phone", models.CharField(blank=True, max_length=40)),
                ("segment", models.CharField(blank=True, max_length=60)),
                ("spend_per_visit_minor", models.PositiveBigIntegerField(blank=True, null=True)),
                ("currency", models.CharField(blank=True, max_length=3)),
                ("visits_per_year", models.PositiveIntegerField(blank=True, null=True)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
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
                    models.Index(fields=["tenant", "email_ci"], name="customer_email"),
                    models.Index(fields=["tenant", "phone"], name="customer_phone"),
                    models.Index(fields=["tenant", "name"], name="customer_name"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "external_id"), name="one_customer_per_external_id"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("spend_per_visit_minor", None), models.Q(("currency", ""), _negated=True), _connector="OR"
                        ),
                        name="customer_spend_names_its_currency",
                    ),
                ],
            },
        ),
        SecureTenantTable("Customer"),
    ]
