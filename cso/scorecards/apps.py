from django.apps import AppConfig


class ScorecardsConfig(AppConfig):
    name = "cso.scorecards"

    def ready(self) -> None:
        # What its alarms do, and what follows from figures that changed.
        import cso.scorecards.digest.mail
        import cso.scorecards.scores.snapshots  # noqa: F401
