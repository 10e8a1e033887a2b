"""Every error that can leave a view, turned into a problem document in one place."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from typing import Any

import orjson
from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.core.signals import got_request_exception
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from django.views import defaults
from psycopg.errors import CheckViolation, UniqueViolation
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from api.problems import MEDIA_TYPE, ProblemError, problem
from cso.errors import DomainError, FieldError, InvalidFieldsError, NotAllowedError

logger = logging.getLogger(__name__)

UNKNOWN_FIELD = "unknown_field"


def problem_response(error: Exception, context: dict[str, Any]) -> Response:
    """DRF's exception handler: undo what the view wrote, and say what went wrong."""
    set_rollback()
    if isinstance(error, ProblemError):
        return problem(error.code, error.detail, headers=error.headers, **error.extensions)
    if isinstance(error, DomainError):
        return _of_domain(error)
    if isinstance(error, exceptions.APIException):
        return _of_framework(error)
    return _of_django(error, context)


def server_error(request: HttpRequest) -> HttpResponseBase:
    """What is answered when a request failed outside any view, such as without the database: a problem, or a page."""
    if not request.path_info.startswith("/api/"):
        return defaults.server_error(request)
    answer = problem("internal", "The request failed and changed nothing. Try again in a moment.")
    return HttpResponse(orjson.dumps(answer.data), status=answer.status_code, content_type=MEDIA_TYPE)


def _of_domain(error: DomainError) -> Response:
    if isinstance(error, InvalidFieldsError):
        return problem("invalid", error.message, errors=error.errors)
    if isinstance(error, NotAllowedError):
        return problem("not-allowed", error.message, specific=error.code)
    return problem("conflict", error.message, specific=error.code)


def _of_framework(error: exceptions.APIException) -> Response:
    if isinstance(error, exceptions.ValidationError):
        errors = list(field_errors(error.get_full_details()))
        return problem("invalid", "; ".join(f"{e.field}: {e.message}" for e in errors), errors=errors)
    if isinstance(error, exceptions.Throttled):
        wait = math.ceil(getattr(error, "wait", None) or 1)
        return problem("rate-limited", f"Try again in {wait} seconds.", headers={"Retry-After": str(wait)})
    codes: dict[type[exceptions.APIException], str] = {
        exceptions.ParseError: "malformed",
        exceptions.AuthenticationFailed: "unauthenticated",
        exceptions.NotAuthenticated: "unauthenticated",
        exceptions.PermissionDenied: "not-allowed",
        exceptions.NotFound: "not-found",
        exceptions.MethodNotAllowed: "method-not-allowed",
        exceptions.UnsupportedMediaType: "unsupported-media-type",
    }
    header = getattr(error, "auth_header", None)
    headers = {"WWW-Authenticate": header} if header else None
    return problem(codes[type(error)], str(error.detail), headers=headers)


def _of_django(error: Exception, context: dict[str, Any]) -> Response:
    if isinstance(error, Http404):
        return problem("not-found", "There is nothing of this id at this address.")
    if isinstance(error, PermissionDenied):
        return problem("not-allowed", "The key may not do this.")
    if isinstance(error, RequestDataTooBig):
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 1024**2
        return problem("too-large", f"A request body may have {limit} MB at most.")
    if isinstance(error, UnreadablePostError):
        return problem("malformed", "The body ended early.")
    if isinstance(error, IntegrityError) and (answer := _of_constraint(error)):
        return answer
    logger.error("%s failed", context["request"].path, exc_info=error)
    got_request_exception.send(sender=None, request=context["request"]._request)
    return problem("internal", "The request failed and changed nothing.")


def _of_constraint(error: IntegrityError) -> Response | None:
    """A rule that the database keeps, met by two requests at once or unknown to the form; None for other faults."""
    cause = error.__cause__
    if isinstance(cause, UniqueViolation):
        name = cause.diag.constraint_name or "unique"
        return problem("conflict", "Another request was faster with the same key.", specific=name)
    if isinstance(cause, CheckViolation):
        name = cause.diag.constraint_name or "check"
        message = f"This breaks the rule “{name.replace('_', ' ')}”."
        return problem("invalid", message, errors=[FieldError("body", name, message)])
    return None


def field_errors(details: Any, field: str = "") -> Iterator[FieldError]:
    """The leaves of DRF's nested error details, by dotted path."""
    if isinstance(details, dict) and set(details) == {"message", "code"} and isinstance(details["message"], str):
        yield FieldError(field or "body", str(details["code"]), str(details["message"]))
    elif isinstance(details, dict):
        for name, inner in details.items():
            path = field if name == "non_field_errors" else f"{field}.{name}" if field else str(name)
            yield from field_errors(inner, path)
    elif isinstance(details, list):
        for inner in details:
            yield from field_errors(inner, field)


def unknown_field(name: str) -> FieldError:
    return FieldError(name[:100], UNKNOWN_FIELD, "There is no field of this name here.")
