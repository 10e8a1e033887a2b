from django.apps import AppConfig


class MetricsConfig(AppConfig):
    name = "cso.metrics"

    def ready(self) -> None:
        # What its alarm does.
        import cso.metrics.engine.verification  # noqa: F401
