"""What the parts' states add up to, and how they are found out."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from invocations import clock
from invocations.flows.health import WATCHED, PartState, examine, judge
from invocations.models import Heartbeat
from invocations.tasks import tick
from lambdaplay.home import Home

EVERY = ("web", "database", "worker", "poller", "control", "beat", "host", "messages", "broker", "companion")


@pytest.mark.parametrize(
    ("down", "status"),
    [
        ((), "ok"),
        (("broker",), "degraded"),
        (("companion",), "degraded"),
        (("broker", "messages", "companion"), "degraded"),
        (("host",), "down"),
        (("worker",), "down"),
        (("beat",), "down"),
        (("database",), "down"),
        (("broker", "control"), "down"),
    ],
)
def test_only_broker_and_companion_are_dispensable(down: tuple[str, ...], status: str) -> None:
    assert judge({name: PartState("down" if name in down else "ok") for name in EVERY}) == status


@pytest.fixture
def lonely(tmp_path: Path, settings: Any) -> None:
    """A state folder in which nothing runs."""
    home = Home(tmp_path / "home")
    home.make()
    settings.LAMBDAPLAY_HOME = home
    settings.LAMBDAPLAY_COMPANION_PLACE = home.companion_socket
    settings.CELERY_BROKER_URL = f"redis+socket://{home.broker_socket}"


@pytest.mark.django_db
@pytest.mark.usefixtures("lonely")
class TestAlone:
    def test_nothing_but_web_and_database_is_there(self) -> None:
        health = examine()
        assert health.status == "down"
        assert {name for name, part in health.parts.items() if part.state == "ok"} == {"web", "database"}
        assert set(health.parts) == set(EVERY)

    def test_a_heartbeat_counts_for_ten_seconds(self) -> None:
        now = clock.real()
        Heartbeat.objects.beat("worker", now - timedelta(seconds=8))
        Heartbeat.objects.beat("beat", now - timedelta(seconds=12))
        parts = examine().parts
        assert parts["worker"] == PartState("ok")
        assert parts["beat"] == PartState("down", "last heard of 12 s ago")
        assert parts["control"] == PartState("down", "not heard of since the start")

    def test_a_heartbeat_is_one_row_per_part(self) -> None:
        for seconds in (20, 1):
            Heartbeat.objects.beat("worker", clock.real() - timedelta(seconds=seconds))
        assert Heartbeat.objects.count() == 1
        assert examine().parts["worker"].state == "ok"

    def test_another_machines_heartbeat_says_nothing_about_this_one(self) -> None:
        for name in WATCHED:
            Heartbeat.objects.create(part=name, machine="elsewhere", seen_at=clock.real())
        assert {examine().parts[name].state for name in WATCHED} == {"down"}

    def test_a_tick_shows_that_messages_arrive(self) -> None:
        tick()
        assert examine().parts["messages"].state == "ok"

    def test_without_a_companion_nobody_misses_it(self, settings: Any) -> None:
        settings.LAMBDAPLAY_COMPANION = "none"
        assert "companion" not in examine().parts

    def test_the_page_needs_no_login_and_answers_503_when_down(self, client: Client) -> None:
        answer = client.get("/healthz")
        assert answer.status_code == 503
        body = json.loads(answer.content)
        assert body["status"] == "down"
        assert body["parts"]["web"] == {"state": "ok", "detail": ""}
        assert "no-store" in answer["Cache-Control"]

    def test_the_page_is_only_read(self, client: Client) -> None:
        assert client.post("/healthz").status_code == 405
