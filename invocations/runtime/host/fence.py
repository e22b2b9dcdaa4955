"""Level L0: what stands between a function and the machine where namespaces are not to be had.

Landlock (files and TCP ports), a system call filter and limits. Compared with a jail of its own:

* Paths are the machine's: the code is not at /var/task but where LAMBDA_TASK_ROOT says, layers are not at /opt but
  where _LAMBDAPLAY_OPT says, /tmp is where TMPDIR says
  (scratch.py), and only each single file in it is limited in size.
* Contents of files are out of reach, their names, sizes and modes are not.
* Started as root, functions share one unprivileged uid; else they have the server's. Its files, sockets, memory and
  environment stay out of reach either way.

Started as root, folders may lie under a 0700 parent that the function's uid cannot pass. They are opened before the
process gives up its rights, and named by the open file: /proc/self/fd/<number>/...
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass

from invocations.runtime.channel import Message
from invocations.runtime.host.settings import FUNCTION_UID, HostSettings
from invocations.runtime.kernel import landlock, limits, seccomp
from invocations.runtime.kernel import syscalls as sys_

# Above everything that a start closes, below the limit of open files.
_FIRST_FILE = 900
_SYSTEM = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/sys/devices/system/cpu"),
    *(f"/etc/{name}" for name in ("ssl", "pki", "ca-certificates", "alternatives", "localtime", "mime.types")),
    *(f"/etc/{name}" for name in ("ld.so.cache", "passwd", "group", "hosts", "nsswitch.conf", "resolv.conf")),
    # Of processes only its own: another's command line is not for it to read.
    *(f"/proc/{name}" for name in ("self", "cpuinfo", "meminfo", "stat", "loadavg", "filesystems", "version")),
    *("/proc/sys/kernel", "/proc/sys/vm"),
)
_DEVICES = tuple(f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom"))
_HELD = "/proc/self/fd/"
_TMP_PREFIX = "lambdaplay-tmp-"


@dataclass(frozen=True)
class Places:
    """Where a function finds things: real paths, or paths through open files where those are out of its reach."""

    code: str
    runtime: str
    clients: str
    prefixes: dict[str, str]  # an interpreter's folder -> where it is reached
    tmps: str = ""  # environments' /tmp, by number

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> Places:
        return Places(**json.loads(text))

    @property
    def held(self) -> bool:
        """Whether something is reached through an open file only."""
        return any(path.startswith(_HELD) for path in (self.code, self.runtime, self.clients, *self.prefixes.values()))

    def relocate(self, path: str) -> tuple[str, str | None]:
        """The path as it is reached, and the folder that stands for its prefix when that is another one."""
        for prefix, reached in self.prefixes.items():
            if reached != prefix and path.startswith(prefix + os.sep):
                return reached + path.removeprefix(prefix), reached
        return path, None


def open_places(settings: HostSettings) -> Places:
    """Open what the function's uid could not reach. Must run with the rights the server was started with."""
    folders = dict.fromkeys([settings.code, settings.libraries, settings.clients, *settings.prefixes])
    reached = {folder: folder for folder in folders if os.path.isdir(folder)}
    if os.geteuid() == 0:
        reached = {folder: folder if _function_reaches(folder) else _held(folder) for folder in reached}
    prefixes = {folder: reached[folder] for folder in settings.prefixes if folder in reached}
    return Places(reached[settings.code], reached[settings.libraries], reached[settings.clients], prefixes)


def _function_reaches(folder: str) -> bool:
    os.setgroups([])
    os.setegid(FUNCTION_UID)
    os.seteuid(FUNCTION_UID)
    try:
        return os.access(folder, os.R_OK | os.X_OK, effective_ids=True)
    finally:
        os.seteuid(0)
        os.setegid(0)


def _held(folder: str) -> str:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    number = fcntl.fcntl(opened, fcntl.F_DUPFD, _FIRST_FILE)  # survives exec
    os.close(opened)
    return f"{_HELD}{number}"


def restart_within_reach(places: Places) -> None:
    """When the interpreter's own folder is out of the function's reach, become the same interpreter by the other path.

    It then finds its standard library there. Returns when nothing is to be done; else this process starts anew with the
    places as its last argument.
    """
    executable, moved = places.relocate(os.path.realpath(sys.executable))
    if moved is not None:
        # orig_argv, because -c and its program are not in argv.
        os.execve(executable, [executable, *sys.orig_argv[1:], places.to_json()], {})  # noqa: S606 - ourselves


# --- each environment's /tmp ------------------------------------------------------------------------------------------


class TmpFolders:
    """A folder for each environment, in one of our own that nobody else may enter."""

    def __init__(self) -> None:
        for left in _unused_folders():
            shutil.rmtree(left, ignore_errors=True)
        self.root = tempfile.mkdtemp(prefix=_TMP_PREFIX)
        tempfile.tempdir = None  # functions, which are forked from us, find out for themselves
        self._lock = os.open(self.root, os.O_RDONLY | os.O_CLOEXEC)
        fcntl.flock(self._lock, fcntl.LOCK_SH)  # kept by every init too: held until the last of them is gone

    def make(self, number: int) -> None:
        os.mkdir(self.path(number), 0o700)

    def drop(self, number: int) -> None:
        shutil.rmtree(self.path(number), ignore_errors=True)

    def path(self, number: int) -> str:
        return f"{self.root}/{number}"


def _unused_folders() -> Iterator[str]:
    """What hosts that were killed have left: nobody holds a lock on it."""
    for entry in os.scandir(tempfile.gettempdir()):
        if entry.name.startswith(_TMP_PREFIX) and entry.stat(follow_symlinks=False).st_uid == os.geteuid():
            with suppress(OSError):
                opened = os.open(entry.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
                try:
                    fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    yield entry.path
                finally:
                    os.close(opened)


# --- the wall ---------------------------------------------------------------------------------------------------------


def tasks_of_user() -> int:
    """Threads of this user on the machine: the limit of processes counts them all where there is no user namespace."""
    count = 0
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):
            if os.stat(f"/proc/{pid}").st_uid == os.geteuid():
                count += len(os.listdir(f"/proc/{pid}/task"))
    return count


def close(start: Message, places: Places, walls: bool, other_tasks: int) -> None:
    """Give up, for good, what the function is not to have. `walls` False (level none): limits only."""
    limits.apply(start["memory_mb"], start["tmp_mb"], processes=1024 + other_tasks)
    sys_.set_no_new_privileges()
    if not walls:
        return
    shared = start["network"] == "host"
    own = [start["task"], start["opt_folder"]] if start["opt"] else [start["task"]]
    landlock.restrict(
        [*_SYSTEM, *places.prefixes.values(), places.runtime, places.clients, *own],
        [start["tmp_folder"], *_DEVICES],
        None if shared else start["ports"],
        None if shared else [],
    )
    seccomp.install(
        seccomp.Fence(datagrams=shared, signals_to=None if landlock.abi() >= landlock.SIGNALS_ABI else os.getpid())
    )
