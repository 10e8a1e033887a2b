"""A panel of customers, and waves that are open on the real clock, which is what answers count by."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cso.clock import database_now
from cso.customers.actions import save_customer
from cso.customers.models import Customer
from cso.panels import members, panels, waves
from cso.panels.answering import answer_question, next_question, open_response, submit_response
from cso.panels.inviting import invite_members
from cso.panels.models import Invitation, Panel, PanelMember, Response, Wave
from tenants.roles import Role
from tests.personas import Company

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
_numbers = itertools.count(1)

# What went right, whether they recommend us, and what to do better, if they do not.
SHORT: tuple[dict[str, Any], ...] = (
    {"code": "thanks", "kind": "words", "text_en": "What went right?", "asks_for": "right"},
    {"code": "nps", "kind": "nps", "text_en": "Would you recommend us?"},
    {"code": "better", "kind": "words", "text_en": "What should we do better?", "asks_for": "wrong"},
)


@dataclass
class Scene:
    """A panel of the top unit, kept by an auditor: who sees results, and else runs nothing."""

    company: Company
    panel: Panel
    now: datetime

    def customer(self, **values: Any) -> Customer:
        number = next(_numbers)
        given: dict[str, Any] = {
            "external_id": f"c{number}",
            "name": f"Customer {number}",
            "email": f"c{number}@customers.example",
        }
        return save_customer(Customer(), by=None, **(given | values))

    def member(self, customer: Customer | None = None, *, segment: str = "", **values: Any) -> PanelMember:
        given: dict[str, Any] = {
            "consented_at": self.now - DAY,
            "consent_source": "by phone",
            "by": None,
            "now": self.now - HOUR,
        }
        return members.join_panel(self.panel, customer or self.customer(segment=segment), **(given | values))

    def members(self, number: int, **values: Any) -> list[PanelMember]:
        return [self.member(**values) for _ in range(number)]

    def wave(self, *, questions: Sequence[dict[str, Any]] = SHORT, is_open: bool = True, **values: Any) -> Wave:
        given: dict[str, Any] = {
            "opens_at": self.now - HOUR,
            "closes_at": self.now + 7 * DAY,
            "by": None,
            "now": self.now - HOUR,
        }
        wave = waves.draft_wave(self.panel, f"Wave {next(_numbers)}", **(given | values))
        for question in questions:
            waves.add_question(wave, by=None, **question)
        return waves.open_wave(wave, by=None, now=self.now - HOUR) if is_open else wave

    def invite(self, wave: Wave) -> list[Invitation]:
        """Everybody who may be asked, as when it opens."""
        while invite_members(wave.pk, now=self.now):
            pass
        invitations = Invitation.objects.filter(wave=wave).select_related("wave__panel", "member", "customer")
        return list(invitations.order_by("customer__external_id"))


def found(company: Company, **values: Any) -> Scene:
    now = database_now()
    steward = company.member(Role.AUDITOR)
    given: dict[str, Any] = {"unit": company.units["top"], "steward": steward, "by": None, "now": now - 30 * DAY}
    return Scene(company, panels.found_panel("Travellers", **(given | values)), now)


def answer(invitation: Invitation, *said: dict[str, Any], is_sent: bool = True) -> Response:
    """Answer one question after the other, and send it."""
    response = open_response(invitation, language="en")
    for each in said:
        question = next_question(response)
        assert question is not None
        answer_question(response, question, **each)
    return submit_response(response) if is_sent else response
