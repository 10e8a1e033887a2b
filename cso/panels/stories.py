"""Stories of heroes name no customer: everybody who works here reads them, and whoever passes a wall."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import UUID

from cso.customers.models import Customer
from cso.panels.masking import NAME, Names, has_names, masked
from cso.recognition.actions import when_told
from cso.recognition.models import Recognition
from cso.recovery.models import Case

# A name has two to so many words, as "Ana de la Torre".
_MOST_WORDS = 4
_WORD = re.compile(r"[^\W\d_][\w.'’-]*")
# Whoever is addressed so and is no colleague is a customer, known here or not.
_ADDRESSED = re.compile(
    r"\b((?:Mrs|Mr|Ms|Miss|Mx|Dr|Mme|Mlle|M|Madame|Mademoiselle|Monsieur)\b\.?\s+)"
    r"[^\W\d_a-zà-ÿ][\w'’-]*(?:\s+[^\W\d_a-zà-ÿ][\w'’-]*)?"
)


@when_told
def customers_named(what: str, source: str, source_id: UUID | None) -> list[str]:
    """The customers whom a story names: any by their whole name, and the one of the case it comes from by any part."""
    return [
        *_by_whole_name(what),
        *(name for name in _of_source(source, source_id) if has_names(what, Names.of([name]))),
    ]


def without_customers(told: Recognition) -> str:
    """The story as it may be shown to anybody, whoever wrote it and whenever."""
    names = [*_by_whole_name(told.what), *_of_source(told.source, told.source_id)]
    return _ADDRESSED.sub(rf"\1{NAME}", masked(told.what, Names.of(names)))


def _by_whole_name(what: str) -> list[str]:
    """One statement, by the index of names."""
    words = [word.rstrip(".'’-").removesuffix("’s").removesuffix("'s") for word in _WORD.findall(what)]
    runs = {run for written in _runs(words) for run in (written, written.title())}
    return list(Customer.objects.filter(name__in=runs).order_by("name").values_list("name", flat=True).distinct())


def _runs(words: list[str]) -> Iterator[str]:
    for length in range(2, _MOST_WORDS + 1):
        for start in range(len(words) - length + 1):
            yield " ".join(words[start : start + length])


def _of_source(source: str, source_id: UUID | None) -> list[str]:
    if source != Recognition.Source.CASE or source_id is None:
        return []
    known = Case.objects.filter(pk=source_id, customer__isnull=False).exclude(customer__name="")
    return list(known.values_list("customer__name", flat=True))
