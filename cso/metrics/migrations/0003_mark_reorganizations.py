from django.db import migrations

# A unit that changed its parent makes the totals of both parents stale; who moves it need not know of metrics.
FUNCTION = """
CREATE FUNCTION mark_tree() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO metrics_mark (tenant_id, source, unit_id, day)
    SELECT NEW.tenant_id, 'tree', parent, current_date
    FROM (VALUES (OLD.parent_id), (NEW.parent_id)) moved(parent) WHERE parent IS NOT NULL;
    RETURN NULL;
END $$
"""
TRIGGER = """
CREATE TRIGGER mark_tree AFTER UPDATE OF parent_id ON people_unit
FOR EACH ROW WHEN (OLD.parent_id IS DISTINCT FROM NEW.parent_id) EXECUTE FUNCTION mark_tree()
"""


class Migration(migrations.Migration):
    dependencies = [("metrics", "0002_mark_cases"), ("people", "0001_initial")]

    operations = [
        migrations.RunSQL([FUNCTION, TRIGGER], ["DROP TRIGGER mark_tree ON people_unit", "DROP FUNCTION mark_tree"])
    ]
