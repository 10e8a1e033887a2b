from django.db import migrations

from cso.recovery.triggers import DERIVING_STATEMENTS


class Migration(migrations.Migration):
    dependencies = [("recovery", "0002_dazzling_recovery"), ("customers", "0002_dazzling_recovery")]

    operations = [migrations.RunSQL(DERIVING_STATEMENTS)]
