"""The web process. It refuses to start on a database that would not keep tenants apart."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cso.settings")
application = get_wsgi_application()

# Only now are the models there that it looks at.
from tenants.guard import refuse_unsafe_database  # noqa: E402

refuse_unsafe_database()
