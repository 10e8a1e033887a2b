from django.db import migrations

from cso.metrics.engine.marking import MarkChanges
from cso.recovery.triggers import FOR_EACH_TENANT

# Of the families that are new the cells of the past are still to be counted: all facts are marked once. Where they are
# many, the engine counts all cells anew instead.
_FACTS = (
    ("recovery_case", "case", ["clock_start", "first_fixed_at", "closed_at"]),
    ("recovery_case", "contact", ["next_contact_due_at"]),
    ("recovery_promise", "promise", ["first_due_at"]),
    ("recovery_remedy", "remedy", ["asked_at"]),
    ("recovery_callback", "call_back", ["asked_at"]),
    ("recovery_exposure", "exposure", ["at_risk_since"]),
)
MARK_ALL = FOR_EACH_TENANT.format(
    act="".join(
        f"""
        INSERT INTO metrics_mark (tenant_id, source, unit_id, day)
        SELECT DISTINCT f.tenant_id, '{source}', f.unit_id, (told.at AT TIME ZONE 'UTC')::date
        FROM {table} f, LATERAL (VALUES {", ".join(f"(f.{instant})" for instant in instants)}) told(at)
        WHERE f.tenant_id = tenant AND told.at IS NOT NULL;"""
        for table, source, instants in _FACTS
    )
)


class Migration(migrations.Migration):
    dependencies = [("metrics", "0003_mark_reorganizations"), ("recovery", "0003_derive_from_cases")]

    operations = [
        MarkChanges(
            "recovery_case",
            "case",
            instants=["clock_start", "reported_at", "first_fixed_at", "closed_at"],
            facts=[
                "is_valid",
                "is_not_our_failure",
                "recovered_24h",
                "recovered_24h_reported",
                "undone_in_14d",
                "occurrence_known",
                "seconds_to_recover",
                "answered_surprise",
                "surprised",
                "answered_apology",
                "apologised",
                "dazzled",
                "surprise_was_planned",
                "doubly_deviated",
                "within_own_authority",
                "policy_quoted",
            ],
        ),
        MarkChanges("recovery_case", "contact", instants=["next_contact_due_at"], facts=["is_valid"]),
        MarkChanges(
            "recovery_promise", "promise", instants=["first_due_at"], facts=["is_counted", "kept", "kept_as_moved"]
        ),
        MarkChanges("recovery_remedy", "remedy", instants=["asked_at"], facts=["was_asked", "seconds_to_decide"]),
        MarkChanges("recovery_callback", "call_back", instants=["asked_at"], facts=["case_counts", "seconds_to_call"]),
        MarkChanges(
            "recovery_exposure",
            "exposure",
            instants=["at_risk_since"],
            facts=["is_open", "is_known", "is_saved", "worth_low_minor", "worth_high_minor"],
        ),
        migrations.RunSQL(MARK_ALL, elidable=True),
    ]
