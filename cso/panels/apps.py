from django.apps import AppConfig


class PanelsConfig(AppConfig):
    name = "cso.panels"

    def ready(self) -> None:
        # What their alarms do, what an erasure does here, and whom a story may not name.
        import cso.panels.bounces
        import cso.panels.erasing
        import cso.panels.inviting
        import cso.panels.rotation
        import cso.panels.stories
        import cso.panels.telling
        import cso.panels.waves  # noqa: F401
