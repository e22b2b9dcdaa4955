"""The file system a function sees: a small read-only tree made of bind mounts, nothing of the server's in it.

Folders are opened before the process gives up its rights (`open_tree`), so they may lie under a 0700 home, and are
put in place afterwards, inside namespaces of the process's own.
"""

from __future__ import annotations

import os
import stat

from invocations.runtime.host.settings import INNER_UID, HostSettings
from invocations.runtime.kernel import flags
from invocations.runtime.kernel import syscalls as sys_

STAGE = "/tmp"  # noqa: S108 - where the new tree is built, in a mount namespace of our own; covers nobody's /tmp
CODE = "/.code"  # every package; detached in each environment before user code runs
TMPS = "/.tmp"  # every environment's /tmp, by number; detached likewise
LIBRARIES = "/var/runtime"
CLIENTS = "/var/lambdaplay"
TASK = "/var/task"
OPT = "/opt"
_TOP_LEVEL = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_DEVICES = ("null", "zero", "full", "random", "urandom")
_ETC = ("ssl", "pki", "ca-certificates", "ld.so.cache", "alternatives", "localtime", "mime.types")


class Trees:
    """Detached copies of mounts, by the place where they will go."""

    def __init__(self, settings: HostSettings) -> None:
        self._files: dict[str, int] = {}
        self._links: dict[str, str] = {}
        self._open("/usr", "/usr")
        for name in _TOP_LEVEL:
            self._open_or_link(f"/{name}")
        for name in _DEVICES:
            self._open(f"/dev/{name}", f"/dev/{name}")
        for name in _ETC:
            self._open(f"/etc/{name}", f"/etc/{name}")
        for prefix in settings.prefixes:
            if not prefix.startswith("/usr/"):
                self._open(prefix, prefix)
        self._open(settings.libraries, LIBRARIES)
        self._open(settings.clients, CLIENTS)
        self._open(settings.code, CODE)

    def _open(self, source: str, target: str) -> None:
        if os.path.exists(source):
            self._files[target] = sys_.open_tree(source)

    def _open_or_link(self, path: str) -> None:
        if os.path.islink(path):
            self._links[path] = os.readlink(path)
        else:
            self._open(path, path)

    def build(self) -> None:
        """Make the tree at STAGE. Needs a mount namespace of one's own with CAP_SYS_ADMIN over it."""
        sys_.mount(None, "/", None, flags.MS_REC | flags.MS_PRIVATE)
        sys_.mount("stage", STAGE, "tmpfs", flags.MS_NOSUID, "size=2m,nr_inodes=16k,mode=755")
        for path, target in self._links.items():
            os.symlink(target, STAGE + path)
        for target, file in self._files.items():
            self._place(target, file)
        _write_etc()
        for path in ("/proc", TASK, "/tmp", TMPS, OPT, "/var/tmp"):  # noqa: S108
            os.makedirs(STAGE + path, exist_ok=True)
        # A mount of its own, so that one call detaches all that is mounted below it.
        sys_.mount("tmps", STAGE + TMPS, "tmpfs", flags.MS_NOSUID | flags.MS_NODEV, "size=1m,mode=755")
        for name, target in (("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
            os.symlink(target, f"{STAGE}/dev/{name}")

    def _place(self, target: str, file: int) -> None:
        place = STAGE + target
        if stat.S_ISDIR(os.fstat(file).st_mode):
            os.makedirs(place, exist_ok=True)
        else:
            os.makedirs(os.path.dirname(place), exist_ok=True)
            os.close(os.open(place, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644))
        sys_.move_mount(file, place)
        os.close(file)
        # /dev's nodes must stay writable: writing to /dev/null is no write to the file system.
        if not target.startswith("/dev/"):
            sys_.mount_setattr(place, recursive=True)


def _write_etc() -> None:
    os.makedirs(STAGE + "/etc", exist_ok=True)
    for name, text in {
        "passwd": "root:x:0:0:root:/root:/sbin/nologin\n"
        f"sbx_user1051:x:{INNER_UID}:{INNER_UID}::/home/sbx_user1051:/sbin/nologin\n",
        "group": f"root:x:0:\nsbx_user1051:x:{INNER_UID}:\n",
        "hosts": "127.0.0.1 localhost sandbox sandbox.localdomain\n",
        "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
        "resolv.conf": "",
    }.items():
        with open(f"{STAGE}/etc/{name}", "w") as file:
            file.write(text)


def enter() -> None:
    """Make STAGE the root and let go of the old one. The caller is pid 1 of a new pid namespace (for /proc)."""
    sys_.mount("proc", STAGE + "/proc", "proc", flags.MS_NOSUID | flags.MS_NODEV | flags.MS_NOEXEC)
    os.chdir(STAGE)
    sys_.pivot_root(".", ".")
    sys_.umount2(".", flags.MNT_DETACH)
    os.chdir("/")


def map_user(inner_uid: int, inner_gid: int, uid: int, gid: int) -> None:
    """Give this process, alone in a new user namespace, its ids there. `uid` and `gid` are those outside of it."""
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{inner_uid} {uid} 1"),
        ("gid_map", f"{inner_gid} {gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
