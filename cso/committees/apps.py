from django.apps import AppConfig


class CommitteesConfig(AppConfig):
    name = "cso.committees"

    def ready(self) -> None:
        # What their alarms do, and what an erasure does here.
        import cso.committees.balloting
        import cso.committees.from_remarks
        import cso.committees.invitations
        import cso.committees.orders
        import cso.committees.sunset  # noqa: F401
