"""How this tenant recovers: read by every act that needs a due time, a currency or a word's meaning."""

from __future__ import annotations

from cso.recovery.models import PromiseWord, RecoverySettings

# What a new tenant's vague words mean, in minutes, until it says otherwise.
FIRST_WORDS = {"right away": 15, "shortly": 60, "soon": 120, "today": 480, "tomorrow": 1_440, "this week": 7_200}


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
