from django.apps import AppConfig


class RecoveryConfig(AppConfig):
    name = "cso.recovery"

    def ready(self) -> None:
        # What their alarms do.
        import cso.recovery.approvals
        import cso.recovery.promises
        import cso.recovery.questions
        import cso.recovery.tasks  # noqa: F401
