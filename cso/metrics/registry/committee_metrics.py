"""The metrics of committees: what each is called, means, and counts."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from cso.metrics.registry.committee_families import COVERED, DECISIONS, EFFECTS, EXECUTIONS, KILLED, NOMINATED
from cso.metrics.registry.kinds import Metric

COMMITTEE_METRICS = (
    Metric(
        key="rules_killed",
        name=_("Rules killed"),
        meaning=_(
            "Rules that are gone, as somebody else than who carried it out has seen. Each counts once. One that was"
            " reinstated within 90 days counts no more, in the period in which it was verified."
        ),
        kind="count",
        family=KILLED,
        numerator="rules",
        denominator="rules",
        period_rule=_("the verification"),
    ),
    Metric(
        key="time_to_kill",
        name=_("Time to kill"),
        meaning=_(
            "From the nomination to the verified kill: median and 90th percentile of all nominations, by Aalen and"
            " Johansen. Open ones count for as long as they have waited; those that ended otherwise (kept, changed, no"
            " such rule, the law asks for it, withdrawn) stay among all and are never killed. Of merged ones the"
            " earliest counts. Without others that ended it is Kaplan-Meier; “not reached” is an answer."
        ),
        kind="time",
        family=NOMINATED,
        numerator="killed",
        denominator="nominated",
        period_rule=_("the nomination"),
        better="lower",
    ),
    Metric(
        key="rule_effect",
        name=_("Effect of killing rules"),
        meaning=_(
            "Valid cases that cite a killed rule in the 8 weeks after it was verified, against those in the 8 weeks"
            " before: 1 is no change, 0 is none left. Pending until 8 weeks have passed; rules with fewer than 5 cases"
            " before are too few to tell, and rules that were back within the 8 weeks are left out."
        ),
        kind="ratio",
        family=EFFECTS,
        numerator="cases_after",
        denominator="cases_before",
        facts="rules",
        period_rule=_("the verification; it counts 8 weeks later"),
        better="lower",
    ),
    Metric(
        key="committee_coverage",
        name=_("Units with a live committee"),
        meaning=_(
            "Units whose own committee is alive, of all units: somebody sits in it, and it was founded, or opened a"
            " ballot, less than two of its cadences ago."
        ),
        kind="share",
        family=COVERED,
        numerator="covered",
        denominator="units",
        period_rule=_("none: how things stand now"),
        nature="task",
        is_state=True,
    ),
    Metric(
        key="decided_in_time",
        name=_("Decided in time"),
        meaning=_(
            "Motions that were carried, lost or referred within two of their committee's cadences, of all that were to"
            " be decided by then. Without a quorum nothing is decided. What was withdrawn before is left out."
        ),
        kind="share",
        family=DECISIONS,
        numerator="in_time",
        denominator="due",
        period_rule=_("two cadences after it was moved"),
        nature="task",
    ),
    Metric(
        key="executed_in_time",
        name=_("Executed in time"),
        meaning=_(
            "Kill orders that were executed by the day for which they were first due, of all that fell due, less those"
            " that were taken back before. One executed by a later day that the chair granted is late, and shown apart."
        ),
        kind="share",
        family=EXECUTIONS,
        numerator="in_time",
        denominator="due",
        period_rule=_("when it was first due"),
        nature="task",
    ),
)
