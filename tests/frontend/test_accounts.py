"""Signing in, where it leads, and what it survives."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.core.cache import cache
from django.test import Client
from pytest_django.fixtures import Settings

from tenants.members import add_member
from tenants.models import User
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.personas import PASSWORD, Company


@pytest.fixture(autouse=True)
def _no_attempts_yet() -> None:
    cache.clear()


def sign_in(client: Client, email: str, password: str = PASSWORD, **query: str) -> str:
    """Where the sign-in leads to; empty when it does not."""
    path = "/accounts/sign-in/"
    return client.post(path, {"login": email, "password": password, **query}).headers.get("Location", "")


def test_one_workspace_is_where_one_arrives(acme: Company) -> None:
    client = Client()
    assert sign_in(client, "cso@acme.example") == "/"
    assert client.get("/").headers["Location"] == "/acme/"


def test_several_workspaces_are_a_choice(acme: Company, other: Company) -> None:
    with tenant_scope(other.tenant):
        add_member(acme.member(Role.CSO).user, Role.AUDITOR, by=None)
    client = Client()
    sign_in(client, "cso@acme.example")
    assert client.get("/").headers["Location"] == "/workspaces/"
    page = client.get("/workspaces/").content.decode()
    assert 'href="/acme/"' in page
    assert 'href="/other/"' in page


def test_no_workspace_says_what_to_do(db: None) -> None:
    User.objects.create_user("new@example.com", PASSWORD, name="New")
    client = Client()
    sign_in(client, "new@example.com")
    assert "Ask the administrator" in client.get("/", follow=True).content.decode()


def test_sign_in_leads_back_to_the_page_that_was_asked_for(acme: Company) -> None:
    assert sign_in(Client(), "cso@acme.example", next="/acme/cases/?state=late") == "/acme/cases/?state=late"
    assert sign_in(Client(), "cso@acme.example", next="https://evil.example/") == "/"


def test_a_wrong_password_is_said_after_the_pattern_for_errors(acme: Company) -> None:
    page = Client().post("/accounts/sign-in/", {"login": "cso@acme.example", "password": "wrong"}).content.decode()
    assert "<title>Error: Sign in" in page
    assert "There is a problem" in page


def test_too_many_attempts_are_stopped(acme: Company) -> None:
    client = Client()
    for _ in range(12):
        sign_in(client, "cso@acme.example", "wrong")
    assert sign_in(client, "cso@acme.example") == ""


def test_a_dead_redis_locks_nobody_out(acme: Company, settings: Settings) -> None:
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}}
    assert sign_in(Client(), "cso@acme.example") == "/"
    assert sign_in(Client(), "cso@acme.example", "wrong") == ""


def test_nobody_signs_themselves_up(db: None) -> None:
    assert Client().get("/accounts/signup/").status_code == 404


def test_the_second_step_is_asked_once_there_is_one(acme: Company) -> None:
    secret = totp.generate_totp_secret()
    totp.TOTP.activate(acme.member(Role.CSO).user, secret)
    client = Client()
    assert sign_in(client, "cso@acme.example") == "/accounts/second-step/"
    assert client.get("/acme/").status_code == 302
    code = totp.format_hotp_value(totp.hotp_value(secret, next(totp.yield_hotp_counters_from_time())))
    assert client.post("/accounts/second-step/", {"code": "000000"}).status_code == 200
    assert client.post("/accounts/second-step/", {"code": code}).headers["Location"] == "/"
    assert client.get("/acme/").status_code == 200


def test_one_adds_an_authenticator_app_and_keeps_the_recovery_codes(acme: Company) -> None:
    client, user = Client(), acme.member(Role.CSO).user
    sign_in(client, "cso@acme.example")
    asked = client.get("/accounts/second-step/app/")
    assert asked.headers["Location"].startswith("/accounts/confirm/")
    page = client.post(asked.headers["Location"], {"password": PASSWORD}, follow=True)
    assert "data:image/svg+xml" in page.content.decode()
    secret = page.context["form"].secret
    code = totp.format_hotp_value(totp.hotp_value(secret, next(totp.yield_hotp_counters_from_time())))
    response = client.post("/accounts/second-step/app/", {"code": code}, follow=True)
    assert response.redirect_chain == [("/accounts/second-step/codes/", 302)]
    codes = Authenticator.objects.get(user=user, type=Authenticator.Type.RECOVERY_CODES).wrap().get_unused_codes()
    assert all(code in response.content.decode() for code in codes)


@pytest.mark.parametrize(
    "page",
    ["", "password/", "confirm/", "second-step/overview/", "sign-out/"],
)
def test_account_pages_open(acme: Company, page: str) -> None:
    client = Client()
    sign_in(client, "cso@acme.example")
    assert client.get(f"/accounts/{page}").status_code == 200


@pytest.mark.parametrize("page", ["sign-in/", "inactive/", "password/forgotten/", "password/forgotten/sent/"])
def test_pages_before_sign_in_open(db: None, page: str) -> None:
    assert Client().get(f"/accounts/{page}").status_code == 200


def test_a_forgotten_password_is_set_anew(acme: Company, mailoutbox: list[object]) -> None:
    client = Client()
    client.post("/accounts/password/forgotten/", {"email": "cso@acme.example"})
    (mail,) = mailoutbox
    link = next(word for word in str(mail.body).split() if "/password/new/" in word)  # type: ignore[attr-defined]
    form = client.get(link, follow=True)
    path = form.redirect_chain[-1][0]
    new = "a longer horse battery"
    assert client.post(path, {"password1": new, "password2": new}).status_code == 302
    assert sign_in(Client(), "cso@acme.example", new) == "/"
