"""The scales on which customers score."""

from __future__ import annotations

from cso.panels.models import Question

# Kind -> (lowest, highest). The other kinds have no score.
SCALES: dict[str, tuple[int, int]] = {
    Question.Kind.NPS: (0, 10),
    Question.Kind.CSAT: (1, 5),
    Question.Kind.EFFORT: (1, 7),
}
