"""The system call filter where no network or pid namespace helps: each rule acts, and what must work works."""

from __future__ import annotations

import errno
import os
import signal
import socket
from collections.abc import Callable

import pytest

from invocations.runtime.kernel import seccomp


def fenced(fence: seccomp.Fence | None, work: Callable[[], object]) -> int:
    """0 when `work` succeeds in a process behind the filter, else the errno of its OSError."""
    pid = os.fork()
    if pid == 0:
        code = 255
        try:
            if fence is not None:
                only = os.getpid() if fence.signals_to == 0 else fence.signals_to
                seccomp.install(seccomp.Fence(fence.datagrams, only))
            work()
            code = 0
        except OSError as error:
            code = error.errno or 254
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


CLOSED = seccomp.Fence(datagrams=False, signals_to=None)
SHARED = seccomp.Fence(datagrams=True, signals_to=None)
MUTE = seccomp.Fence(datagrams=True, signals_to=0)  # 0: the process itself


@pytest.mark.parametrize(
    ("fence", "work", "answer"),
    [
        (CLOSED, lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM), errno.EAFNOSUPPORT),
        (CLOSED, lambda: socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM), errno.EAFNOSUPPORT),
        (CLOSED, lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM), 0),
        (CLOSED, lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM), errno.EACCES),
        (CLOSED, lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM), 0),
        (CLOSED, lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM), errno.EACCES),
        (CLOSED, lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK), errno.EACCES),
        (CLOSED, lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM), errno.EACCES),
        (SHARED, lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM), 0),
        (SHARED, lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM), errno.EAFNOSUPPORT),
        (SHARED, lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW), errno.EAFNOSUPPORT),
        (SHARED, lambda: os.kill(os.getppid(), 0), 0),
        (MUTE, lambda: os.kill(os.getppid(), 0), errno.EPERM),
        (MUTE, lambda: os.kill(-1, 0), errno.EPERM),
        (MUTE, lambda: os.kill(os.getpid(), 0), 0),
        (MUTE, lambda: os.kill(0, 0), 0),
        (MUTE, lambda: signal.pidfd_send_signal(os.pidfd_open(os.getppid()), 0), errno.EPERM),
    ],
)
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_what_the_fence_answers(fence: seccomp.Fence, work: Callable[[], object], answer: int) -> None:
    assert fenced(fence, work) == answer
    if answer:
        assert fenced(None, work) == 0, "refused for another reason"
