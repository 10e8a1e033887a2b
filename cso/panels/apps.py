from django.apps import AppConfig


class PanelsConfig(AppConfig):
    name = "cso.panels"

    def ready(self) -> None:
        # What their alarms do, and what an erasure does here.
        import cso.panels.bounces
        import cso.panels.erasing
        import cso.panels.inviting
        import cso.panels.rotation
        import cso.panels.telling
        import cso.panels.waves  # noqa: F401
