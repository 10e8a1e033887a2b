"""Addresses of the strategy."""

from django.urls import path

from api.v1.strategy import blockers, initiatives, outcomes, served, standing

strategy_urls = [
    path("strategy", standing.StrategyStanding.as_view(), name="strategy"),
    path("strategy/outcomes", outcomes.StrategyOutcomes.as_view(), name="strategy_outcomes"),
    path("strategy/outcomes/order", standing.OrderOutcomes.as_view(), name="order_outcomes"),
    path("strategy/outcomes/<uuid:pk>", outcomes.OneStrategyOutcome.as_view(), name="strategy_outcome"),
    path("strategy/outcomes/<uuid:pk>/reviews", outcomes.Reviews.as_view(), name="outcome_reviews"),
    path("strategy/outcomes/<uuid:pk>/end", outcomes.EndOutcome.as_view(), name="end_outcome"),
    path("strategy/metrics", served.ServedMetrics.as_view(), name="served_metrics"),
    path("strategy/metrics/<slug:key>/give", served.GiveMetric.as_view(), name="give_metric"),
    path("strategy/metrics/<slug:key>/free", served.FreeMetric.as_view(), name="free_metric"),
    path("strategy/initiatives", initiatives.Initiatives.as_view(), name="initiatives"),
    path("strategy/initiatives/<uuid:pk>", initiatives.OneInitiative.as_view(), name="initiative"),
    path("strategy/initiatives/<uuid:pk>/finish", initiatives.FinishInitiative.as_view(), name="finish_initiative"),
    path("strategy/initiatives/<uuid:pk>/stop", initiatives.StopInitiative.as_view(), name="stop_initiative"),
    path("strategy/initiatives/<uuid:pk>/resume", initiatives.ResumeInitiative.as_view(), name="resume_initiative"),
    path("strategy/blockers", blockers.Blockers.as_view(), name="blockers"),
    path("strategy/blockers/<uuid:pk>", blockers.OneBlocker.as_view(), name="blocker"),
    path("strategy/blockers/<uuid:pk>/handovers", blockers.Handovers.as_view(), name="blocker_handovers"),
    path("strategy/blockers/<uuid:pk>/clear", blockers.ClearBlocker.as_view(), name="clear_blocker"),
    path("strategy/blockers/<uuid:pk>/reopen", blockers.ReopenBlocker.as_view(), name="reopen_blocker"),
]
