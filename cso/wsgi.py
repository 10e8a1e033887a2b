"""The web process. It refuses to start on a database that would not keep tenants apart."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cso.settings")

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()

from tenants.guard import refuse_unsafe_database

refuse_unsafe_database()
