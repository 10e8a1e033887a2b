from django.db import migrations

from cso.committees.outcomes import INSTALL


class Migration(migrations.Migration):
    dependencies = [("committees", "0001_initial")]

    operations = [migrations.RunSQL(make, take_away) for make, take_away in INSTALL]
