"""Promises on a case's page: made in a vague word, kept, moved, broken and explained."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from cso.recovery.models import Case, CaseTask, Promise
from cso.recovery.promises import make_promise
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.frontend.conftest import Visit
from tests.frontend.test_case_page import act, page
from tests.personas import Company, log_case

pytestmark = pytest.mark.usefixtures("still_clock")
HOUR = timedelta(hours=1)


@pytest.fixture
def case(acme: Company) -> Case:
    with tenant_scope(acme.tenant):
        return log_case(acme.units["north-1"], timezone.now() - 5 * HOUR, summary="A cold meal")


def the_promise(company: Company) -> Promise:
    with tenant_scope(company.tenant):
        return Promise.objects.get()


def test_a_vague_word_gets_its_time(acme: Company, visit: Visit, case: Case) -> None:
    client = visit(acme, Role.FRONTLINE)
    words = act(client, case, "promise", what="I call you back soon")
    promise = the_promise(acme)
    assert promise.due_at - promise.made_at == 2 * HOUR
    assert "Promised. The customer sees it on their page." in words
    assert "I call you back soon “soon”: by" in words


@pytest.mark.parametrize("what", ["promise", "task"])
def test_a_double_click_promises_or_asks_once(acme: Company, visit: Visit, case: Case, what: str) -> None:
    client = visit(acme, Role.LEADER)
    path = f"/acme/cases/{case.pk}/{what}/"
    form_id = str(client.get(path).context["form"].initial["form_id"])
    due = f"{(timezone.now() + 3 * HOUR).astimezone(acme.tenant.zone):%Y-%m-%dT%H:%M}"
    sent = {"what": "Call the hotel", "due_at": due, "form_id": form_id}
    sent |= {"unit": str(acme.units["south"].pk)} if what == "task" else {}
    told = [client.post(path, sent, follow=True).content.decode() for _ in range(2)]
    assert ["This was sent already, and counts once." in words for words in told] == [False, True]
    assert 'name="form_id"' in client.get(f"/acme/cases/{case.pk}/").content.decode(), "the short form has one too"
    with tenant_scope(acme.tenant):
        assert (Promise if what == "promise" else CaseTask).objects.count() == 1


def test_words_that_date_nothing_ask_for_a_time(acme: Company, visit: Visit, case: Case) -> None:
    client = visit(acme, Role.FRONTLINE)
    response = client.post(f"/acme/cases/{case.pk}/promise/", {"what": "I call you back"})
    html = response.content.decode()
    assert "Say by when: nothing in these words dates it." in html
    assert 'id="id_due_at_error"' in html
    later = (timezone.now() + 3 * HOUR).astimezone(acme.tenant.zone)
    act(client, case, "promise", what="I call you back", due_at=f"{later:%Y-%m-%dT%H:%M}")
    assert the_promise(acme).due_at == later.replace(second=0, microsecond=0)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("call back soon", "left"),
        ("in 3 hours", "left"),
        ("some day", "Nothing in these words says by when yet."),
        ("", ""),
        ("call\x00 soon", "left"),
        ("<b>soon</b>", "left"),
    ],
)
def test_what_a_word_means_is_shown_as_one_types(acme: Company, visit: Visit, what: str, said: str) -> None:
    response = visit(acme, Role.FRONTLINE).get("/acme/promise-meaning/", {"what": what})
    html = response.content.decode()
    assert said in html
    assert "<b>" not in html
    assert bool(html.strip()) == bool(said)
    with tenant_scope(acme.tenant):
        assert not Promise.objects.exists(), "reading writes nothing"


def test_kept_moved_disputed_and_explained(acme: Company, visit: Visit, case: Case) -> None:
    client = visit(acme, Role.FRONTLINE)
    act(client, case, "promise", what="Hot soup soon")
    promise = the_promise(acme)
    later = (timezone.now() + 5 * HOUR).astimezone(acme.tenant.zone)
    words = act(client, case, f"move-promise/{promise.pk}", due_at=f"{later:%Y-%m-%dT%H:%M}", agreed="on")
    assert "Moved. The first time stays on record." in words
    assert ", at first by" in words
    words = act(client, case, f"keep-promise/{promise.pk}")
    assert "Hot soup soon" in words
    assert "Kept" in words
    assert "This was done already." in act(client, case, f"cancel-promise/{promise.pk}")
    assert "Not kept, the customer says" in act(client, case, f"dispute-promise/{promise.pk}")
    words = act(client, case, f"explain-promise/{promise.pk}", because="pacified")
    assert "Said to calm the customer" in words
    assert "Select a valid choice" in act(client, case, f"explain-promise/{promise.pk}", because="attitude")


def test_a_promise_that_nobody_kept_stands_first_and_late(acme: Company, visit: Visit, case: Case) -> None:
    with tenant_scope(acme.tenant):
        made = timezone.now() - 4 * HOUR
        make_promise(case, what="Call soon", by=None, at=made, now=made)
        make_promise(case, what="A letter today", by=None, at=made, now=made)
    words = page(visit(acme, Role.FRONTLINE), case)
    assert words.index("Call soon") < words.index("A letter today")
    assert "2 h late" in words.replace("\xa0", " ")


def test_the_promise_of_another_case_is_not_there(acme: Company, visit: Visit, case: Case) -> None:
    with tenant_scope(acme.tenant):
        now = timezone.now()
        other = log_case(acme.units["north-1"], now - HOUR)
        promise = make_promise(other, what="Call soon", by=None, at=now, now=now)
    assert visit(acme, Role.CSO).post(f"/acme/cases/{case.pk}/keep-promise/{promise.pk}/").status_code == 404
    assert the_promise(acme).done_at is None
