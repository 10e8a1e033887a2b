from django.db import migrations

from cso.metrics.engine.marking import MarkChanges
from cso.recovery.triggers import FOR_EACH_TENANT

# The cells of the past are still to be counted: all facts are marked once.
_FACTS = (
    ("committees_killorder", "withdrawal", "verified_at"),
    ("committees_killorder", "kill_order", "first_due_at"),
    ("committees_nomination", "nomination", "submitted_at"),
    ("committees_motion", "motion", "due_at"),
)
MARK_ALL = FOR_EACH_TENANT.format(
    act="".join(
        f"""
        INSERT INTO metrics_mark (tenant_id, source, unit_id, day)
        SELECT DISTINCT f.tenant_id, '{source}', f.unit_id, (f.{instant} AT TIME ZONE 'UTC')::date
        FROM {table} f WHERE f.tenant_id = tenant AND f.unit_id IS NOT NULL AND f.{instant} IS NOT NULL;"""
        for table, source, instant in _FACTS
    )
)


class Migration(migrations.Migration):
    dependencies = [("metrics", "0004_mark_recoveries"), ("committees", "0003_figures")]

    operations = [
        MarkChanges(
            "committees_killorder",
            "withdrawal",
            instants=["verified_at"],
            facts=["is_killed", "effect_observed", "effect_told", "cited_before", "cited_after"],
        ),
        MarkChanges(
            "committees_killorder",
            "kill_order",
            instants=["first_due_at"],
            facts=["is_due", "executed_in_time", "executed_as_moved"],
        ),
        MarkChanges(
            "committees_nomination",
            "nomination",
            instants=["submitted_at"],
            facts=["is_counted", "seconds_to_kill", "seconds_to_end"],
        ),
        MarkChanges("committees_motion", "motion", instants=["due_at"], facts=["is_due", "decided_in_time"]),
        migrations.RunSQL(MARK_ALL, elidable=True),
    ]
