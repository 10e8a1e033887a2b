"""The metrics of panels: what each is called, means, and counts."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from cso.metrics.registry.kinds import Metric
from cso.metrics.registry.panel_families import ATTENDED, COMMITMENTS, CSAT, EFFORT, INVITED, NPS, REASONS

PANEL_METRICS = (
    Metric(
        key="panel_response",
        name=_("Panel response"),
        meaning=_(
            "Members who sent a complete answer in time, of all who were invited, each once for each wave. A mail that"
            " bounced invited nobody, nor does one to who then withdrew; a reminder invites nobody anew."
        ),
        kind="share",
        family=INVITED,
        numerator="answered",
        denominator="invited",
        period_rule=_("the close of the wave"),
        nature="task",
    ),
    Metric(
        key="panel_attendance",
        name=_("Panel attendance"),
        meaning=_(
            "Executives who were present for 75 % of a panel session or more, of all on its roster when it started. A"
            " delegate is nobody's presence, and who is excused is absent; sessions that were not held count nowhere."
        ),
        kind="share",
        family=ATTENDED,
        numerator="attended",
        denominator="expected",
        period_rule=_("the start of the session"),
        nature="task",
    ),
    Metric(
        key="chief_attendance",
        name=_("Panel attendance of the chief executive"),
        meaning=_("As “Panel attendance”, of the chief executive alone."),
        kind="share",
        family=ATTENDED,
        numerator="chief_attended",
        denominator="chief_expected",
        period_rule=_("the start of the session"),
        nature="task",
    ),
    Metric(
        key="commitments_kept",
        name=_("Commitments kept"),
        meaning=_(
            "What leaders promised to panels and did by the day it was due, of all that fell due. What was withdrawn is"
            " a miss; only what was committed by mistake is left out."
        ),
        kind="share",
        family=COMMITMENTS,
        numerator="kept",
        denominator="due",
        period_rule=_("the day it is due"),
    ),
    Metric(
        key="nps",
        name=_("Net Promoter Score"),
        meaning=_(
            "How likely customers are to recommend us: those who say 9 or 10 less those who say 0 to 6, of all who give"
            " a score, in points from -100 to 100. “Don't know” and blanks are no scores."
        ),
        kind="net",
        family=NPS,
        numerator="promoters",
        against="detractors",
        denominator="answers",
        facts="groups",
        period_rule=_("the close of the wave"),
    ),
    Metric(
        key="csat",
        name=_("Satisfied"),
        meaning=_("Customers who are satisfied, 4 or 5 of 5, of all who give a score."),
        kind="share",
        family=CSAT,
        numerator="satisfied",
        denominator="answers",
        facts="groups",
        period_rule=_("the close of the wave"),
    ),
    Metric(
        key="effort",
        name=_("Easy"),
        meaning=_("Customers who say that it was easy, 5 to 7 of 7, of all who give a score."),
        kind="share",
        family=EFFORT,
        numerator="easy",
        denominator="answers",
        facts="groups",
        period_rule=_("the close of the wave"),
    ),
    Metric(
        key="price_only_share",
        name=_("Price alone"),
        meaning=_("Customers who name the price and nothing else, of all who give reasons to stay or to leave."),
        kind="share",
        family=REASONS,
        numerator="price_alone",
        denominator="answers",
        facts="groups",
        period_rule=_("the close of the wave"),
        better="lower",
    ),
)
