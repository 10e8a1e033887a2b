from django.apps import AppConfig


class PanelsConfig(AppConfig):
    name = "cso.panels"

    def ready(self) -> None:
        # What their alarms do.
        import cso.panels.telling  # noqa: F401
