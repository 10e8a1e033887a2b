"""Where one can go and what one can begin, by name: the pages that the search (Ctrl K) offers besides what it finds."""

from __future__ import annotations

from unicodedata import combining, normalize

from django.urls import reverse
from django.utils.translation import gettext as _

from frontend.access import MemberRequest
from frontend.context import menu, sections
from tenants.roles import Can


def destinations(request: MemberRequest, wording: str) -> list[tuple[str, str]]:
    """(label, address) of each page that the viewer may open and whose name holds the words; all without any.

    Accents and capitals do not matter. First what one does, then the sections, then what lies within them.
    """
    wanted = _plain(wording)
    pages = {name: label for right, label, name in _first() if request.member.can(right)}
    pages |= {name: label for label, name in (*sections(request.member), *menu(request.member))}
    pages |= {name: label for right, label, name in _further() if request.member.can(right)}
    known = ((label, reverse(name, args=[request.tenant.slug])) for name, label in pages.items())
    return [(label, address) for label, address in known if wanted in _plain(label)]


def _first() -> list[tuple[Can, str, str]]:
    return [
        (Can.LOG_CASE, _("Log an OOPS"), "log_case"),
        (Can.NOMINATE_RULE, _("Nominate a dumb rule"), "nominate_rule"),
        (Can.RAISE_BLOCKER, _("Raise a blocker"), "raise_blocker"),
    ]


def _further() -> list[tuple[Can, str, str]]:
    return [
        (Can.SEE_SCORECARD, _("Board pack"), "board_pack"),
        (Can.SEE_PEOPLE, _("Plans"), "plans"),
        (Can.RAISE_BLOCKER, _("Strategy"), "strategy"),
        (Can.RAISE_BLOCKER, _("Blockers"), "blockers"),
        (Can.SEE_SCORECARD, _("Targets"), "targets"),
        (Can.SEE_SCORECARD, _("What plans are made of"), "measures"),
        (Can.PUT_UP_WALLS, _("Wall screens"), "walls"),
        (Can.WORK_CASE, _("Approvals"), "approvals"),
        (Can.SEE_PEOPLE, _("Nominations"), "nominations"),
        (Can.SEE_PEOPLE, _("Committees"), "committees"),
        (Can.SEE_PEOPLE, _("Kill orders"), "kill_orders"),
        (Can.NOMINATE_RULE, _("Rule breaks"), "rule_breaks"),
        (Can.SEE_PEOPLE, _("Weekly digest"), "digest"),
    ]


def _plain(words: str) -> str:
    """Without accents and capitals."""
    return "".join(letter for letter in normalize("NFKD", words.strip().casefold()) if not combining(letter))
