"""Resource limits of a function process: a backstop behind the jail and the environment host's memory polling."""

from __future__ import annotations

import resource

MIB = 1024 * 1024
# Interpreters reserve more data pages than they ever touch: Node needs this much to start at 128 MB.
DATA_HEADROOM_MB = 256


def _lower(kind: int, value: int) -> None:
    """Set soft and hard limit; a lower hard limit that is already there stays."""
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(kind, (value, value))


def apply(memory_mb: int, tmp_mb: int, processes: int = 1024, files: int = 1024) -> None:
    """Limit this process and all it starts. memory_mb, tmp_mb: the function's sizes; the rest as on AWS.

    `processes` counts per user and user namespace and does nothing for uid 0: drop privileges first. One file may be
    as large as /tmp and a little more, so that a full /tmp answers ENOSPC as on AWS and not EFBIG.
    """
    _lower(resource.RLIMIT_DATA, (memory_mb + DATA_HEADROOM_MB) * MIB)
    _lower(resource.RLIMIT_NPROC, processes)
    _lower(resource.RLIMIT_NOFILE, files)
    _lower(resource.RLIMIT_FSIZE, (tmp_mb + 1) * MIB)
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_MSGQUEUE, 0)
    for name in ("RLIMIT_NICE", "RLIMIT_RTPRIO"):
        _lower(getattr(resource, name), 0)
