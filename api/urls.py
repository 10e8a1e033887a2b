"""Addresses below /api/: the versions, and pages for those who write integrations."""

from django.urls import include, path, re_path

from api import docs
from api.resources import Missing

app_name = "api"
urlpatterns = [
    path("v1/schema", docs.schema, name="schema"),
    path("v1/", include("api.v1.urls")),
    path("docs", docs.reference, name="docs"),
    path("docs/problems", docs.problems, name="problems"),
    path("docs/problems/<slug:code>", docs.problems, name="problem"),
    re_path(r"", Missing.as_view(schema=None), name="missing"),
]
