"""Linux calls that Python's os module lacks (in 3.9), by ctypes. Each raises OSError carrying the call's name."""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
from typing import Any

from .flags import *  # noqa: F403  callers write syscalls.CLONE_NEWNS
from .flags import (
    AT_EMPTY_PATH,
    AT_FDCWD,
    AT_RECURSIVE,
    LINUX_CAPABILITY_VERSION_3,
    MOUNT_ATTR_RDONLY,
    MOVE_MOUNT_F_EMPTY_PATH,
    OPEN_TREE_CLOEXEC,
    OPEN_TREE_CLONE,
    PR_CAP_AMBIENT,
    PR_CAP_AMBIENT_CLEAR_ALL,
    PR_CAPBSET_DROP,
    PR_CAPBSET_READ,
    PR_GET_DUMPABLE,
    PR_SET_CHILD_SUBREAPER,
    PR_SET_DUMPABLE,
    PR_SET_NAME,
    PR_SET_NO_NEW_PRIVS,
    PR_SET_PDEATHSIG,
)

MACHINE = os.uname().machine
if MACHINE not in ("x86_64", "aarch64"):
    raise ImportError(f"no system call numbers for {MACHINE}: lambdaplay's sandbox knows x86_64 and aarch64")

_X86 = MACHINE == "x86_64"
# From open_tree on, both architectures share their numbers.
NUMBERS = {
    "pivot_root": 155 if _X86 else 41,
    "capset": 126 if _X86 else 91,
    "open_tree": 428,
    "move_mount": 429,
    "pidfd_open": 434,
    "close_range": 436,
    "mount_setattr": 442,
    "landlock_create_ruleset": 444,
    "landlock_add_rule": 445,
    "landlock_restrict_self": 446,
    "seccomp": 317 if _X86 else 277,
    "pidfd_send_signal": 424,
}

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long
_libc.prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4


def _checked(name: str, result: int, path: str | None = None) -> int:
    if result == -1:
        number = ctypes.get_errno()
        text = f"{name}: {os.strerror(number)}"
        raise OSError(number, text) if path is None else OSError(number, text, path)
    return result


def _bytes(path: str | None) -> bytes | None:
    return None if path is None else os.fsencode(path)


def syscall(name: str, *arguments: Any) -> int:
    """Call by name from NUMBERS. Integers are passed as C longs, everything else as ctypes takes it."""
    given = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    return _checked(name, _libc.syscall(ctypes.c_long(NUMBERS[name]), *given))


def unshare(flags: int) -> None:
    _checked("unshare", _libc.unshare(flags))


def setns(fd: int, kind: int = 0) -> None:
    _checked("setns", _libc.setns(fd, kind))


def mount(source: str | None, target: str, kind: str | None = None, flags: int = 0, data: str | None = None) -> None:
    result = _libc.mount(_bytes(source), _bytes(target), _bytes(kind), ctypes.c_ulong(flags), _bytes(data))
    _checked("mount", result, target)


def umount2(target: str, flags: int = 0) -> None:
    _checked("umount2", _libc.umount2(_bytes(target), flags), target)


def pivot_root(new_root: str, put_old: str) -> None:
    syscall("pivot_root", _bytes(new_root), _bytes(put_old))


def open_tree(path: str, flags: int = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE, at: int = AT_FDCWD) -> int:
    """A file descriptor of a mount; with OPEN_TREE_CLONE of a detached copy, which move_mount puts somewhere."""
    return syscall("open_tree", at, _bytes(path), flags)


def move_mount(fd: int, target: str, flags: int = MOVE_MOUNT_F_EMPTY_PATH) -> None:
    """Attach the mount held by fd (open_tree, fsmount) at target."""
    syscall("move_mount", fd, b"", AT_FDCWD, _bytes(target), flags)


class _MountAttributes(ctypes.Structure):
    _fields_ = [
        ("attr_set", ctypes.c_uint64),
        ("attr_clr", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("userns_fd", ctypes.c_uint64),
    ]


def mount_setattr(
    target: str | int, add: int = MOUNT_ATTR_RDONLY, recursive: bool = True, clear: int = 0, propagation: int = 0
) -> None:
    """Add flags to a mount (and all below it). Only adding never fails on mounts locked by an outer namespace.

    target: a path, or the file descriptor of a mount.
    """
    at, path, flags = (target, b"", AT_EMPTY_PATH) if isinstance(target, int) else (AT_FDCWD, _bytes(target), 0)
    attributes = _MountAttributes(add, clear, propagation, 0)
    flags |= AT_RECURSIVE if recursive else 0
    syscall("mount_setattr", at, path, flags, ctypes.byref(attributes), ctypes.sizeof(attributes))


def bind_read_only(source: str, target: str, add: int = 0) -> None:
    """Bind source with everything mounted below it to target, read-only, without set-uid (Linux 5.12 or newer)."""
    fd = open_tree(source)
    try:
        mount_setattr(fd, MOUNT_ATTR_RDONLY | 0x2 | add)
        move_mount(fd, target)
    finally:
        os.close(fd)


# --- prctl ------------------------------------------------------------------------------------------------------------


def prctl(option: int, a: int = 0, b: int = 0, c: int = 0, d: int = 0) -> int:
    return _checked(f"prctl({option})", _libc.prctl(option, a, b, c, d))


def set_parent_death_signal(number: int = 9) -> None:
    """Be sent `number` when the *thread* that forked us ends. Forgotten on credential changes: call it after them."""
    prctl(PR_SET_PDEATHSIG, number)


def set_dumpable(dumpable: bool = True) -> None:
    prctl(PR_SET_DUMPABLE, int(dumpable))


def is_dumpable() -> bool:
    return prctl(PR_GET_DUMPABLE) == 1


def set_no_new_privileges() -> None:
    prctl(PR_SET_NO_NEW_PRIVS, 1)


def set_child_subreaper(on: bool = True) -> None:
    prctl(PR_SET_CHILD_SUBREAPER, int(on))


def set_name(name: str) -> None:
    """The thread's name as ps and top show it, at most 15 bytes."""
    buffer = ctypes.create_string_buffer(os.fsencode(name)[:15])
    prctl(PR_SET_NAME, ctypes.addressof(buffer))


def drop_bounding_capabilities() -> None:
    """Take every capability out of the bounding set. Needs CAP_SETPCAP."""
    capability = 0
    while _libc.prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0:
        prctl(PR_CAPBSET_DROP, capability)
        capability += 1


def clear_ambient_capabilities() -> None:
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)


def clear_capabilities() -> None:
    """Give up every effective, permitted and inheritable capability of this thread."""
    header = struct.pack("=Ii", LINUX_CAPABILITY_VERSION_3, 0)
    syscall("capset", header, bytes(24))


def drop_all_capabilities() -> None:
    """Bounding set, ambient set and the thread's own sets, in the order in which each is still possible."""
    drop_bounding_capabilities()
    clear_ambient_capabilities()
    clear_capabilities()


# --- processes, names, network ----------------------------------------------------------------------------------------


def pidfd_open(pid: int) -> int:
    return syscall("pidfd_open", pid, 0)


def pidfd_send_signal(fd: int, number: int) -> None:
    syscall("pidfd_send_signal", fd, number, None, 0)


def close_range(first: int, last: int = 0x7FFFFFFF) -> None:
    """Close every descriptor from first to last inclusive; on kernels before 5.9 one by one."""
    try:
        syscall("close_range", first, last, 0)
    except OSError:
        os.closerange(first, min(last, os.sysconf("SC_OPEN_MAX")) + 1)


def sethostname(name: str) -> None:
    value = os.fsencode(name)
    _checked("sethostname", _libc.sethostname(value, len(value)))


_SIOCGIFFLAGS, _SIOCSIFFLAGS = 0x8913, 0x8914
_IFF_UP = 1


def bring_loopback_up() -> None:
    """Set `lo` up in the current network namespace. Needs CAP_NET_ADMIN there."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
        request = struct.pack("16sH22x", b"lo", 0)
        flags = struct.unpack_from("H", fcntl.ioctl(sock, _SIOCGIFFLAGS, request), 16)[0]
        fcntl.ioctl(sock, _SIOCSIFFLAGS, struct.pack("16sH22x", b"lo", flags | _IFF_UP))
