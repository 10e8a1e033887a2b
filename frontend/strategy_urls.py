"""The addresses of the strategy and of what blocks it, within a workspace."""

from django.urls import path

from frontend.views.strategy import blockers, board, files, outcome

strategy_urls = [
    path("strategy/", board.strategy, name="strategy"),
    *(
        path(f"strategy/export.{kind}", files.export_strategy, {"kind": kind}, name=f"export_strategy_{kind}")
        for _label, kind in files.FILES
    ),
    path("strategy/outcomes/new/", board.new_outcome, name="new_strategy_outcome"),
    path("strategy/outcomes/<uuid:outcome>/", outcome.outcome, name="strategy_outcome"),
    path("strategy/outcomes/<uuid:outcome>/up/", board.move_up, name="strategy_outcome_up"),
    *(
        path(
            f"strategy/outcomes/<uuid:outcome>/{name}/",
            outcome.act_on_outcome,
            {"act": name},
            name=f"strategy_outcome_{name}",
        )
        for name in outcome.ACTS
    ),
    *(
        path(
            f"strategy/initiatives/<uuid:initiative>/{name}/",
            outcome.act_on_initiative,
            {"act": name},
            name=f"initiative_{name}",
        )
        for name in outcome.INITIATIVE_ACTS
    ),
    path("strategy/initiatives/<uuid:initiative>/resume/", outcome.resume, name="resume_initiative"),
    path("strategy/metrics/<slug:key>/", board.serve, name="serve_outcome"),
    path("blockers/", blockers.blockers, name="blockers"),
    *(
        path(f"blockers/export.{kind}", blockers.export_blockers, {"kind": kind}, name=f"export_blockers_{kind}")
        for _label, kind in files.FILES
    ),
    path("blockers/new/", blockers.raise_blocker, name="raise_blocker"),
    path("blockers/<uuid:blocker>/reopen/", blockers.reopen, name="reopen_blocker"),
    *(
        path(
            f"blockers/<uuid:blocker>/{name.replace('_', '-')}/",
            blockers.act_on_blocker,
            {"act": name},
            name=f"blocker_{name}",
        )
        for name in blockers.ACTS
    ),
]
