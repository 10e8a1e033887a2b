"""How one tenant recovers: due times, money, words, mailboxes. One row of each tenant, made when first needed."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cso.people.models import Unit
from tenants.base import TenantModel
from tenants.fields import TenantForeignKey

MAX_MINUTES = 60 * 24 * 60


class RecoverySettings(TenantModel):
    """Times in minutes, elapsed. `currency` is the one in which worth and cost are summed.

    Contacts: acknowledge after the report; status after the last contact while open; resolution after the fix;
    follow-up after the fix. `approval_minutes`: how long each approver has before the next one may decide too.
    `question_rest_days`: a customer is not asked again within so many days; `question_reminder_days`: reminded once.
    """

    currency = models.CharField(max_length=3, default="USD")
    acknowledge_minutes = models.PositiveIntegerField(default=60)
    status_minutes = models.PositiveIntegerField(default=8 * 60)
    resolution_minutes = models.PositiveIntegerField(default=2 * 60)
    follow_up_minutes = models.PositiveIntegerField(default=3 * 24 * 60)
    approval_minutes = models.PositiveIntegerField(default=30)
    question_rest_days = models.PositiveSmallIntegerField(default=30)
    question_reminder_days = models.PositiveSmallIntegerField(default=3)
    # Where a case lands that comes by mail or from the web form; None: the first unit at the top.
    intake_unit = TenantForeignKey(Unit, models.PROTECT, null=True, blank=True, related_name="+")
    mail_name = models.CharField(max_length=120, blank=True, default="")
    mail_address = models.EmailField(blank=True, default="")
    language = models.CharField(max_length=5, default="en", choices=[("en", "English"), ("fr-ca", "Français (Canada)")])

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant"], name="one_recovery_settings_per_tenant"),
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{name}_minutes__gte": 1, f"{name}_minutes__lte": MAX_MINUTES}),
                    name=f"{name}_is_soon",
                )
                for name in ("acknowledge", "status", "resolution", "follow_up", "approval")
            ),
        ]

    def __str__(self) -> str:
        return f"recovers in {self.currency}"


class PromiseWord(TenantModel):
    """What a vague word means here: "soon" is two hours."""

    word = models.CharField(max_length=40)
    minutes = models.PositiveIntegerField()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "word"], name="one_meaning_per_word"),
            models.CheckConstraint(condition=Q(minutes__gte=1, minutes__lte=MAX_MINUTES), name="a_word_means_soon"),
        ]

    def __str__(self) -> str:
        return f"{self.word}: {self.minutes} min"


class MailBox(TenantModel):
    """A mailbox that is polled over IMAP (TLS) for mistakes told by mail. The password is kept encrypted."""

    host = models.CharField(max_length=253)
    port = models.PositiveIntegerField(default=993)
    user = models.CharField(max_length=254)
    password_encrypted = models.BinaryField()
    folder = models.CharField(max_length=100, default="INBOX")
    uses_tls = models.BooleanField(default=True)
    is_active = models.BooleanField(default=True)
    checked_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True, default="")

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["tenant", "host", "user", "folder"], name="one_mailbox_each")]
        verbose_name = _("mailbox")

    def __str__(self) -> str:
        return f"{self.user} at {self.host}"
