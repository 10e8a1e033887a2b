"""What the API remembers: the answers to requests that may be repeated."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from tenants.base import TenantModel
from tenants.fields import TenantForeignKey
from tenants.models import ApiKey


class KeptAnswer(TenantModel):
    """The answer to a POST that carried an Idempotency-Key, written in the transaction of what it did."""

    api_key = TenantForeignKey(ApiKey, models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    request_sha256 = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField()
    body = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "api_key", "key"], name="one_answer_per_idempotency_key")
        ]
        indexes = [models.Index(fields=["tenant", "created_at"], name="kept_answer_age")]

    def __str__(self) -> str:
        return f"{self.key}: {self.status}"
