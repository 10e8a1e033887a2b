"""The customer's page as anybody opens it who has the link: scanners, customers, colleagues, strangers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from cso.customers.models import Customer
from cso.recovery.actions import move_case, propose_exclusion
from cso.recovery.customer_page import answer_questions
from cso.recovery.links import token_of
from cso.recovery.models import CallBack, Case, CustomerAnswer, RecoverySettings
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.frontend.conftest import Visit, reads
from tests.personas import Company, log_case

ANSWERS = {"act": "answer", "is_fixed": "yes", "apology": "unsure", "surprised": "yes", "words": ""}
Counts = list[tuple[str, tuple[int, int]]]


@pytest.fixture(autouse=True)
def _fresh_counts() -> None:
    cache.clear()


@pytest.fixture
def case(acme: Company) -> Case:
    """Fixed an hour ago, of a customer who is known."""
    with tenant_scope(acme.tenant):
        ana = Customer.objects.create(name="Ana Roy", email="ana@roy.example", phone="+1 514 555 0142")
        now = timezone.now()
        return log_case(
            acme.units["north-1"], now - 20 * HOUR, fixed_after=19 * HOUR, customer=ana, summary="The bag stayed behind"
        )


HOUR = timedelta(hours=1)


def address(company: Company, case: Case) -> str:
    with tenant_scope(company.tenant):
        return f"/{company.tenant.slug}/c/{token_of(case)}/"


def counts(company: Company) -> Counts:
    """How many rows each table holds, with the newest change of each, as far as a GET could reach."""
    with tenant_scope(company.tenant), connection.cursor() as cursor:
        found = []
        for table in sorted(connection.introspection.table_names(cursor)):
            cursor.execute(f'SELECT count(*), COALESCE(sum(hashtext(t::text)), 0) FROM "{table}" t')
            found.append((table, cursor.fetchone()))
        return found


def test_looking_changes_nothing(acme: Company, case: Case) -> None:
    path, before = address(acme, case), counts(acme)
    assert dict(before)["recovery_case"][0] == 1
    for method in ("get", "head"):
        for query in ("", "?lang=fr-ca", "?change=1", "?done=answer", "?act=answer&is_fixed=no", "?act=call"):
            assert getattr(Client(), method)(path + query).status_code == 200
    for method in ("put", "patch", "delete", "options"):
        assert getattr(Client(), method)(path).status_code == 405
    assert counts(acme) == before


def test_three_questions_are_answered_and_changed(acme: Company, case: Case) -> None:
    client, path = Client(), address(acme, case)
    page = client.get(path).content.decode()
    assert "Three short questions" in page
    assert "The bag stayed behind" in page
    sent = client.post(path, ANSWERS, follow=True)
    assert sent.redirect_chain == [(f"{path}?lang=en&done=answer", 302)]
    assert "Thank you for your answers" in sent.content.decode()
    client.post(path, ANSWERS)  # the second click of a double one
    with tenant_scope(acme.tenant):
        case.refresh_from_db()
        assert (case.said_fixed, case.said_apology, case.said_surprised, case.dazzled) == (True, None, True, True)
        assert CustomerAnswer.objects.count() == 1
    assert 'value="yes" required' not in page
    changed = client.get(path + "?change=1").content.decode()
    assert changed.count("checked") == 3
    no = client.post(path, ANSWERS | {"is_fixed": "no", "words": "It is <b>broken</b>"}, follow=True).content.decode()
    assert "Your case is open again" in no
    assert "It is &lt;b&gt;broken&lt;/b&gt;" in no
    with tenant_scope(acme.tenant):
        case.refresh_from_db()
        assert (case.is_open, case.dazzled) == (True, False)


def test_a_form_without_its_answer_says_so_beside_it(acme: Company, case: Case) -> None:
    path = address(acme, case)
    for sent in ({"act": "answer"}, ANSWERS | {"is_fixed": "perhaps"}, ANSWERS | {"words": "x" * 2_001}):
        page = Client().post(path, sent).content.decode()
        assert "<title>Error:" in page
        assert "There is a problem" in page
    assert "Please tell us whether it is fixed." in Client().post(path, {"act": "answer"}).content.decode()
    assert Client().post(path, {"act": "nonsense"}).status_code == 200
    with tenant_scope(acme.tenant):
        assert CustomerAnswer.objects.count() == 0


def test_colleagues_look_and_do_not_answer(acme: Company, case: Case, visit: Visit) -> None:
    path, client = address(acme, case), visit(acme, Role.FRONTLINE)
    page = client.get(path).content.decode()
    assert "You are signed in as somebody who works here." in page
    assert "Send my answers" not in page
    for sent in (ANSWERS, {"act": "call", "call-phone": "514 555 0142"}):
        assert "nobody who works here" in client.post(path, sent).content.decode()
    assert client.post(path, {"act": "decline"}).status_code == 403
    with tenant_scope(acme.tenant):
        assert (CustomerAnswer.objects.count(), CallBack.objects.count()) == (0, 0)
        assert Customer.objects.get().declined_questions_at is None


def test_internal_words_stay_inside(acme: Company, case: Case) -> None:
    with tenant_scope(acme.tenant):
        now = timezone.now()
        move_case(case, acme.units["south"], by=None, now=now, note="SECRET of the office")
        propose_exclusion(case, "test", "SECRET reason", by=acme.member(Role.CSO), now=now)
    page = Client().get(address(acme, case)).content.decode()
    assert "SECRET" not in page
    assert "South" in page
    assert "0142" not in page
    assert "ends in 42" in page


def test_a_call_is_asked_for_once(acme: Company, case: Case) -> None:
    client, path = Client(), address(acme, case)
    assert "Give the number" in client.post(path, {"act": "call", "call-phone": "no"}).content.decode()
    for _ in range(2):
        page = client.post(path, {"act": "call", "call-phone": "", "call-note": "After five"}, follow=True)
    assert "We will call you" in page.content.decode()
    with tenant_scope(acme.tenant):
        wish = CallBack.objects.get()
        assert (wish.phone, wish.note, wish.leader) == ("+1 514 555 0142", "After five", acme.leader)


def test_do_not_ask_me_again(acme: Company, case: Case) -> None:
    client, path = Client(), address(acme, case)
    assert "We will not ask you again." in client.post(path, {"act": "decline"}, follow=True).content.decode()
    with tenant_scope(acme.tenant):
        first = Customer.objects.get().declined_questions_at
    assert first is not None
    client.post(path, {"act": "decline"})
    with tenant_scope(acme.tenant):
        assert Customer.objects.get().declined_questions_at == first


def test_links_that_open_nothing_look_alike(acme: Company, other: Company, case: Case) -> None:
    token = address(acme, case).split("/")[3]
    with tenant_scope(other.tenant):
        foreign = token_of(log_case(other.units["south"], timezone.now()))
    paths = [
        f"/acme/c/{foreign}/",
        f"/acme/c/{token[:-1]}/",
        "/acme/c/x/",
        f"/other/c/{token}/",
        f"/nowhere/c/{token}/",
    ]
    for method in ("get", "post"):
        answers = {getattr(Client(), method)(path).content for path in paths}
        assert len(answers) == 1
        assert all(getattr(Client(), method)(path).status_code == 404 for path in paths)
    assert b"Acme" not in answers.pop()


def test_an_expired_link_says_so_and_nothing_of_the_case(acme: Company, case: Case) -> None:
    with tenant_scope(acme.tenant):
        long_ago = timezone.now() - timedelta(days=91)
        Case.objects.update(reported_at=long_ago, recorded_at=long_ago, first_fixed_at=long_ago, fixed_at=long_ago)
    for method in ("get", "post"):
        answer = getattr(Client(), method)(address(acme, case))
        assert answer.status_code == 410
        assert "This page is closed" in answer.content.decode()
        assert case.reference not in answer.content.decode()


def test_after_14_days_and_before_the_fix_a_sent_answer_is_refused_kindly(acme: Company, case: Case) -> None:
    path = address(acme, case)
    with tenant_scope(acme.tenant):
        ago = timezone.now() - timedelta(days=15)
        Case.objects.update(reported_at=ago, recorded_at=ago, first_fixed_at=ago, fixed_at=ago)
    assert "Three short questions" not in Client().get(path).content.decode()
    assert "The time to answer is over." in Client().post(path, ANSWERS).content.decode()
    with tenant_scope(acme.tenant):
        Case.objects.update(first_fixed_at=None, fixed_at=None)
    page = Client().post(path, ANSWERS).content.decode()
    assert "We are still working on this" in page
    assert "Three short questions" not in page


def test_the_language_is_the_one_asked_for_else_the_customers_the_browsers_the_companys(
    acme: Company, case: Case
) -> None:
    path = address(acme, case)

    def lang(query: str = "", accept: str = "") -> str:
        page = Client().get(path + query, headers={"Accept-Language": accept}).content.decode()
        return page.partition('<html lang="')[2].partition('"')[0]

    assert lang() == "en"
    with tenant_scope(acme.tenant):
        RecoverySettings.objects.update_or_create(defaults={"language": "fr-ca"})
    assert (lang(), lang(accept="de, en;q=0.5"), lang(accept="de"), lang(accept="x" * 5_000)) == (
        "fr-ca",
        "en",
        "fr-ca",
        "fr-ca",
    )
    with tenant_scope(acme.tenant):
        Customer.objects.update(language="fr-ca")
    assert (lang(accept="en"), lang("?lang=en"), lang("?lang=xx", "en"), lang("?lang=fr")) == (
        "fr-ca",
        "en",
        "fr-ca",
        "fr-ca",
    )
    page = Client().get(path).content.decode()
    assert "Trois courtes questions" in page
    assert "Est-ce réglé?" in page
    refused = Client().post(path, {"act": "answer"}).content.decode()
    assert "Veuillez nous dire si c’est réglé." in refused
    sent = Client().post(path + "?lang=fr-ca", ANSWERS)
    assert sent["Location"] == f"{path}?lang=fr-ca&done=answer"


def test_a_flood_is_stopped_by_link_and_without_redis_nobody_is(acme: Company, case: Case, settings: Settings) -> None:
    path, client = address(acme, case), Client()
    answers = [client.post(path, {"act": "answer"}).status_code for _ in range(21)]
    assert (set(answers[:20]), answers[20]) == ({200}, 429)
    assert client.get(path).status_code == 200
    cache.clear()
    settings.CACHES = settings.CACHES | {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}}
    assert {client.post(path, {"act": "answer"}).status_code for _ in range(21)} == {200}


def test_a_form_from_elsewhere_is_refused(acme: Company, case: Case) -> None:
    client = Client(enforce_csrf_checks=True)
    path = address(acme, case)
    for asked in (path, "/acme/tell-us/"):
        refused = client.post(asked, ANSWERS, headers={"Accept-Language": "fr-CA,fr;q=0.9"})
        page = refused.content.decode()
        assert refused.status_code == 403
        assert '<html lang="fr-ca">' in page
        assert "Votre envoi n’est pas parti" in page
        assert "Acme" in page, "who it was not sent to"
        assert 'href="/"' not in page, "nothing leads to the portal"
        assert refused["Referrer-Policy"] == "same-origin"
    assert "This was not sent" in client.post(path, ANSWERS).content.decode()
    assert client.post("/nowhere/tell-us/", ANSWERS).status_code == 404
    assert "This form is too old" in client.post("/acme/cases/new/").content.decode(), "as members read it"
    token = client.get(path).context["csrf_token"]
    assert client.post(path, ANSWERS | {"csrfmiddlewaretoken": str(token)}).status_code == 302


def test_nothing_between_keeps_the_page(acme: Company, case: Case) -> None:
    answer = Client().get(address(acme, case))
    assert answer["Cache-Control"] == "private, no-store"
    assert answer["X-Robots-Tag"] == "noindex, nofollow"
    assert answer["Referrer-Policy"] == "same-origin"
    assert "<script" not in answer.content.decode()


def test_what_the_customer_said_before_stands_in_the_page(acme: Company, case: Case) -> None:
    with tenant_scope(acme.tenant):
        now = timezone.now()
        answer_questions(case, is_fixed=True, apology=False, surprised=None, words="Good", now=now)
    path = address(acme, case)
    with CaptureQueriesContext(connection) as captured:
        page = Client().get(path).content.decode()
    assert len(reads(captured.captured_queries)) == 7
    assert "<dd>Not sure</dd>" in page
    assert "Good" in page


# --- texts ------------------------------------------------------------------------------------------------------------


def test_the_link_that_staff_hand_on_shows_the_page_and_answers_nothing(acme: Company, client: Client) -> None:
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], timezone.now() - timedelta(hours=5), fixed_after=timedelta(hours=2))
        address = f"/{acme.tenant.slug}/c/{token_of(case, may_answer=False)}/"
    page = client.get(address)
    assert page.status_code == 200
    assert b'name="act"' not in page.content
    for act in ("answer", "call", "decline"):
        sent = client.post(address, {"act": act, "is_fixed": "yes", "apology": "yes", "surprised": "yes"})
        assert sent.status_code == 200
    with tenant_scope(acme.tenant):
        case.refresh_from_db()
        assert (case.answered_at, case.said_surprised, case.call_backs.count()) == (None, None, 0)
