"""Environment variables, loudly: what is missing or malformed stops the start with its name."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict


def required(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise ImproperlyConfigured(f"Set the environment variable {name}; `./dev up` sets it for you.")
    return value


def optional(name: str, default: str) -> str:
    return os.environ.get(name) or default


def url(name: str, value: str, *schemes: str) -> str:
    """`value` as it stands, if it begins with one of the schemes and could be reached."""
    parts = urlsplit(value)
    if parts.scheme not in schemes or not (parts.netloc or parts.path):
        wanted = " or ".join(f"{scheme}://" for scheme in schemes)
        # Without the value: it may hold a password.
        raise ImproperlyConfigured(f"{name} must be an address that begins with {wanted}.")
    return value


def database(name: str) -> dict[str, Any]:
    """The parts of a database's URL, as psycopg names them: at least a user and a database."""
    try:
        parts = conninfo_to_dict(required(name))
    except ProgrammingError:
        parts = {}
    if not parts.get("user") or not parts.get("dbname"):
        raise ImproperlyConfigured(f"{name} must look like postgresql://user:password@host:5432/database.")
    return dict(parts)


def flag(name: str, *, default: bool) -> bool:
    value = optional(name, "true" if default else "false").lower()
    if value not in {"true", "false"}:
        raise ImproperlyConfigured(f"{name} must be true or false, not “{value}”.")
    return value == "true"


def whole_number(name: str, default: int) -> int:
    value = optional(name, str(default))
    if not value.isascii() or not value.isdigit():
        raise ImproperlyConfigured(f"{name} must be a whole number, not “{value}”.")
    return int(value)
