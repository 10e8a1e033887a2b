"""How the workspace recovers, as whoever answers for it sets it: times, words, authority, mailboxes, intake."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from cso.people.models import Position, Unit
from cso.recovery.models import Authority, MailBox, PromiseWord, RecoverySettings
from cso.recovery.settings import recovery_settings
from frontend.forms.spans import minutes_words
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.frontend.conftest import Visit
from tests.personas import Company

PAGE = "/acme/recovery-settings/"


def as_shown(client: Client) -> dict[str, Any]:
    """What the browser would send for the form as it is shown."""
    form = client.get(PAGE).context["form"]
    return {name: form[name].value() or "" for name in form.fields}


@pytest.fixture
def officer(acme: Company, visit: Visit) -> Client:
    return visit(acme, Role.CSO)


def test_what_is_shown_can_be_sent_back_unchanged(acme: Company, officer: Client) -> None:
    shown = as_shown(officer)
    assert (shown["acknowledge_minutes"], shown["follow_up_minutes"]) == ("1 h", "3 d")
    response = officer.post(PAGE, shown, follow=True)
    assert "Saved." in response.content.decode()
    assert as_shown(officer) == shown


def test_times_money_and_mail_are_set(acme: Company, officer: Client) -> None:
    changes = {
        "acknowledge_minutes": "45",
        "status_minutes": "1 h 30 min",
        "follow_up_minutes": "2,5 d",
        "currency": "JPY",
        "intake_unit": str(acme.units["south"].pk),
        "mail_name": "Acme cares",
        "mail_address": "care@acme.example",
        "language": "fr-ca",
        "question_rest_days": "60",
    }
    officer.post(PAGE, as_shown(officer) | changes)
    with tenant_scope(acme.tenant):
        kept = RecoverySettings.objects.get()
        assert (kept.acknowledge_minutes, kept.status_minutes, kept.follow_up_minutes) == (45, 90, 3_600)
        assert (kept.currency, kept.language, kept.question_rest_days) == ("JPY", "fr-ca", 60)
        assert kept.intake_unit == acme.units["south"]
        assert (kept.mail_name, kept.mail_address) == ("Acme cares", "care@acme.example")


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("status_minutes", "", "This field is required."),
        ("status_minutes", "soon", "Write a time such as"),
        ("status_minutes", "2 h ago", "Write a time such as"),
        ("status_minutes", "-5", "Write a time such as"),
        ("status_minutes", "0", "at least a minute"),
        ("status_minutes", "61 d", "at most 60 days"),
        ("status_minutes", "9" * 40, "Write a time such as"),
        ("currency", "cad", "three capital letters"),
        ("currency", "DOLLAR", "at most 3 characters"),
        ("question_rest_days", "0", "greater than or equal to 1"),
        ("mail_address", "nobody", "valid email address"),
        ("mail_name", "a\x00b", "Null characters"),
        ("intake_unit", "nowhere", "There is no unit"),
        ("language", "xx", "Select a valid choice"),
    ],
)
def test_what_cannot_be_meant_is_refused_beside_its_field(
    acme: Company, officer: Client, field: str, value: str, words: str
) -> None:
    page = officer.post(PAGE, as_shown(officer) | {field: value}).content.decode()
    assert words in page
    assert f'id="id_{field}_error"' in page
    with tenant_scope(acme.tenant):
        assert recovery_settings().status_minutes == 480


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(1, "1 min"), (60, "1 h"), (90, "1 h 30 min"), (1_440, "24 h"), (2_880, "2 d"), (2_940, "49 h"), (86_400, "60 d")],
)
def test_minutes_as_people_write_them(minutes: int, words: str) -> None:
    assert minutes_words(minutes) == words


def test_words_get_a_meaning_and_lose_it(acme: Company, officer: Client) -> None:
    officer.post(f"{PAGE}words/", {"word": "  In a  jiffy ", "minutes": "10 min"})
    officer.post(f"{PAGE}words/", {"word": "soon", "minutes": "3 h"})
    with tenant_scope(acme.tenant):
        words = dict(PromiseWord.objects.values_list("word", "minutes"))
        assert (words["in a jiffy"], words["soon"]) == (10, 180)
        jiffy = PromiseWord.objects.get(word="in a jiffy")
    page = officer.post(f"{PAGE}words/{jiffy.pk}/remove/", follow=True).content.decode()
    assert "vague word again" in page
    with tenant_scope(acme.tenant):
        assert not PromiseWord.objects.filter(word="in a jiffy").exists()
    assert (
        "Write the word as people say it."
        in officer.post(f"{PAGE}words/", {"word": "!!", "minutes": "5"}).content.decode()
    )


@pytest.mark.parametrize(
    ("currency", "typed", "minor"),
    [("CAD", "50", 5_000), ("CAD", "50.00", 5_000), ("JPY", "50", 50), ("KWD", "1.5", 1_500), ("CAD", "", 0)],
)
def test_authority_is_typed_in_whole_units(
    acme: Company, officer: Client, currency: str, typed: str, minor: int
) -> None:
    with tenant_scope(acme.tenant):
        director = Position.objects.get(title="Director")
    url = f"{PAGE}authority/{director.pk}/"
    form = {
        "currency": currency,
        "per_case_minor": typed,
        "per_day_minor": "200",
        "exceptions": "Late return\n\n  Upgrade ",
    }
    page = officer.post(url, form, follow=True).content.decode()
    assert "Director may act by it from now on." in page
    assert "Late return, Upgrade" in page
    with tenant_scope(acme.tenant):
        kept = Authority.objects.get(position=director)
    assert (kept.currency, kept.per_case_minor, kept.exceptions) == (currency, minor, ["Late return", "Upgrade"])
    shown = officer.get(url).context["form"]
    again = {name: shown[name].value() or "" for name in shown.fields}
    officer.post(url, again)
    with tenant_scope(acme.tenant):
        assert Authority.objects.get(position=director).per_case_minor == minor, "sent back as shown, it stays"


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"currency": "CAD", "per_case_minor": "-5"}, "above zero"),
        ({"currency": "CAD", "per_case_minor": "50.001"}, "has no smaller part"),
        ({"currency": "JPY", "per_case_minor": "50.5"}, "has no smaller part"),
        ({"currency": "CAD", "per_case_minor": "1e12"}, "more than can be recorded"),
        ({"currency": "CAD", "per_case_minor": "NaN"}, "Write an amount"),
        ({"currency": "", "per_case_minor": "5"}, "This field is required."),
        ({"currency": "CAD", "exceptions": "x" * 81}, "at most 80 characters"),
    ],
)
def test_an_authority_that_cannot_be_meant_is_refused(
    acme: Company, officer: Client, form: dict[str, str], words: str
) -> None:
    with tenant_scope(acme.tenant):
        director = Position.objects.get(title="Director")
    page = officer.post(f"{PAGE}authority/{director.pk}/", form).content.decode()
    assert words in page
    with tenant_scope(acme.tenant):
        assert not Authority.objects.exists()


def test_a_mailbox_is_added_without_ever_showing_its_password(
    acme: Company, officer: Client, settings: Settings
) -> None:
    settings.MAILBOXES_MAY_BE_LOCAL = True
    form = {
        "host": "127.0.0.1",
        "port": "993",
        "user": "care@acme.example",
        "password": "s3cret-word",
        "folder": "INBOX",
    }
    page = officer.post(f"{PAGE}mailboxes/", form, follow=True).content.decode()
    assert "care@acme.example at 127.0.0.1" in page
    assert "not read yet" in page
    assert "s3cret-word" not in page
    with tenant_scope(acme.tenant):
        mailbox = MailBox.objects.get()
        MailBox.objects.update(last_error="Login failed")
    assert "Login failed" in officer.get(PAGE).content.decode()
    officer.get(f"{PAGE}mailboxes/{mailbox.pk}/remove/")
    with tenant_scope(acme.tenant):
        assert MailBox.objects.count() == 1, "looking removes nothing"
    officer.post(f"{PAGE}mailboxes/{mailbox.pk}/remove/")
    with tenant_scope(acme.tenant):
        assert not MailBox.objects.exists()


def test_a_mailbox_inside_the_house_is_refused(acme: Company, officer: Client, settings: Settings) -> None:
    settings.MAILBOXES_MAY_BE_LOCAL = False
    form = {"host": "127.0.0.1", "port": "993", "user": "x", "password": "y", "folder": "INBOX"}
    assert "not one of the public Internet" in officer.post(f"{PAGE}mailboxes/", form).content.decode()
    form["port"] = "25"
    assert "Select a valid choice" in officer.post(f"{PAGE}mailboxes/", form).content.decode()


def test_who_takes_in_a_units_cases(acme: Company, visit: Visit) -> None:
    admin, frontline = visit(acme, Role.ADMINISTRATOR), acme.member(Role.FRONTLINE)
    south = acme.units["south"]
    form = {"name": "South", "parent": str(acme.units["top"].pk), "intake_owner": str(frontline.pk)}
    admin.post(f"/acme/organization/{south.pk}/", form)
    with tenant_scope(acme.tenant):
        assert Unit.objects.get(pk=south.pk).intake_owner == frontline
    form = admin.get(f"/acme/organization/{south.pk}/").context["form"]
    assert str(form["intake_owner"].value()) == str(frontline.pk)
    auditor = {"name": "South", "intake_owner": str(acme.member(Role.AUDITOR).pk)}
    page = admin.post(f"/acme/organization/{south.pk}/", auditor).content.decode()
    assert "Nobody here has this name." in page


def test_only_those_who_answer_for_it_come_here(acme: Company, other: Company, visit: Visit) -> None:
    with tenant_scope(other.tenant):
        theirs = Position.objects.get(title="Director")
        recovery_settings()
        word = PromiseWord.objects.get(word="soon")
    officer = visit(acme, Role.CSO)
    assert officer.get(f"{PAGE}authority/{theirs.pk}/").status_code == 404
    assert officer.post(f"{PAGE}words/{word.pk}/remove/").status_code == 404
    for role in (Role.EXECUTIVE, Role.LEADER, Role.FRONTLINE, Role.AUDITOR):
        client = visit(acme, role)
        assert {client.get(PAGE).status_code, client.post(f"{PAGE}words/", {}).status_code} == {403}
    assert visit(acme, Role.ADMINISTRATOR).get(PAGE).status_code == 200
