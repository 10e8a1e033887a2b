"""Customers asked onto a panel: many by a file, one from their page, and one whose case went well."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from cso.customers.models import Customer
from cso.panels.member_rows import FIELDS, MOST_ROWS, MemberOutcome, import_members, member_lines
from cso.panels.members import MAX_SOURCE, join_panel, recruit_from_case
from cso.panels.models import Panel
from cso.panels.permissions import panels_listening_to, runnable_panels
from cso.recovery.loading.rows import Reading
from frontend.forms.base import PortalForm, local_time
from frontend.forms.case.base import CaseForm, line_field
from frontend.forms.columns import columns_help
from frontend.forms.committees.fields import OneOfField, offer
from tenants.models import Membership

MEGABYTE = 1024 * 1024
# Twice what a thousand lines of the longest texts take.
MAX_FILE = 5 * MEGABYTE


class MembersFileForm(PortalForm):
    file = forms.FileField(
        label=_("A CSV file"),
        help_text=columns_help(FIELDS, MOST_ROWS),
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
    )

    def __init__(self, data: Any, files: Any, *, panel: Panel, zone: ZoneInfo) -> None:
        super().__init__(data, files)
        self.panel, self.zone = panel, zone

    def clean_file(self) -> UploadedFile[Any]:
        sent: UploadedFile[Any] = self.cleaned_data["file"]
        if (sent.size or 0) > MAX_FILE:
            raise forms.ValidationError(_("The file is larger than %(most)s MB.") % {"most": MAX_FILE // MEGABYTE})
        return sent

    def save(self, *, by: Membership, now: datetime) -> list[MemberOutcome]:
        lines = member_lines(self.cleaned_data["file"])
        return import_members(self.panel, lines, by=by, now=now, reading=Reading(zone=self.zone))


class AskOntoForm(PortalForm):
    """A customer, onto a panel that the member runs."""

    panel = OneOfField(label=_("Onto which panel?"))
    consented_at = local_time(label=_("When did they agree to be asked?"))
    consent_source = line_field(_("How do we know?"), MAX_SOURCE, required=True)

    def __init__(self, *args: Any, customer: Customer, by: Membership, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.customer = customer
        offer(self, "panel", runnable_panels(by), "name")

    def save(self, *, by: Membership, now: datetime) -> None:
        values = dict(self.cleaned_data)
        join_panel(values.pop("panel"), self.customer, by=by, now=now, **values)


class RecruitForm(CaseForm):
    intro = _("Ask them first: nobody is put on a panel unasked, and whoever is on one leaves by one click.")
    panel = OneOfField(label=_("Onto which panel?"))
    consented_at = local_time(label=_("When did they agree to be asked?"))
    consent_source = line_field(
        _("How do we know?"), MAX_SOURCE, required=True, help_text=_("Such as: said so on the phone after a case.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["consented_at"] = self.now
        offer(self, "panel", panels_listening_to(self.case.unit), "name")

    def save(self) -> None:
        values = dict(self.cleaned_data)
        recruit_from_case(values.pop("panel"), self.case, by=self.by, now=self.now, **values)
