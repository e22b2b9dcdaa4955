"""Reading the memory and the members of process trees from /proc, cheaply enough to poll."""

from __future__ import annotations

import os
from collections.abc import Iterable

_PAGE = os.sysconf("SC_PAGE_SIZE")
_STATUS_BYTES = 4096
# A look into one process costs up to some milliseconds; so many processes are not worth it.
_PROPORTIONS_MAX = 100
_SHARED_WORTH_A_LOOK = 64 * 1024 * 1024  # above what an interpreter maps of its files


def _read(path: str) -> bytes:
    """The file's first 4 KB, or nothing when the process is gone."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.read(fd, _STATUS_BYTES)
    except OSError:
        return b""
    finally:
        os.close(fd)


def resident_bytes(pid: int) -> int:
    """Memory the process holds that no file backs: its own pages and shared memory. 0 when it is gone.

    Pages shared with the parent it was forked from count, as they would for a process started alone.
    """
    fields = _read(f"/proc/{pid}/statm").split()
    if len(fields) < 3 or fields[1] == b"0":
        return 0
    own = (int(fields[1]) - int(fields[2])) * _PAGE
    # What statm calls shared is mostly mapped files, but also shared memory: only a look into status tells them apart.
    return own if int(fields[2]) * _PAGE < _SHARED_WORTH_A_LOOK else own + _shared_memory(pid)


def _shared_memory(pid: int) -> int:
    return _kilobytes(_read(f"/proc/{pid}/status"), b"RssShmem:")


def _kilobytes(status: bytes, name: bytes) -> int:
    at = status.find(name)
    return int(status[at + len(name) :].split(None, 1)[0]) * 1024 if at >= 0 else 0


def peak_bytes(pid: int) -> int:
    """The most the process ever held, file-backed pages included (VmHWM). 0 when it is gone or a zombie."""
    return _kilobytes(_read(f"/proc/{pid}/status"), b"VmHWM:")


def parent(pid: int) -> int:
    """The process's parent; itself when it is gone."""
    status = _read(f"/proc/{pid}/status")
    at = status.find(b"PPid:")
    return int(status[at + 5 :].split(None, 1)[0]) if at >= 0 else pid


def children(pid: int) -> list[int]:
    """The direct children of all threads of the process, as our pid namespace numbers them."""
    found: list[int] = []
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return found
    for thread in threads:
        found += map(int, _read_all(f"/proc/{pid}/task/{thread}/children").split())
    return found


def _read_all(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def tree(pid: int) -> list[int]:
    """The process and everything below it, parents first.

    Of an init process of a pid namespace that is everything in the namespace; elsewhere a process whose parent died
    hangs below the nearest subreaper.
    """
    found = [pid]
    for each in found:  # grows while it is walked
        found += children(each)
    return found


def attended_tree(init: int) -> list[int]:
    """What an environment with extensions is charged for: all below its init but their agent, which is ours.

    The agent is the second child of the init: it is handed to it before the runtime, the first, begins to run.
    """
    below = children(init)
    return [pid for place, child in enumerate(below) if place != 1 for pid in tree(child)] + [
        pid for agent in below[1:2] for pid in tree(agent)[1:]
    ]


def tree_resident_bytes(pids: Iterable[int]) -> int:
    return sum(map(resident_bytes, pids))


def over_limit(pids: Iterable[int], limit_bytes: int) -> bool:
    """Whether the processes together hold more than the limit. Pages that forks share count once.

    The quick sum counts them in each; only when it is over the limit the kernel is asked for proportions.
    """
    members = list(pids)
    if tree_resident_bytes(members) <= limit_bytes:
        return False
    return len(members) == 1 or len(members) > _PROPORTIONS_MAX or _proportional_bytes(members) > limit_bytes


def _proportional_bytes(pids: Iterable[int]) -> int:
    total = 0
    for pid in pids:
        rollup = _read(f"/proc/{pid}/smaps_rollup")
        # A process that may not be looked into counts in full.
        told = _kilobytes(rollup, b"Pss_Anon:") + _kilobytes(rollup, b"Pss_Shmem:")
        total += told if rollup else resident_bytes(pid)
    return total
