from django.db import migrations

from cso.metrics.engine.marking import MarkChanges


class Migration(migrations.Migration):
    dependencies = [("metrics", "0005_mark_committees"), ("panels", "0001_initial")]

    operations = [
        MarkChanges("panels_invitation", "invitation", instants=["closes_at"], facts=["is_counted", "has_answered"]),
        MarkChanges(
            "panels_rosterentry", "roster", instants=["held_at"], facts=["is_counted", "attended", "is_chief_executive"]
        ),
        MarkChanges("panels_commitment", "commitment", instants=["due_at"], facts=["is_counted", "kept"]),
        MarkChanges(
            "panels_resultgroup",
            "result_group",
            instants=["at"],
            facts=["is_nps", "is_csat", "is_effort", "is_reasons", "answers", "favourable", "unfavourable"],
        ),
    ]
