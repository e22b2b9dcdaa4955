"""Every request asks whose key it is signed with, and that is a row, or the absence of one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from invocations import limits
from invocations.flows import access_keys
from lambdaplay.home import Home
from tests.wire.boto import client


@pytest.fixture(autouse=True)
def _keys(request: pytest.FixtureRequest) -> Iterator[None]:
    if "live" not in request.fixturenames:
        request.getfixturevalue("db")
    access_keys.forget()
    yield
    access_keys.forget()


@pytest.fixture
def api(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """boto3's Lambda against the endpoint of this process, with a state folder of the test's own; no waiting states."""
    monkeypatch.setattr(limits, "SETTLE_SECONDS", 0.0)
    settings.LAMBDAPLAY_HOME = Home(tmp_path / "home")
    settings.LAMBDAPLAY_HOME.make()
    return client("lambda")


@pytest.fixture
def kinesis(monkeypatch: pytest.MonkeyPatch) -> Any:
    """boto3 against the endpoint of this process; streams are ACTIVE at once."""
    monkeypatch.setattr(limits, "SETTLE_SECONDS", 0.0)
    return client("kinesis")


@pytest.fixture
def rides(kinesis: Any) -> Any:
    """The client, with a stream `rides` of two shards."""
    kinesis.create_stream(StreamName="rides", ShardCount=2)
    return kinesis
