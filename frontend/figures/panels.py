"""What panels say, in words and pictures. No figure here is computed; it is only said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.formats import number_format
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from cso.intervals import Interval
from cso.languages import format_date
from cso.panels.models import Question, Wave
from cso.panels.results import Part, QuestionResult, Rate
from cso.panels.scales import SCALES
from cso.panels.scores import SIDES
from cso.texts import percent
from frontend.charts.interval import interval, interval_axis
from frontend.charts.shares import Part as Share
from frontend.charts.shares import columns, divided_bar
from frontend.charts.waves import WavePoint, waves_chart
from frontend.words.figures import number

Kind = Question.Kind
MINUS = "\u2212"


def is_net(kind: str) -> bool:
    return kind == Kind.NPS


def score_words(kind: str, value: float) -> str:
    """ "+43" for a net score of -1 to 1, "72%" for a share."""
    if not is_net(kind):
        return percent(value)
    points = round(value * 100)
    return f"+{points}" if points > 0 else f"{MINUS}{-points}" if points else "0"


def value_of(part: Part) -> float:
    """Weighted, where the wave is."""
    return float(part.weighted.value if part.weighted else part.score.value)


def interval_of(part: Part) -> Interval:
    return part.weighted.interval if part.weighted else part.score.interval


def part_words(part: Part) -> str:
    """The figure of a group; of few people how many of how many."""
    score = part.score
    if not score.is_small:
        return score_words(score.kind, value_of(part))
    if is_net(score.kind):
        said = {"for": score.favourable, "against": score.unfavourable, "all": score.answers}
        return _("%(for)s for, %(against)s against, of %(all)s") % said
    return _("%(part)s of %(all)s") % {"part": score.favourable, "all": score.answers}


def within_words(part: Part) -> str:
    """ "+36 to +50": where the figure of all customers lies, with 95 % confidence."""
    within = interval_of(part)
    ends = (score_words(part.score.kind, end) for end in (within.low, within.high))
    return _("%(low)s to %(high)s") % dict(zip(("low", "high"), ends, strict=True))


def tone_against(part: Part, whole: Part) -> str:
    """Better or worse than the whole for certain, or by chance."""
    within, middle = interval_of(part), value_of(whole)
    return "better" if within.low > middle else "worse" if within.high < middle else "chance"


def figure_words(part: Part) -> str:
    """ "NPS +43", "72% satisfied"."""
    named = {
        Kind.NPS: _("NPS %(value)s"),
        Kind.CSAT: _("%(value)s satisfied"),
        Kind.EFFORT: _("%(value)s found it easy"),
        Kind.CHOICE: _("%(value)s for the price alone"),
    }
    return named[Kind(part.score.kind)] % {"value": part_words(part)}


def headline_of(results: Sequence[QuestionResult]) -> QuestionResult | None:
    """The question by which a wave is told in one number: NPS, else satisfaction, else effort."""
    scored = [each for each in results if each.question.kind in SCALES and each.whole is not None]
    return min(scored, key=lambda each: list(SCALES).index(each.question.kind), default=None)


def sentence(result: QuestionResult | None, smallest: int) -> str:
    """What a wave says, in a sentence that needs no picture."""
    if result is None or result.whole is None:
        return _("Fewer than %(n)s people answered: nothing can be shown") % {"n": smallest}
    value = score_words(result.question.kind, value_of(result.whole))
    if result.question.kind == Kind.CSAT:
        return _("%(share)s of customers are satisfied") % {"share": value}
    if result.question.kind == Kind.EFFORT:
        return _("%(share)s of customers found it easy") % {"share": value}
    within = interval_of(result.whole)
    if within.low > 0:
        return _("More customers recommend us than warn others off: NPS %(value)s") % {"value": value}
    if within.high < 0:
        return _("More customers warn others off than recommend us: NPS %(value)s") % {"value": value}
    return _("It is too close to say whether more customers recommend us or warn others off: NPS %(value)s") % {
        "value": value
    }


def change_words(now: Part, before: Part, when: str) -> tuple[str, str]:
    """How a figure stands against that of a wave before (its name), and the tone in which to say it."""
    if now.score.kind != before.score.kind:
        return "", "chance"
    new, old = value_of(now), value_of(before)
    one, other = interval_of(now), interval_of(before)
    said = {"wave": when, "value": score_words(now.score.kind, old), "n": abs(round((new - old) * 100))}
    if one.low > other.high:
        return _("Up %(n)s points from %(value)s in %(wave)s.") % said, "better"
    if one.high < other.low:
        return _("Down %(n)s points from %(value)s in %(wave)s.") % said, "worse"
    return _("%(wave)s had %(value)s: the difference may be chance.") % said, "chance"


def rate_words(rates: Sequence[Rate]) -> str:
    """Who answered of whom; "" where nobody was invited by us."""
    if not rates or rates[0].share is None:
        return ""
    said = {"part": number(rates[0].answered), "all": number(rates[0].counted), "share": percent(rates[0].share)}
    return _("%(part)s of %(all)s who were asked answered (%(share)s).") % said


def shares_picture(result: QuestionResult) -> SafeString | None:
    """For, in between and against, as one bar; None where nothing is scored or shown."""
    if result.whole is None or result.question.kind not in SCALES:
        return None
    return divided_bar(label=result.question.text_en, parts=sides(result))


def sides(result: QuestionResult) -> list[Share]:
    """The three parts of a score's answers, the favourable first."""
    assert result.whole is not None, "only of what is shown"
    score = result.whole.score
    names = {
        Kind.NPS: (_("would recommend us (9–10)"), _("in between (7–8)"), _("would not (0–6)")),
        Kind.CSAT: (_("satisfied (4–5)"), _("neither (3)"), _("dissatisfied (1–2)")),
        Kind.EFFORT: (_("easy (5–7)"), _("neither (4)"), _("hard (1–3)")),
    }[Kind(result.question.kind)]
    between = score.answers - score.favourable - score.unfavourable
    counts = (score.favourable, between, score.unfavourable)
    return [Share(*each) for each in zip(names, counts, ("better", "chance", "worse"), strict=True)]


def columns_picture(result: QuestionResult) -> SafeString | None:
    """How many gave each score."""
    if result.whole is None or result.question.kind not in SCALES:
        return None
    low, _high = SCALES[result.question.kind]
    against, in_favour = SIDES[result.question.kind]
    parts = [
        Share(str(score), count, "better" if score >= in_favour else "worse" if score <= against else "chance")
        for score, count in enumerate(result.whole.score.counts, low)
    ]
    return columns(label=result.question.text_en, parts=parts)


def trend_of(waves: Sequence[tuple[Wave, Part | None]]) -> dict[str, Any] | None:
    """Closed waves, oldest first, as a picture and as rows of its table; None for a single one.

    Only those that are told by the same kind of figure as the newest.
    """
    shown = [(wave, part) for wave, part in waves if part is not None]
    if not shown:
        return None
    kind = shown[-1][1].score.kind
    shown = [(wave, part) for wave, part in shown if part.score.kind == kind]
    if len(shown) < 2:
        return None
    marks = [
        WavePoint(
            when_words(wave),
            value_of(part) * 100,
            (interval_of(part).low * 100, interval_of(part).high * 100),
            score_words(kind, value_of(part)),
        )
        for wave, part in shown
    ]
    ends = (-100.0, 100.0) if is_net(kind) else (0.0, 100.0)
    return {
        "picture": waves_chart(label=_("From wave to wave"), points=marks, ends=ends, step=10),
        "rows": [
            (wave.name, when_words(wave), part_words(part), within_words(part), number(part.score.answers))
            for wave, part in shown
        ],
    }


def when_words(wave: Wave) -> str:
    return format_date(localtime(wave.closes_at), "M Y")


def part_picture(part: Part, *, label: str, whole: Part | None = None) -> SafeString:
    """A group's figure with its interval; `whole`: against that of everybody."""
    within = interval_of(part)
    return interval(
        label=label,
        spoken=f"{part_words(part)} ({within_words(part)})",
        value=value_of(part),
        within=(within.low, within.high),
        scale=_scale(part.score.kind),
        whole=value_of(whole) if whole else None,
        tone=tone_against(part, whole) if whole else "chance",
    )


def _scale(kind: str) -> tuple[float, float]:
    return (-1.0, 1.0) if is_net(kind) else (0.0, 1.0)


def part_rows(result: QuestionResult, *, by_unit: bool) -> list[dict[str, Any]]:
    """The groups of a question, each with its picture against the whole. Units stay in the tree's order; no segment is
    ranked above another unless it differs for certain: those above the whole first, those below it last."""
    assert result.whole is not None, "only of what is shown"
    rows = [
        {
            "label": part.label,
            "depth": part.depth,
            "answers": _("%(n)s answers") % {"n": number(part.score.answers)},
            "value": part_words(part),
            "within": within_words(part),
            "tone": tone_against(part, result.whole),
            "picture": part_picture(part, label=part.label, whole=result.whole),
        }
        for part in result.parts
    ]
    return rows if by_unit else sorted(rows, key=lambda row: ["better", "chance", "worse"].index(str(row["tone"])))


def parts_axis(result: QuestionResult) -> SafeString:
    """The scale above the rows of a question's groups."""
    assert result.whole is not None, "only of what is shown"
    ends = (f"{MINUS}100", "+100") if is_net(result.question.kind) else (percent(0), percent(1))
    name = _("all: %(value)s") % {"value": part_words(result.whole)}
    scale = _scale(result.question.kind)
    return interval_axis(scale=scale, words=ends, whole=value_of(result.whole), name=name)


def option_rows(result: QuestionResult) -> list[dict[str, Any]]:
    """What was chosen, most often first: its share and how many."""
    assert result.whole is not None, "only of what is shown"
    score = result.whole.score
    rows = [
        {"label": option.text_en, "count": count, "share": percent(float(share)), "width": f"{float(share) * 100:.1f}%"}
        for option, count, share in zip(result.options, score.counts, score.shares, strict=False)
    ]
    return sorted(rows, key=lambda row: -int(str(row["count"])))


def mean_words(part: Part) -> str:
    """ "4.2 on average"."""
    mean = part.weighted.mean if part.weighted else part.score.mean
    return "" if mean is None else _("%(mean)s on average") % {"mean": number_format(float(mean), 1)}


def unweighted_words(part: Part) -> str:
    """What it would be with each answer alike; "" where nothing is weighted."""
    if part.weighted is None:
        return ""
    value = score_words(part.score.kind, float(part.score.value))
    return _("Weighted by how many customers each group has; each answer alike it is %(value)s.") % {"value": value}


def breakdown_sentence(rows: Sequence[dict[str, Any]], *, by_unit: bool) -> tuple[str, str]:
    """Which groups differ from the whole for certain, and the tone in which to say it."""
    above = [str(row["label"]) for row in rows if row["tone"] == "better"]
    below = [str(row["label"]) for row in rows if row["tone"] == "worse"]
    words = []
    if above:
        words.append(_("Above the whole: %(names)s.") % {"names": names_of(above)})
    if below:
        words.append(_("Below it: %(names)s.") % {"names": names_of(below)})
    if words:
        return " ".join([*words, _("The others differ by chance.")]), "better" if above and not below else "chance"
    unit, group = _("No unit differs from the whole for certain."), _("No group differs from the whole for certain.")
    return unit if by_unit else group, "chance"


def names_of(names: Sequence[str], most: int = 4) -> str:
    """A few names; of many the first ones and how many more."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else _("%(names)s and %(n)s more") % {"names": shown, "n": len(names) - most}
