"""Customers tell us through the web form, and members get the files that came."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from cso.customers.models import Customer
from cso.outbox.models import OutgoingMail
from cso.recovery.duplicates import merge_cases
from cso.recovery.models import Attachment, Case
from tenants.members import create_tenant
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.frontend.accessibility import violations
from tests.frontend.browser import needs_chromium
from tests.frontend.conftest import Visit
from tests.personas import NOW, Company, log_case, make_company

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20
TOLD = {"summary": "My suitcase went to Winnipeg.", "email": "Priya@example.com", "name": "Priya"}


@pytest.fixture(autouse=True)
def _fresh_allowance() -> None:
    cache.clear()


def token_on(client: Client, path: str = "/acme/tell-us/") -> str:
    form = client.get(path).context["form"]
    assert not form.errors
    return str(form["token"].value())


def tell(client: Client, path: str = "/acme/tell-us/", **values: Any) -> Any:
    return client.post(path, {"token": token_on(client, path)} | TOLD | values)


def test_what_a_customer_tells_becomes_one_case_however_often_it_is_sent(acme: Company) -> None:
    client = Client()
    sent = {"token": token_on(client)} | TOLD
    files = [SimpleUploadedFile("bag.png", PNG), SimpleUploadedFile("notes.txt", b"Red, with wheels")]
    first = client.post("/acme/tell-us/?lang=fr-ca", sent | {"attachments": files, "occurred_at": "2026-03-01T10:00"})
    assert first.status_code == 302
    assert client.post("/acme/tell-us/", sent)["Location"].startswith(first["Location"].partition("?")[0])
    with tenant_scope(acme.tenant):
        case = Case.objects.select_related("customer", "unit").get()
        customer = Customer.objects.get()
        assert (case.channel, case.unit.code, case.summary, case.customer) == ("web", "top", TOLD["summary"], customer)
        assert case.occurred_at is not None
        assert case.occurred_at.isoformat() == "2026-03-01T15:00:00+00:00"
        assert (customer.email, customer.language) == ("Priya@example.com", "fr-ca")
        assert sorted(Attachment.objects.values_list("name", flat=True)) == ["bag.png", "notes.txt"]
        assert [mail.kind for mail in OutgoingMail.objects.all()] == ["acknowledgement"]
    thanks = client.get(first["Location"])
    assert case.reference in thanks.text
    assert "/acme/c/" in thanks.text
    assert thanks["Cache-Control"] == "private, no-store"


def test_the_unit_that_led_here_takes_it_in(acme: Company) -> None:
    for code in ("south", "nowhere", "a\x00"):
        assert tell(Client(), f"/acme/tell-us/?unit={code}").status_code == 302
    with tenant_scope(acme.tenant):
        assert sorted(Case.objects.values_list("unit__code", flat=True)) == ["south", "top", "top"]


def test_nobody_has_anothers_mail_sent_to_themselves(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        Customer.objects.create(external_id="crm-1", phone="+1 416 555 0100")
    tell(Client(), email="eve@evil.example", phone="416 555 0100")
    tell(Client(), email="", phone="416-555-0100")
    tell(Client(), email="eve@evil.example", phone="905 555 0123")
    with tenant_scope(acme.tenant):
        known = Customer.objects.get(external_id="crm-1")
        assert (known.email, known.cases.count()) == ("", 1)
        # A number that nobody writes into a customer's row stands with the case.
        assert Case.objects.filter(summary__endswith="905 555 0123").count() == 1


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"summary": " "}, "summary"),
        ({"summary": "a\x00b"}, "summary"),
        ({"summary": "a" * 4_001}, "summary"),
        ({"email": ""}, "email"),
        ({"email": "nobody"}, "email"),
        ({"phone": "call me"}, "phone"),
        ({"occurred_at": "2099-01-01T10:00"}, "occurred_at"),
        ({"occurred_at": "0001-01-01T10:00"}, "occurred_at"),
        ({"token": "forged"}, "token"),
        ({"attachments": [SimpleUploadedFile("a.exe", b"MZ")]}, "attachments"),
        ({"attachments": [SimpleUploadedFile("a.png", b"<script>")]}, "attachments"),
        ({"attachments": [SimpleUploadedFile("a.pdf", b"%PDF-" + b"0" * 5 * 1024 * 1024)]}, "attachments"),
        ({"attachments": [SimpleUploadedFile(f"{n}.png", PNG) for n in range(4)]}, "attachments"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(acme: Company, values: dict[str, Any], field: str) -> None:
    client = Client()
    answer = tell(client, **values)
    assert (answer.status_code, list(answer.context["form"].errors)) == (200, [field])
    assert "Error:" in answer.text
    with tenant_scope(acme.tenant):
        assert not Case.objects.exists()
    if field == "token":
        # The page that says so can be sent.
        fresh = {"token": answer.context["form"]["token"].value()} | TOLD
        assert client.post("/acme/tell-us/", fresh).status_code == 302


def test_a_token_opens_no_other_case_and_no_other_workspace(acme: Company, other: Company) -> None:
    client = Client()
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], NOW)
    foreign = token_on(client, "/other/tell-us/")
    assert list(tell(client, token=foreign).context["form"].errors) == ["token"]
    for token in (case.pk.hex, str(case.pk), foreign, token_on(client)):
        assert client.get(f"/acme/tell-us/thanks/{token}/").status_code == 404


def test_programs_floods_and_forgeries_open_nothing(acme: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client()
    assert "Thank you" in tell(client, website="https://spam.example").text
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/acme/tell-us/", {"token": token_on(strict)} | TOLD).status_code == 403
    large = strict.post("/acme/tell-us/", b"", content_type="multipart/form-data; boundary=b", CONTENT_LENGTH=10**10)
    assert large.status_code == 413
    with tenant_scope(acme.tenant):
        assert not Case.objects.exists()
    monkeypatch.setattr("frontend.public.MOST_FROM_ONE_ADDRESS", 4)
    statuses = [client.post("/acme/tell-us/", {"token": "x"}).status_code for _ in range(4)]
    assert (statuses[0], statuses[-1]) == (200, 429)


def test_there_is_no_form_where_nobody_could_help(db: None) -> None:
    create_tenant("bare", "Bare", "UTC")
    assert Client().get("/bare/tell-us/").status_code == 503
    assert Client().get("/nowhere/tell-us/").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_two_taps_at_once_make_one_case(acme: Company) -> None:
    sent = {"token": token_on(Client())} | TOLD

    def send(_: int) -> int:
        try:
            return Client().post("/acme/tell-us/", sent).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(send, range(4))) == [302] * 4
    with tenant_scope(acme.tenant):
        assert (Case.objects.count(), Customer.objects.count(), OutgoingMail.objects.count()) == (1, 1, 1)


def test_a_file_is_a_download_for_those_who_see_its_case(acme: Company, visit: Visit) -> None:
    tell(Client(), attachments=[SimpleUploadedFile('Re"çu.png', PNG)])
    with tenant_scope(acme.tenant):
        case, file = Case.objects.get(), Attachment.objects.get()
        survivor = log_case(acme.units["south"], timezone.now() - timedelta(hours=1))
    path = f"/acme/cases/{case.pk}/files/{file.pk}/"
    answer = visit(acme, Role.CSO).get(path)
    assert (answer.status_code, answer.content, answer["Content-Type"]) == (200, PNG, "image/png")
    assert answer["Content-Disposition"] == "attachment; filename*=utf-8''Re%C3%A7u.png"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert visit(acme, Role.FRONTLINE).get(path).status_code == 404
    assert Client().get(path).status_code == 302
    elsewhere = f"/acme/cases/{survivor.pk}/files/{file.pk}/"
    assert visit(acme, Role.CSO).get(elsewhere).status_code == 404
    with tenant_scope(acme.tenant):
        merge_cases(case, survivor, by=None, now=timezone.now())
    assert visit(acme, Role.CSO).get(elsewhere).status_code == 200


@needs_chromium
def test_a_customer_tells_us_on_a_phone(server: str, chromium: Browser) -> None:
    """Without a script; with errors, in both languages, light and dark; in two pages."""
    company = make_company("acme")
    for theme, language, width in (("light", "en", 320), ("dark", "fr-ca", 1280)):
        context = chromium.new_context(
            viewport={"width": width, "height": 700},
            color_scheme=theme,  # type: ignore[arg-type]
            base_url=server,
        )
        page = context.new_page()

        def holds(theme: str = theme, page: Page = page) -> None:
            assert violations(page, theme) == []
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

        page.goto(f"/acme/tell-us/?lang={language}")
        holds()
        page.locator("form button").click()
        expect(page.locator(".error-summary a")).to_have_count(2)
        holds()
        page.locator("[name=summary]").fill("My suitcase went to Winnipeg.")
        page.locator("[name=phone]").fill("+1 416 555 0100")
        page.locator("[name=attachments]").set_input_files({"name": "bag.png", "mimeType": "image/png", "buffer": PNG})
        page.locator("form button").click()
        page.wait_for_url("**/tell-us/thanks/**")
        holds()
        context.close()
    with tenant_scope(company.tenant):
        assert (Case.objects.count(), Customer.objects.count(), Attachment.objects.count()) == (2, 1, 2)
