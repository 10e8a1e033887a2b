"""Figures, periods and charts as sentences. No number here is computed; it is only said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cso.languages import format_date
from cso.metrics.formulas.xmr import Chart, Phrase, phrases
from cso.metrics.periods import FINAL_AFTER, Period
from cso.metrics.queries.figures import Figure
from cso.metrics.queries.judgement import Judgement
from cso.recovery.models import Case
from cso.texts import percent
from frontend.templatetags.times import contact_due, due_in
from tenants.scope import current_tenant

SOON = timedelta(hours=4)
SIGNAL_IS_NEWS_WEEKS = 4
CHANGE_TELLS = timedelta(weeks=8)


def share_words(figure: Figure) -> str:
    return percent(float(figure.share) if figure.share is not None else None)


def of_words(figure: Figure) -> str:
    """ "214 of 315": the numbers behind a share."""
    return part_of_words(figure.numerator, figure.denominator)


def part_of_words(part: int, whole: int) -> str:
    return _("%(part)s of %(all)s") % {"part": number(part), "all": number(whole)}


def number(value: int) -> str:
    return number_format(value, 0, use_l10n=True, force_grouping=True)


def target_words(target: Decimal) -> str:
    return percent(float(target) / 100)


def chance_words(figure: Figure) -> str:
    """What chance leaves open about a share of few cases; empty for many."""
    if figure.chance is None:
        return ""
    low, high = percent(figure.chance.low), percent(figure.chance.high)
    return _("few cases: likely %(low)s to %(high)s") % {"low": low, "high": high}


def gap_words(judgement: Judgement) -> tuple[str, str]:
    """How a share stands against the target, and the tone in which to say it."""
    if judgement.gap is None:
        return _("no data"), "chance"
    if judgement.verdict == "missed":
        return points_short(judgement.gap), "worse"
    if judgement.verdict == "met":
        return _("met"), "better"
    return _("too close to call"), "chance"


def points_short(gap: float) -> str:
    """So many percentage points below a target; what rounds to none is said to be less than one."""
    points = round(gap)
    if not points:
        return _("less than 1 point short")
    return ngettext("%(n)s point short", "%(n)s points short", points) % {"n": points}


def period_words(period: Period) -> str:
    """ "November 2026", "26 Oct – 22 Nov 2026"."""
    last = period.after - timedelta(days=1)
    if period.count == 1 and period.grain == "month":
        return format_date(period.first, "F Y")
    if period.count == 1 and period.grain == "quarter":
        return _("Q%(quarter)s %(year)s") % {"quarter": (period.first.month + 2) // 3, "year": period.first.year}
    if period.count == 1 and period.grain == "year":
        return str(period.first.year)
    start = format_date(period.first, "j M" if period.first.year == last.year else "j M Y")
    return f"{start} – {format_date(last, 'j M Y')}"


def part_words(since: date | None, until: date | None) -> str:
    """Which part of a period someone led in; empty for the whole of it."""
    first = format_date(since, "j M") if since else ""
    last = format_date(until - timedelta(days=1), "j M") if until else ""
    if first and last:
        return f"{first} – {last}"
    return _("since %(day)s") % {"day": first} if first else _("until %(day)s") % {"day": last} if last else ""


def status_words(figure: Figure, period: Period) -> str:
    """Whether the figure can still change, and why."""
    if figure.status == "running":
        if not figure.running:
            return _("The period is still running.")
        waiting = ngettext(
            "The period is still running: %(n)s case is not yet due and not counted.",
            "The period is still running: %(n)s cases are not yet due and not counted.",
            figure.running,
        )
        return waiting % {"n": number(figure.running)}
    if figure.status == "provisional":
        day = format_date(period.after + FINAL_AFTER, "j M Y")
        return _("Provisional: late reports and reopened cases may change it until %(day)s.") % {"day": day}
    if figure.restated_at is not None:
        day = format_date(figure.restated_at.astimezone(current_tenant().zone), "j M Y")
        return _("Final, restated on %(day)s.") % {"day": day}
    return _("Final.")


def zone_words() -> str:
    """The workspace's time zone, as people write it: "America/New York"."""
    return current_tenant().time_zone.replace("_", " ")


def span_words(seconds: float | None) -> str:
    """ "5 h 20 min", "2 d 3 h"; None was not reached: too many cases are still open."""
    if seconds is None:
        return _("not reached")
    minutes = round(seconds / 60)
    if minutes < 60:
        return _("%(m)s min") % {"m": minutes}
    if minutes < 48 * 60:
        return _("%(h)s h %(m)s min") % {"h": minutes // 60, "m": minutes % 60}
    return _("%(d)s d %(h)s h") % {"d": minutes // 1440, "h": minutes % 1440 // 60}


def case_state(case: Case, now: datetime) -> tuple[str, str]:
    """The badge of a case: its kind (see components/badge.html) and its words."""
    if not case.is_valid:
        return "", _("Not counted")
    if case.fixed_at is None:
        if now > case.due_at:
            return "late", due_in(case.due_at, now)
        return "soon" if case.due_at - now <= SOON else "open", due_in(case.due_at, now)
    if case.recovered_24h:
        return "fixed", _("Recovered")
    return "missed", _("Reopened, fixed again") if case.times_undone else _("Fixed late")


def contact_state(case: Case, now: datetime) -> dict[str, str]:
    """The second clock of a case: the contact that the customer is owed, by when, and in which tone; empty for none."""
    if not case.is_valid or case.next_contact_due_at is None:
        return {}
    return {
        "name": case.get_next_contact_display(),
        "words": contact_due(case.next_contact_due_at, now),
        "tone": "silent" if case.next_contact_due_at < now else "",
    }


def xmr_sentence(chart: Chart, weeks: Sequence[date], changes: Sequence[tuple[date, str]] = ()) -> dict[str, str]:
    """Tone, two words and the rest of what a process behaviour chart says; `weeks` are its points' first days.

    changes: of the way of working, by their days; one shortly before the latest signal is named beside it.
    """
    found = phrases(chart)
    signals = [phrase for phrase in found if "better" in phrase.values]
    tone, lead = "chance", _("Only chance.")
    if signals:
        tone, lead = _lead(signals[0], len(weeks))
    elif found[0].key in {"no_data", "no_limits"}:
        lead = _("Too early to tell.")
    words = [_phrase_words(phrase, weeks) for phrase in signals[:1]]
    if signals and (before := _change_before(weeks[int(signals[0].values["first"])], changes)):
        told = {"day": format_date(before[0], "j M"), "what": before[1]}
        words.append(_("It came after a change of %(day)s: %(what)s.") % told)
    words += [_phrase_words(phrase, weeks) for phrase in found if "better" not in phrase.values]
    return {"tone": tone, "lead": lead, "text": " ".join(words)}


def _change_before(week: date, changes: Sequence[tuple[date, str]]) -> tuple[date, str] | None:
    """The last change that began before a week was over, and not so long before that it explains nothing."""
    near = [(day, what) for day, what in changes if week - CHANGE_TELLS <= day < week + timedelta(days=7)]
    return max(near, default=None)


def _lead(latest: Phrase, weeks: int) -> tuple[str, str]:
    """The tone and two words for the latest signal; one that is over is history, not the state of things."""
    if int(latest.values["last"]) < weeks - SIGNAL_IS_NEWS_WEEKS:
        return "chance", _("Steady lately.")
    lasting = latest.key in {"run", "trend"}
    if latest.values["better"]:
        return "better", _("Getting better.") if lasting else _("Better than usual.")
    return "worse", _("Getting worse.") if lasting else _("Worse than usual.")


def _phrase_words(phrase: Phrase, weeks: Sequence[date]) -> str:
    values: Mapping[str, object] = {
        name: percent(min(max(float(value), 0), 100) / 100) if name in _SHARES else value
        for name, value in phrase.values.items()
    }
    if "better" in phrase.values:
        first, last = (weeks[int(phrase.values[name])] for name in ("first", "last"))
        values = {**values, "first": format_date(first, "j M"), "last": format_date(last, "j M")}
        return _SIGNALS[phrase.key, str(phrase.values["side"])]() % values
    return _OTHERS[phrase.key]() % values


_SHARES = {"lower", "upper", "target"}
# Called when they are said: the language is the reader's.
_SIGNALS = {
    ("outside", "high"): lambda: _("The week of %(last)s stands above what chance explains."),
    ("outside", "low"): lambda: _("The week of %(last)s stands below what chance explains."),
    ("run", "high"): lambda: _("%(points)s weeks in a row, from %(first)s to %(last)s, lie above the average."),
    ("run", "low"): lambda: _("%(points)s weeks in a row, from %(first)s to %(last)s, lie below the average."),
    ("trend", "high"): lambda: _("%(points)s weeks, from %(first)s to %(last)s, rise one after the other."),
    ("trend", "low"): lambda: _("%(points)s weeks, from %(first)s to %(last)s, fall one after the other."),
    ("two_of_three", "high"): lambda: _("Weeks around %(last)s lie close to the upper limit, too often for chance."),
    ("two_of_three", "low"): lambda: _("Weeks around %(last)s lie close to the lower limit, too often for chance."),
}
_OTHERS = {
    "no_data": lambda: _("There is no full week with cases yet."),
    "no_limits": lambda: _("%(points)s weeks are too few, or too alike, to say what is usual."),
    "trial_limits": lambda: _("From %(points)s weeks only, so for trial: %(lower)s to %(upper)s is usual."),
    "limits": lambda: _("Between %(lower)s and %(upper)s a week is as usual."),
    "no_signal": lambda: _("No week stands out; the ups and downs are those of every week."),
    "will_keep_missing": lambda: _(
        "The target of %(target)s is beyond that: this way of working will keep missing it without a change."
    ),
    "will_keep_meeting": lambda: _("The target of %(target)s is met every week, and will be."),
    "hit_and_miss": lambda: _("The target of %(target)s lies within that: some weeks hit it, some miss, by chance."),
}
