"""The questions that a wave may begin with: what went right first, and no more than a customer answers in a minute."""

from __future__ import annotations

from typing import Any

from cso.panels.models import Question

Kind, AsksFor = Question.Kind, Question.AsksFor

# As `add_question` takes them, in their order.
STANDARD: tuple[dict[str, Any], ...] = (
    {
        "code": "right",
        "kind": Kind.CHOICE,
        "asks_for": AsksFor.RIGHT,
        "text_en": "What went right the last time you were with us?",
        "text_fr": "Qu’est-ce qui s’est bien passé lors de votre dernière visite?",
        "options": (
            {"code": "people", "text_en": "The people", "text_fr": "Les gens"},
            {"code": "speed", "text_en": "No waiting", "text_fr": "Aucune attente"},
            {"code": "ease", "text_en": "It was easy", "text_fr": "C’était facile"},
            {"code": "quality", "text_en": "What I got", "text_fr": "Ce que j’ai reçu"},
            {"code": "surprise", "text_en": "A nice surprise", "text_fr": "Une belle surprise"},
        ),
    },
    {
        "code": "thanks",
        "kind": Kind.WORDS,
        "asks_for": AsksFor.RIGHT,
        "text_en": "Who or what made it so? Name them, and we will thank them.",
        "text_fr": "Grâce à qui ou à quoi? Nommez ces personnes, et nous les remercierons.",
    },
    {
        "code": "nps",
        "kind": Kind.NPS,
        "asks_for": AsksFor.OTHER,
        "text_en": "How likely are you to recommend us to a friend?",
        "text_fr": "Dans quelle mesure nous recommanderiez-vous à une personne de votre entourage?",
    },
    {
        "code": "reasons",
        "kind": Kind.CHOICE,
        "asks_for": AsksFor.REASONS,
        "takes_several": True,
        "text_en": "What would make you stay with us, or leave?",
        "text_fr": "Qu’est-ce qui vous ferait rester chez nous, ou nous quitter?",
        "options": (
            {"code": "service", "text_en": "How I am served", "text_fr": "La façon dont on me sert"},
            {"code": "solved", "text_en": "How problems are solved", "text_fr": "La façon de régler les problèmes"},
            {"code": "offer", "text_en": "What is offered", "text_fr": "Ce qui est offert"},
            {"code": "nearness", "text_en": "How near it is", "text_fr": "La proximité"},
            {"code": "price", "text_en": "The price", "text_fr": "Le prix", "is_price": True},
        ),
    },
    {
        "code": "better",
        "kind": Kind.WORDS,
        "asks_for": AsksFor.WRONG,
        "text_en": "What should we do better?",
        "text_fr": "Que devrions-nous améliorer?",
    },
)
