"""`manage.py up` as a whole: what it starts, restarts and stops."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tests.house import House, free_port


@pytest.fixture
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("up") / "home", free_port())
    yield made
    made.stop(signal.SIGKILL)


def test_the_live_house_is_well(live: House) -> None:
    assert live.health() == (200, live.wait_for("ok"))
