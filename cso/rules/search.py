"""Finding rules by words: PostgreSQL's full text in English and French, whatever the case and the accents.

Under row-level security no index of words could be used; a tenant has hundreds of rules, not millions, so each search
reads them all, by the index that begins with the tenant.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from tenants.scope import current_tenant_id

# So many different words of a question are looked up; the others would only make it slower.
MOST_WORDS = 24
LONGEST = 5_000
_LONGEST_WORD = 60
# Which PostgreSQL takes for letters.
_SIGNS = "’‘“”«»–—"
_ACCENTS = "[\u0300-\u036f]"
_WORD = re.compile(r"\w+")

# Words that say nothing in one of the languages ("the", "les") have no lexeme there, and count in neither.
_FIND = r"""
WITH asked AS (
    SELECT word, ts_lexize('english_stem', word) || ts_lexize('french_stem', word) AS lexemes
    FROM unnest(%(words)s::text[]) word
    WHERE cardinality(ts_lexize('english_stem', word)) > 0 AND cardinality(ts_lexize('french_stem', word)) > 0
), known AS MATERIALIZED (
    SELECT rule.id,
        tsvector_to_array(to_tsvector('english', plain.named) || to_tsvector('french', plain.named)) AS title_lexemes,
        tsvector_to_array(to_tsvector('english', plain.said) || to_tsvector('french', plain.said)) AS text_lexemes
    FROM rules_rule rule
    CROSS JOIN LATERAL (
        SELECT text FROM rules_ruleversion
        WHERE tenant_id = rule.tenant_id AND rule_id = rule.id ORDER BY number DESC LIMIT 1
    ) version
    CROSS JOIN LATERAL (
        SELECT normalize(translate(rule.title, %(signs)s, %(blanks)s), NFKD),
            normalize(translate(version.text, %(signs)s, %(blanks)s), NFKD)
    ) signs(named, said)
    CROSS JOIN LATERAL (
        SELECT lower(regexp_replace(signs.named, %(accents)s, '', 'g')),
            lower(regexp_replace(signs.said, %(accents)s, '', 'g'))
    ) plain(named, said)
    WHERE rule.tenant_id = %(tenant)s
)
SELECT known.id, count(*) FILTER (WHERE in_title OR in_text), (SELECT count(*) FROM asked),
    count(*) FILTER (WHERE in_title)
FROM known CROSS JOIN asked CROSS JOIN LATERAL (
    SELECT lexemes && title_lexemes OR %(prefixes)s AND EXISTS (
            SELECT FROM unnest(title_lexemes) lexeme WHERE starts_with(lexeme, word) AND length(word) > 2),
        lexemes && text_lexemes OR %(prefixes)s AND EXISTS (
            SELECT FROM unnest(text_lexemes) lexeme WHERE starts_with(lexeme, word) AND length(word) > 2)
) matched(in_title, in_text)
GROUP BY known.id HAVING bool_or(in_title OR in_text)
"""


@dataclass(frozen=True)
class Match:
    """A rule that has `found` of the `asked` different words of a question, `in_title` of them in its title."""

    rule: UUID
    found: int
    asked: int
    in_title: int


def plain(text: str) -> str:
    """A text as it is compared: lower case, without accents, one blank between its words."""
    return " ".join(_WORD.findall(re.sub(_ACCENTS, "", unicodedata.normalize("NFKD", text)).lower()))


def matches(text: str, *, prefixes: bool = False) -> list[Match]:
    """The current tenant's rules that share a word with `text`; `prefixes`: also one that begins like it."""
    words = list(dict.fromkeys(word[:_LONGEST_WORD] for word in plain(text[:LONGEST]).split()))[:MOST_WORDS]
    if not words:
        return []
    with connection.cursor() as cursor:
        values: dict[str, Any] = {"words": words, "prefixes": prefixes, "tenant": current_tenant_id()}
        cursor.execute(_FIND, values | {"signs": _SIGNS, "blanks": " " * len(_SIGNS), "accents": _ACCENTS})
        return [Match(*row) for row in cursor.fetchall()]
