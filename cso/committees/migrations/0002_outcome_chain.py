from django.db import migrations

from cso.committees.outcomes import INSTALL


class Migration(migrations.Migration):
    dependencies = [("committees", "0001_initial")]

    operations = [migrations.RunSQL(statement, migrations.RunSQL.noop) for statement in INSTALL]
