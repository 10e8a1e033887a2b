"""The metrics themselves: what each is called, means, and counts."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from cso.metrics.registry.committee_metrics import COMMITTEE_METRICS
from cso.metrics.registry.families import (
    ALL_DUE,
    ANSWERED,
    APPROVALS,
    AT_RISK,
    CALL_BACKS,
    CLOSED,
    CONTACT_DUE,
    DUE,
    FIRST_FIXED,
    HELD_UP,
    PROMISES,
    REPORTED,
    RISKED,
    STARTED,
)
from cso.metrics.registry.kinds import Metric, Money
from cso.metrics.registry.panel_metrics import PANEL_METRICS

_METRICS = (
    Metric(
        key="recovered_24h",
        name=_("Recovered within 24 hours"),
        meaning=_(
            "Cases whose first fix came within 24 hours of the mistake and was neither disputed nor reopened within"
            " 14 days, of all valid cases that fell due. Open and overdue is a miss; not yet due is left out."
        ),
        kind="share",
        family=DUE,
        numerator="recovered",
        denominator="cases",
        period_rule=_("the instant when the case fell due: the clock's start + 24 hours"),
    ),
    Metric(
        key="recovered_24h_reported",
        name=_("Recovered within 24 hours of the report"),
        meaning=_("As “Recovered within 24 hours”, with the clock started by the first report instead of the mistake."),
        kind="share",
        family=REPORTED,
        numerator="recovered",
        denominator="cases",
        period_rule=_("the first report + 24 hours"),
    ),
    Metric(
        key="time_to_recover",
        name=_("Time to recover"),
        meaning=_(
            "From the clock's start to the fix that held: median and 90th percentile by Kaplan-Meier, in which open"
            " cases count for as long as they have waited. Never a mean; “not reached” is an answer."
        ),
        kind="time",
        family=STARTED,
        numerator="fixed",
        denominator="cases",
        period_rule=_("the clock's start"),
        better="lower",
    ),
    Metric(
        key="reopened",
        name=_("Reopened or disputed"),
        meaning=_("Cases whose first fix was disputed or reopened within 14 days, of all cases with a first fix."),
        kind="share",
        family=FIRST_FIXED,
        numerator="undone",
        denominator="fixed",
        period_rule=_("the first fix"),
        better="lower",
    ),
    Metric(
        key="not_our_failure",
        name=_("Not our failure"),
        meaning=_(
            "Cases taken out of the figures as not our failure, confirmed by a second person, of all cases that fell"
            " due less duplicates, tests and spam. Above 10 % it is shown as a warning."
        ),
        kind="share",
        family=ALL_DUE,
        numerator="not_our_failure",
        denominator="cases",
        period_rule=_("the instant when the case fell due: the clock's start + 24 hours"),
        better="lower",
        nature="task",
    ),
    Metric(
        key="open_overdue",
        name=_("Open and overdue"),
        meaning=_("Valid cases that are open now, later than 24 hours after the clock's start."),
        kind="count",
        family=DUE,
        numerator="open",
        denominator="cases",
        period_rule=_("none: how things stand now"),
        better="lower",
        is_state=True,
    ),
    Metric(
        key="surprised",
        name=_("Surprised"),
        meaning=_(
            "Customers who said that something happened which they did not expect, of those who said whether it did."
            " One answer for each case, the last one within 14 days. Beside it stand how many answered, and what the"
            " share would be if all others had said no, or yes."
        ),
        kind="share",
        family=ANSWERED,
        numerator="surprised",
        denominator="surprise_answers",
        period_rule=_("the instant when the case fell due: the clock's start + 24 hours"),
        asked="cases",
    ),
    Metric(
        key="dazzled",
        name=_("Dazzled"),
        meaning=_(
            "Cases recovered within 24 hours whose customer said that they were surprised, of all valid cases that fell"
            " due. Who says nothing is not dazzled, so this never exceeds “Recovered within 24 hours”."
        ),
        kind="share",
        family=ANSWERED,
        numerator="dazzled",
        denominator="cases",
        period_rule=_("the instant when the case fell due: the clock's start + 24 hours"),
    ),
    Metric(
        key="apology_given",
        name=_("Apology given"),
        meaning=_("Customers who said that they were given a clear apology, of those who said whether they were."),
        kind="share",
        family=ANSWERED,
        numerator="apologised",
        denominator="apology_answers",
        period_rule=_("the instant when the case fell due: the clock's start + 24 hours"),
        asked="cases",
    ),
    Metric(
        key="surprise_planned",
        name=_("Surprise planned"),
        meaning=_("Cases for which a surprise was planned, of all valid cases that fell due."),
        kind="share",
        family=ANSWERED,
        numerator="planned",
        denominator="cases",
        period_rule=_("the instant when the case fell due: the clock's start + 24 hours"),
        nature="task",
    ),
    Metric(
        key="double_deviation",
        name=_("Double deviation"),
        meaning=_(
            "Cases that failed the customer twice: reopened, disputed, a promise of the recovery not kept in time, or"
            " the same customer with the same cause again within 30 days of the first fix; of all cases with a first"
            " fix, once 30 days have passed since. However often it failed, it is one case."
        ),
        kind="share",
        family=HELD_UP,
        numerator="doubly_deviated",
        denominator="fixed",
        period_rule=_("the first fix; it counts 30 days later"),
        better="lower",
    ),
    Metric(
        key="promise_kept",
        name=_("Promises kept"),
        meaning=_(
            "Promises done by the first promised time and not disputed, of all that fell due, less those that the"
            " customer cancelled. One that was moved once, with the customer's consent before it fell due, is kept by"
            " the new time; such ones are shown apart."
        ),
        kind="share",
        family=PROMISES,
        numerator="kept",
        denominator="due",
        period_rule=_("the first promised time"),
    ),
    Metric(
        key="own_authority",
        name=_("Closed on one's own authority"),
        meaning=_("Cases that were closed without anybody being asked for approval, of all closed cases."),
        kind="share",
        family=CLOSED,
        numerator="within_own_authority",
        denominator="closed",
        period_rule=_("the closing"),
    ),
    Metric(
        key="policy_quoted",
        name=_("Policy was quoted"),
        meaning=_("Cases that ended with a rule quoted to the customer, of all closed cases."),
        kind="share",
        family=CLOSED,
        numerator="policy_quoted",
        denominator="closed",
        period_rule=_("the closing"),
        better="lower",
    ),
    Metric(
        key="approval_wait",
        name=_("Wait for approval"),
        meaning=_(
            "From asking for an approval to the decision: median and 90th percentile by Kaplan-Meier, in which requests"
            " that wait count for as long as they have waited. Withdrawn requests are left out."
        ),
        kind="time",
        family=APPROVALS,
        numerator="decided",
        denominator="asked",
        period_rule=_("the asking"),
        better="lower",
    ),
    Metric(
        key="callback_time",
        name=_("Time to call back"),
        meaning=_(
            "From the customer's wish to be called to the call: median and 90th percentile by Kaplan-Meier, in which"
            " calls not yet made count for as long as the customer has waited."
        ),
        kind="time",
        family=CALL_BACKS,
        numerator="called",
        denominator="asked",
        period_rule=_("the customer's wish"),
        better="lower",
    ),
    Metric(
        key="silent",
        name=_("Silent"),
        meaning=_("Valid cases whose customer is owed a contact that is overdue now."),
        kind="count",
        family=CONTACT_DUE,
        numerator="owed",
        denominator="owed",
        period_rule=_("none: how things stand now"),
        better="lower",
        is_state=True,
    ),
    Metric(
        key="value_at_risk",
        name=_("Value at risk"),
        meaning=_(
            "Customers with an open case, each once, and what they are worth over their remaining years: visits, spend"
            " and years multiplied, from low to high. Who is of unknown worth is counted, and adds no money."
        ),
        kind="money",
        family=AT_RISK,
        numerator="open",
        denominator="open",
        period_rule=_("none: how things stand now"),
        better="lower",
        is_state=True,
        money=Money(("open_low", "open_high"), ("open_low", "open_high"), "open_unknown"),
    ),
    Metric(
        key="value_saved",
        name=_("Value saved"),
        meaning=_(
            "What customers are worth who were at risk and bought again within 90 days, of all who were at risk, once"
            " the 90 days have passed. Saved, lost and of unknown worth together are all who were exposed."
        ),
        kind="money",
        family=RISKED,
        numerator="saved",
        denominator="exposed",
        period_rule=_("since when the customer was at risk + 90 days"),
        money=Money(("saved_low", "saved_high"), ("exposed_low", "exposed_high"), "unknown"),
    ),
)
METRICS: dict[str, Metric] = {metric.key: metric for metric in (*_METRICS, *COMMITTEE_METRICS, *PANEL_METRICS)}
