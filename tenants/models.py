"""Tenants, the people who sign in, what they may do there, and what was done."""

from __future__ import annotations

import re
import zoneinfo
from functools import cache
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from tenants.base import TableRules, TenantManager, TenantModel
from tenants.fields import TenantForeignKey
from tenants.roles import ROLE_GRANTS, SCOPE_GRANTS, Can, Role

SLUG = re.compile(r"^[a-z][a-z0-9-]{1,39}\Z")
# First path segments that belong to the product, so that no workspace can take them.
RESERVED_SLUGS = frozenset({"accounts", "api", "healthz", "readyz", "static", "t", "workspaces"})


@cache
def _time_zones() -> frozenset[str]:
    # The library walks its folders at each call, which took most of the time of a new tenant.
    return frozenset(zoneinfo.available_timezones())


def validate_time_zone(name: str) -> None:
    if name not in _time_zones():
        raise ValidationError(_("“%(name)s” is not an IANA time zone, such as America/Toronto."), params={"name": name})


def validate_slug_is_free(slug: str) -> None:
    if slug in RESERVED_SLUGS:
        raise ValidationError(_("“%(slug)s” is an address of the product itself."), params={"slug": slug})


class Tenant(models.Model):
    """A company that uses the office. Global: the address of a request is looked up here before any scope."""

    slug = models.CharField(
        max_length=40,
        unique=True,
        validators=[
            RegexValidator(SLUG.pattern, _("2 to 40 of a-z, 0-9 and -, beginning with a letter.")),
            validate_slug_is_free,
        ],
    )
    name = models.CharField(max_length=120)
    time_zone = models.CharField(max_length=64, validators=[validate_time_zone], help_text=_("A day is this zone's."))
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """Someone who can sign in. Global: one person may work in several tenants, and signs in before choosing one."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    # The code of the language in which they want to be spoken to; empty: they have not said.
    language = models.CharField(max_length=5, blank=True, default="", db_default="")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    objects = UserManager()

    def __str__(self) -> str:
        return self.name or self.email


class Membership(TenantModel):
    """What one person may do in one tenant. Never deleted: `ended_at` keeps the name behind old acts."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships", db_index=False)
    role = models.CharField(max_length=20, choices=Role)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    ended_at = models.DateTimeField(null=True, blank=True)

    rules: ClassVar[TableRules] = TableRules(own_rows="user_id")

    objects: ClassVar[TenantManager[Membership]] = TenantManager()
    # Without the tenant's filter; under `user_scope` the database shows a person's own memberships alone.
    everywhere = models.Manager()

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["tenant", "user"], name="one_membership_per_user")]

    def __str__(self) -> str:
        return f"{self.user} ({self.get_role_display()})"

    @property
    def label(self) -> str:
        return self.user.name

    def can(self, act: Can) -> bool:
        return self.ended_at is None and act in ROLE_GRANTS[self.role]


class ApiKey(TenantModel):
    """An integration's key, `cso_<tenant>_<key id>_<secret>`; only the SHA-256 of the secret is kept."""

    name = models.CharField(max_length=80)
    key_id = models.CharField(max_length=12)
    secret_sha256 = models.BinaryField(max_length=32)
    scopes = ArrayField(models.CharField(max_length=20))
    created_by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["tenant", "key_id"], name="one_api_key_per_key_id")]

    def __str__(self) -> str:
        return self.name

    @property
    def label(self) -> str:
        return self.name

    def can(self, act: Can) -> bool:
        return any(act in SCOPE_GRANTS[scope] for scope in self.scopes)


# Who acts: a person in a tenant, or an integration. Both answer `can(act)` and `label`.
Actor = Membership | ApiKey


class AuditEntry(TenantModel):
    """One act of administration, append-only and hash-chained per tenant by the database itself.

    `number`, `previous_hash` and `hash` are set by a trigger (migration 0001); an entry cannot be changed or removed
    by the application's role, and changing or removing one as a superuser breaks the chain that `tenants.audit.verify`
    walks. Only the last entries can go unnoticed: whoever must exclude that keeps the newest hash elsewhere.
    """

    number = models.BigIntegerField(editable=False, db_default=0)
    at = models.DateTimeField(db_default=Now(), editable=False)
    member = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    api_key = TenantForeignKey(ApiKey, models.PROTECT, null=True, related_name="+")
    act = models.CharField(max_length=60)
    subject = models.CharField(max_length=200)
    details = models.JSONField(default=dict)
    previous_hash = models.BinaryField(max_length=32, editable=False, db_default=b"")
    hash = models.BinaryField(max_length=32, editable=False, db_default=b"")

    rules: ClassVar[TableRules] = TableRules(append_only=True)

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["tenant", "number"], name="audit_entries_are_numbered")]

    def __str__(self) -> str:
        return f"{self.number}: {self.act} {self.subject}"
