"""Errors of the office: what a person or an integration did wrong, and what to do about it.

An adapter (API, portal, command) turns each into its own form once; no domain code knows HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tenants.errors import ConflictError, DomainError

__all__ = ["ConflictError", "DomainError", "FieldError", "InvalidFieldsError", "NotAllowedError"]


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field: a stable `code` for programs, a sentence for people."""

    field: str
    code: str
    message: str


class InvalidFieldsError(DomainError):
    """One or more fields are wrong; nothing was changed."""

    code = "invalid"

    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__("; ".join(f"{error.field}: {error.message}" for error in errors))
        self.errors = errors

    @classmethod
    def of(cls, field: str, code: str, message: str) -> InvalidFieldsError:
        return cls([FieldError(field, code, message)])

    def by_field(self) -> Mapping[str, list[FieldError]]:
        grouped: dict[str, list[FieldError]] = {}
        for error in self.errors:
            grouped.setdefault(error.field, []).append(error)
        return grouped


class NotAllowedError(DomainError):
    """The actor may see the thing but not do this to it."""

    code = "not_allowed"
