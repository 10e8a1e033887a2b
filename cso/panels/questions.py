"""The questions of a wave, while it is a draft."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.utils.translation import gettext

from cso.errors import ConflictError, FieldError, InvalidFieldsError
from cso.panels.holding import hold_wave
from cso.panels.models import MAX_TEXT, Option, Question, Wave
from cso.panels.permissions import require_panel
from cso.panels.scales import SCALES
from cso.panels.standard import STANDARD
from cso.texts import text_errors
from tenants.models import Actor

MAX_CODE, MAX_OPTION, MAX_TOUCH_POINT = 40, 120, 80
MOST_OPTIONS = 50
MOST_QUESTIONS = 200
_CODE = re.compile(r"[a-zA-Z0-9_-]{1,40}")
# What `change_question` may change, beside `options`.
CHANGEABLE = (
    "code",
    "kind",
    "asks_for",
    "text_en",
    "text_fr",
    "touch_point",
    "takes_several",
    "only_if",
    "only_if_low",
    "only_if_high",
    "only_if_options",
)
_OPTION = {"code", "text_en", "text_fr", "is_price"}


def add_question(
    wave: Wave,
    code: str,
    kind: str,
    text_en: str,
    *,
    by: Actor | None,
    text_fr: str = "",
    asks_for: str = Question.AsksFor.OTHER,
    touch_point: str = "",
    takes_several: bool = False,
    options: Sequence[Mapping[str, Any]] = (),
    only_if: Question | None = None,
    only_if_low: int | None = None,
    only_if_high: int | None = None,
    only_if_options: Sequence[str] = (),
    position: int | None = None,
) -> Question:
    """Ask one question more, at that place (from 1 on; None: as the last one).

    options of a choice, in their order: mappings with `code` and `text_en`, and maybe `text_fr` and `is_price`.
    only_if: an earlier question; this one is asked only after a score from `only_if_low` to `only_if_high` to it, or
    one of `only_if_options`. Raises `InvalidFieldsError` by field, `ConflictError` with the code `not_a_draft`.
    """
    wave = hold_draft(wave, by)
    known = questions_of(wave)
    if len(known) >= MOST_QUESTIONS:
        raise ConflictError(
            gettext("A wave has %(most)s questions at most.") % {"most": MOST_QUESTIONS},
            code="too_many",
        )
    question = Question(
        wave=wave,
        position=len(known) + 1,
        code=code,
        kind=kind,
        asks_for=asks_for,
        text_en=text_en.strip(),
        text_fr=text_fr.strip(),
        touch_point=" ".join(touch_point.split()),
        takes_several=takes_several,
        only_if=only_if,
        only_if_low=only_if_low,
        only_if_high=only_if_high,
        only_if_options=list(only_if_options),
    )
    place = len(known) if position is None else max(0, min(position - 1, len(known)))
    order = [*known[:place], question, *known[place:]]
    _check(question, options, order)
    question.save(force_insert=True)
    _write_options(question, options)
    _renumber(order)
    return question


def change_question(question: Question, *, by: Actor | None, **values: Any) -> Question:
    """Change any of `CHANGEABLE`, and `options`, which are then these and no others."""
    options = values.pop("options", None)
    if unknown := set(values) - set(CHANGEABLE):
        raise ValueError(f"Not changeable: {sorted(unknown)}")
    wave = hold_draft(question.wave, by)
    order = questions_of(wave)
    changed = next(each for each in order if each.pk == question.pk)
    for name, value in values.items():
        setattr(changed, name, value.strip() if isinstance(value, str) else value)
    kept = list(changed.options.order_by("position").values(*sorted(_OPTION)))
    wanted = kept if options is None else options
    _check(changed, wanted, order)
    for each in order:
        if each.only_if_id == changed.pk:
            each.only_if = changed
            _check_condition(each, order, {option["code"] for option in wanted})
    changed.save(update_fields=[*values])
    if options is not None or changed.kind != Question.Kind.CHOICE:
        changed.options.all().delete()
        _write_options(changed, wanted)
    return changed


def remove_question(question: Question, *, by: Actor | None) -> None:
    """Ask it not at all. Raises `ConflictError` (`hangs_on_it`) while another is asked by what was answered to it."""
    wave = hold_draft(question.wave, by)
    order = questions_of(wave)
    if dependent := next((each for each in order if each.only_if_id == question.pk), None):
        raise ConflictError(
            gettext("“%(code)s” is asked by what was answered to this.") % {"code": dependent.code}, code="hangs_on_it"
        )
    Question.objects.filter(pk=question.pk, wave=wave).delete()
    _renumber([each for each in order if each.pk != question.pk])


def move_question(question: Question, position: int, *, by: Actor | None) -> Question:
    """Ask it at that place, from 1 on; the others make room. A condition stands behind the question it hangs on."""
    wave = hold_draft(question.wave, by)
    order = questions_of(wave)
    moved = next(each for each in order if each.pk == question.pk)
    order.remove(moved)
    order.insert(max(0, min(position - 1, len(order))), moved)
    for each in order:
        if each.only_if is not None and not _is_before(each.only_if_id, each, order):
            message = gettext("“%(code)s” is asked by what was answered to “%(earlier)s”, so it comes after it.") % {
                "code": each.code,
                "earlier": each.only_if.code,
            }
            raise InvalidFieldsError.of("position", "before_its_condition", message)
    _renumber(order)
    return moved


def standard_questions(wave: Wave, *, by: Actor | None) -> list[Question]:
    """Add the five that every wave may begin with, in English and French: what went right, who made it so, whether
    they would recommend us, why they would stay or leave, and what to do better."""
    return [add_question(wave, by=by, **each) for each in STANDARD]


def questions_of(wave: Wave) -> list[Question]:
    """In their order, each with the question that it hangs on."""
    return list(Question.objects.filter(wave=wave).select_related("only_if").order_by("position"))


def copy_questions(wave: Wave, copy: Wave) -> None:
    """Ask in one draft what another wave asks."""
    copies: dict[UUID, Question] = {}
    for question in questions_of(wave):
        kept = {name: getattr(question, name) for name in CHANGEABLE if name != "only_if"}
        only_if = copies[question.only_if_id] if question.only_if_id else None
        made = Question.objects.create(wave=copy, position=question.position, only_if=only_if, **kept)
        _write_options(made, list(question.options.order_by("position").values(*sorted(_OPTION))))
        copies[question.pk] = made


def hold_draft(wave: Wave, by: Actor | None) -> Wave:
    """The wave, held alone, for who runs its panel. Raises `ConflictError` (`not_a_draft`) once it was opened."""
    require_panel(by, wave.panel)
    held, _ = hold_wave(wave.pk, alone=True)
    if held.status != Wave.Status.DRAFT:
        raise ConflictError(gettext("This wave was opened: what it asks does not change any more."), code="not_a_draft")
    return held


def _renumber(order: Iterable[Question]) -> None:
    """The places are checked when the transaction ends, or here, so that a later mistake is not taken for ours."""
    for place, question in enumerate(order, 1):
        if question.position != place:
            question.position = place
            Question.objects.filter(pk=question.pk).update(position=place)


def _write_options(question: Question, options: Sequence[Mapping[str, Any]]) -> None:
    if question.kind == Question.Kind.CHOICE:
        Option.objects.bulk_create(
            [Option(question=question, position=place, **option) for place, option in enumerate(options, 1)]
        )


def _check(question: Question, options: Sequence[Mapping[str, Any]], order: Sequence[Question]) -> None:
    errors = _own_errors(question)
    if any(other.code == question.code for other in order if other is not question):
        errors.append(FieldError("code", "taken", gettext("Another question of the wave has this code.")))
    if question.kind == Question.Kind.CHOICE:
        errors += _option_errors(options)
    if errors:
        raise InvalidFieldsError(errors)
    known = question.only_if.options.values_list("code", flat=True) if question.only_if else ()
    _check_condition(question, order, set(known))


def _own_errors(question: Question) -> list[FieldError]:
    errors = []
    if not _CODE.fullmatch(question.code):
        errors.append(FieldError("code", "invalid", gettext("Use up to 40 letters, digits, - and _.")))
    for field, known in (("kind", Question.Kind.values), ("asks_for", Question.AsksFor.values)):
        if getattr(question, field) not in known:
            errors.append(
                FieldError(field, "unknown", gettext("Use one of: %(choices)s.") % {"choices": ", ".join(known)})
            )
    if not question.text_en:
        errors.append(FieldError("text_en", "required", gettext("Write the question in English.")))
    for field, longest in (("text_en", MAX_TEXT), ("text_fr", MAX_TEXT), ("touch_point", MAX_TOUCH_POINT)):
        errors += text_errors(field, getattr(question, field), longest)
    return errors


def _option_errors(options: Sequence[Mapping[str, Any]]) -> list[FieldError]:
    codes = [option.get("code", "") for option in options]
    if len(options) > MOST_OPTIONS:
        return [
            FieldError(
                "options",
                "too_many",
                gettext("Offer %(most)s options at most.") % {"most": MOST_OPTIONS},
            )
        ]
    if len(set(codes)) < len(codes):
        return [FieldError("options", "twice", gettext("Two options have the same code."))]
    errors = []
    for option in options:
        if not _CODE.fullmatch(option.get("code", "")) or not option.get("text_en", "").strip():
            errors.append(FieldError("options", "invalid", gettext("Give each option a code, and a text in English.")))
        for field in ("text_en", "text_fr"):
            errors += text_errors("options", option.get(field, ""), MAX_OPTION)
    return errors


def _check_condition(question: Question, order: Sequence[Question], known: set[str]) -> None:
    """What it hangs on comes before it, and can be answered so."""
    if error := _condition_error(question, order, known):
        raise InvalidFieldsError([error])


def _condition_error(question: Question, order: Sequence[Question], known: set[str]) -> FieldError | None:
    low, high, options = question.only_if_low, question.only_if_high, question.only_if_options
    if question.only_if is None:
        has_terms = low is not None or high is not None or bool(options)
        return FieldError("only_if", "required", gettext("Say which question this hangs on.")) if has_terms else None
    if not _is_before(question.only_if_id, question, order):
        return FieldError(
            "only_if", "not_before", gettext("A question can hang on an earlier one of the same wave alone.")
        )
    if question.only_if.kind == Question.Kind.CHOICE:
        fits = options and set(options) <= known and low is None and high is None
        return (
            None
            if fits
            else FieldError("only_if_options", "unknown", gettext("Name options of the question it hangs on."))
        )
    if question.only_if.kind not in SCALES:
        return FieldError("only_if", "no_scale", gettext("A question can hang on a score or a choice alone."))
    lowest, highest = SCALES[question.only_if.kind]
    bounds = (lowest if low is None else low, highest if high is None else high)
    if options or (low is None and high is None) or not lowest <= bounds[0] <= bounds[1] <= highest:
        return FieldError(
            "only_if_low",
            "out_of_range",
            gettext("Give the scores, from %(low)s to %(high)s.") % {"low": lowest, "high": highest},
        )
    return None


def _is_before(earlier: UUID | None, later: Question, order: Sequence[Question]) -> bool:
    """Whether the one with that id stands before the other."""
    for each in order:
        if each is later:
            return False
        if each.pk == earlier:
            return True
    return False
