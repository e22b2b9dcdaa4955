"""The warm parent that blanks are forked from: jailed first, then loaded with what every Python function needs.

Started by the environment host as `python -I -S`, with an empty environment and one socket. It ends when that socket
does, and as pid 1 of its pid namespace takes every environment with it.
"""

from __future__ import annotations

import gc
import importlib
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from typing import NoReturn

from invocations.runtime import channel
from invocations.runtime.host import blank, fence, jail
from invocations.runtime.host.settings import FUNCTION_UID, JAILED, HostSettings
from invocations.runtime.kernel import flags, memory, seccomp
from invocations.runtime.kernel import syscalls as sys_


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    settings = HostSettings.from_json(sys.argv[2])
    level = sys.argv[3]
    sys_.set_parent_death_signal(signal.SIGKILL)
    if level in JAILED:
        _jail(settings)
        Zygote(control, settings, level, _load(jail.LIBRARIES), None).serve()
    places = fence.Places.from_json(sys.argv[4]) if len(sys.argv) > 4 else fence.open_places(settings)
    if len(sys.argv) == 4:
        fence.restart_within_reach(places)
    entry = _load(places.runtime)
    _drop_user()
    Zygote(control, settings, level, entry, places).serve()


def _drop_user() -> None:
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(FUNCTION_UID, FUNCTION_UID, FUNCTION_UID)
        os.setresuid(FUNCTION_UID, FUNCTION_UID, FUNCTION_UID)
        sys_.set_dumpable(True)  # else /proc/self belongs to root and the uid map cannot be written
        sys_.set_parent_death_signal(signal.SIGKILL)  # a change of uid clears it


def _jail(settings: HostSettings) -> None:
    """Leave the server's world; returns as pid 1 of a new one."""
    uid, gid = os.geteuid(), os.getegid()
    as_root = uid == 0
    trees = jail.Trees(settings) if as_root else None
    if as_root:
        _drop_user()
        uid = gid = FUNCTION_UID
    sys_.unshare(flags.CLONE_NEWUSER | flags.CLONE_NEWNS | flags.CLONE_NEWPID | flags.CLONE_NEWIPC | flags.CLONE_NEWUTS)
    jail.map_user(0, 0, uid, gid)
    (trees or jail.Trees(settings)).build()
    child = os.fork()
    if child:
        _outlive(child)
    sys_.set_parent_death_signal(signal.SIGKILL)
    jail.enter()


def _outlive(child: int) -> None:
    """The process outside the pid namespace: waits, so that the host sees the zygote's end as its own child's."""
    _, status = os.waitpid(child, 0)
    os._exit(0 if status == 0 else 1)


def _load(libraries: str) -> Callable[[str], None]:
    """Import what functions start with; return what a forked environment calls with its handler."""
    checkout = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    # What it makes to warm up must not read the keys of whoever started the server.
    os.environ.update(AWS_CONFIG_FILE="/dev/null", AWS_SHARED_CREDENTIALS_FILE="/dev/null")
    sys.path[:] = [*(path for path in sys.path if path not in ("", checkout)), libraries]
    bootstrap = importlib.import_module("bootstrap_main")
    bootstrap.preload(boto3=True)
    seccomp.build(fence=None)  # kept for the forks
    gc.collect()
    gc.freeze()
    entry: Callable[[str], None] = bootstrap.main
    return entry


class Zygote:
    """`places` is None where environments have namespaces of their own."""

    def __init__(
        self,
        control: socket.socket,
        settings: HostSettings,
        level: str,
        main: Callable[[str], None],
        places: fence.Places | None,
    ) -> None:
        self._control = control
        self._settings = settings
        self._level = level
        self._main = main
        self._places = places
        self._inits: set[int] = set()
        if places is None:
            self._pid_namespace = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
        else:
            sys_.set_child_subreaper()
            self._tmp_folders = fence.TmpFolders()
            self._places = replace(places, tmps=self._tmp_folders.root)
            self._other_tasks = fence.tasks_of_user()

    def serve(self) -> NoReturn:
        channel.send(self._control, {"up": True, "places": self._places and asdict(self._places)})
        while True:
            packet = channel.receive(self._control)
            if packet.message is None:
                os._exit(0)
            self._reap()
            if packet.message["op"] == "blank":
                self._make_blank(packet.message, packet.files)
            elif packet.message["op"] == "drop":
                self._drop_tmp(packet.message["tmp"])
            else:
                self._end_strays()

    def _make_blank(self, message: channel.Message, files: list[int]) -> None:
        order = blank.BlankOrder(
            number=message["number"],
            own_network=message["own_network"],
            ports=(self._settings.api_port, self._settings.endpoint_port, self._settings.forwarder_port),
            level=self._level,
            places=self._places,
            other_tasks=0 if self._places is None else self._other_tasks,
        )
        if self._places is None:
            folder = f"{jail.TMPS}/{order.number}"
            os.mkdir(folder)
            sys_.mount("tmp", folder, "tmpfs", flags.MS_NOSUID | flags.MS_NODEV, "size=512m,nr_inodes=64k,mode=1777")
            sys_.unshare(flags.CLONE_NEWPID)
        else:
            self._tmp_folders.make(order.number)
        child = os.fork()
        if child == 0:
            self._control.close()
            init_end, function_end = (socket.socket(fileno=file) for file in files)
            try:
                blank.run_init(order, init_end, function_end, self._main)
            except BaseException as error:  # the last frame of a process
                os.write(2, f"environment {order.number}: {type(error).__name__}: {error}\n".encode())
            os._exit(1)
        if self._places is None:
            sys_.setns(self._pid_namespace, flags.CLONE_NEWPID)
        self._inits.add(child)
        channel.close(files)

    def _drop_tmp(self, number: int) -> None:
        if self._places is None:
            folder = f"{jail.TMPS}/{number}"
            with suppress(FileNotFoundError):  # of a zygote before this one
                sys_.umount2(folder, flags.MNT_DETACH)
                os.rmdir(folder)
        else:
            self._tmp_folders.drop(number)

    def _end_strays(self) -> None:
        """An init without a pid namespace was killed by its function: what it left hangs below us now."""
        while strays := set(memory.children(os.getpid())) - self._inits:
            for pid in [below for stray in strays for below in memory.tree(stray)]:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._reap()

    def _reap(self) -> None:
        try:
            while pid := os.waitpid(-1, os.WNOHANG)[0]:
                self._inits.discard(pid)
        except ChildProcessError:
            pass
