"""A real browser on a real server, with the static files as they are served in production."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import cast

import pytest
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.test import Client, override_settings
from django.test.testcases import LiveServerThread
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from cso.metrics.actions import set_target
from cso.metrics.engine.refresh import refresh
from cso.people import actions as people
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.personas import Company, log_case, make_company

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
# What the portal's pages ask for; the others' files serve the API's documentation.
OTHERS_STATIC_FILES = ["account/*", "api/*", "drf_spectacular_sidecar/*", "mfa/*", "rest_framework/*"]
HOUR = timedelta(hours=1)
needs_chromium = pytest.mark.skipif(
    not Path(CHROMIUM).exists(), reason="chromium is missing (Debian: apt-get install chromium)"
)

# Opens a page as a member, in a window of a size and with a theme; without scripts if asked.
Open = Callable[..., Page]


@pytest.fixture(scope="session")
def static_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("static")
    with override_settings(STATIC_ROOT=str(root)):
        call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=OTHERS_STATIC_FILES)
    return root


def _as_it_is(application: WSGIHandler) -> WSGIHandler:
    return application


@pytest.fixture
def server(transactional_db: None, static_root: Path) -> Iterator[str]:
    """The portal's address."""
    with override_settings(STATIC_ROOT=str(static_root)):
        # WhiteNoise serves the static files, compressed, and not a handler for tests.
        handler = cast("type[WSGIHandler]", _as_it_is)
        thread = LiveServerThread("127.0.0.1", static_handler=handler, connections_override={})
        thread.daemon = True
        thread.start()
        thread.is_ready.wait()
        if thread.error:
            raise thread.error
        yield f"http://127.0.0.1:{thread.port}"
        thread.terminate()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    # Playwright keeps an event loop in this thread, in which Django would refuse to ask its database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def company(server: str) -> Company:
    """North misses its target of 80 %, south meets it; a case is late, one falls due soon."""
    acme = make_company("acme")
    now = timezone.now()
    with tenant_scope(acme.tenant):
        south = people.add_person("Sol South", by=None)
        people.name_leader(acme.units["south"], south, date(2024, 1, 1), by=None)
        set_target("recovered_24h", Decimal(80), date(2024, 1, 1), by=None)
        cause = "Bag delayed"
        for number in range(24):
            words = {"summary": f"Bag {number} went to Winnipeg", "cause": cause}
            fixed_after = (2 if number < 6 else 30) * HOUR
            log_case(acme.units["north-1"], now - 90 * HOUR, fixed_after=fixed_after, **words)
            log_case(acme.units["south"], now - 90 * HOUR, fixed_after=2 * HOUR, **words)
        log_case(acme.units["north-1"], now - 40 * HOUR, summary="The suit for the funeral", cause=cause)
        log_case(acme.units["north-1"], now - 22 * HOUR, summary="A stroller")
        refresh()
    return acme


@pytest.fixture
def open_page(server: str, chromium: Browser, company: Company) -> Iterator[Open]:
    contexts: list[BrowserContext] = []

    def open_as(
        role: Role, path: str = "/acme/", *, width: int = 1280, theme: str = "light", scripts: bool = True
    ) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": 800},
            color_scheme=theme,  # type: ignore[arg-type]
            java_script_enabled=scripts,
            base_url=server,
        )
        contexts.append(context)
        client = Client()
        client.force_login(company.member(role).user)
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": server}])
        page = context.new_page()
        page.goto(path)
        return page

    yield open_as
    for context in contexts:
        context.close()
