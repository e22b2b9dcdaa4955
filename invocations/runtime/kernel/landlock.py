"""Landlock: a process gives up files, TCP ports and abstract sockets for itself and all it starts."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable

from . import syscalls

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
_MAKE_AND_REMOVE = 0x1FF0  # remove dir, remove file, make char, dir, reg, sock, fifo, block, sym
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15  # from ABI 2, 3, 5
_BIND_TCP, _CONNECT_TCP = 1, 2  # from ABI 4
PORTS_ABI, SIGNALS_ABI = 4, 6
_SCOPE_ABSTRACT_SOCKET, _SCOPE_SIGNAL = 1, 2  # from ABI 6

_READ = EXECUTE | READ_FILE | READ_DIR
_OF_A_FILE = EXECUTE | WRITE_FILE | READ_FILE | _TRUNCATE | _IOCTL_DEV
_RULE_PATH, _RULE_PORT = 1, 2
_VERSION_FLAG = 1


def abi() -> int:
    """The kernel's Landlock ABI version; 0 where there is none or it is switched off."""
    try:
        return syscalls.syscall("landlock_create_ruleset", None, 0, _VERSION_FLAG)
    except OSError:
        return 0


def _file_rights(version: int) -> int:
    rights = _READ | WRITE_FILE | _MAKE_AND_REMOVE
    for since, right in ((2, _REFER), (3, _TRUNCATE), (5, _IOCTL_DEV)):
        rights |= right if version >= since else 0
    return rights


def _allow_path(ruleset: int, path: str, rights: int) -> None:
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return  # what cannot be reached needs no rule
    try:
        if not os.path.isdir(path):
            rights &= _OF_A_FILE
        rule = struct.pack("=Qi", rights, fd)
        syscalls.syscall("landlock_add_rule", ruleset, _RULE_PATH, rule, 0)
    finally:
        os.close(fd)


def _allow_port(ruleset: int, port: int, rights: int) -> None:
    syscalls.syscall("landlock_add_rule", ruleset, _RULE_PORT, struct.pack("=QQ", rights, port), 0)


def restrict(
    read_paths: Iterable[str] | None = None,
    write_paths: Iterable[str] = (),
    tcp_connect_ports: Iterable[int] | None = None,
    tcp_bind_ports: Iterable[int] | None = None,
    scope: bool = True,
) -> int:
    """Give up everything not named, for good; returns the ABI used. None means: not restricted.

    read_paths may be read and executed, write_paths also changed; ports are TCP ports (refused on kernels before
    6.7: OSError, since asking for a wall that is not there must not pass). `scope` cuts off abstract sockets and
    signals of processes outside, where the kernel can (6.12). Sets no_new_privs.
    """
    version = abi()
    if version == 0:
        raise OSError("this kernel offers no Landlock")
    network = (0 if tcp_bind_ports is None else _BIND_TCP) | (0 if tcp_connect_ports is None else _CONNECT_TCP)
    if network and version < 4:
        raise OSError(f"Landlock ABI {version} cannot restrict TCP ports (4 can)")
    files = 0 if read_paths is None else _file_rights(version)
    scoped = (_SCOPE_ABSTRACT_SOCKET | _SCOPE_SIGNAL) if scope and version >= 6 else 0
    if not files and not network and not scoped:
        return version
    attributes = struct.pack("=QQQ", files, network, scoped)
    size = 8 if version < 4 else 16 if version < 6 else 24
    ruleset = syscalls.syscall("landlock_create_ruleset", ctypes.c_char_p(attributes), size, 0)
    try:
        for path in read_paths or ():
            _allow_path(ruleset, path, _READ)
        for path in write_paths if files else ():
            _allow_path(ruleset, path, files)
        for port in tcp_connect_ports or ():
            _allow_port(ruleset, port, _CONNECT_TCP)
        for port in tcp_bind_ports or ():
            _allow_port(ruleset, port, _BIND_TCP)
        syscalls.set_no_new_privileges()
        syscalls.syscall("landlock_restrict_self", ruleset, 0)
    finally:
        os.close(ruleset)
    return version
