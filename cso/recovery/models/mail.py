"""Mail that came in, and what was attached to it."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from cso.recovery.models.cases import Case
from tenants.base import TenantModel
from tenants.fields import TenantForeignKey


class IncomingMail(TenantModel):
    """One mail as received; the same `message_id` is taken once. `case` None: it was set aside, with the `reason`."""

    class Status(models.TextChoices):
        OPENED = "opened", _("Opened a case")
        THREADED = "threaded", _("Added to its case")
        SET_ASIDE = "set_aside", _("Set aside")

    case = TenantForeignKey(Case, models.CASCADE, null=True, related_name="mails")
    message_id = models.CharField(max_length=500)
    sender = models.EmailField()
    sender_name = models.CharField(max_length=200, blank=True, default="")
    subject = models.CharField(max_length=300, blank=True, default="")
    text = models.TextField(blank=True, default="")
    received_at = models.DateTimeField(db_default=Now())
    status = models.CharField(max_length=10, choices=Status)
    reason = models.CharField(max_length=200, blank=True, default="")

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["tenant", "message_id"], name="one_mail_per_message_id")]
        indexes = [models.Index(fields=["tenant", "case", "received_at"], name="mail_of_case")]

    def __str__(self) -> str:
        return self.subject


class Attachment(TenantModel):
    """A file that came with a mail or with the web form: bounded, of a known type, and only ever sent as a download."""

    case = TenantForeignKey(Case, models.CASCADE, related_name="attachments")
    mail = TenantForeignKey(IncomingMail, models.CASCADE, null=True, related_name="attachments")
    name = models.CharField(max_length=150)
    media_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    content = models.BinaryField()
    received_at = models.DateTimeField(db_default=Now())

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["tenant", "case", "received_at"], name="attachment_of_case")]

    def __str__(self) -> str:
        return self.name
