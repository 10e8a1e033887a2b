"""What every address of the API has in common."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, cast

from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.etags import etag_of, is_unchanged, require_match
from api.fields import Body
from api.pagination import PAGING, Listing, Row
from api.problems import ProblemError
from api.throttling import Allowance
from tenants.models import ApiKey
from tenants.roles import Can


class Resource(APIView):
    """A view whose caller is an API key. `acts` says what each method does, and so which scope it takes."""

    acts: ClassVar[Mapping[str, tuple[Can, ...]]]
    http_method_names = [name for name in APIView.http_method_names if name != "options"]
    # The body is larger than memory, and the view reads it itself.
    streams_body = False
    allowance: Allowance | None = None
    now: datetime

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self.now = timezone.now()
        super().initial(request, *args, **kwargs)
        if not self.streams_body:
            request._request.body  # noqa: B018 (read here, so that Django's limit of its size holds)

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Cache-Control"] = "private, no-cache"
        if self.allowance is not None:
            for name, value in self.allowance.headers().items():
                response[name] = value
        return response

    @property
    def key(self) -> ApiKey:
        return cast(ApiKey, self.request.auth)

    def body_digest(self) -> bytes:
        """What an Idempotency-Key is bound to."""
        return hashlib.sha256(self.request._request.body).digest()

    def read(self, body: type[Body]) -> dict[str, Any]:
        """The request's body, checked; raises with each wrong field."""
        form = body(data=self.request.data, context={"request": self.request})
        form.is_valid(raise_exception=True)
        return dict(form.validated_data)

    def read_query(self, query: type[Body], *, paged: bool = False) -> dict[str, Any]:
        """The address's parameters, checked like a body; `paged`: beside those of a list's pages."""
        parameters = self.request.query_params
        data = {name: parameters[name] for name in parameters if not (paged and name in PAGING)}
        form = query(data=data, context={"request": self.request})
        form.is_valid(raise_exception=True)
        return dict(form.validated_data)

    def show(self, rows: QuerySet[Any], listing: Listing, *, status: int = 200, location: str = "") -> Response:
        """The only row of `rows` with its ETag, or 304 when the caller holds it; 404 when there is none."""
        representation = listing.one(rows)
        if representation is None:
            raise Http404
        etag = etag_of(representation)
        headers = {"ETag": etag} | ({"Location": location} if location else {})
        if self.request.method in {"GET", "HEAD"} and is_unchanged(self.request, etag):
            return Response(status=304, headers=headers)
        return Response(representation, status=status, headers=headers)

    def hold(self, rows: QuerySet[Any], listing: Listing) -> Any:
        """The only row of `rows`, locked, for a change under If-Match; 404 when there is none."""
        found = rows.select_for_update(of=("self",)).first()
        if found is None:
            raise Http404
        representation: Row | None = listing.one(rows)
        require_match(self.request, representation)
        return found


def only(rows: QuerySet[Any]) -> Any:
    """The only row of `rows`; 404 when there is none."""
    found = rows.first()
    if found is None:
        raise Http404
    return found


class Missing(Resource):
    """Every address that is none."""

    acts: ClassVar[Mapping[str, tuple[Can, ...]]] = {}

    def handler(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        raise ProblemError("not-found", "The API has no such address; see /api/docs.")

    get = post = put = patch = delete = handler
