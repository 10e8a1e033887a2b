from django.db import migrations


class Migration(migrations.Migration):
    """A mark or cell has the tenant of its unit, by the composite key; `TableRules.tenant_through`."""

    dependencies = [("metrics", "0007_verify_nightly")]

    operations = [
        migrations.RunSQL([f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {table}_tenant_fk"], migrations.RunSQL.noop)
        for table in ("metrics_cell", "metrics_mark")
    ]
