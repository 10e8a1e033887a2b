from django.db import migrations

# A unit that changed its parent makes the totals of both parents stale, one that is gone those of its last; who moves
# it need not know of metrics.
FUNCTION = """
CREATE FUNCTION mark_tree() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO metrics_mark (tenant_id, source, unit_id, day)
    SELECT OLD.tenant_id, 'tree', parent, current_date
    FROM (VALUES (OLD.parent_id), (CASE WHEN TG_OP = 'UPDATE' THEN NEW.parent_id END)) moved(parent)
    -- Not one that goes in the same statement.
    WHERE EXISTS (SELECT FROM people_unit u WHERE u.tenant_id = OLD.tenant_id AND u.id = parent);
    RETURN NULL;
END $$
"""
MOVED = """
CREATE TRIGGER mark_tree AFTER UPDATE OF parent_id ON people_unit
FOR EACH ROW WHEN (OLD.parent_id IS DISTINCT FROM NEW.parent_id) EXECUTE FUNCTION mark_tree()
"""
REMOVED = "CREATE TRIGGER mark_removed AFTER DELETE ON people_unit FOR EACH ROW EXECUTE FUNCTION mark_tree()"
BACK = [
    "DROP TRIGGER mark_removed ON people_unit",
    "DROP TRIGGER mark_tree ON people_unit",
    "DROP FUNCTION mark_tree",
]


class Migration(migrations.Migration):
    dependencies = [("metrics", "0002_mark_cases"), ("people", "0001_initial")]

    operations = [migrations.RunSQL([FUNCTION, MOVED, REMOVED], BACK)]
