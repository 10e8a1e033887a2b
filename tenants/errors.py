"""Errors of the product: what a person or an integration did wrong, and what to do about it.

The root of the family; its other branches, which the office needs, are in `cso.errors`.
"""

from __future__ import annotations


class DomainError(Exception):
    """An act that the product refuses. `code` is stable; `message` says what to do."""

    code = "refused"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code


class ConflictError(DomainError):
    """The thing is not in a state in which this can be done."""

    code = "conflict"
