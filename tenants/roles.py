"""One role -> grants table, and one scope -> grants table, for the whole product.

A member holds one role in a tenant, an API key holds scopes. Code asks `actor.can(Can.WORK_CASE)` and nothing else.
"""

from __future__ import annotations

from enum import StrEnum

from django.db import models
from django.utils.translation import gettext_lazy as _


class Can(StrEnum):
    """The acts that someone may be allowed."""

    SEE_SCORECARD = "see_scorecard"  # figures of every unit; a leader sees those of the units below without it
    SEE_ALL_CASES = "see_all_cases"
    SEE_PEOPLE = "see_people"
    SEE_CUSTOMERS = "see_customers"
    LOG_CASE = "log_case"
    WORK_CASE = "work_case"  # fix, reopen, dispute, move, correct
    EXCLUDE_CASE = "exclude_case"  # propose, and confirm what another person proposed
    EDIT_RULES = "edit_rules"  # register a rule, change its words; everybody who sees people sees the rules
    SET_RECOVERY = "set_recovery"  # due times, promise words, authorities, mailboxes
    ERASE_CUSTOMER = "erase_customer"
    NOMINATE_RULE = "nominate_rule"  # and log a rule break
    TRIAGE_NOMINATIONS = "triage_nominations"
    RUN_COMMITTEES = "run_committees"  # found them, their charters and seats, and every chair's desk
    SEND_LINKS = "send_links"  # take the link by which a customer answers, to send it, as an integration
    CAST_VOTES = "cast_votes"  # tell the vote of a seat, as an integration; a member votes by holding the seat
    SEE_RESULTS = "see_results"  # what panels say, in groups; nobody reads answers one by one
    RUN_PANELS = "run_panels"  # panels, their members, waves, sessions; the steward of one may do so for it
    IMPORT_RESPONSES = "import_responses"  # what was answered elsewhere
    RECOGNISE = "recognise"  # celebrate a hero
    IMPORT_CASES = "import_cases"
    EDIT_PEOPLE = "edit_people"  # units, positions, leaders
    EDIT_CUSTOMERS = "edit_customers"
    SET_TARGET = "set_target"
    MARK_CHANGES = "mark_changes"  # of how a unit works, on its chart; who sets targets decides where limits begin
    SET_PLANS = "set_plans"  # what leaders are scored by: categories, measures, plans
    RECORD_FIGURES = "record_figures"  # of measures that others count
    SET_STRATEGY = "set_strategy"  # outcomes, who owns them and which metric serves which; owners work on their own
    RAISE_BLOCKER = "raise_blocker"  # to the executive meeting
    PUT_UP_WALLS = "put_up_walls"  # screens by a link, which shows figures to whoever has it
    ADMINISTER = "administer"  # members, API keys, settings of the tenant
    SEE_AUDIT = "see_audit"


class Role(models.TextChoices):
    CSO = "cso", _("Chief Serving Officer")
    EXECUTIVE = "executive", _("Executive")
    LEADER = "leader", _("Leader")
    COMMITTEE_MEMBER = "committee_member", _("Committee member")
    FRONTLINE = "frontline", _("Frontline")
    AUDITOR = "auditor", _("Auditor")
    ADMINISTRATOR = "administrator", _("Administrator")


_READS = frozenset({Can.SEE_SCORECARD, Can.SEE_ALL_CASES, Can.SEE_PEOPLE, Can.SEE_CUSTOMERS, Can.SEE_RESULTS})
_FRONTLINE = frozenset(
    {Can.SEE_PEOPLE, Can.SEE_CUSTOMERS, Can.LOG_CASE, Can.WORK_CASE, Can.NOMINATE_RULE, Can.RECOGNISE}
)
_LEADS = _FRONTLINE | {Can.EXCLUDE_CASE, Can.EDIT_RULES, Can.TRIAGE_NOMINATIONS, Can.RAISE_BLOCKER, Can.MARK_CHANGES}

ROLE_GRANTS: dict[str, frozenset[Can]] = {
    Role.CSO: frozenset(Can) - {Can.ADMINISTER, Can.CAST_VOTES, Can.SEND_LINKS},
    Role.EXECUTIVE: _READS | _LEADS | {Can.PUT_UP_WALLS},
    Role.LEADER: _LEADS | {Can.SEE_RESULTS},
    Role.COMMITTEE_MEMBER: _FRONTLINE,
    Role.FRONTLINE: _FRONTLINE,
    Role.AUDITOR: _READS | {Can.SEE_AUDIT},
    Role.ADMINISTRATOR: frozenset(
        {
            Can.SEE_PEOPLE,
            Can.EDIT_PEOPLE,
            Can.SEE_CUSTOMERS,
            Can.EDIT_CUSTOMERS,
            Can.ERASE_CUSTOMER,
            Can.SET_RECOVERY,
            Can.ADMINISTER,
            Can.SEE_AUDIT,
        }
    ),
}

SCOPE_GRANTS: dict[str, frozenset[Can]] = {
    "people:read": frozenset({Can.SEE_PEOPLE}),
    "people:write": frozenset({Can.SEE_PEOPLE, Can.EDIT_PEOPLE}),
    "customers:read": frozenset({Can.SEE_CUSTOMERS}),
    "customers:write": frozenset({Can.SEE_CUSTOMERS, Can.EDIT_CUSTOMERS}),
    "customers:erase": frozenset({Can.SEE_CUSTOMERS, Can.ERASE_CUSTOMER}),
    "rules:read": frozenset({Can.SEE_PEOPLE}),
    "rules:write": frozenset({Can.SEE_PEOPLE, Can.EDIT_RULES}),
    "committees:read": frozenset({Can.SEE_PEOPLE}),
    "committees:write": frozenset(
        {Can.SEE_PEOPLE, Can.NOMINATE_RULE, Can.TRIAGE_NOMINATIONS, Can.RUN_COMMITTEES, Can.EDIT_RULES}
    ),
    "votes:write": frozenset({Can.SEE_PEOPLE, Can.CAST_VOTES}),
    "panels:read": frozenset({Can.SEE_PEOPLE, Can.SEE_RESULTS}),
    "panels:write": frozenset({Can.SEE_PEOPLE, Can.SEE_CUSTOMERS, Can.SEE_RESULTS, Can.RUN_PANELS}),
    "responses:write": frozenset({Can.SEE_PEOPLE, Can.IMPORT_RESPONSES}),
    "recognitions:write": frozenset({Can.SEE_PEOPLE, Can.RECOGNISE}),
    "recovery:write": frozenset({Can.SEE_PEOPLE, Can.SET_RECOVERY}),
    "cases:read": frozenset({Can.SEE_ALL_CASES}),
    "cases:write": frozenset({Can.SEE_ALL_CASES, Can.LOG_CASE, Can.WORK_CASE, Can.EXCLUDE_CASE, Can.IMPORT_CASES}),
    "links:send": frozenset({Can.SEE_ALL_CASES, Can.SEND_LINKS}),
    "metrics:read": frozenset({Can.SEE_SCORECARD}),
    "targets:write": frozenset({Can.SEE_SCORECARD, Can.SET_TARGET}),
    "plans:write": frozenset({Can.SEE_SCORECARD, Can.SET_PLANS}),
    "strategy:write": frozenset({Can.SEE_SCORECARD, Can.SET_STRATEGY, Can.RAISE_BLOCKER}),
    "walls:write": frozenset({Can.SEE_SCORECARD, Can.PUT_UP_WALLS}),
    "changes:write": frozenset({Can.SEE_SCORECARD, Can.MARK_CHANGES}),
    "figures:write": frozenset({Can.SEE_PEOPLE, Can.RECORD_FIGURES}),
}
