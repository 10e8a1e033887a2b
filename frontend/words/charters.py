"""A charter as sentences."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cso.committees.models import Base, CharterVersion


def charter_words(charter: CharterVersion) -> list[str]:
    """What it says, one sentence for each thing, the weightiest first."""
    return [
        _quorum(charter),
        _majority(charter),
        _("A tie is decided by the chair.") if charter.chair_breaks_ties else _("A tie is lost."),
        _secrecy(charter),
        *_recusal(charter),
        *([_("A seat may be delegated to another, once.")] if charter.allows_delegation else []),
        _times(charter),
        _cool_down(charter),
    ]


def _quorum(charter: CharterVersion) -> str:
    if charter.quorum_count:
        words = ngettext(
            "Quorum: %(n)s seat must take part.", "Quorum: %(n)s seats must take part.", charter.quorum_count
        )
        return words % {"n": charter.quorum_count}
    share = share_words(charter.quorum_numerator, charter.quorum_denominator, more=charter.quorum_is_more_than)
    return _("Quorum: %(share)s of the eligible seats must take part.") % {"share": share}


def _majority(charter: CharterVersion) -> str:
    if charter.base == Base.FIXED:
        count = charter.majority_count or 0
        return ngettext("%(n)s yes carries.", "%(n)s yes votes carry.", count) % {"n": count}
    share = share_words(charter.majority_numerator, charter.majority_denominator, more=charter.majority_is_more_than)
    of = {
        Base.CAST: _("votes cast; abstentions do not count"),
        Base.PARTICIPATING: _("votes given, abstentions too"),
        Base.ELIGIBLE: _("eligible seats, whether they voted or not"),
    }[Base(charter.base)]
    return _("Carried by %(share)s of the %(base)s.") % {"share": share, "base": of}


def share_words(numerator: int, denominator: int, *, more: bool) -> str:
    """ "more than half", "at least 2 of 3", "all"."""
    if numerator == denominator:
        return _("all")
    part = _("half") if 2 * numerator == denominator else _("%(n)s of %(of)s") % {"n": numerator, "of": denominator}
    return (_("more than %(part)s") if more else _("at least %(part)s")) % {"part": part}


def _secrecy(charter: CharterVersion) -> str:
    if charter.is_secret:
        return _("Ballots are secret: no vote can be told from another, or changed.")
    change = _("may be changed until the close") if charter.votes_may_change else _("stands once given")
    count = _("the count is shown while it runs") if charter.shows_tally else _("the count is shown after the close")
    return _("Votes are by name; a vote %(change)s, and %(count)s.") % {"change": change, "count": count}


def _recusal(charter: CharterVersion) -> list[str]:
    said = []
    if charter.owner_is_recused:
        said.append(_("Whoever owns a rule does not vote on killing it."))
    if not charter.recused_leave_the_base:
        said.append(_("Recused seats still count for the quorum."))
    return said


def _times(charter: CharterVersion) -> str:
    words = _("%(reply)s h for the owner’s reply, %(open)s h to vote, %(more)s h more once where the quorum is missed.")
    return words % {
        "reply": charter.deliberation_hours,
        "open": charter.ballot_hours,
        "more": charter.extension_hours,
    }


def _cool_down(charter: CharterVersion) -> str:
    words = _("What was lost comes back after %(n)s days, or with new evidence.")
    return words % {"n": charter.cool_down_days}
