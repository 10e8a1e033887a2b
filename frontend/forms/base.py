"""What all forms of the portal share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django import forms
from django.db import transaction
from django.db.models import Exists, OuterRef, Value
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext_lazy as _

from cso.errors import DomainError, InvalidFieldsError
from cso.people.models import Person, Unit
from tenants.models import Membership

# Above this many, a list to choose from is slower than typing a name.
MOST_UNITS_LISTED = 200


class PortalForm(forms.Form):
    """Errors come from the server, in one summary and beside each field, not from the browser's bubbles."""

    use_required_attribute = False


@contextmanager
def refusals_to(form: forms.Form) -> Iterator[None]:
    """Do what a valid form asks for; what the office refuses is undone and becomes the form's errors."""
    try:
        with transaction.atomic():
            yield
    except InvalidFieldsError as error:
        for problem in error.errors:
            form.add_error(problem.field if problem.field in form.fields else None, problem.message)
    except DomainError as error:
        form.add_error(None, error.message)


def sent(request: HttpRequest) -> QueryDict | None:
    """What a form is bound to: what was sent, also when that is nothing; None while it is only looked at."""
    return request.POST if request.method == "POST" else None


def answer_to(form: forms.Form, act: Callable[[], HttpResponse]) -> HttpResponse | None:
    """What `act` does and answers once the form is sent and valid.

    None for a form that has yet to be sent, is not valid, or asks for what the office refuses: show it, its errors
    say why, and nothing was changed.
    """
    if form.is_bound and form.is_valid():
        with refusals_to(form):
            return act()
    return None


class UnitField(forms.Field):
    """A unit, from a list; where there are too many for one, by its code or its whole name (`offer_units`)."""

    default_error_messages = {
        "unknown": _("There is no unit with this code or name."),
        "ambiguous": _("Several units have this name; use the code."),
    }

    def offer(self, units: Sequence[Unit]) -> None:
        """Let one of `units` be chosen."""
        self.units = {str(unit.pk): unit for unit in units}
        if len(units) <= MOST_UNITS_LISTED:
            self.widget = forms.Select(choices=[("", ""), *((pk, unit.name) for pk, unit in self.units.items())])
        else:
            self.help_text = _("The unit's code, or its whole name.")
            self.widget = forms.TextInput()

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, Unit):
            return str(value.pk) if isinstance(self.widget, forms.Select) else value.code
        return value

    def to_python(self, value: Any) -> Unit | None:
        text = str(value or "").strip()
        if not text:
            return None
        if text in self.units:
            return self.units[text]
        by_code = [unit for unit in self.units.values() if unit.code == text]
        found = by_code or [unit for unit in self.units.values() if unit.name.lower() == text.lower()]
        if len(found) != 1:
            code = "ambiguous" if found else "unknown"
            raise forms.ValidationError(self.error_messages[code], code=code)
        return found[0]


def offer_units(form: forms.Form, name: str, *, home_of: Membership | None = None) -> Unit | None:
    """Fill a form's `UnitField` with all units; returns the one in which `home_of` works, in the same query."""
    at_home = Exists(Person.objects.filter(member=home_of, unit=OuterRef("pk"))) if home_of else Value(value=False)
    units = list(Unit.objects.annotate(is_home=at_home).order_by("name"))
    field = form.fields[name]
    assert isinstance(field, UnitField)
    field.offer(units)
    return next((unit for unit in units if unit.is_home), None)


def local_time(**kwargs: Any) -> forms.DateTimeField:
    """A moment in the workspace's zone, by the browser's own control."""
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(widget=widget, **kwargs)


def calendar_day(**kwargs: Any) -> forms.DateField:
    """A day, by the browser's own control."""
    return forms.DateField(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **kwargs)


class Moment:
    """Two fields that together say when something happened: a choice, and a time where it was earlier."""

    NOW, EARLIER, UNKNOWN = "now", "earlier", "unknown"

    @staticmethod
    def of(form: forms.Form, choice: str, time: str, *, now: datetime) -> datetime | None:
        """The instant, None for an unknown one; a missing time becomes an error of the field `time`."""
        chosen = form.cleaned_data.get(choice)
        if chosen == Moment.NOW:
            return now
        if chosen != Moment.EARLIER:
            return None
        moment = form.cleaned_data.get(time)
        if moment is None and time not in form.errors:
            form.add_error(time, _("Say when it was."))
        return moment
