"""Which workers of this state folder still live: each holds a lock on a file of its own for as long as it does.

The kernel lets go of the lock when the process ends, however it ends. So what a killed worker ran is free at once;
its lease, which is for machines that cannot see each other's files, need not run out first.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from django.conf import settings

FORGET_SECONDS = 600.0  # an ended worker's file; what it ran was found long before

_held: list[int] = []  # locks of this process, never closed


def hold(runner: str) -> None:
    """Say that this process lives, until it ends, under the name that it gives its attempts."""
    _forget_old()
    _held.append(os.open(_path(runner), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    with suppress(BlockingIOError):  # held by this very process, or by whoever wears its name
        fcntl.flock(_held[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)


def ended(runner: str) -> bool:
    """Whether that runner is known to have ended. Of one that is not of this folder nothing is known."""
    try:
        file = os.open(_path(runner), os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        return True
    finally:
        os.close(file)


def _path(runner: str) -> Path:
    """What follows a space tells threads of one process apart."""
    return _folder() / quote(runner.partition(" ")[0], safe="@")


def _folder() -> Path:
    folder: Path = settings.LAMBDAPLAY_HOME.run / "runners"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _forget_old() -> None:
    for path in _old():
        if ended(path.name):
            path.unlink(missing_ok=True)


def _old() -> Iterator[Path]:
    for path in _folder().iterdir():
        with suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > FORGET_SECONDS:
                yield path
