"""Who sweeps: one process of a machine, another when that one ends, everybody when it is stuck."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from lambdaplay.supervisor.sweeping import MISSED_SECONDS, Turn


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sweeper"


def end(turn: Turn) -> None:
    """What the kernel does when its process ends."""
    os.close(turn._file)


def test_one_of_several_sweeps(path: Path) -> None:
    first, second, third = Turn(path), Turn(path), Turn(path)
    assert [turn.is_mine() for turn in (second, first, third, second)] == [True, False, False, True]


def test_another_takes_over_when_it_ends(path: Path) -> None:
    first, second = Turn(path), Turn(path)
    assert first.is_mine() and not second.is_mine()
    end(first)
    assert second.is_mine()


def test_everybody_sweeps_when_it_is_stuck(path: Path) -> None:
    first, second, third = Turn(path), Turn(path), Turn(path)
    assert first.is_mine()
    long_ago = time.time() - MISSED_SECONDS - 1
    os.utime(path, (long_ago, long_ago))
    assert second.is_mine() and third.is_mine()
    second.done()
    assert not third.is_mine(), "somebody has"
    assert first.is_mine(), "it goes on where it was"
