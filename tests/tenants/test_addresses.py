"""No address shows, changes or betrays what is another tenant's: read from the URL map, for whatever is there."""

from __future__ import annotations

import difflib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path

from cso.people.actions import add_unit
from cso.recovery.models import Case
from tenants.keys import create_api_key
from tenants.members import add_member, end_membership
from tenants.models import RESERVED_SLUGS, Membership, User
from tenants.roles import SCOPE_GRANTS, Role
from tenants.scope import tenant_scope
from tests.tenants.addresses import API, API_METHODS, Address, Answer, addresses, answer, shown, slug_in_path
from tests.tenants.conftest import HERE, THERE, World
from tests.tenants.rows import INSTANT, TENANT_MODELS

ADDRESSES = addresses()
IN_WORKSPACE = [address for address in ADDRESSES if address.in_workspace]
IN_API = [address for address in ADDRESSES if address.in_api]
OF_TENANTS = IN_WORKSPACE + IN_API
# Pages about the API are for those who have no key yet.
PUBLIC = {"api:schema", "api:docs", "api:problems", "api:problem"}
# A form for everybody says that there is a workspace; it says nothing else of it.
OPEN_TO_ALL = {"tell_us"}
CLOSED = [address for address in IN_WORKSPACE if address.name not in OPEN_TO_ALL]
# Addresses on which something of the tenant stands for sure.
SHOWING = {
    "case",
    "cases",
    "export_cases",
    "export_cases_xlsx",
    "unit",
    "members",
    "keys",
    "customers",
    "customer",
    "person",
    "rule",
    "rules",
    "rule_versions",
    "secrets",
    "customer_purchases",
    "committee",
    "seats",
    "motion",
    "ballot",
    "ballots_on_motion",
    "outcome_of_ballot",
    "nomination",
    "kill_order",
    "panel",
    "wave",
    "waves",
    "session",
    "truths",
    "roster",
    "commitment",
    "recognitions",
    "strategy",
    "strategy_outcome",
    "blockers",
    "initiatives",
}
# What an act wants to be told before it looks for its thing; nothing for the others.
BODIES = {
    "api:reopen_case": {"note": "It broke again"},
    "api:dispute_case": {"note": "They say it is broken"},
    "api:move_case": {"unit": str(HERE)},
    "api:take_case": {"owner": str(HERE)},
    "api:hand_over_case": {"owner": str(HERE)},
    "api:close_case": {"solution": "put_right"},
    "api:plan_surprise": {"text": "A call"},
    "api:merge_case": {"into": str(HERE)},
    "api:seat_holder": {"holder_name": "New"},
    "api:tell_votes": {"seat": str(HERE), "choice": "yes"},
    "api:recuse_seat": {"seat": str(HERE), "because": "Related"},
    "api:merge_nomination": {"into": str(HERE)},
    "api:quick_kill": {"agreed_by": str(HERE)},
}
PAST = {"starts_on": "1999-01-01", "ends_on": "1999-02-01"}
LASTS = {"opens_at": "2099-01-01T00:00Z", "closes_at": "2099-02-01T00:00Z"}
SOON = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
BEGUN = {"name": "New", "starts_on": "2026-01-01", "due_on": "2026-02-01"}
COMMITTED = {"what": "New", "due_at": (datetime.now(UTC) + timedelta(days=30)).isoformat()}
# Where a body refers to another thing: method, path, body, the field that refers, and our own thing in it.
REFERRING: dict[str, tuple[str, str, dict[str, str], str]] = {
    "a unit's parent": ("POST", "/api/v1/units", {"code": "new", "name": "New"}, "parent"),
    "a unit's new parent": ("PATCH", "/api/v1/units/{unit}", {}, "parent"),
    "a person's unit": ("POST", "/api/v1/people", {"name": "New"}, "unit"),
    "a leader's unit": (
        "POST",
        "/api/v1/leaders",
        {"person": str(HERE), "starts_on": "1999-01-01", "ends_on": "1999-02-01"},
        "unit",
    ),
    "a leader": ("POST", "/api/v1/leaders", {"unit": "{unit}", "starts_on": "2020-01-01"}, "person"),
    "a rule's unit": ("POST", "/api/v1/rules", {"title": "New", "text": "New", "origin": "habit"}, "unit"),
    "a rule's owner": ("POST", "/api/v1/rules", {"title": "New", "text": "New", "origin": "habit"}, "owner"),
    "a case's unit": ("POST", "/api/v1/cases", {"summary": "New"}, "unit"),
    "a case's customer": ("POST", "/api/v1/cases", {"unit": str(HERE)}, "customer"),
    "a case's new customer": ("PATCH", f"/api/v1/cases/{HERE}", {}, "customer"),
    "a remedy's person": ("POST", f"/api/v1/cases/{HERE}/remedies", {"exception": "A later flight"}, "person"),
    "a case's owner": ("POST", f"/api/v1/cases/{HERE}/hand-over", {}, "owner"),
    "a task's unit": ("POST", f"/api/v1/cases/{HERE}/tasks", {"what": "Look", "due_at": "2099-01-01T00:00Z"}, "unit"),
    "a quoted rule": ("POST", f"/api/v1/cases/{HERE}/close", {"solution": "policy_quoted"}, "quoted_rule"),
    "a unit's intake owner": ("PATCH", "/api/v1/units/{unit}", {}, "intake_owner"),
    "a committee's unit": ("POST", "/api/v1/committees", {"name": "New"}, "unit"),
    "a nomination's rule": ("POST", "/api/v1/nominations", {"words": "New"}, "rule"),
    "a nomination's case": ("POST", "/api/v1/nominations", {"words": "New"}, "case"),
    "a nomination's unit": ("POST", "/api/v1/nominations", {"words": "New"}, "unit"),
    "a rule break's rule": ("POST", "/api/v1/rule-breaks", {"author": str(HERE), "why": "New"}, "rule"),
    "a rule break's author": ("POST", "/api/v1/rule-breaks", {"rule": str(HERE), "why": "New"}, "author"),
    "a seat's holder": ("POST", f"/api/v1/committees/{HERE}/seats", {"label": "New"}, "holder"),
    "a seat's new holder": ("POST", f"/api/v1/committees/{HERE}/seats/{HERE}/holder", {}, "holder"),
    "a panel's unit": ("POST", "/api/v1/panels", {"name": "New", "steward": str(HERE)}, "unit"),
    "a panel's steward": ("POST", "/api/v1/panels", {"name": "Newer", "unit": "{unit}"}, "steward"),
    "a wave's panel": ("POST", "/api/v1/waves", {"name": "New"} | LASTS, "panel"),
    "a wave's unit": ("POST", "/api/v1/waves", {"name": "Newer", "panel": str(HERE)} | LASTS, "unit"),
    "a session's panel": (
        "POST",
        "/api/v1/panel-sessions",
        {"title": "New", "planned_at": "2099-01-01T00:00Z"},
        "panel",
    ),
    "a session's wave": (
        "POST",
        "/api/v1/panel-sessions",
        {"title": "New", "planned_at": "2099-01-01T00:00Z", "panel": str(HERE)},
        "wave",
    ),
    "a commitment's panel": ("POST", "/api/v1/commitments", {"owner": str(HERE)} | COMMITTED, "panel"),
    "a commitment's owner": ("POST", "/api/v1/commitments", {"panel": str(HERE)} | COMMITTED, "owner"),
    "a commitment's truth": (
        "POST",
        "/api/v1/commitments",
        {"panel": str(HERE), "owner": str(HERE)} | COMMITTED,
        "truth",
    ),
    "an outcome's owner": ("POST", "/api/v1/strategy/outcomes", {"name": "New", "review_on": SOON}, "owner"),
    "an outcome's new owner": ("PATCH", f"/api/v1/strategy/outcomes/{HERE}", {}, "owner"),
    "a metric's outcome": ("POST", "/api/v1/strategy/metrics/nps/give", {}, "outcome"),
    "an initiative's outcome": ("POST", "/api/v1/strategy/initiatives", {"owner": str(HERE)} | BEGUN, "outcome"),
    "an initiative's owner": ("POST", "/api/v1/strategy/initiatives", {"outcome": str(HERE)} | BEGUN, "owner"),
    "who clears a blocker": ("POST", "/api/v1/strategy/blockers", {"what": "New"}, "owner"),
    "a blocker's outcome": ("POST", "/api/v1/strategy/blockers", {"what": "New", "owner": str(HERE)}, "outcome"),
    "a blocker's unit": ("POST", "/api/v1/strategy/blockers", {"what": "New", "owner": str(HERE)}, "unit"),
    "a hero": ("POST", "/api/v1/recognitions", {"kind": "delight", "what": "New"}, "person"),
    "a case's new unit": ("POST", f"/api/v1/cases/{HERE}/move", {}, "unit"),
}
# Ids that an address may be asked about, beside those in its path.
QUESTIONS = ("unit", "under", "case", "customer", "cause", "person", "leader", "member", "parent")


def each(found: list[Address]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("address", found, ids=lambda address: f"{address.name} {address.route}")


@dataclass(frozen=True)
class Cast:
    """Who asks: people of both tenants, signed in, and integrations with every scope."""

    world: World
    people: dict[str, Client]
    stranger: Client
    former: Client
    anonymous: Client
    ours: Client
    theirs: Client
    # All that is there, as it was before anybody asked: it stays so.
    there: list[Any]

    def clients(self, address: Address) -> list[Client]:
        """Those of our tenant who may come to an address."""
        return [self.ours] if address.in_api else list(self.people.values())


@pytest.fixture(scope="module")
def cast(world: World) -> Cast:
    with tenant_scope(world.here.tenant):
        administrator = _person("administrator@here.example")
        add_member(administrator, Role.ADMINISTRATOR, by=None)
        former = _person("former@here.example")
        end_membership(add_member(former, Role.CSO, by=None), by=None, now=INSTANT)
    officer, stranger = (home.rows[Membership].user for home in (world.here, world.there))  # type: ignore[attr-defined]
    return Cast(
        world,
        {"CSO": _signed_in(officer), "administrator": _signed_in(administrator)},
        _signed_in(stranger),
        _signed_in(former),
        Client(raise_request_exception=False),
        _integration(world.here.tenant),
        _integration(world.there.tenant),
        there_now(world),
    )


@pytest.fixture(autouse=True)
def _fresh_allowance(pages: None, committed: None) -> None:
    cache.clear()


def _person(email: str) -> User:
    return User.objects.create(email=email, name=email, password="!")


def _signed_in(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return client


def _integration(tenant: Any) -> Client:
    with tenant_scope(tenant):
        _, key = create_api_key(tenant, "test", list(SCOPE_GRANTS), by=None)
    return Client(raise_request_exception=False, headers={"Authorization": f"Bearer {key}"})


# All tables in one statement, because every test asks it: each row as (table, row).
EVERYTHING = " UNION ALL ".join(
    f"(SELECT '{model._meta.label}', (to_jsonb(t) - 'last_used_at')::text FROM {model._meta.db_table} t ORDER BY id)"
    for model in TENANT_MODELS
)


def there_now(world: World) -> list[Any]:
    """Everything that is the other tenant's; when a key was last used is no secret."""
    with tenant_scope(world.there.tenant), connection.cursor() as cursor:
        cursor.execute(EVERYTHING)
        return list(cursor.fetchall())


def compared(
    client: Client, method: str, foreign: str, missing: str, asked: list[UUID], **request: Any
) -> tuple[int, str]:
    """The status of the answer about another tenant's thing, and how it differs, line by line, from that about none."""
    said = [str(found) for found in asked]
    answers = [answer(client, method, where, asked=said, **request) for where in (foreign, missing)]
    theirs, none = (str(found).splitlines() for found in answers)
    differences = difflib.unified_diff(theirs, none, f"{method} {foreign}", f"{method} {missing}", n=0)
    return answers[0].status, "\n".join(differences)


def betrays(client: Client, method: str, foreign: str, missing: str, asked: list[UUID]) -> str:
    """How the answers about another tenant's thing and about none differ; empty when they do not."""
    return compared(client, method, foreign, missing, asked)[1]


@each([address for address in ADDRESSES if address.ids])
def test_anothers_id_is_as_missing_as_none(cast: Cast, address: Address) -> None:
    here, random = cast.world.here, uuid4()
    body = json.dumps(BODIES.get(address.name, {}))
    request: dict[str, Any] = {"data": body, "content_type": "application/json"} if address.in_api else {}
    assert address.in_api or address.in_workspace, "An id must stand in a workspace's address, or in the API's."
    statuses = set()
    for client in cast.clients(address):
        for method in address.methods:
            for part in address.ids:
                ours = dict.fromkeys(address.ids, here.id)
                foreign, missing = (
                    address.path(here.tenant.slug, **(ours | {part: found})) for found in (THERE, random)
                )
                status, differences = compared(client, method, foreign, missing, [THERE, random], **request)
                assert differences == ""
                statuses.add(status)
    assert 404 in statuses, f"No one is told that it is missing: {statuses}"
    assert not {status for status in statuses if status < 400}
    assert there_now(cast.world) == cast.there


@each(OF_TENANTS)
def test_a_page_shows_nothing_of_anothers_even_when_asked_about_its_id(cast: Cast, address: Address) -> None:
    here, there, random = cast.world.here, cast.world.there, uuid4()
    where = address.path(here.tenant.slug, **dict.fromkeys(address.ids, here.id))
    for client in cast.clients(address):
        plain = answer(client, "GET", where, asked=[])
        assert there.marker not in plain.whole
        assert str(there.id) not in plain.whole
        if plain.status == 405:
            continue
        for words in _questions(client, where, plain):
            foreign, missing = (f"{where}?{urlencode(dict.fromkeys(words, found))}" for found in (THERE, random))
            assert betrays(client, "GET", foreign, missing, [THERE, random]) == ""


def _questions(client: Client, where: str, plain: Answer) -> list[Sequence[str]]:
    """The words of `QUESTIONS` to ask at once: those that are passed over, or are refused as unknown, as one question.

    The portal passes over what it does not know. plain: the answer to no question.
    """
    if not where.startswith(API):
        return [QUESTIONS]
    nobody = str(uuid4())
    asked = answer(client, "GET", f"{where}?{urlencode(dict.fromkeys(QUESTIONS, nobody))}", asked=[nobody])
    if asked == plain:
        return [QUESTIONS]
    errors = json.loads(asked.body)["errors"] if asked.status == 400 else []
    unknown = [error["field"] for error in errors if error["code"].startswith("unknown_")]
    return [unknown, *([word] for word in QUESTIONS if word not in unknown)]


@pytest.mark.parametrize(("method", "path", "body", "field"), REFERRING.values(), ids=REFERRING)
def test_a_body_refers_to_ones_own_alone(cast: Cast, method: str, path: str, body: dict[str, str], field: str) -> None:
    here = cast.world.here
    with tenant_scope(here.tenant):
        unit = str(add_unit(secrets.token_hex(4), "New", by=None).pk)

    def say(reference: str) -> Answer:
        words = {name: value.replace("{unit}", unit) for name, value in body.items()} | {field: reference}
        return answer(
            cast.ours,
            method,
            path.replace("{unit}", unit),
            asked=[reference],
            data=json.dumps(words),
            content_type="application/json",
            headers={"If-Match": "*"},
        )

    assert say(str(THERE)) == say(str(uuid4()))
    assert say("seen-there code") == say("seen-nowhere code")
    assert say("seen-there external_id") == say("seen-nowhere external_id")
    assert (say(str(THERE)).status, say(str(HERE)).status // 100) == (400, 2)
    assert there_now(cast.world) == cast.there


def test_a_bulk_load_refers_to_ones_own_alone(cast: Cast) -> None:
    """Nor does it update another's case that has the same external id."""
    here = cast.world.here
    row = {"external_id": "seen-there external_id", "reported_at": "2026-03-02T09:00:00Z"}
    found = []
    for code in ("seen-there code", str(THERE), "seen-here code"):
        sent = [row | {"unit": code}]
        answered = cast.ours.post("/api/v1/cases/batch", sent, content_type="application/json").json()
        found += [result["status"] for result in answered["results"]]
    assert found == ["refused", "refused", "created"]
    assert there_now(cast.world) == cast.there
    with tenant_scope(here.tenant):  # the marker would be found on our own pages
        Case.objects.filter(external_id=row["external_id"]).update(external_id="seen-here too")


@each([address for address in OF_TENANTS if address.name.removeprefix("api:") in SHOWING])
def test_pages_do_show_what_is_ones_own(cast: Cast, address: Address) -> None:
    """Else the test above would prove nothing."""
    here = cast.world.here
    where = address.path(here.tenant.slug, **dict.fromkeys(address.ids, here.id))
    assert any(here.marker in shown(client, where) for client in cast.clients(address))


@each(CLOSED)
def test_a_stranger_finds_no_workspace(cast: Cast, address: Address) -> None:
    here = cast.world.here
    ids = dict.fromkeys(address.ids, here.id)
    real, none = address.path(here.tenant.slug, **ids), address.path("nowhere", **ids)
    for client in (cast.stranger, cast.former):
        for method in ("GET", "POST"):
            answers = [
                answer(client, method, where, asked=[slug_in_path(slug)])
                for where, slug in ((real, here.tenant), (none, "nowhere"))
            ]
            assert answers[0] == answers[1]
            assert answers[0].status == 404


@each(CLOSED)
def test_a_workspace_opens_to_nobody_who_is_not_signed_in(cast: Cast, address: Address) -> None:
    here = cast.world.here
    ids = dict.fromkeys(address.ids, here.id)
    for method in ("GET", "POST"):
        answers = [
            answer(cast.anonymous, method, address.path(slug, **ids), asked=[f"/{slug}/", f"%2F{slug}%2F"])
            for slug in (here.tenant.slug, "nowhere")
        ]
        assert answers[0] == answers[1]
        assert answers[0].status in {302, 404}


@each([address for address in IN_API if address.name not in PUBLIC])
def test_the_api_opens_to_no_one_without_a_key(cast: Cast, address: Address) -> None:
    here, there = cast.world.here, cast.world.there
    where = address.path(here.tenant.slug, **dict.fromkeys(address.ids, here.id))
    secret = secrets.token_urlsafe(32)
    refused = set()
    for header in (
        {},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": "Basic dTpw"},
        {"Authorization": f"Bearer cso_{here.tenant.slug}_0123456789ab_{secret}"},
        {"Authorization": f"Bearer cso_nowhere_0123456789ab_{secret}"},
        {"Authorization": cast.theirs.defaults["HTTP_AUTHORIZATION"].replace(f"cso_{there.tenant.slug}_", "cso_here_")},
    ):
        # A method that a resource does not know is refused as soon, whatever the key.
        for method in address.methods if header else API_METHODS:
            response = cast.anonymous.generic(method, where, headers=header)
            assert response.status_code == 401, f"{method} {where} {response.status_code}"
            assert response["WWW-Authenticate"] == 'Bearer realm="api"'
            if header.get("Authorization", "").startswith("Bearer"):
                refused.add(response.content)
    assert len(refused) == 1, "A key that is wrong in one way is told apart from one that is wrong in another."


@each([address for address in ADDRESSES if not address.in_workspace])
def test_no_workspace_can_take_an_address_of_the_product(address: Address) -> None:
    first = address.route.split("/")[1]
    assert first in RESERVED_SLUGS | {""}, f"Add “{first}” to RESERVED_SLUGS."


def test_a_session_does_not_open_the_api(cast: Cast) -> None:
    for client in cast.people.values():
        assert client.get("/api/v1/me").status_code == 401


def _betraying(request: HttpRequest, workspace: str, thing: UUID) -> HttpResponse:
    return HttpResponse(status=403 if thing == THERE else 404)


urlpatterns = [path("<slug:workspace>/things/<uuid:thing>/", _betraying, name="betraying")]


@override_settings(ROOT_URLCONF=__name__)
def test_an_address_that_betrays_would_be_found(cast: Cast) -> None:
    (address,) = addresses()
    slug, random = cast.world.here.tenant.slug, uuid4()
    foreign, missing = (address.path(slug, thing=found) for found in (THERE, random))
    assert betrays(cast.people["CSO"], "GET", foreign, missing, [THERE, random])
