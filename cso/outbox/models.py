"""Mails to be sent, and those that were."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from tenants.base import TenantModel


class OutgoingMail(TenantModel):
    """One mail. `key` says what it is for, so that the same is never written twice; `about` is the id of its subject.

    `unsubscribe_url`: of mails that come again and again, where a POST without a word more ends them (RFC 8058).

    It waits as an alarm of the kind `send_mail`; the id makes its Message-ID, which stays the same over retries.
    `tries` counts those that failed, `last_error` says why the last one did.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Could not be sent")
        CANCELLED = "cancelled", _("Cancelled")

    key = models.CharField(max_length=200)
    kind = models.CharField(max_length=40)
    about = models.UUIDField(null=True)
    recipient = models.EmailField()
    sender_name = models.CharField(max_length=120, blank=True, default="")
    reply_to = models.EmailField(blank=True, default="")
    unsubscribe_url = models.CharField(max_length=300, blank=True, default="")
    language = models.CharField(max_length=5, default="en")
    subject = models.CharField(max_length=300)
    text = models.TextField()
    html = models.TextField(blank=True, default="")
    status = models.CharField(max_length=10, choices=Status, default=Status.WAITING)
    written_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0, db_default=0)
    last_error = models.CharField(max_length=500, blank=True, default="")

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "key"], name="one_mail_per_key"),
            models.CheckConstraint(
                condition=Q(status="sent", sent_at__isnull=False) | (~Q(status="sent") & Q(sent_at=None)),
                name="sent_at_some_time",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "about", "written_at"], condition=Q(about__isnull=False), name="mail_about"),
            models.Index(fields=["tenant", "recipient", "kind", "written_at"], name="mail_to"),
            models.Index(fields=["tenant", "status", "written_at"], name="mail_by_status"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.recipient}"
