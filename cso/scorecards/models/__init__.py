"""The tables of the scorecards."""

from cso.scorecards.models.changes import ProcessChange
from cso.scorecards.models.measures import Category, Measure, MeasureFigure
from cso.scorecards.models.plans import Acknowledgement, Plan, PlanItem, PlanVersion
from cso.scorecards.models.scores import DigestChoice, ScoreSnapshot
from cso.scorecards.models.walls import Wall

__all__ = [
    "Acknowledgement",
    "Category",
    "DigestChoice",
    "Measure",
    "MeasureFigure",
    "Plan",
    "PlanItem",
    "PlanVersion",
    "ProcessChange",
    "ScoreSnapshot",
    "Wall",
]
