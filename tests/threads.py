"""Several acts in the same instant, each in a thread and a transaction of its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connection

from cso.errors import DomainError
from tenants.scope import tenant_scope
from tests.personas import Company


def at_once(company: Company, *acts: Callable[[], Any]) -> list[str]:
    """All started together in the company's scope; what became of each, in their order: "done", or the error's code."""
    barrier = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> str:
        try:
            barrier.wait(30)
            with tenant_scope(company.tenant):
                act()
        except DomainError as error:
            return error.code
        else:
            return "done"
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def at_once_sorted(company: Company, *acts: Callable[[], Any]) -> list[str]:
    """As `at_once`, for acts of which any may come first."""
    return sorted(at_once(company, *acts))
