"""Whether killing a rule helped, in words."""

from __future__ import annotations

import math
from datetime import datetime

from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from cso.committees.effect import Effect, effect_of
from cso.committees.models import KillOrder
from cso.committees.orders import OBSERVED
from cso.languages import format_date
from cso.texts import percent

WEEKS = OBSERVED.days // 7


def effect_words(order: KillOrder, *, now: datetime) -> dict[str, str]:
    """Tone, two words and the rest; nothing before the order is verified."""
    if order.verified_at is None:
        return {}
    if order.cases_before is None or order.cases_after is None:
        until = format_date(localtime(order.verified_at + OBSERVED), "j M Y")
        text = _("Whether it helped is told on %(day)s, after %(n)s weeks.") % {"day": until, "n": WEEKS}
        return {"tone": "chance", "lead": _("Too early to tell."), "text": text}
    effect = effect_of(order.cases_before, order.cases_after)
    counts = _("Quoted in %(before)s cases in the %(n)s weeks before, in %(after)s in the %(n)s weeks after.")
    said = counts % {"before": effect.before, "after": effect.after, "n": WEEKS}
    tone, lead = {
        "effective": ("better", _("It helped.")),
        "harmful": ("worse", _("It did harm.")),
        "no_effect": ("chance", _("No difference that chance would not make.")),
        "too_few": ("chance", _("Too few cases to tell.")),
    }[effect.verdict]
    return {"tone": tone, "lead": lead, "text": f"{said} {_interval(effect)}".strip()}


def _interval(effect: Effect) -> str:
    """Between which shares of the rate before the rate after lies, 19 times of 20."""
    if effect.low is None or effect.high is None:
        return ""
    low = percent(effect.low)
    if math.isinf(effect.high):
        return _("Chance leaves open at least %(low)s of what it was.") % {"low": low}
    words = _("What is left lies likely between %(low)s and %(high)s of what it was.")
    return words % {"low": low, "high": percent(effect.high)}
