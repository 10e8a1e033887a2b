from django.apps import AppConfig


class CommitteesConfig(AppConfig):
    name = "cso.committees"

    def ready(self) -> None:
        # What their alarms do.
        import cso.committees.balloting
        import cso.committees.invitations
        import cso.committees.orders
        import cso.committees.sunset  # noqa: F401
