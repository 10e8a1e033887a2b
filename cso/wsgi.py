"""The web process. It refuses to start on a database that would not keep tenants apart."""

import gc
import os
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cso.settings")
application = get_wsgi_application()

# Only now are the models there that it looks at.
from tenants.guard import refuse_unsafe_database  # noqa: E402

refuse_unsafe_database()

# Every view is imported before the first request. What is there by now stays for good: the collector, which walked over
# all of it again in the middle of every third large page, leaves it alone.
import_module(settings.ROOT_URLCONF)
gc.collect()
gc.freeze()
