import django.db.models.deletion
import django.db.models.functions.datetime
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
            name="OutgoingMail",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=tenants.fields.UuidV7(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("key", models.CharField(max_length=200)),
                ("kind", models.CharField(max_length=40)),
                ("about", models.UUIDField(null=True)),
                ("recipient", models.EmailField(max_length=254)),
                ("sender_name", models.CharField(blank=True, default="", max_length=120)),
                ("reply_to", models.EmailField(blank=True, default="", max_length=254)),
                ("unsubscribe_url", models.CharField(blank=True, default="", max_length=300)),
                ("language", models.CharField(default="en", max_length=5)),
                ("subject", models.CharField(max_length=300)),
                ("text", models.TextField()),
                ("html", models.TextField(blank=True, default="")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("sent", "Sent"),
                            ("failed", "Could not be sent"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("written_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("sent_at", models.DateTimeField(null=True)),
                ("tries", models.PositiveSmallIntegerField(db_default=0, default=0)),
                ("last_error", models.CharField(blank=True, default="", max_length=500)),
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
                    models.Index(
                        condition=models.Q(("about__isnull", False)),
                        fields=["tenant", "about", "written_at"],
                        name="mail_about",
                    ),
                    models.Index(fields=["tenant", "recipient", "kind", "written_at"], name="mail_to"),
                    models.Index(fields=["tenant", "status", "written_at"], name="mail_by_status"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "key"), name="one_mail_per_key"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("sent_at__isnull", False), ("status", "sent")),
                            models.Q(models.Q(("status", "sent"), _negated=True), ("sent_at", None)),
                            _connector="OR",
                        ),
                        name="sent_at_some_time",
                    ),
                ],
            },
        ),
        SecureTenantTable("OutgoingMail"),
    ]
