from cso.strategy.models.blockers import Blocker, BlockerHandover
from cso.strategy.models.outcomes import Initiative, Outcome, OutcomeMetric, OutcomeReview

__all__ = ["Blocker", "BlockerHandover", "Initiative", "Outcome", "OutcomeMetric", "OutcomeReview"]
