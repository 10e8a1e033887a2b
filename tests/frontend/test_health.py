"""What a supervisor is told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from cso import health
from cso.metrics.models import QuarantinedMark, WorkerHeartbeat
from tenants.scope import tenant_scope
from tests.personas import NOW, Company


@pytest.fixture(autouse=True)
def _asks_the_guard_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_guard", None)


def test_the_process_lives_without_asking_anyone(client: Client) -> None:
    assert client.get("/healthz").content == b"ok"


def test_it_is_ready_with_a_worker_that_lives(db: None, client: Client) -> None:
    WorkerHeartbeat.objects.create(beat_at=timezone.now() - timedelta(seconds=20))
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {
        "ready": True,
        "parts": {"database": "ok", "redis": "ok", "guard": "ok", "worker": "ok"},
        "warnings": [],
    }


def test_figures_that_could_not_be_computed_are_a_warning(acme: Company, client: Client) -> None:
    WorkerHeartbeat.objects.create(beat_at=timezone.now())
    with tenant_scope(acme.tenant):
        for code in ("north", "south"):
            QuarantinedMark.objects.create(
                source="case", unit=acme.units[code], day=NOW.date(), error="DataError: the number 4711 is too large"
            )
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json()["warnings"] == ["acme: 2 marks could not be refreshed (DataError)."]


@pytest.mark.parametrize("age", [None, timedelta(seconds=31)])
def test_it_is_not_ready_without_one(db: None, client: Client, age: timedelta | None) -> None:
    if age is not None:
        WorkerHeartbeat.objects.create(beat_at=timezone.now() - age)
    response = client.get("/readyz")
    assert response.status_code == 503
    failing = {name for name, answer in response.json()["parts"].items() if answer != "ok"}
    assert failing == {"worker"}


def test_a_dead_redis_is_named_and_its_address_is_not(db: None, client: Client, settings: Settings) -> None:
    settings.REDIS_URL = "redis://:secret@127.0.0.1:1/0"
    WorkerHeartbeat.objects.create(beat_at=timezone.now())
    parts = client.get("/readyz").json()["parts"]
    assert parts["redis"] == "Does not answer (ConnectionError)."
    assert parts["database"] == "ok"


def test_the_guard_is_named(db: None, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "violations", lambda: ["Table x does not force row-level security."])
    assert client.get("/readyz").json()["parts"]["guard"] == "Table x does not force row-level security."
