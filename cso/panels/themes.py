"""What remarks are about: themes that the office names, and the words that customers use most."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Count, Q
from django.utils.translation import gettext

from cso.errors import ConflictError, FieldError, InvalidFieldsError
from cso.panels.masking import has_names
from cso.panels.models import LEAST_GROUP, Remark, Theme, Wave
from cso.panels.remarks import keeps, names_in, theme_in
from cso.panels.results import units_seen, visible_wave
from cso.panels.wording import staff_names
from cso.texts import text_errors
from tenants import audit
from tenants.models import Actor
from tenants.permissions import require
from tenants.roles import Can
from tenants.scope import current_tenant_id

MAX_NAME, MAX_WORD, MOST_WORDS, MOST_THEMES = 60, 40, 30, 50
# The words of a wave's remarks by their stem, each stem as it is written most often.
_FREQUENT = r"""
    SELECT mode() WITHIN GROUP (ORDER BY word) FROM (
        SELECT DISTINCT remark.answer_id, word, (CASE remark.language WHEN 'fr-ca'
            THEN ts_lexize('french_stem', word) ELSE ts_lexize('english_stem', word) END)[1] AS stem, answer.response_id
        FROM panels_remark remark
        JOIN panels_answer answer ON answer.tenant_id = remark.tenant_id AND answer.id = remark.answer_id
        CROSS JOIN LATERAL regexp_split_to_table(lower(
            regexp_replace(remark.words, '\[(name|contact)\]', ' ', 'g') COLLATE pg_c_utf8), '[^[:alpha:]]+') AS word
        WHERE remark.tenant_id = %(tenant)s AND remark.wave_id = %(wave)s AND NOT remark.is_held_back
            AND remark.is_praise = %(praise)s AND length(word) > 3
    ) words
    WHERE stem IS NOT NULL GROUP BY stem HAVING count(DISTINCT response_id) >= %(least)s
    ORDER BY count(DISTINCT response_id) DESC, stem LIMIT %(most)s
"""


@dataclass(frozen=True)
class ThemeCount:
    """How many remarks of a wave are about a theme; criticism None: some, by too few people to be told."""

    theme: Theme
    praise: int
    criticism: int | None


def set_theme(name: str, words: Iterable[str], *, by: Actor | None) -> Theme:
    """Name a theme by the words in which it is found, or give it these words and no others.

    Raises `InvalidFieldsError` by field: a name of staff is no theme. `ConflictError` with the code `too_many`.
    """
    require(by, Can.RUN_PANELS)
    name = " ".join(name.split())
    wanted = list(dict.fromkeys(filter(None, (" ".join(word.lower().split()) for word in words))))
    if errors := _errors(name, wanted):
        raise InvalidFieldsError(errors)
    if Theme.objects.exclude(name=name).count() >= MOST_THEMES:
        raise ConflictError(gettext("There are %(most)s themes at most.") % {"most": MOST_THEMES}, code="too_many")
    theme, _ = Theme.objects.update_or_create(name=name, defaults={"words": wanted})
    audit.record(by, "set_theme", name, words=wanted)
    return theme


def remove_theme(theme: Theme, *, by: Actor | None) -> None:
    require(by, Can.RUN_PANELS)
    audit.record(by, "remove_theme", theme.name)
    theme.delete()


def themes_of(viewer: Actor, wave: Wave) -> list[ThemeCount]:
    """All themes by how many remarks of a closed wave are about them, those most spoken of first.

    Raises `Wave.DoesNotExist` where the viewer may not see the panel.
    """
    wave = visible_wave(viewer, wave)
    themes = list(Theme.objects.order_by("name"))
    remarks = Remark.objects.filter(wave=wave, is_held_back=False)
    seen = units_seen(viewer, wave)
    if seen is not None:
        remarks = remarks.filter(unit__in=seen)
    counted = {f"praise_{n}": Count("pk", filter=_in(theme) & Q(is_praise=True)) for n, theme in enumerate(themes)}
    counted |= {f"blame_{n}": Count("pk", filter=_in(theme) & Q(is_praise=False)) for n, theme in enumerate(themes)}
    counted |= {
        f"people_{n}": Count("answer__response", distinct=True, filter=_in(theme) & Q(is_praise=False))
        for n, theme in enumerate(themes)
    }
    counts = remarks.aggregate(**counted)
    least = 1 if keeps(viewer, wave) else wave.smallest_group or LEAST_GROUP
    found = []
    for n, theme in enumerate(themes):
        blame, people = counts[f"blame_{n}"], counts[f"people_{n}"]
        found.append(ThemeCount(theme, counts[f"praise_{n}"], blame if people == 0 or people >= least else None))
    return sorted(found, key=lambda each: (-each.praise - (each.criticism or 0), each.theme.name))


def frequent_words(viewer: Actor, wave: Wave, *, praise: bool, most: int = 20) -> list[str]:
    """The words of praise, or of criticism, that most people used; none that fewer used than may be shown.

    Raises `Wave.DoesNotExist` where the viewer may not see the panel.
    """
    wave = visible_wave(viewer, wave)
    if wave.smallest_group is None or units_seen(viewer, wave) is not None:
        return []
    asked: dict[str, Any] = {"tenant": current_tenant_id(), "wave": wave.pk, "praise": praise, "most": most}
    with connection.cursor() as cursor:
        cursor.execute(_FREQUENT, asked | {"least": wave.smallest_group})
        words = [word for (word,) in cursor.fetchall()]
    staff = names_in(wave)
    return [word for word in words if praise or not has_names(word.title(), staff)]


def _in(theme: Theme) -> Q:
    return theme_in(theme.words)


def _errors(name: str, words: Sequence[str]) -> list[FieldError]:
    errors = text_errors("name", name, MAX_NAME)
    errors += [error for word in words for error in text_errors("words", word, MAX_WORD)]
    if not name:
        errors.append(FieldError("name", "required", gettext("Give the theme a name.")))
    if not words:
        errors.append(FieldError("words", "required", gettext("Say by which words it is found.")))
    if len(words) > MOST_WORDS:
        errors.append(FieldError("words", "too_many", gettext("Use at most %(most)s words.") % {"most": MOST_WORDS}))
    staff = staff_names(LEAST_GROUP, misspelt=False)
    if any(has_names(each, staff) for each in [name, *words]):
        errors.append(FieldError("words", "a_name", gettext("A name of staff is no theme.")))
    return errors
