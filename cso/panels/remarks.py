"""What customers wrote, viewer first: praise before criticism, and criticism of which nobody can tell whose it is.

The steward of the panel reads it as it was written; everybody else without the names of staff.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.contrib.postgres.search import SearchQuery
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from cso.errors import FieldError, InvalidFieldsError
from cso.panels.masking import Names, has_names, masked
from cso.panels.models import MAX_WORDS, Answer, Remark, Theme, Wave
from cso.panels.permissions import is_steward, require_panel, visible_panels
from cso.panels.results import units_seen, visible_wave
from cso.panels.wording import staff_names
from cso.people.models import Unit
from cso.people.queries import in_or_below
from cso.texts import text_errors
from tenants import audit
from tenants.models import Actor

MOST_TAGS, MAX_TAG = 10, 40
MAX_SEARCH = 200
# What became of a remark.
RECOGNITION, CASE, NOMINATION = "recognition", "case", "nomination"


@dataclass(frozen=True)
class Found:
    """Remarks, praise first, in no other order. holds_back: criticism was found too, of too few people to be shown."""

    remarks: QuerySet[Remark]
    holds_back: bool


@dataclass(frozen=True)
class ReadRemark:
    """A remark as its reader may read it. `became_id` is told of a case to the steward alone: it may name its customer.

    is_as_written: with the names in it.
    """

    remark: Remark
    words: str
    is_as_written: bool
    became: str
    became_id: UUID | None


def remarks_of(
    viewer: Actor,
    wave: Wave,
    *,
    praise: bool | None = None,
    unit: Unit | None = None,
    words: str = "",
    theme: Theme | None = None,
    tag: str = "",
) -> Found:
    """The remarks of a closed wave; praise None: all. `words` are looked for as people type them ("late -bus").

    unit: with all below. Whatever is searched for is searched for in what may be read: a name finds no criticism. What
    words, a theme or a tag find of criticism is shown where enough people wrote it; the steward reads all. Raises
    `Wave.DoesNotExist` where the viewer may not see the panel.
    """
    wave = visible_wave(viewer, wave)
    reads_names = keeps(viewer, wave)
    remarks = _readable(viewer, wave).select_related("question", "unit").order_by("-is_praise", "id")
    if praise is not None:
        remarks = remarks.filter(is_praise=praise)
    if unit is not None:
        remarks = remarks.filter(in_or_below([unit.pk]))
    matching, has_a_name = _matching(wave, words[:MAX_SEARCH], theme, tag, sees_names=reads_names)
    remarks = remarks.filter(matching)
    if has_a_name:
        return Found(remarks.filter(is_praise=True), False)
    if matching and not reads_names and are_few(remarks, wave):
        return Found(remarks.filter(is_praise=True), True)
    return Found(remarks, False)


def read_remarks(viewer: Actor, wave: Wave, remarks: Sequence[Remark], *, aloud: bool = False) -> list[ReadRemark]:
    """Remarks of one wave that the viewer was given, in their order: to the steward as they were written.

    To others criticism without the names of those who work here today, for who came since is masked too. aloud: so to
    the steward as well, on a page that others look at with them.
    """
    wave = visible_wave(viewer, wave)
    if keeps(viewer, wave) and not aloud:
        written = dict(Answer.objects.filter(pk__in=[each.answer_id for each in remarks]).values_list("pk", "words"))
        return [ReadRemark(each, written[each.answer_id], True, each.became, each.became_id) for each in remarks]
    staff = names_in(wave)
    return [_masked(each, staff) for each in remarks]


def readable_remark(by: Actor | None, pk: UUID) -> Remark:
    """One remark, for whoever may read it. Raises `Remark.DoesNotExist` for anybody else."""
    found = Remark.objects.select_related("wave__panel", "question", "unit").get(pk=pk)
    if by is None:
        return found
    if not visible_panels(by).filter(pk=found.wave.panel_id).exists():
        raise Remark.DoesNotExist
    return _readable(by, found.wave).select_related("wave__panel", "question", "unit").get(pk=pk)


def tag_remark(remark: Remark, tags: Iterable[str], *, by: Actor | None) -> Remark:
    """Give a remark these tags and no others. By who runs the panel.

    Raises `InvalidFieldsError` of `tags`; a name of staff is none, for tags are read by everybody.
    """
    require_panel(by, remark.wave.panel)
    wanted = list(dict.fromkeys(filter(None, (" ".join(tag.lower().split()) for tag in tags))))
    errors = [error for tag in wanted for error in text_errors("tags", tag, MAX_TAG)]
    if len(wanted) > MOST_TAGS:
        errors.append(FieldError("tags", "too_many", _("Use at most %(most)s tags.") % {"most": MOST_TAGS}))
    if any(has_names(tag.title(), names_in(remark.wave)) for tag in wanted):
        errors.append(FieldError("tags", "a_name", _("Tags are read by everybody: use no names.")))
    if errors:
        raise InvalidFieldsError(errors)
    Remark.objects.filter(pk=remark.pk).update(tags=wanted)
    remark.tags = wanted
    audit.record(by, "tag_remark", ", ".join(wanted), remark=str(remark.pk))
    return remark


def keeps(viewer: Actor | None, wave: Wave) -> bool:
    """Whether the viewer is the steward of the wave's panel, who alone reads what was written with the names in it."""
    return viewer is not None and is_steward(viewer, wave.panel)


def names_in(wave: Wave) -> Names:
    """The names of staff as they are today."""
    assert wave.smallest_group is not None, "the wave has closed"
    return staff_names(wave.smallest_group, misspelt=False)


def are_few(remarks: QuerySet[Remark], wave: Wave) -> bool:
    """Whether there is criticism among these, by fewer people than may be shown."""
    assert wave.smallest_group is not None, "the wave has closed"
    authors = remarks.filter(is_praise=False).order_by().values("answer__response").distinct()
    return 0 < authors[: wave.smallest_group].count() < wave.smallest_group


def words_in(words: str) -> Q:
    """Of remarks: those that `words` find, as people type them into a search, in the language of each."""
    return _in_its_language(lambda config: SearchQuery(words, config=config, search_type="websearch"))


def theme_in(words: Sequence[str]) -> Q:
    """Of remarks: those in which one of `words` is found, in any of its forms."""

    def query(config: str) -> SearchQuery:
        first, *others = (SearchQuery(word, config=config, search_type="phrase") for word in words)
        for other in others:
            first = first | other
        return first

    return _in_its_language(query)


def _in_its_language(query: Callable[[str], object]) -> Q:
    return Q(language="fr-ca", search=query("french")) | (~Q(language="fr-ca") & Q(search=query("english")))


def _readable(viewer: Actor, wave: Wave) -> QuerySet[Remark]:
    remarks = Remark.objects.filter(wave=wave)
    if keeps(viewer, wave):
        return remarks
    remarks, seen = remarks.filter(is_held_back=False), units_seen(viewer, wave)
    return remarks if seen is None else remarks.filter(unit__in=seen)


def _matching(wave: Wave, words: str, theme: Theme | None, tag: str, *, sees_names: bool) -> tuple[Q, bool]:
    """What is asked of remarks, and whether a name is asked for that the viewer may not ask for."""
    matching, asked = Q(), []
    if words.strip():
        matching &= words_in(words)
        asked.append(words)
    if theme is not None:
        matching &= theme_in(theme.words)
        asked += theme.words
    if tag:
        matching &= Q(tags__contains=[tag])
    if sees_names or not asked:
        return matching, False
    staff = names_in(wave)
    return matching, any(has_names(each, staff) for each in asked)


def _masked(remark: Remark, staff: Names) -> ReadRemark:
    words = remark.words if remark.is_praise else masked(remark.words, staff)[:MAX_WORDS]
    became_id = None if remark.became == CASE else remark.became_id
    return ReadRemark(remark, words, False, remark.became, became_id)
