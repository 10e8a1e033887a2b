from django.apps import AppConfig


class ScorecardsConfig(AppConfig):
    name = "cso.scorecards"

    def ready(self) -> None:
        # What its alarms do, and what follows from figures that changed.
        import cso.scorecards.digest_mail
        import cso.scorecards.snapshots  # noqa: F401
