"""Start a child process that cannot outlive its parent."""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from django.db import connections

PR_SET_PDEATHSIG = 1
PR_SET_NAME = 15

_CHANGED_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD, signal.SIGPIPE)


@dataclass(frozen=True)
class Process:
    pid: int
    output: int | None  # reading end of the pipe that holds its stdout and stderr; None: they are ours


def spawn(name: str, run: Callable[[], None], in_child: Callable[[], None], *, own_output: bool = True) -> Process:
    """Fork; the child leads its own session, calls `in_child` to let go of what is ours, then `run`.

    `run` may return (exit 0), raise SystemExit, or replace the process by exec.
    """
    ends = os.pipe() if own_output else None
    sys.stdout.flush()
    sys.stderr.flush()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        _be_child(name, run, in_child, ends, parent)
    if ends is None:
        return Process(pid, None)
    os.close(ends[1])
    return Process(pid, ends[0])


def _be_child(
    name: str, run: Callable[[], None], in_child: Callable[[], None], ends: tuple[int, int] | None, parent: int
) -> NoReturn:
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        for number in _CHANGED_SIGNALS:
            # Python's own start-up ignores SIGPIPE; programs that we exec expect the default.
            signal.signal(number, signal.SIG_IGN if number == signal.SIGPIPE else signal.SIG_DFL)
        os.setsid()
        die_with_parent(parent)
        show_as(name)
        in_child()
        if ends is not None:
            _take_output(ends)
        connections.close_all()
        run()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        # Neither the parent's clean-up nor its atexit handlers are the child's business.
        os._exit(code)


def _take_output(ends: tuple[int, int]) -> None:
    os.close(ends[0])
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (ends[1], 1), (ends[1], 2)):
        os.dup2(source, target)
    os.close(null)
    os.close(ends[1])
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when `parent` ends, also by kill -9. Survives exec."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    if os.getppid() != parent:  # it ended before we asked
        os._exit(1)


def _watch(parent: int) -> None:
    """Where the kernel offers no such signal (macOS): look once a second."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def show_as(name: str) -> None:
    """What `ps -o comm` and `top` show."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_NAME, f"lp-{name}".encode(), 0, 0, 0)
