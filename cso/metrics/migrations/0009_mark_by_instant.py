from django.db import migrations

from cso.metrics.engine.marking import MarkChanges
from cso.recovery.triggers import FOR_EACH_TENANT

# What waited under the one name waits under all three.
MARKS_OF_ALL = FOR_EACH_TENANT.format(
    act="".join(
        f"""
        INSERT INTO {table} (tenant_id, source, unit_id, day{more})
        SELECT DISTINCT ON (unit_id, day, split.source) tenant_id, split.source, unit_id, day{more}
        FROM {table}, (VALUES ('first_fix'), ('closing')) split(source)
        WHERE tenant_id = tenant AND {table}.source = 'case';"""
        for table, more in (("metrics_mark", ""), ("metrics_quarantinedmark", ", error"))
    )
)


class Migration(migrations.Migration):
    dependencies = [("metrics", "0008_tenant_through_unit"), ("recovery", "0005_index_hand_overs")]

    operations = [
        MarkChanges(
            "recovery_case",
            "case",
            instants=["clock_start", "reported_at"],
            facts=[
                "is_valid",
                "is_not_our_failure",
                "recovered_24h",
                "recovered_24h_reported",
                "occurrence_known",
                "seconds_to_recover",
                "answered_surprise",
                "surprised",
                "answered_apology",
                "apologised",
                "dazzled",
                "surprise_was_planned",
            ],
        ),
        MarkChanges(
            "recovery_case",
            "first_fix",
            instants=["first_fixed_at"],
            facts=["is_valid", "undone_in_14d", "doubly_deviated"],
        ),
        MarkChanges(
            "recovery_case",
            "closing",
            instants=["closed_at"],
            facts=["is_valid", "within_own_authority", "policy_quoted"],
        ),
        migrations.RunSQL(MARKS_OF_ALL, migrations.RunSQL.noop, elidable=True),
    ]
