"""A ballot in words: what it asks, what speaks for it, until when it takes votes. For the portal and for links."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from cso.committees.models import Ballot, Choice, Motion, RollEntry
from cso.languages import format_date, when
from frontend.words.money import range_words


def question(ballot: Ballot) -> dict[str, Any]:
    """What is voted on, as it was frozen at the opening: text, what a yes does, the rule's words, what speaks for it.

    Reads nothing more where the motion came with its rule, committee, nomination and `refer_to`.
    """
    motion = ballot.motion
    return {
        "text": ballot.motion_text or motion.text,
        "rule_title": motion.rule.title,
        "rule_text": ballot.rule_text,
        "new_text": motion.new_text if motion.kind == Motion.Kind.CHANGE else "",
        "a_yes": yes_does(motion),
        "figures": evidence_figures(ballot.evidence),
        "nominated": motion.nomination.words if motion.nomination else "",
        "owner_reply": motion.owner_reply,
        "committee": motion.committee.name,
        "is_secret": ballot.is_secret,
    }


def yes_does(motion: Motion) -> str:
    """What follows if the motion is carried, in a sentence."""
    if motion.kind == Motion.Kind.KILL:
        return _("A yes takes the rule away: one person gets the order, with a date.")
    if motion.kind == Motion.Kind.CHANGE:
        return _("A yes gives the rule the new words.")
    if motion.kind == Motion.Kind.KEEP:
        assert motion.keep_until is not None, "the database holds that it has its date"
        return _("A yes keeps the rule until %(day)s.") % {"day": format_date(motion.keep_until, "j F Y")}
    return _("A yes hands it to %(committee)s.") % {"committee": motion.refer_to}


def evidence_figures(evidence: dict[str, Any]) -> list[dict[str, str]]:
    """Value, label and note of what speaks for a motion; money as a range, and only where there is some."""
    if not evidence:
        return []
    figures = [
        {
            "value": str(evidence["cases"]),
            "label": _("case quotes it") if evidence["cases"] == 1 else _("cases quote it"),
            "note": _("%(n)s in the last 90 days") % {"n": evidence["cases_recently"]},
        },
        {
            "value": str(evidence["breaks"]),
            "label": _("time we bent it") if evidence["breaks"] == 1 else _("times we bent it"),
            "note": _("%(n)s in the last 90 days") % {"n": evidence["breaks_recently"]},
        },
    ]
    if evidence["worth_high_minor"]:
        worth = range_words(evidence["worth_low_minor"], evidence["worth_high_minor"], evidence["currency"])
        of = _("customers of those cases: %(n)s")
        figures.append({"value": worth, "label": _("at risk"), "note": of % {"n": evidence["customers"]}})
    return figures


def choices() -> list[tuple[str, str]]:
    """The three buttons, always in this order."""
    return [(Choice.YES, _("Yes")), (Choice.NO, _("No")), (Choice.ABSTAIN, _("Abstain"))]


def said(entry: RollEntry) -> str:
    """What a seat has voted; "" where it has not, and of a secret ballot, whose roll knows no choice."""
    return dict(choices()).get(entry.choice, "")


def can_vote(entry: RollEntry, ballot: Ballot, *, now: datetime) -> bool:
    """Whether this seat may still vote, or vote anew."""
    if ballot.status != Ballot.Status.OPEN or now >= ballot.closes_at or entry.status != RollEntry.Status.ELIGIBLE:
        return False
    assert ballot.charter is not None, "an open ballot is frozen"
    return not entry.has_voted or ballot.charter.votes_may_change


def deadline_words(ballot: Ballot) -> str:
    """ "Closes on Friday, 20 March 2026, 15:00"."""
    return _("Closes on %(when)s.") % {"when": when(ballot.closes_at)}
