"""What customers tell of a mistake through the web form of a workspace."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import RegexValidator
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from cso.people.models import Unit
from cso.recovery.attachments import MAX_FILE, MEGABYTE, TYPES, TYPES_IN_WORDS, SentFile, media_type_of
from cso.recovery.intake import Told, open_told_case
from cso.recovery.models import Case, Channel
from frontend.forms.base import PortalForm, local_time
from tenants.scope import current_tenant_id

MOST_FILES = 3
MAX_WORDS = 4_000
# How long a form may stay open, and its page of thanks with it.
LIVES = 24 * 60 * 60  # seconds
_SALT = "frontend.tell_us"


class _Files(forms.FileInput):
    allow_multiple_selected = True

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[UploadedFile[Any]]:
        return list(files.getlist(name)) if isinstance(files, MultiValueDict) else []


class FilesField(forms.FileField):
    """Up to three files, each of a type that is taken, by its bytes and its name; becomes `SentFile`s."""

    widget = _Files

    def clean(self, data: Sequence[UploadedFile[Any]], initial: Any = None) -> Any:
        if len(data) > MOST_FILES:
            raise forms.ValidationError(_("Choose at most three files."), code="too_many")
        return [self._checked(upload) for upload in data]

    def _checked(self, upload: UploadedFile[Any]) -> SentFile:
        name = upload.name or ""
        if (upload.size or 0) > MAX_FILE:
            words = _("“%(name)s” is larger than %(most)s MB.") % {"name": name[:80], "most": MAX_FILE // MEGABYTE}
            raise forms.ValidationError(words, code="too_large")
        file = SentFile(name, upload.read())
        if media_type_of(file) is None:
            words = _("“%(name)s” is not one of: %(types)s.") % {"name": name[:80], "types": TYPES_IN_WORDS}
            raise forms.ValidationError(words, code="type")
        return file


class TellUsForm(PortalForm):
    """A mistake in the words of whom it happened to. Sent twice, it makes one case.

    The hidden `token` is that case's id, chosen and signed when the form is opened, so that it names no other case.
    """

    token = forms.CharField(widget=forms.HiddenInput, required=False)
    summary = forms.CharField(
        label=_("What went wrong?"),
        help_text=_("In your own words. A sentence is enough."),
        max_length=MAX_WORDS,
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": _("Please tell us what went wrong.")},
    )
    occurred_at = local_time(
        label=_("When did it happen?"),
        required=False,
        help_text=_("If you know. It starts the 24 hours we give ourselves."),
    )
    name = forms.CharField(
        label=_("Your name"), required=False, max_length=200, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    email = forms.EmailField(
        label=_("Your e-mail address"),
        required=False,
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    phone = forms.CharField(
        label=_("Your phone number"),
        required=False,
        max_length=40,
        validators=[RegexValidator(r"(?:[^0-9]*[0-9]){5}", _("This is not a phone number."))],
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )
    attachments = FilesField(
        label=_("Photos or documents"),
        required=False,
        help_text=_("Up to three, 5 MB each: PNG, JPEG, GIF, WebP, PDF or TXT."),
        widget=_Files(attrs={"accept": ",".join(f".{ending}" for endings in TYPES.values() for ending in endings)}),
    )
    # Nobody sees it; programs that fill in every field do.
    website = forms.CharField(required=False)

    def __init__(self, data: QueryDict | None = None, files: Any = None, *, now: datetime) -> None:
        super().__init__(data, files)
        self.now = now
        self.initial["token"] = new_token()

    def clean_token(self) -> UUID:
        try:
            return id_of(self.cleaned_data["token"])
        except signing.BadSignature as error:
            # Shown again with one that is fresh.
            assert isinstance(self.data, QueryDict)
            fresh = self.data.copy()
            fresh["token"] = self.initial["token"]
            self.data = fresh
            message = _("This page was open for too long. Please send it once more.")
            raise forms.ValidationError(message, code="expired") from error

    def clean_occurred_at(self) -> datetime | None:
        occurred_at: datetime | None = self.cleaned_data["occurred_at"]
        if occurred_at is not None and occurred_at > self.now:
            raise forms.ValidationError(_("This is in the future."), code="in_the_future")
        if occurred_at is not None and occurred_at.year < 2000:
            raise forms.ValidationError(_("This is too long ago."), code="too_early")
        return occurred_at

    def clean(self) -> None:
        reached = {"email", "phone"} & (set(self.errors) | {name for name, value in self.cleaned_data.items() if value})
        if not reached:
            self.add_error("email", _("Give an e-mail address or a phone number, so that we can reach you."))

    @property
    def is_of_a_program(self) -> bool:
        return bool(self.data.get("website"))

    def save(self, unit: Unit | None) -> Case:
        """Open the case; raises what `open_told_case` raises."""
        words = self.cleaned_data
        told = Told(
            summary=words["summary"],
            channel=Channel.WEB,
            email=words["email"],
            phone=words["phone"],
            name=words["name"],
            language=get_language() or "",
            files=words["attachments"],
        )
        return open_told_case(told, id=words["token"], unit=unit, occurred_at=words["occurred_at"], now=self.now)


def new_token() -> str:
    """An id for the case that a form will open, signed for this workspace."""
    return _signer().sign(uuid4().hex)


def id_of(token: str) -> UUID:
    """The id in a token of this workspace that is not older than a day; raises `BadSignature`."""
    return UUID(_signer().unsign(token, max_age=LIVES))


def _signer() -> signing.TimestampSigner:
    return signing.TimestampSigner(salt=f"{_SALT}:{current_tenant_id()}")
