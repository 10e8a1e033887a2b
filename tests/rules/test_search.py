"""Finding rules by words, in two languages and from hostile texts."""

from __future__ import annotations

import pytest

from cso.rules.actions import amend_rule, register_rule
from cso.rules.models import Rule
from cso.rules.queries import search_rules, similar_rules
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.personas import NOW, Company

RULES = {
    "Receipts for every claim": "A claim for a delayed bag is paid only against original receipts.",
    "Reçu exigé pour tout remboursement": "Aucun remboursement n’est fait sans le reçu d’origine.",
    "No calls after five": "Whoever calls after five is asked to call again tomorrow.",
    "Passport copies": "Two copies of the passport go with each request.",
}


@pytest.fixture
def register(acme: Company, other: Company) -> Company:
    with tenant_scope(other.tenant):
        register_rule(by=None, title="Receipts of others", text="Receipts", origin="habit", now=NOW)
    with tenant_scope(acme.tenant):
        for title, text in RULES.items():
            register_rule(by=None, title=title, text=text, origin="habit", now=NOW)
    return acme


def similar(text: str) -> list[str]:
    return [rule.title for rule in similar_rules(text)]


def test_near_duplicates_are_found_the_likest_first(register: Company) -> None:
    with tenant_scope(register.tenant):
        assert similar("receipt for the claims") == ["Receipts for every claim"]
        assert similar("REMBOURSEMENTS sans recu") == ["Reçu exigé pour tout remboursement"]
        assert similar("A copy of the passport with each of the requests") == ["Passport copies"]
        assert similar("Pets in the cabin") == []
        assert similar("the and of") == [], "words that say nothing find nothing"
        # Half of the words is like it, less is not; the title weighs more than the text.
        assert similar("calling about pets on planes") == []
        register_rule(by=None, title="Originals", text="As they are", origin="habit", now=NOW)
        assert similar("original receipts")[0] == "Receipts for every claim"
        assert similar("original")[0] == "Originals"
        for number in range(6):
            register_rule(by=None, title=f"Umbrellas {number}", text="Umbrellas", origin="habit", now=NOW)
        assert len(similar("umbrella")) == 5


def test_the_words_that_hold_are_searched_and_not_the_old_ones(register: Company) -> None:
    with tenant_scope(register.tenant):
        rule = Rule.objects.get(title="No calls after five")
        amend_rule(rule, "Calls are taken until midnight.", by=None, now=NOW)
        assert similar("midnight") == ["No calls after five"]
        assert similar("tomorrow") == []


def test_a_search_takes_beginnings_and_wants_every_word(register: Company) -> None:
    viewer = register.member(Role.FRONTLINE)
    with tenant_scope(register.tenant):

        def found(words: str) -> list[str]:
            return sorted(search_rules(viewer, words).values_list("title", flat=True))

        assert found("rece") == ["Receipts for every claim"]
        assert found("recu orig") == ["Reçu exigé pour tout remboursement"]
        assert found("receipts passport") == []
        assert len(found("  ")) == 4
        assert found("re") == [], "two letters begin too much"


@pytest.mark.parametrize(
    "hostile",
    [
        "'",
        "''; DROP TABLE rules_rule; --",
        "a & ! | ( <-> :*",
        "\\",
        "\x00",
        "%s %(words)s {0}",
        "\ud800",
        "🂡 \u0301",
        "_",
    ],
)
def test_a_hostile_text_is_only_a_text(register: Company, hostile: str) -> None:
    with tenant_scope(register.tenant):
        assert similar(hostile) == []
        assert similar(f"receipts{hostile}claim")[:1] in ([], ["Receipts for every claim"])
        search_rules(register.member(Role.CSO), hostile).count()


def test_a_long_text_is_cut(register: Company) -> None:
    with tenant_scope(register.tenant):
        assert similar("receipts claim " + "x" * 5_000) == ["Receipts for every claim"]
        assert similar("x " * 5_000) == []
        assert similar("zq" * 2_500) == []
