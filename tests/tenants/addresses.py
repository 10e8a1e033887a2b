"""Every address of the product, read from its URL map, so that a new one is tested without a line written for it."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import UUIDConverter
from django.urls.resolvers import RegexPattern, RoutePattern
from pypdf import PdfReader

from tenants.models import Tenant

# Parts of addresses that are no ids: name -> a word that stands there.
WORDS = {
    "key": "recovered_24h",  # of a metric
    "code": "not-found",  # of a problem
    "token": "nobodys",  # of a customer's link
}
# Addresses given by a regular expression, which cannot be read backwards: name -> an address that it takes.
EXPRESSIONS = {
    "api:missing": "/api/v1/nothing/like/this",
    "account_reset_password_from_key": "/accounts/password/new/1-none/",
}
WORKSPACE = "workspace"
API = "/api/"
API_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True)
class Address:
    """One pattern: `route` with its parts as Django writes them, and the names of those that are ids.

    methods: what a resource of the API answers to, by its class; of anything else, GET and POST.
    """

    name: str
    route: str
    ids: tuple[str, ...]
    methods: tuple[str, ...] = ("GET", "POST")

    @property
    def in_workspace(self) -> bool:
        return self.route.startswith(f"/<slug:{WORKSPACE}>/")

    @property
    def in_api(self) -> bool:
        return self.route.startswith(API)

    def path(self, workspace: str, **ids: UUID) -> str:
        """The address with its parts filled in."""
        values = WORDS | {name: str(value) for name, value in ids.items()} | {WORKSPACE: workspace}
        return re.sub(r"<(?:\w+:)?(\w+)>", lambda part: values[part[1]], self.route)


def addresses() -> list[Address]:
    """All there are. One whose parts cannot be filled in fails with a sentence."""
    return list(_walk(get_resolver(), "/", {}, ""))


def _walk(resolver: URLResolver, prefix: str, parts: dict[str, Any], space: str) -> Iterator[Address]:
    for found in resolver.url_patterns:
        inside = parts | _parts(found.pattern)
        if isinstance(found, URLResolver):
            below = f"{space}{found.namespace}:" if found.namespace else space
            yield from _walk(found, prefix + str(found.pattern), inside, below)
        else:
            yield _address(found, prefix, inside, f"{space}{found.name}")


def _parts(pattern: Any) -> dict[str, Any]:
    return dict(pattern.converters) if isinstance(pattern, RoutePattern) else {}


def _address(found: URLPattern, prefix: str, parts: dict[str, Any], name: str) -> Address:
    if isinstance(found.pattern, RegexPattern):
        assert name in EXPRESSIONS, f"Say in EXPRESSIONS in tests/tenants/addresses.py which address {name} takes."
        return Address(name, EXPRESSIONS[name], ())
    ids = tuple(part for part, converter in parts.items() if isinstance(converter, UUIDConverter))
    unknown = set(parts) - set(ids) - set(WORDS) - {WORKSPACE}
    assert not unknown, (
        f"Say in WORDS in tests/tenants/addresses.py what stands for {unknown} in {prefix}{found.pattern}."
    )
    resource = getattr(found.callback, "cls", None)
    methods = tuple(method for method in API_METHODS if hasattr(resource, method.lower())) or Address.methods
    return Address(name, prefix + str(found.pattern), ids, methods)


@dataclass(frozen=True)
class Answer:
    """What a client can tell answers apart by, with everything left out that only repeats its question.

    whole: all that it says, with nothing left out.
    """

    status: int
    kind: str
    location: str
    body: str
    whole: str = field(compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.status} {self.kind} {self.location}\n{self.body}"


def _text(response: Any) -> str:
    """What an answer says; of a workbook, and of files in a folder, what is written in them; of a PDF, its words."""
    content = response.getvalue()
    if content.startswith(b"%PDF"):
        return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    if not content.startswith(b"PK"):
        return str(content, "utf-8")
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        # Not when it was made.
        return "".join(book.read(name).decode() for name in book.namelist() if not name.startswith("docProps/"))


def shown(client: Client, path: str) -> str:
    """What a page or a file says; fails when the server does."""
    response = client.get(path)
    assert response.status_code < 500, f"{path}: {response.status_code}"
    return _text(response)


def answer(client: Client, method: str, path: str, *, asked: list[str], **request: Any) -> Answer:
    """An answer with `asked` (ids, slugs) and what differs at each request replaced."""
    response = client.generic(method, path, **request)
    assert response.status_code < 500, f"{method} {path}: {response.status_code}"
    whole = _text(response)
    # Tokens against forged and doubled forms.
    body = re.sub(r'<input type="hidden"[^>]*>', "", whole)
    body = re.sub(r'nonce="[^"]+"', "nonce", body)
    body = re.sub(r'data-now="[^"]+"', "data-now", body)
    body = re.sub(r'"seconds":\d+', '"seconds"', body)  # that something has lasted until now
    body = re.sub(r"As it stood on [^,]+, \d\d:\d\d", "As it stood", body)
    location = response.headers.get("Location", "")
    for said in asked:
        body, location = body.replace(said, "…"), location.replace(said, "…")
    return Answer(response.status_code, response.headers.get("Content-Type", ""), location, body, whole)


def slug_in_path(tenant: Tenant | str) -> str:
    return f"/{tenant.slug if isinstance(tenant, Tenant) else tenant}/"
