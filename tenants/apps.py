from django.apps import AppConfig
from django.db.backends.signals import connection_created


class TenantsConfig(AppConfig):
    name = "tenants"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from tenants.instants import read_instants_quickly

        connection_created.connect(read_instants_quickly, dispatch_uid="read instants quickly")
