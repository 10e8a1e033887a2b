"""A wave and its questions, while they are written."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain, count
from typing import Any

from django import forms
from django.utils.text import slugify
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cso.panels.members import open_places
from cso.panels.models import MAX_TEXT, Option, Panel, Question, Wave
from cso.panels.questions import MAX_CODE, MAX_TOUCH_POINT
from cso.panels.scales import SCALES
from cso.panels.scores import SIDES
from cso.panels.waves import (
    MAX_NAME,
    add_question,
    change_question,
    change_wave,
    copy_wave,
    draft_wave,
    set_share,
    standard_questions,
)
from frontend.forms.base import PortalForm, local_time
from tenants.models import Membership

STANDARD, EMPTY = "standard", "empty"
_LASTS = timedelta(days=14)
_SETTINGS = ("name", "opens_at", "closes_at", "sample_size", "reminder_days", "most_questions")


class WaveForm(PortalForm):
    name = forms.CharField(
        label=gettext_lazy("What is it called?"), help_text=gettext_lazy("Such as: Spring 2026."), max_length=MAX_NAME
    )
    opens_at = local_time(label=gettext_lazy("It opens"))
    closes_at = local_time(label=gettext_lazy("It closes"), help_text=gettext_lazy("Results stand from then on."))
    sample_size = forms.IntegerField(
        label=gettext_lazy("How many members are asked?"),
        help_text=gettext_lazy("Drawn by the quotas. Empty: all who may be asked."),
        min_value=1,
        required=False,
    )
    reminder_days = forms.IntegerField(
        label=gettext_lazy("Reminded once, after … days"), help_text=gettext_lazy("0: never."), min_value=0, initial=3
    )
    most_questions = forms.IntegerField(
        label=gettext_lazy("At most … questions"), min_value=1, max_value=200, initial=5
    )


class NewWaveForm(WaveForm):
    start = forms.ChoiceField(label=gettext_lazy("Begin with"), widget=forms.RadioSelect, initial=STANDARD)
    field_order = ["name", "start"]

    def __init__(self, data: Any = None, *, panel: Panel, now: datetime) -> None:
        # Tomorrow at nine, in the workspace's zone, which is in force.
        opens_at = (localtime(now) + timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)
        super().__init__(data, initial={"opens_at": opens_at, "closes_at": opens_at + _LASTS})
        self.panel = panel
        self.waves = {str(wave.pk): wave for wave in panel.waves.order_by("-closes_at")[:2]}
        field = self.fields["start"]
        assert isinstance(field, forms.ChoiceField)
        asked = [(pk, _("the questions of “%(wave)s”") % {"wave": wave.name}) for pk, wave in self.waves.items()]
        field.choices = [*asked, (STANDARD, _("five questions that always fit")), (EMPTY, _("an empty page"))]
        field.initial = asked[0][0] if asked else STANDARD

    def save(self, *, by: Membership, now: datetime) -> Wave:
        values = {name: self.cleaned_data[name] for name in _SETTINGS}
        if (copied := self.waves.get(self.cleaned_data["start"])) is not None:
            name, times = values.pop("name"), {name: values.pop(name) for name in ("opens_at", "closes_at")}
            made = copy_wave(copied, name, **times, by=by, now=now)
            return change_wave(made, by=by, now=now, **values)
        made = draft_wave(self.panel, values.pop("name"), by=by, now=now, **values)
        if self.cleaned_data["start"] == STANDARD:
            standard_questions(made, by=by)
        return made


class ChangeWaveForm(WaveForm):
    def __init__(self, data: Any = None, *, wave: Wave) -> None:
        super().__init__(data, initial={name: getattr(wave, name) for name in _SETTINGS})
        self.wave = wave

    def save(self, *, by: Membership, now: datetime) -> Wave:
        return change_wave(self.wave, by=by, now=now, **self.cleaned_data)


class WeightsForm(PortalForm):
    """What share of all customers each group is; empty: not known, and then its answers weigh nothing."""

    def __init__(self, data: Any = None, *, wave: Wave) -> None:
        super().__init__(data)
        self.wave = wave
        known = dict(wave.segment_shares.values_list("segment", "share"))
        self.segments = sorted({*known, *(place.segment for place in open_places(wave.panel))})
        for number, segment in enumerate(self.segments):
            self.fields[f"share_{number}"] = forms.DecimalField(
                label=segment or _("no group"),
                min_value=0,
                max_digits=12,
                decimal_places=8,
                required=False,
                initial=known[segment].normalize() if segment in known else None,
            )

    def save(self, *, by: Membership, now: datetime) -> None:
        shares = [self.cleaned_data[f"share_{number}"] or None for number in range(len(self.segments))]
        for segment, share in zip(self.segments, shares, strict=True):
            set_share(self.wave, segment, share, by=by)
        weighting = Wave.Weighting.SEGMENTS if any(shares) else Wave.Weighting.NONE
        change_wave(self.wave, by=by, now=now, weighting=weighting)


class QuestionForm(PortalForm):
    """A question as one writes it: its options one a line, its condition out of a list."""

    text_en = forms.CharField(
        label=gettext_lazy("What is asked?"), max_length=MAX_TEXT, widget=forms.Textarea(attrs={"rows": 2})
    )
    text_fr = forms.CharField(
        label=gettext_lazy("The same in French"),
        required=False,
        max_length=MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 2, "lang": "fr"}),
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("How is it answered?"), choices=Question.Kind.choices, widget=forms.RadioSelect
    )
    options = forms.CharField(
        label=gettext_lazy("What may be chosen?"),
        help_text=gettext_lazy(
            "One a line; the French behind a bar: The price | Le prix. A star before it says that this is the price: "
            "*The price."
        ),
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    takes_several = forms.BooleanField(label=gettext_lazy("Several may be chosen"), required=False)
    asks_for = forms.ChoiceField(label=gettext_lazy("What is it about?"), choices=Question.AsksFor.choices)
    condition = forms.ChoiceField(label=gettext_lazy("Who is asked?"), required=False)
    touch_point = forms.CharField(
        label=gettext_lazy("Touch-point"),
        help_text=gettext_lazy("Such as: parking, check-in."),
        required=False,
        max_length=MAX_TOUCH_POINT,
    )
    code = forms.SlugField(
        label=gettext_lazy("Code"),
        help_text=gettext_lazy(
            "By it waves are compared and answers imported. Empty: we make one. The same question keeps its code."
        ),
        required=False,
        max_length=MAX_CODE,
    )

    def __init__(
        self,
        data: Any = None,
        *,
        wave: Wave,
        earlier: Sequence[Question],
        question: Question | None = None,
        **kwargs: Any,
    ) -> None:
        self.wave, self.question = wave, question
        self.conditions = {key: terms for key, _words, terms in _conditions(earlier)}
        initial = kwargs.pop("initial", {}) | (_as_written(question) if question else {})
        super().__init__(data, initial={"kind": Question.Kind.NPS, "asks_for": Question.AsksFor.OTHER} | initial)
        field = self.fields["condition"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("everybody")), *((key, words) for key, words, _terms in _conditions(earlier))]
        if question is not None and question.only_if is not None and (kept := _key(question)) not in self.conditions:
            self.conditions[kept] = _terms(question)
            field.choices = [*field.choices, (kept, _("as it is: after “%(code)s”") % {"code": question.only_if.code})]

    def clean_options(self) -> list[dict[str, Any]]:
        known = list(self.question.options.order_by("position")) if self.question else []
        return _read_options(self.cleaned_data["options"], known)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        is_choice = values.get("kind") == Question.Kind.CHOICE
        if is_choice and "options" not in self.errors and len(values.get("options", ())) < 2:
            self.add_error("options", _("Write two options or more."))
        return values

    def save(self, *, by: Membership, now: datetime) -> Question:
        values = self._values()
        if self.question is not None:
            return change_question(self.question, by=by, **values)
        return add_question(self.wave, values.pop("code"), values.pop("kind"), values.pop("text_en"), by=by, **values)

    def drafted(self) -> tuple[Question, list[Option]]:
        """The question as far as it is written, to be shown and not kept."""
        data = self.data if self.is_bound else self.initial
        kind = str(data.get("kind"))
        question = Question(
            kind=kind if kind in Question.Kind.values else Question.Kind.NPS,
            text_en=str(data.get("text_en") or "")[:MAX_TEXT],
            text_fr=str(data.get("text_fr") or "")[:MAX_TEXT],
            takes_several=bool(data.get("takes_several")),
        )
        return question, [Option(**option) for option in _read_options(str(data.get("options") or ""))]

    def _values(self) -> dict[str, Any]:
        values = dict(self.cleaned_data)
        is_choice = values["kind"] == Question.Kind.CHOICE
        values["options"] = values["options"] if is_choice else []
        values["takes_several"] = is_choice and values["takes_several"]
        values["code"] = values["code"] or self._own_code()
        return values | self.conditions.get(values.pop("condition"), _NO_TERMS)

    def _own_code(self) -> str:
        """After what it is about, else how it is answered; with a number where that is taken."""
        if self.question is not None:
            return self.question.code
        about = self.cleaned_data["asks_for"]
        name = about if about != Question.AsksFor.OTHER else self.cleaned_data["kind"]
        return _new_code(name, set(self.wave.questions.values_list("code", flat=True)))


_NO_TERMS: dict[str, Any] = {"only_if": None, "only_if_low": None, "only_if_high": None, "only_if_options": []}


def _conditions(earlier: Sequence[Question]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """What a question may hang on: key, words, and how the office takes it. `earlier` come with their options."""
    for question in earlier:
        if question.kind in SCALES:
            low, high = SCALES[question.kind]
            against, favour = SIDES[question.kind]
            for first, last in ((favour, high), (against + 1, favour - 1), (low, against)):
                words = _("who answers %(low)s to %(high)s to “%(code)s”")
                if first == last:
                    words = _("who answers %(low)s to “%(code)s”")
                yield (
                    f"{question.code}:{first}-{last}",
                    words % {"low": first, "high": last, "code": question.code},
                    _NO_TERMS | {"only_if": question, "only_if_low": first, "only_if_high": last},
                )
        elif question.kind == Question.Kind.CHOICE:
            for option in question.options.all():
                words = _("who chooses “%(option)s” at “%(code)s”") % {"option": option.text_en, "code": question.code}
                terms = _NO_TERMS | {"only_if": question, "only_if_options": [option.code]}
                yield f"{question.code}={option.code}", words, terms


def _terms(question: Question) -> dict[str, Any]:
    return {name: getattr(question, name) for name in _NO_TERMS}


def _key(question: Question) -> str:
    assert question.only_if is not None, "only of a condition"
    if question.only_if_options:
        return f"{question.only_if.code}={','.join(question.only_if_options)}"
    return f"{question.only_if.code}:{question.only_if_low}-{question.only_if_high}"


def _as_written(question: Question) -> dict[str, Any]:
    kept = {name: getattr(question, name) for name in ("code", "kind", "asks_for", "text_en", "text_fr", "touch_point")}
    options = [
        ("*" if each.is_price else "") + each.text_en + (f" | {each.text_fr}" if each.text_fr else "")
        for each in question.options.all()
    ]
    condition = _key(question) if question.only_if else ""
    return kept | {"takes_several": question.takes_several, "options": "\n".join(options), "condition": condition}


def _read_options(text: str, known: Sequence[Option] = ()) -> list[dict[str, Any]]:
    """One option a line; who keeps its words or its place among the `known` ones keeps its code."""
    lines = [line for line in text.splitlines() if line.strip("* |\t")]
    texts = [line.partition("|")[0].strip().lstrip("* ") for line in lines]
    kept = {option.text_en: option.code for option in known}
    for option, words in zip(known, texts, strict=False):
        if words not in kept and option.text_en not in texts:
            kept[words] = option.code
    taken = {kept[words] for words in texts if words in kept}
    found = []
    for line, words in zip(lines, texts, strict=True):
        code = kept.get(words) or _new_code(words, taken)
        taken.add(code)
        french, is_price = line.partition("|")[2].strip(), line.strip().startswith("*")
        found.append({"code": code, "text_en": words, "text_fr": french, "is_price": is_price})
    return found


def _new_code(words: str, taken: Collection[str]) -> str:
    name = re.sub(r"[^a-z0-9_-]", "", slugify(words))[:32] or "option"
    return next(code for code in chain([name], (f"{name}-{n}" for n in count(2))) if code not in taken)
