from django.db import migrations

HISTOGRAMS = ("own_buckets", "own_bucket_counts", "total_buckets", "total_bucket_counts")


def store_as(storage: str) -> str:
    return "ALTER TABLE metrics_cell " + ", ".join(f"ALTER COLUMN {name} SET STORAGE {storage}" for name in HISTOGRAMS)


class Migration(migrations.Migration):
    """Histograms of large cells are kept as they are: to compress them at each change takes longer than to write them."""

    dependencies = [("metrics", "0009_mark_by_instant")]

    operations = [migrations.RunSQL(store_as("EXTERNAL"), store_as("EXTENDED"))]
