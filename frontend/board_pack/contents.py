"""What stands in a board pack, part by part, in the words of the pages from which the figures are known."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cso.languages import format_date
from cso.metrics.periods import Period
from cso.metrics.queries.beside import Worth
from cso.metrics.queries.standing import LeaderRow
from cso.scorecards.board_pack import AT_RISK, LISTENING, RECOVERY, RULES, STATES, VALUE, BoardPack
from cso.scorecards.scores.counting import Score
from cso.scorecards.scores.snapshots import Restated
from cso.scorecards.scores.tables import ScoreTable
from cso.strategy.queries import age_in_days
from frontend.behind import behind_url
from frontend.board_pack import figures
from frontend.board_pack.parts import Cell, Column, Part, hidden, said, tenths
from frontend.figures.recovery import given_words
from frontend.rows.facts import returned_sentence, worth_sentence
from frontend.rows.leaders import leader_row, weeks_chart
from frontend.words.effects import effect_words
from frontend.words.figures import number, of_words, part_words, period_words, share_words
from frontend.words.money import places_of, range_words
from frontend.words.scores import amount_words, lines_of, score_words
from tenants.scope import current_tenant, day_of

_STATES = {"running": lambda: _("running"), "provisional": lambda: _("provisional"), "final": lambda: _("final")}


def parts_of(pack: BoardPack) -> list[Part]:
    """In the order in which a board asks: who misses and why, the figures, what was done, what blocks; definitions."""
    return [
        leaders(pack),
        *([scores(pack)] if pack.scores else []),
        recovery(pack),
        weeks(pack),
        restatements(pack),
        Part("listening", _("What customers say"), figures.columns(), figures.figure_rows(pack, LISTENING)),
        Part("rules", _("What was done about bad rules"), figures.columns(), figures.figure_rows(pack, RULES)),
        kills(pack),
        value(pack),
        heroes(pack),
        blockers(pack),
        reviews(pack),
        definitions(),
    ]


def about(head: Mapping[str, str]) -> Part:
    """What stands above the parts, for files: the first finding, the period, and of which instant all is."""
    columns = [Column("what", ""), Column("words", "")]
    return Part("about", "", columns, [[said(name), said(words)] for name, words in head.items()])


def leaders(pack: BoardPack) -> Part:
    columns = [
        Column("leader", _("Leader")),
        Column("unit", _("Unit")),
        Column("recovered_24h_percent", _("Recovered within 24 h")),
        Column("recovered", _("Recovered"), is_number=True, is_hidden=True),
        Column("cases", _("Cases"), is_number=True, is_hidden=True),
        Column("likely_low_percent", _("Chance leaves open, from"), is_number=True, is_hidden=True),
        Column("likely_high_percent", _("Chance leaves open, to"), is_number=True, is_hidden=True),
        Column("target_percent", _("Target"), is_number=True, is_hidden=True),
        Column("against_target", _("Against the target")),
        Column("overdue_now", _("Overdue now"), is_number=True),
        Column("main_reason", _("Main reason for misses")),
    ]
    rows = pack.standing.rows
    bands = {number for number, (above, row) in enumerate(pairwise(rows), 1) if above.band != row.band}
    order = _(
        "Between two heavy lines the leaders differ by no more than chance, so they stand in the order of their units."
    )
    first = _("Leaders, furthest from the target first")
    every = _("Leaders of every level, furthest from the target first")
    return Part(
        "leaders",
        every if pack.everyone else first,
        columns,
        [_leader(row, pack.period) for row in rows],
        empty=_("Nobody leads a unit here yet"),
        text=order if len(bands) + 1 < len(rows) else "",
        bands=bands,
    )


def _leader(row: LeaderRow, period: Period) -> list[Cell]:
    told: dict[str, Any] = leader_row(row, period)
    figure, interval = row.figure, row.figure.interval
    return [
        said(told["name"], url=told["url"]),
        said(row.unit.name, note=told["tenure"]),
        Cell(
            told["value"],
            tenths(figure.share * 100) if figure.share is not None else None,
            note=", ".join(filter(None, (told["cases"], told["chance"]))),
            picture=told["bullet"],
            spoken=_("%(value)s against a target of %(target)s")
            % {"value": told["value"], "target": f"{row.judgement.target}\u00a0%"},
        ),
        hidden(figure.numerator),
        hidden(figure.denominator),
        hidden(tenths(interval.low * 100) if interval else None),
        hidden(tenths(interval.high * 100) if interval else None),
        hidden(row.judgement.target),
        said(told["gap"], tone=told["gap_tone"]),
        said(told["overdue"] or "–", row.overdue, url=told["overdue_url"] if row.overdue else ""),
        said(told.get("reason", ""), note=told.get("reason_note", ""), url=told.get("reason_url", "")),
    ]


def scores(pack: BoardPack) -> Part:
    table = pack.scores
    assert table is not None, "asked of scored periods alone"
    ordered = sorted(table.scores, key=lambda score: (score.plan.unit.name, score.plan.person.name))
    columns = [
        Column("leader", _("Leader")),
        Column("unit", _("Unit")),
        Column("score", _("Score, of 100"), is_number=True),
        Column("state", _("State")),
        Column("categories", _("By category")),
        Column("lacks", _("Without data or a target")),
    ]
    return Part(
        "scores",
        _("Scores, in the order of the units"),
        columns,
        [_score(score) for score in ordered],
        empty=_("No plan yet"),
        text=" ".join(filter(None, (_mean_words(table.rolled_up, table.between), _unplanned_words(table)))),
    )


def _mean_words(mean: Fraction | None, between: tuple[Fraction, Fraction] | None) -> str:
    if mean is not None:
        return _("On average %(score)s of 100.") % {"score": score_words(mean)}
    if between is None:
        return ""
    low, high = (amount_words(each) for each in between)
    words = _("On average between %(low)s and %(high)s, as the incomplete ones turn out.")
    return words % {"low": low, "high": high}


def _unplanned_words(table: ScoreTable) -> str:
    if not table.unplanned:
        return ""
    words = ngettext(
        "%(n)s leader of a unit has no plan.", "%(n)s leaders of units have no plan.", len(table.unplanned)
    )
    return words % {"n": number(len(table.unplanned))}


def _score(score: Score) -> list[Cell]:
    address = reverse("plan", args=[current_tenant().slug, score.plan.pk])
    categories = [(category.name, score_words(part)) for category, part in score.by_category]
    return [
        said(score.plan.person.name, url=f"{address}?period={score.period.key}"),
        said(score.plan.unit.name, note=part_words(score.span.since, score.span.until)),
        said(score_words(score.value), tenths(score.value)),
        said(_STATES[score.status]()),
        said(", ".join(f"{name}\u00a0{points}" for name, points in categories)),
        said(", ".join(line.name for line in lines_of(score) if line.lacks)),
    ]


def recovery(pack: BoardPack) -> Part:
    rows = figures.figure_rows(pack, RECOVERY)
    for metric in STATES:
        count = pack.standing_now[metric.key]
        url = behind_url(metric.key, "numerator", None)
        now = [said(number(count), count, url=url), said("")]
        rest = [*_blank(2), said("–"), *_blank(2), said(_("As it stands now."))]
        rows.append([said(metric.name, metric.key), *now, *rest])
    return Part("recovery", _("How customers were recovered"), figures.columns(), rows)


def weeks(pack: BoardPack) -> Part:
    told = weeks_chart(pack.standing.weeks, pack.standing.target, pack.changes)
    columns = [
        Column("week_from", _("Week from")),
        Column("recovered_24h_percent", _("Recovered within 24 h"), is_number=True),
        Column("of", _("Of"), is_number=True),
        Column("recovered", _("Recovered"), is_number=True, is_hidden=True),
        Column("cases", _("Cases"), is_number=True, is_hidden=True),
        Column("signal", _("Signal")),
    ]
    signals = [row[2] for row in told["chart"].rows]
    rows = [
        [
            said(format_date(week.first, "j M Y"), week.first),
            said(share_words(figure), tenths(figure.share * 100) if figure.share is not None else None),
            said(of_words(figure) if figure.denominator else ""),
            hidden(figure.numerator),
            hidden(figure.denominator),
            said(signal),
        ]
        for (week, figure), signal in zip(pack.standing.weeks, signals, strict=True)
    ]
    title = _("The organization, week by week")
    has_cases = any(figure.denominator for _week, figure in pack.standing.weeks)
    picture = {"sentence": told["sentence"], "chart": told["chart"] if has_cases else None, "changes": told["changes"]}
    return Part("weeks", title, columns, rows, **picture, is_folded=True)


def restatements(pack: BoardPack) -> Part:
    columns = [
        Column("leader", _("Leader")),
        Column("unit", _("Unit")),
        Column("period", _("Period")),
        Column("before", _("Before"), is_number=True),
        Column("after", _("After"), is_number=True),
        Column("why", _("Why")),
        Column("recorded_at", _("Recorded")),
    ]
    return Part(
        "restatements",
        _("Final scores that changed"),
        columns,
        [_restated(each) for each in pack.restated],
        empty=_("No final score changed."),
    )


def _restated(restated: Restated) -> list[Cell]:
    before, after = restated.before, restated.after
    period = Period(after.grain, after.period)  # type: ignore[arg-type]
    address = reverse("plan", args=[current_tenant().slug, after.plan_id])
    return [
        said(after.plan.person.name, url=f"{address}?period={period.key}"),
        said(after.plan.unit.name),
        said(period_words(period), period.key),
        said(score_words(before.score), before.score),
        said(score_words(after.score), after.score),
        said(after.get_because_display()),
        said(_day(after.as_of), after.as_of),
    ]


def kills(pack: BoardPack) -> Part:
    columns = [
        Column("rule", _("Rule")),
        Column("unit", _("Unit")),
        Column("carried_out_by", _("Carried out by")),
        Column("gone_since", _("Gone since")),
        Column("effect", _("Whether it helped")),
    ]
    rows = []
    for order in pack.killed:
        assert order.verified_at is not None, "what is killed was verified"
        effect = effect_words(order, now=pack.as_of)
        rows.append(
            [
                said(order.rule.title, url=reverse("rule", args=[current_tenant().slug, order.rule_id])),
                said(order.unit.name),
                said(order.owner.name if order.owner else ""),
                said(_day(order.verified_at), order.verified_at),
                said(f"{effect['lead']} {effect['text']}"),
            ]
        )
    return Part("kills", _("Rules that were killed"), columns, rows, empty=_("No rule was killed in this period."))


def value(pack: BoardPack) -> Part:
    columns = [
        Column("what", _("What")),
        Column("low", _("From"), is_number=True, is_hidden=True),
        Column("high", _("To"), is_number=True, is_hidden=True),
        Column("currency", _("Currency"), is_hidden=True),
        Column("worth", _("Worth")),
        Column("customers", _("Customers")),
    ]
    saved, at_risk, back, counts = pack.saved, pack.at_risk, pack.returned, pack.figure(VALUE).counts
    given = [(_("Given to those saved or lost"), back.currency, back.given)]
    given += [(_("Given to customers"), currency, amount) for currency, amount in pack.given.items()]
    rows = [
        [said(VALUE.name), *_worth(saved), said(number(counts[VALUE.numerator]), counts[VALUE.numerator])],
        [said(_("%(what)s, now") % {"what": AT_RISK.name}), *_worth(at_risk), said(_unknown(at_risk))],
        *([said(what), *_range(n, n, money, given_words({money: n})), said("")] for what, money, n in given),
    ]
    text = f"{worth_sentence(saved)} {returned_sentence(back)}".rstrip()
    return Part("value", _("Value"), columns, rows, text=text)


def _worth(worth: Worth) -> list[Cell]:
    return _range(worth.low, worth.high, worth.currency, range_words(worth.low, worth.high, worth.currency))


def _range(low: int, high: int, currency: str, words: str) -> list[Cell]:
    return [hidden(_whole(low, currency)), hidden(_whole(high, currency)), hidden(currency), said(words)]


def _whole(minor: int, currency: str) -> Decimal:
    """In whole units of the currency."""
    return Decimal(minor).scaleb(-places_of(currency))


def _unknown(worth: Worth) -> str:
    words = ngettext("%(n)s customer of unknown worth", "%(n)s customers of unknown worth", worth.unknown)
    return words % {"n": number(worth.unknown)}


def heroes(pack: BoardPack) -> Part:
    columns = [
        Column("hero", _("Hero")),
        Column("unit", _("Unit")),
        Column("for", _("For")),
        Column("what", _("What they did")),
        Column("on", _("On")),
    ]
    rows = [
        [
            said(each.person.name),
            said(each.unit.name),
            said(each.get_kind_display()),
            said(each.what),
            said(_day(each.recognised_at), each.recognised_at),
        ]
        for each in pack.recognised
    ]
    return Part("heroes", _("Heroes"), columns, rows, empty=_("Nobody was celebrated in this period."))


def blockers(pack: BoardPack) -> Part:
    columns = [
        Column("what", _("What stands in the way")),
        Column("severity", _("How much")),
        Column("owner", _("Who clears it")),
        Column("outcome", _("For")),
        Column("raised_at", _("Since")),
        Column("days", _("Days"), is_number=True),
    ]
    rows = [
        [
            said(each.what),
            said(each.get_severity_display()),
            said(each.owner.name),
            said(each.outcome.name if each.outcome else ""),
            said(_day(each.raised_at), each.raised_at),
            said(number(age_in_days(each, pack.as_of)), age_in_days(each, pack.as_of)),
        ]
        for each in pack.blockers
    ]
    return Part("blockers", _("What blocks us, the oldest first"), columns, rows, empty=_("Nothing stands in the way."))


def reviews(pack: BoardPack) -> Part:
    columns = [
        Column("outcome", _("Outcome")),
        Column("owner", _("Owner")),
        Column("review_was_due", _("Review was due")),
        Column("days", _("Days overdue"), is_number=True),
    ]
    today = day_of(pack.as_of)
    rows = [
        [
            said(each.name),
            said(each.owner.name),
            said(format_date(each.review_on, "j M Y"), each.review_on),
            said(number((today - each.review_on).days), (today - each.review_on).days),
        ]
        for each in pack.overdue
    ]
    return Part("reviews", _("Outcomes whose review is overdue"), columns, rows, empty=_("No review is overdue."))


def definitions() -> Part:
    columns = [
        Column("figure", _("Figure")),
        Column("meaning", _("What it means")),
        Column("counted_by", _("Counted by")),
    ]
    used = [*RECOVERY, *STATES, *LISTENING, *RULES, VALUE, AT_RISK]
    score = _(
        "Each figure of a leader's plan gains points from its floor (0) to its target (100), in proportion; the score"
        " is their mean by weight. Serving weighs as much as each other category. Without data for one figure it is"
        " incomplete. Running until the period's end, provisional for 45 days, then final."
    )
    rows = [[said(metric.name), said(metric.meaning), said(metric.period_rule)] for metric in used]
    rows.append([said(_("Score")), said(score), said(_("the version of the plan in force at the period's start"))])
    return Part("definitions", _("How each figure is defined"), columns, rows, is_folded=True)


def _blank(count: int) -> list[Cell]:
    return [hidden(None)] * count


def _day(instant: datetime) -> str:
    return format_date(localtime(instant), "j M Y")
