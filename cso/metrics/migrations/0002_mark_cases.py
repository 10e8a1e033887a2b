from django.db import migrations

from cso.metrics.engine.marking import MarkChanges


class Migration(migrations.Migration):
    dependencies = [("metrics", "0001_initial"), ("recovery", "0001_initial")]

    operations = [
        MarkChanges(
            "recovery_case",
            "case",
            instants=["clock_start", "reported_at", "first_fixed_at"],
            facts=[
                "is_valid",
                "is_not_our_failure",
                "recovered_24h",
                "recovered_24h_reported",
                "undone_in_14d",
                "occurrence_known",
                "seconds_to_recover",
            ],
        ),
    ]
