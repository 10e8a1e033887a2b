"""How the workspace recovers: due times, money, words, authority, mailboxes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from cso.people.models import Position
from cso.recovery.authority import MAX_EXCEPTION, MOST_EXCEPTIONS, set_authority
from cso.recovery.mail.boxes import MAX_PASSWORD, PORTS, add_mailbox
from cso.recovery.models import Authority, RecoverySettings
from cso.recovery.settings import MAX_DAYS, MAX_MAIL_NAME, MAX_WORD, set_promise_word, set_recovery
from frontend.forms.base import PortalForm, UnitField, offer_units
from frontend.forms.spans import SpanField
from frontend.words.money import MoneyField, places_of
from tenants.models import Membership

_IS_CURRENCY = RegexValidator(r"^[A-Z]{3}\Z", _("Write a currency by its three capital letters, such as CAD."))
LANGUAGES = RecoverySettings._meta.get_field("language").flatchoices


class RecoverySettingsForm(PortalForm):
    acknowledge_minutes = SpanField(label=_("Acknowledge"), help_text=_("After the report."))
    status_minutes = SpanField(label=_("Status"), help_text=_("After the last contact, while the case is open."))
    resolution_minutes = SpanField(label=_("Resolution"), help_text=_("After the fix."))
    follow_up_minutes = SpanField(label=_("Follow-up"), help_text=_("After the fix."))
    approval_minutes = SpanField(
        label=_("Approval"), help_text=_("How long each approver has before the next one may decide too.")
    )
    question_rest_days = forms.IntegerField(
        label=_("Days before a customer is asked again"), min_value=1, max_value=MAX_DAYS
    )
    question_reminder_days = forms.IntegerField(label=_("Days until the one reminder"), min_value=1, max_value=MAX_DAYS)
    currency = forms.CharField(
        label=_("Currency"),
        help_text=_("In which worth and cost are summed: three letters, such as CAD."),
        max_length=3,
        validators=[_IS_CURRENCY],
    )
    intake_unit = UnitField(
        label=_("Where mail and web reports land"),
        help_text=_("Empty for the first unit at the top."),
        required=False,
    )
    mail_name = forms.CharField(
        label=_("Name on mails to customers"),
        help_text=_("Empty for the workspace’s."),
        max_length=MAX_MAIL_NAME,
        required=False,
    )
    mail_address = forms.EmailField(
        label=_("Address for their replies"), help_text=_("One whose mailbox is read here."), required=False
    )
    language = forms.ChoiceField(label=_("Language of mails, where the customer’s is not known"), choices=LANGUAGES)

    def __init__(self, data: QueryDict | None = None, *, settings: RecoverySettings) -> None:
        super().__init__(data, initial={name: getattr(settings, name) for name in self.base_fields})
        offer_units(self, "intake_unit")

    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields under their headings, as they stand on the page."""
        names = list(self.fields)
        cut = [
            (_("A contact is due within"), names[:4]),
            (_("Approvals and questions"), names[4:7]),
            (_("Money, mail and language"), names[7:]),
        ]
        return [(str(title), [self[name] for name in group]) for title, group in cut]

    def save(self, *, by: Membership) -> None:
        set_recovery(by=by, **self.cleaned_data)


class PromiseWordForm(PortalForm):
    word = forms.CharField(label=_("When we say"), max_length=MAX_WORD)
    minutes = SpanField(label=_("we mean within"))

    def save(self, *, by: Membership) -> None:
        set_promise_word(self.cleaned_data["word"], self.cleaned_data["minutes"], by=by)


class AuthorityForm(PortalForm):
    """Whole units of the currency, or with its cents."""

    currency = forms.CharField(label=_("Currency"), max_length=3, validators=[_IS_CURRENCY])
    per_case_minor = MoneyField(
        label=_("On one case"), help_text=_("By all colleagues together. Empty for none."), required=False
    )
    per_day_minor = MoneyField(label=_("In one day"), help_text=_("By one person. Empty for none."), required=False)
    exceptions = forms.CharField(
        label=_("Exceptions that they may grant"),
        help_text=_("One a line, such as “upgrade to business”."),
        required=False,
        max_length=MOST_EXCEPTIONS * (MAX_EXCEPTION + 2),
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(self, data: QueryDict | None = None, *, authority: Authority | None, currency: str) -> None:
        super().__init__(data, initial=_as_typed(authority) if authority else {"currency": currency})
        for name in ("per_case_minor", "per_day_minor"):
            field = self.fields[name]
            assert isinstance(field, MoneyField)
            # Amounts are read in the currency that is sent with them.
            field.currency = (data.get("currency", "") if data is not None else "").strip()

    def save(self, position: Position, *, by: Membership) -> None:
        words = self.cleaned_data
        set_authority(
            position,
            by=by,
            currency=words["currency"],
            per_case_minor=words["per_case_minor"] or 0,
            per_day_minor=words["per_day_minor"] or 0,
            exceptions=[line for line in words["exceptions"].splitlines() if line.strip()],
        )


def _as_typed(authority: Authority) -> dict[str, Any]:
    places = places_of(authority.currency)
    amounts = {
        name: f"{minor / 10**places:.{places if minor % 10**places else 0}f}"
        for name in ("per_case_minor", "per_day_minor")
        if (minor := getattr(authority, name))
    }
    return {"currency": authority.currency, "exceptions": "\n".join(authority.exceptions), **amounts}


class MailboxForm(PortalForm):
    host = forms.CharField(label=_("Server"), help_text=_("Such as imap.example.com."), max_length=253)
    port = forms.TypedChoiceField(
        label=_("Port"), choices=[(port, str(port)) for port in PORTS], coerce=int, initial=PORTS[0]
    )
    user = forms.CharField(label=_("User"), max_length=254)
    password = forms.CharField(
        label=_("Password"),
        help_text=_("Kept encrypted and never shown again."),
        max_length=MAX_PASSWORD,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    folder = forms.CharField(label=_("Folder"), max_length=100, initial="INBOX")

    def save(self, *, by: Membership, now: datetime) -> None:
        add_mailbox(by=by, now=now, **self.cleaned_data)
