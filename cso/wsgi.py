"""The web process. It refuses to start on a database that would not keep tenants apart."""

import os

from django.core.wsgi import get_wsgi_application

from tenants.guard import refuse_unsafe_database

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cso.settings")
application = get_wsgi_application()
refuse_unsafe_database()
