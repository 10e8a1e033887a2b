from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("recovery", "0003_derive_from_cases"),
        ("tenants", "0002_user_language"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="caseevent",
            index=models.Index(
                condition=models.Q(("changes__has_key", "unit")), fields=["tenant", "case"], name="case_event_of_moves"
            ),
        ),
    ]
