"""A clock that moves only when a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from invocations import clock


class Hands:
    """Product time and real time; `advance` moves the first alone."""

    def __init__(self) -> None:
        self.product = self.really = datetime(2026, 1, 31, 12, 0, 30, tzinfo=UTC)

    def advance(self, **how_far: float) -> None:
        self.product += timedelta(**how_far)

    def sleep(self, **how_long: float) -> None:
        self.product += timedelta(**how_long)
        self.really += timedelta(**how_long)


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    found = Hands()
    monkeypatch.setattr(clock, "now", lambda: found.product)
    monkeypatch.setattr(clock, "real", lambda: found.really)
    return found
