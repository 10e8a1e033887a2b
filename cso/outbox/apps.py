from django.apps import AppConfig


class OutboxConfig(AppConfig):
    name = "cso.outbox"

    def ready(self) -> None:
        import cso.outbox.actions  # noqa: F401 (what its alarms do)
