from django.apps import AppConfig


class RecoveryConfig(AppConfig):
    name = "cso.recovery"

    def ready(self) -> None:
        import cso.recovery.questions  # noqa: F401 (what its alarms do)
