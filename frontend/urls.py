"""Every address of the portal."""

from django.urls import URLPattern, URLResolver, path

from frontend.views import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
