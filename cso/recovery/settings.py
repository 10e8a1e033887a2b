"""How this tenant recovers: read by every act that needs a due time, a currency or a word's meaning; and set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import translation
from django.utils.translation import gettext

from cso.errors import ConflictError, FieldError, InvalidFieldsError
from cso.money import currency_errors
from cso.people.models import Unit
from cso.recovery.models import MAX_MINUTES, PromiseWord, RecoverySettings
from cso.recovery.words import plain_words
from cso.texts import counted, text_errors
from tenants import audit
from tenants.models import Actor, Membership
from tenants.permissions import require
from tenants.roles import Can

# What a new tenant's vague words mean, in minutes, until it says otherwise.
FIRST_WORDS = {"right away": 15, "shortly": 60, "soon": 120, "today": 480, "tomorrow": 1_440, "this week": 7_200}
MAX_WORD = 40
MOST_WORDS = 200
MAX_MAIL_NAME = 120
MAX_DAYS = 365
CONTACT_TIMES = ("acknowledge_minutes", "status_minutes", "resolution_minutes", "follow_up_minutes")
MINUTES = (*CONTACT_TIMES, "approval_minutes")
DAYS = ("question_rest_days", "question_reminder_days")
# What `set_recovery` may change.
SETTABLE = ("currency", *MINUTES, *DAYS, "intake_unit", "mail_name", "mail_address", "language")


def recovery_settings() -> RecoverySettings:
    """The one row of the current tenant, made with its promise words when first asked for."""
    found = RecoverySettings.objects.select_related("intake_unit").first()
    if found is None:
        found, is_new = RecoverySettings.objects.get_or_create()
        if is_new:
            PromiseWord.objects.bulk_create(
                [PromiseWord(word=word, minutes=minutes) for word, minutes in FIRST_WORDS.items()],
                ignore_conflicts=True,
            )
    return found


def language_of(member: Membership | None) -> str:
    """In which a member is written to: as they chose, else as the workspace; None: somebody who does not sign in."""
    return (member.user.language if member is not None else "") or recovery_settings().language


def in_office_language() -> translation.override:
    """For what the office itself writes down: in the workspace's language, whoever's act it follows from."""
    return translation.override(recovery_settings().language)


def set_recovery(*, by: Actor | None, **values: Any) -> RecoverySettings:
    """Set any of `SETTABLE`; contacts that are owed follow new times at once. Raises `InvalidFieldsError` by field."""
    # Here, because the clock reads these settings.
    from cso.recovery.contact_clock import reset_all_contact_clocks

    require(by, Can.SET_RECOVERY)
    unknown = set(values) - set(SETTABLE)
    if unknown:
        raise ValueError(f"Not settable: {sorted(unknown)}")
    if errors := _errors(values):
        raise InvalidFieldsError(errors)
    recovery_settings()
    chosen = RecoverySettings.objects.select_for_update().get()
    changes = {name: value for name, value in values.items() if getattr(chosen, name) != value}
    if not changes:
        return chosen
    log = {name: [_plain(getattr(chosen, name)), _plain(value)] for name, value in changes.items()}
    for name, value in changes.items():
        setattr(chosen, name, value)
    chosen.save(update_fields=list(changes))
    audit.record(by, "set_recovery", "recovery settings", **log)
    if changes.keys() & set(CONTACT_TIMES):
        reset_all_contact_clocks()
    return chosen


def _errors(values: Mapping[str, Any]) -> list[FieldError]:
    found = []
    for name, value in values.items():
        if name in MINUTES and not 1 <= value <= MAX_MINUTES:
            found.append(
                FieldError(
                    name,
                    "out_of_range",
                    gettext("Use 1 to %(most)s minutes.") % {"most": counted(MAX_MINUTES)},
                )
            )
        if name in DAYS and not 1 <= value <= MAX_DAYS:
            found.append(FieldError(name, "out_of_range", gettext("Use 1 to %(most)s days.") % {"most": MAX_DAYS}))
    if "currency" in values:
        found += currency_errors("currency", values["currency"])
    if "mail_name" in values:
        found += text_errors("mail_name", values["mail_name"], MAX_MAIL_NAME)
    if values.get("mail_address"):
        found += _address_errors(values["mail_address"])
    languages = [code for code, _ in RecoverySettings._meta.get_field("language").flatchoices]
    if values.get("language", languages[0]) not in languages:
        found.append(
            FieldError("language", "unknown", gettext("Use one of: %(choices)s.") % {"choices": ", ".join(languages)})
        )
    return found


def _address_errors(address: str) -> list[FieldError]:
    try:
        validate_email(address)
    except ValidationError:
        return [FieldError("mail_address", "invalid", gettext("This is not an e-mail address."))]
    return []


def promise_words() -> dict[str, int]:
    """What vague words mean here, in minutes, by word."""
    recovery_settings()
    return dict(PromiseWord.objects.order_by("word").values_list("word", "minutes"))


def set_promise_word(word: str, minutes: int, *, by: Actor | None) -> PromiseWord:
    """From now on the word means so many minutes; promises that were made keep their time."""
    require(by, Can.SET_RECOVERY)
    known = promise_words()
    word = plain_words(word)
    if errors := _word_errors(word, minutes):
        raise InvalidFieldsError(errors)
    if word not in known and len(known) >= MOST_WORDS:
        raise ConflictError(
            gettext("There are %(most)s words already: remove one first.") % {"most": MOST_WORDS},
            code="too_many",
        )
    kept, _ = PromiseWord.objects.update_or_create(word=word, defaults={"minutes": minutes})
    if known.get(word) != minutes:
        audit.record(by, "set_promise_word", word, before=known.get(word), after=minutes)
    return kept


def remove_promise_word(word: str, *, by: Actor | None) -> None:
    """The word is vague from now on; one that is not known is so already."""
    require(by, Can.SET_RECOVERY)
    word = plain_words(word)
    if PromiseWord.objects.filter(word=word).delete()[0]:
        audit.record(by, "remove_promise_word", word)


def replace_promise_words(words: Sequence[tuple[str, int]], *, by: Actor | None) -> None:
    """These words, each with its minutes, and no others."""
    require(by, Can.SET_RECOVERY)
    wanted = {plain_words(word): minutes for word, minutes in words}
    if len(wanted) < len(words):
        raise InvalidFieldsError.of("words", "twice", gettext("A word stands here twice."))
    for word in promise_words().keys() - wanted.keys():
        remove_promise_word(word, by=by)
    for word, minutes in wanted.items():
        set_promise_word(word, minutes, by=by)


def _word_errors(word: str, minutes: int) -> list[FieldError]:
    errors = text_errors("word", word, MAX_WORD)
    if not any(sign.isalnum() for sign in word):
        errors.append(FieldError("word", "required", gettext("Write the word as people say it.")))
    if not 1 <= minutes <= MAX_MINUTES:
        errors.append(
            FieldError(
                "minutes",
                "out_of_range",
                gettext("Use 1 to %(most)s minutes.") % {"most": counted(MAX_MINUTES)},
            )
        )
    return errors


def _plain(value: Any) -> Any:
    return value.code if isinstance(value, Unit) else value
