"""The portal in French: every text, every page, and the choice of who reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import polib
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from cso.committees.consequences import order_kill
from cso.committees.invitations import tell_owner
from cso.committees.models import KillOrder, Nomination
from cso.languages import DATE_LETTERS
from cso.outbox.models import OutgoingMail
from cso.rules.models import Rule
from frontend.access import is_for_public
from tenants.models import User
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests import texts
from tests.frontend.conftest import Visit
from tests.personas import NOW, Company, log_case
from tests.tenants.addresses import addresses

# What stands in the catalog for something else.
SAME_IN_BOTH = {"1"}


def placeholders(text: str) -> list[str]:
    return sorted(re.findall(r"%\(\w+\)s|%%", text))


def test_every_text_has_its_french_with_the_same_placeholders() -> None:
    catalog = texts.known()
    assert sorted(catalog) == sorted(texts.messages()), "Run ./dev texts."
    for text, entry in catalog.items():
        said = texts.french(entry)
        assert all(said), f"This lacks its French: {text}"
        assert placeholders(said[-1]) == placeholders(text.many or text.one), text
        # Of one a language may do without the number, as in "the" or "one".
        assert set(placeholders(said[0])) <= set(placeholders(text.many or text.one)), text
        assert set(placeholders(text.one)) <= set(placeholders(said[0])), text


def test_the_compiled_texts_are_those_of_the_list() -> None:
    def said(catalog: polib.POFile | polib.MOFile) -> dict[tuple[str, str], list[str]]:
        return {(entry.msgid, entry.msgctxt or ""): texts.french(entry) for entry in catalog}

    assert said(polib.mofile(str(texts.MO))) == said(polib.pofile(str(texts.PO))), "Run ./dev texts."


def test_a_text_that_is_new_would_be_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "page.html").write_text(
        '{% load i18n %}{% translate "One" %}{% blocktranslate %}Two {{ n }}{% endblocktranslate %}{{ _("Three") }}'
        "{% blocktranslate count n=n %}{{ n }} hand{% plural %}{{ n }} hands{% endblocktranslate %}"
        '{% translate "May" context "the right" %}'
    )
    (tmp_path / "view.py").write_text(
        '_("Four" " five")\ngettext("Six")\nngettext("%(n)s eye", "%(n)s eyes", 2)\npgettext("month", "May")\n'
        '_("%(n)s hand")\n'
    )
    monkeypatch.setattr(texts, "ROOT", tmp_path)
    monkeypatch.setattr(texts, "PLACES", ["*.html", "*.py"])
    assert sorted(texts.messages()) == [
        ("%(n)s eye", "%(n)s eyes", ""),
        ("%(n)s hand", "%(n)s hands", ""),
        ("Four five", "", ""),
        ("May", "", "month"),
        ("May", "", "the right"),
        ("One", "", ""),
        ("Six", "", ""),
        ("Three", "", ""),
        ("Two %(n)s", "", ""),
    ]


def test_each_mail_is_written_in_each_language() -> None:
    for folder in texts.ROOT.glob("cso/*/templates/*/mail"):
        names = {language.name: sorted(path.name for path in language.iterdir()) for language in folder.iterdir()}
        assert sorted(names) == ["en", "fr-ca"]
        assert names["en"] == names["fr-ca"]


def test_each_order_of_day_and_time_has_its_french() -> None:
    """A date written by letters that nobody translated would stand there in English."""
    pattern = re.compile(r"""\|date:"([^"]+)"|format_date\([^\n]*?['"]([A-Za-z ,:]+)['"]\)""")
    used = {
        match[1] or match[2]
        for path in texts.files()
        for match in pattern.finditer(path.read_text())
        if path.name != "languages.py"
    }
    # The same in both: a month with its year, a month alone; and what programs read.
    assert used <= {*DATE_LETTERS, "F Y", "F", "c", "Y-m-d"}


@pytest.fixture
def in_french(acme: Company) -> Client:
    """The CSO's browser, with French chosen, in a workspace where something has happened."""
    user = acme.member(Role.CSO).user
    User.objects.filter(pk=user.pk).update(language="fr-ca")
    with tenant_scope(acme.tenant):
        for unit in ("north-1", "north-2", "south"):
            log_case(acme.units[unit], NOW)
    client = Client()
    client.force_login(user)
    return client


def test_every_page_speaks_french(acme: Company, in_french: Client) -> None:
    """Every page of a workspace that needs no id, by the URL map; no text of the catalog stands there in English."""
    english = {text.one: texts.french(entry)[0] for text, entry in texts.known().items()}
    found = []
    for address in addresses():
        if not address.in_workspace or address.ids or "." in address.route:  # a file
            continue
        page = in_french.get(address.path("acme"))
        if page.status_code != 200 or not page.headers["Content-Type"].startswith("text/html"):
            continue
        said = page.content.decode()
        if is_for_public(page.wsgi_request):  # which asks the customer's browser
            continue
        if "<html" in said and '<html lang="fr-ca">' not in said:
            found.append(f"{address.name}: not in French")
        remains = {word for word in shown(said) if english.get(word, word) != word} - SAME_IN_BOTH
        found += [f"{address.name}: {word}" for word in sorted(remains)]
    assert found == []


def shown(page: str) -> Iterator[str]:
    """The texts of a page, and what is read out beside them."""
    page = re.sub(r"(?s)<(script|style|option value=\"[^\"]*\" lang).*?</\1>", "", page)
    for text in re.findall(r">([^<]+)<", page) + re.findall(r'(?:aria-label|title|placeholder|alt)="([^"]+)"', page):
        yield " ".join(unescape(text).split())


def test_numbers_are_french_in_texts_and_nowhere_else(acme: Company, in_french: Client) -> None:
    """A comma in a coordinate, a width or a value would draw nothing, and break what a program reads."""
    names = "x|y|x1|x2|y1|y2|r|cx|cy|width|height|viewBox|points|d|style|datetime|min|max|step"
    machine = re.compile(rf'\b({names})="([^"]*)"')
    user = acme.member(Role.CSO).user
    for path in ("/acme/", "/acme/scorecard/", f"/acme/units/{acme.units['north'].pk}/", "/acme/cases/"):
        both = []
        for language in ("en", "fr-ca"):
            User.objects.filter(pk=user.pk).update(language=language)
            both.append(machine.findall(in_french.get(path).content.decode()))
        assert both[0] == both[1], path


def test_a_language_is_chosen_in_the_menu_and_stays(acme: Company, visit: Visit) -> None:
    client = visit(acme, Role.LEADER)
    assert '<html lang="en">' in client.get("/acme/cases/").content.decode()
    sent = client.post("/accounts/language/", {"language": "fr-ca", "next": "/acme/cases/?state=late"})
    assert (sent.status_code, sent.headers["Location"]) == (302, "/acme/cases/?state=late")
    page = client.get("/acme/cases/").content.decode()
    assert '<html lang="fr-ca">' in page
    assert "Signaler un OUPS" in page
    assert client.get("/acme/nothing/").content.decode().count("Il n’y a rien ici") == 2
    assert client.get("/accounts/language/").status_code == 405
    assert client.post("/accounts/language/", {"language": "tlh"}).status_code == 400
    away = client.post("/accounts/language/", {"language": "en", "next": "https://evil.example/"})
    assert away.headers["Location"] == "/"
    stranger = Client().post("/accounts/language/", {"language": "fr-ca"})
    assert stranger.headers["Location"].startswith("/accounts/sign-in/")


def test_who_has_not_chosen_reads_what_their_browser_wishes(acme: Company, visit: Visit) -> None:
    client, wish = visit(acme, Role.LEADER), {"Accept-Language": "fr-FR,fr;q=0.9,en;q=0.5"}
    page = client.get("/acme/cases/", headers=wish)
    assert '<html lang="fr-ca">' in page.content.decode()
    assert "Accept-Language" in page.headers["Vary"]
    assert "Ouvrir une session" in Client().get("/accounts/sign-in/", headers=wish).content.decode()
    client.post("/accounts/language/", {"language": "en"})
    assert '<html lang="en">' in client.get("/acme/cases/", headers=wish).content.decode()
    # A program reads English, whoever sits before it.
    assert "detail" in client.get("/api/v1/cases", headers=wish).json()
    assert "Authentication" in client.get("/api/v1/cases", headers=wish).json()["detail"]


def test_what_files_hold_is_told_in_french(acme: Company, visit: Visit) -> None:
    cso, wish = visit(acme, Role.CSO), {"Accept-Language": "fr-CA"}
    page = cso.get("/acme/scorecard/measures/file/", headers=wish).content.decode()
    assert "numerator, denominator, source, as_of. Au plus 1\u202f000 lignes." in page.replace("\u00a0", "\u202f")
    lost = SimpleUploadedFile("figures.csv", b"measure,unit,month,numerator,as_of\nmargin,north,2026-03,1,soon\n")
    page = cso.post("/acme/scorecard/measures/file/", {"file": lost}, headers=wish).content.decode()
    assert "« soon » n’est pas une heure comme" in page.replace("\u00a0", " ")


def test_what_the_office_refuses_is_said_in_french(acme: Company, in_french: Client) -> None:
    page = in_french.post("/acme/rules/committees/new/", {"name": "", "preset": "nothing"}).content.decode()
    assert "<title>Erreur :" in page
    assert "Il y a un problème" in page


def test_a_member_gets_mails_in_their_language(acme: Company) -> None:
    now = timezone.now()
    with tenant_scope(acme.tenant):
        rule = Rule.objects.create(title="No refund without a receipt", owner=acme.leader)
        nomination = Nomination.objects.create(rule=rule, words="Nobody keeps it.", submitted_at=now)
        tell_owner(order_kill(rule, now=now, nomination=nomination), now=now)
        assert OutgoingMail.objects.get().language == "en"
        User.objects.filter(pk=acme.member(Role.LEADER).user_id).update(language="fr-ca")
        OutgoingMail.objects.all().delete()
        order = KillOrder.objects.select_related("owner__member__user").get()
        tell_owner(order, now=now)
        mail = OutgoingMail.objects.get()
    assert (mail.language, mail.subject) == ("fr-ca", "À supprimer : la règle No refund without a receipt")
