"""The outbox page: what waits, what failed and why, what went out."""

from __future__ import annotations

from typing import Any

from pytest_django.fixtures import Settings

from cso.outbox.models import OutgoingMail
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.frontend.conftest import Visit
from tests.personas import NOW, Company


def written(company: Company, **changes: Any) -> OutgoingMail:
    values: dict[str, Any] = {
        "key": "hello",
        "kind": "questions",
        "recipient": "ana@roy.example",
        "subject": "Hello",
        "text": "Open\nhttps://cso.example/acme/c/x/\n",
        "written_at": NOW,
    }
    with tenant_scope(company.tenant):
        return OutgoingMail.objects.create(**values | changes)


def test_the_outbox_shows_what_failed_and_why_and_tries_again(acme: Company, other: Company, visit: Visit) -> None:
    mail = written(acme, status="failed", last_error="550 No such user")
    client = visit(acme, Role.ADMINISTRATOR)
    page = client.get("/acme/outbox/?status=failed").content.decode()
    assert "No such user" in page
    assert "/c/…/" in page  # the customer's own link is theirs, where mails do go out
    assert "ana@roy.example" not in client.get("/acme/outbox/").content.decode()
    assert visit(acme, Role.LEADER).get("/acme/outbox/").status_code == 403
    assert client.get("/acme/outbox/?status=nonsense").status_code == 404
    assert client.get("/acme/outbox/?before=nonsense").status_code == 404
    assert (
        "ana@roy.example" not in visit(other, Role.ADMINISTRATOR).get("/other/outbox/?status=failed").content.decode()
    )
    answer = client.post(f"/acme/outbox/{mail.pk}/retry/", follow=True)
    assert "is tried again" in answer.content.decode()
    assert "was not given up" in client.post(f"/acme/outbox/{mail.pk}/retry/", follow=True).content.decode()


def test_without_a_mail_server_the_outbox_shows_the_customers_link(
    acme: Company, visit: Visit, settings: Settings
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    written(acme)
    page = visit(acme, Role.CSO).get("/acme/outbox/").content.decode()
    assert 'href="https://cso.example/acme/c/x/"' in page
    assert "No mail server is set" in page


def test_long_lists_of_mails_come_in_pages(acme: Company, visit: Visit) -> None:
    for number in range(52):
        written(acme, key=f"{number}", subject=f"No. {number:02}")
    client = visit(acme, Role.CSO)
    first = client.get("/acme/outbox/")
    second = client.get("/acme/outbox/" + first.context["next_url"])
    seen = [mail.subject for page in (first, second) for mail, _ in page.context["mails"]]
    assert sorted(seen) == [f"No. {number:02}" for number in range(52)]
    assert second.context["next_url"] == ""
