"""What a ballot came to, in words. The record keeps the English ones; all languages are told from its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import override

if TYPE_CHECKING:
    from cso.committees.models import OutcomeRecord

# With fewer papers than this a secret ballot's numbers would tell who voted how.
FEWEST_SECRET_PAPERS = 3


def kept_words(outcome: OutcomeRecord, *, because: str = "") -> str:
    """As the record keeps it: "Carried: 6 yes of 9 cast, 3 no, 0 abstained; a majority needs 5. Quorum 7 of 12 ..."."""
    with override("en"):
        words = _arithmetic(outcome)
        return _corrected(because, words) if outcome.corrects_id else words


def words_of(outcome: OutcomeRecord) -> str:
    """The same in the language that is in force."""
    words = _arithmetic(outcome)
    if not outcome.corrects_id:
        return words
    with override("en"):
        before, after = _corrected("\n", _arithmetic(outcome)).split("\n")
    return _corrected(outcome.sentence.removeprefix(before).removesuffix(after), words)


def _corrected(because: str, words: str) -> str:
    return _("Corrected (%(because)s). %(words)s") % {"because": because, "words": words}


def _arithmetic(outcome: OutcomeRecord) -> str:
    numbers = {"quorum": outcome.quorum, "eligible": outcome.eligible, "voted": outcome.voted}
    if outcome.voted >= outcome.quorum:
        quorum = _("Quorum %(quorum)s of %(eligible)s met by %(voted)s.") % numbers
    else:
        quorum = _("Quorum %(quorum)s of %(eligible)s missed: %(voted)s.") % numbers
    if outcome.result == "inquorate":
        return f"{_('No quorum, so nothing is decided.')} {quorum}"
    result = _("Carried") if outcome.result == "carried" else _("Lost")
    if outcome.yes is None:
        few = _("Fewer than %(n)s papers of a secret ballot are not broken down.") % {"n": FEWEST_SECRET_PAPERS}
        return f"{result}. {few} {quorum}"
    told = {"result": result, "votes": _votes(outcome), "needs": _needs(outcome.terms, outcome.yes_needed)}
    words = _("%(result)s: %(votes)s; %(needs)s.") % told
    return " ".join(filter(None, (words, quorum, _tie(outcome))))


def _votes(outcome: OutcomeRecord) -> str:
    yes = {
        "cast": _("%(yes)s yes of %(base)s cast"),
        "participating": _("%(yes)s yes of %(base)s given"),
        "eligible": _("%(yes)s yes of %(base)s eligible seats"),
        "fixed": _("%(yes)s yes"),
    }[outcome.terms["base"]]
    others = _("%(no)s no, %(abstain)s abstained") % {"no": outcome.no, "abstain": outcome.abstain}
    return f"{yes % {'yes': outcome.yes, 'base': outcome.base_count}}, {others}"


def _needs(terms: Mapping[str, Any], needed: int | None) -> str:
    share = (terms["majority_numerator"], terms["majority_denominator"])
    if terms["majority_count"] is not None:
        words = _("the charter needs %(needed)s")
    elif share == (1, 2) and terms["majority_is_more_than"]:
        words = _("a majority needs %(needed)s")
    elif terms["majority_is_more_than"]:
        words = _("more than %(share)s needs %(needed)s")
    else:
        words = _("at least %(share)s needs %(needed)s")
    return words % {"share": f"{share[0]}/{share[1]}", "needed": needed}


def _tie(outcome: OutcomeRecord) -> str:
    if outcome.casting_vote:
        is_yes = outcome.casting_vote == "yes"
        return _("The chair's casting vote: yes.") if is_yes else _("The chair's casting vote: no.")
    return _("A tie is lost.") if outcome.result == "lost" and outcome.yes == outcome.no != 0 else ""
