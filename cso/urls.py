"""Every address of the product. The workspace patterns come last: their first segment is anything not taken above."""

from django.urls import include, path

urlpatterns = [
    path("api/", include("api.urls")),
    path("", include("frontend.urls")),
]

# Knows the API's form of an error as well as the portal's.
handler500 = "api.errors.server_error"
