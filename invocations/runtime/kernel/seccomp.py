"""A system call filter for function processes: a deny list in classic BPF, installed without any library.

Refused: making or joining namespaces, mounting, tracing other processes, kernel interfaces with a record of holes
(bpf, io_uring, userfaultfd, keyrings, perf), machine administration, and sockets other than unix, TCP and UDP. Threads,
subprocesses, DNS and SDKs work. A foreign architecture's system calls end the process; x32 calls do not exist.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from dataclasses import dataclass
from functools import cache

from . import syscalls
from .flags import (
    CLONE_NEWCGROUP,
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWTIME,
    CLONE_NEWUSER,
    CLONE_NEWUTS,
)

# name: (number on x86_64, on aarch64); None: the architecture has no such call.
_REFUSED: dict[str, tuple[int | None, int | None]] = {
    # other processes' memory and files
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    "process_madvise": (440, 440),
    # namespaces and mounts
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "open_tree_attr": (467, 467),
    "open_by_handle_at": (304, 265),
    "fanotify_init": (300, 262),
    # kernel interfaces
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "syslog": (103, 116),
    "lookup_dcookie": (212, 18),
    # the machine
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "create_module": (174, None),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "vhangup": (153, 58),
    "nfsservctl": (180, 42),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
    "uselib": (134, None),
    "_sysctl": (156, None),
}
# Answered as by a kernel that lacks them: callers then take the older way.
_ABSENT: dict[str, tuple[int | None, int | None]] = {
    "clone3": (435, 435),  # its flags lie in memory, where a filter cannot read them
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
}
_UNSHARE, _CLONE, _SOCKET, _SOCKETPAIR = (272, 97), (56, 220), (41, 198), (53, 199)
_SENDTO, _SENDMSG, _SENDMMSG, _IOCTL = (44, 206), (46, 211), (307, 269), (16, 29)

_CLONE_NAMESPACES = (
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET
)
_UNSHARE_NAMESPACES = _CLONE_NAMESPACES | CLONE_NEWTIME  # in clone that bit is part of the exit signal
_FAMILIES = (1, 2, 10)  # AF_UNIX, AF_INET, AF_INET6
_PROTOCOLS = (0, 6, 17)  # the family's own, TCP, UDP: no MPTCP, SCTP, ICMP
_FAMILIES_FENCED = (2, 10)
_DATAGRAM, _TYPE_BITS = 2, 0xF  # above the type's bits: SOCK_NONBLOCK, SOCK_CLOEXEC
_KILLS = {
    "kill": (62, 129),
    "tkill": (200, 130),
    "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
}
_PIDFD_SEND_SIGNAL = 424
_MSG_FASTOPEN = 0x20000000  # sends data while connecting, past Landlock's port rules
_TERMINAL_INPUT = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX: typing into the operator's terminal

_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32_BIT = 0x40000000

_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_AND = 0x54
_ALLOW, _KILL_PROCESS, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
# struct seccomp_data: nr at 0, arch at 4, arguments as little-endian u64 from 16 on.
_NUMBER, _ARCHITECTURE = 0, 4

_SET_MODE_FILTER, _FLAG_SPEC_ALLOW = 1, 4

Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, operand


def _argument(index: int) -> int:
    return 16 + 8 * index


def _refuse(number: int) -> Instruction:
    return (_RETURN, 0, 0, _ERRNO | number)


def _for_call(number: int, body: list[Instruction]) -> list[Instruction]:
    """Run body, which must end in a return, for this system call; the number stays loaded for the next test."""
    return [(_JUMP_EQUAL, 0, len(body), number), *body]


def _refuse_bits(argument: int, bits: int, number: int) -> list[Instruction]:
    return [(_LOAD, 0, 0, _argument(argument)), (_JUMP_BITS, 0, 1, bits), _refuse(number), (_RETURN, 0, 0, _ALLOW)]


def _refuse_values(argument: int, values: tuple[int, ...], number: int) -> list[Instruction]:
    tests = [(_JUMP_EQUAL, len(values) - at, 0, value) for at, value in enumerate(values)]
    return [(_LOAD, 0, 0, _argument(argument)), *tests, (_RETURN, 0, 0, _ALLOW), _refuse(number)]


def _demand_values(argument: int, values: tuple[int, ...], number: int) -> list[Instruction]:
    """Refuse unless the argument is one of values; falls through when it is."""
    tests = [(_JUMP_EQUAL, len(values) - at, 0, value) for at, value in enumerate(values)]
    return [(_LOAD, 0, 0, _argument(argument)), *tests, _refuse(number)]


@dataclass(frozen=True)
class Fence:
    """What is refused besides, where no network or pid namespace of its own confines the process.

    Unix sockets that could reach another process (connected pairs remain). `datagrams` False: no UDP either.
    `signals_to`: the only process that may be signalled besides one's own group, for kernels whose Landlock cannot
    keep signals inside; None: not restricted here.
    """

    datagrams: bool
    signals_to: int | None


def _socket_rule(families: tuple[int, ...], datagrams: bool = True) -> list[Instruction]:
    kinds: list[Instruction] = []
    if not datagrams:
        kinds = [(_LOAD, 0, 0, _argument(1)), (_AND, 0, 0, _TYPE_BITS), (_JUMP_EQUAL, 0, 1, _DATAGRAM)]
        kinds.append(_refuse(errno.EACCES))
    return [
        *_demand_values(0, families, errno.EAFNOSUPPORT),
        *_demand_values(2, _PROTOCOLS, errno.EPROTONOSUPPORT),
        *kinds,
        (_RETURN, 0, 0, _ALLOW),
    ]


def _signal_rules(column: int, only: int) -> list[Instruction]:
    rules = []
    for numbers in _KILLS.values():
        body = [*_demand_values(0, (0, only), errno.EPERM), (_RETURN, 0, 0, _ALLOW)]
        rules += _for_call(numbers[column], body)
    return rules + _for_call(_PIDFD_SEND_SIGNAL, [_refuse(errno.EPERM)])


def _head(machine: str) -> list[Instruction]:
    head: list[Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JUMP_EQUAL, 1, 0, _AUDIT_ARCH[machine]),
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if machine == "x86_64":
        head += [(_JUMP_AT_LEAST, 0, 1, _X32_BIT), _refuse(errno.ENOSYS)]
    return head


def instructions(machine: str, fence: Fence | None = None) -> list[Instruction]:
    """The whole program for x86_64 or aarch64."""
    column = 0 if machine == "x86_64" else 1
    program = _head(machine)
    for table, number in ((_REFUSED, errno.EPERM), (_ABSENT, errno.ENOSYS)):
        for numbers in table.values():
            call = numbers[column]
            if call is not None:
                program += _for_call(call, [_refuse(number)])
    program += _for_call(_CLONE[column], _refuse_bits(0, _CLONE_NAMESPACES, errno.EPERM))
    program += _for_call(_UNSHARE[column], _refuse_bits(0, _UNSHARE_NAMESPACES, errno.EPERM))
    if fence is None:
        program += _for_call(_SOCKET[column], _socket_rule(_FAMILIES))
        program += _for_call(_SOCKETPAIR[column], _socket_rule(_FAMILIES))
    else:
        program += _for_call(_SOCKET[column], _socket_rule(_FAMILIES_FENCED, fence.datagrams))
        # A pair of datagram sockets could be connected anew, to somebody else.
        program += _for_call(_SOCKETPAIR[column], _socket_rule(_FAMILIES, datagrams=False))
        program += [] if fence.signals_to is None else _signal_rules(column, fence.signals_to)
    for call, argument in ((_SENDTO[column], 3), (_SENDMSG[column], 2), (_SENDMMSG[column], 3)):
        program += _for_call(call, _refuse_bits(argument, _MSG_FASTOPEN, errno.EOPNOTSUPP))
    program += _for_call(_IOCTL[column], _refuse_values(1, _TERMINAL_INPUT, errno.EPERM))
    program.append((_RETURN, 0, 0, _ALLOW))
    return program


@cache
def build(machine: str = os.uname().machine, fence: Fence | None = None) -> bytes:
    """The program as an array of struct sock_filter. Build it before forking: it costs more than installing it."""
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions(machine, fence))


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def install(fence: Fence | None = None) -> None:
    """Filter this thread and all it starts, for good. Sets no_new_privs, which the kernel demands.

    Raises OSError where seccomp filters are not to be had.
    """
    program = build(fence=fence)
    syscalls.set_no_new_privileges()
    described = _Program(len(program) // 8, program)
    # SPEC_ALLOW: without it older kernels slow the process down by switching speculation off.
    syscalls.syscall("seccomp", _SET_MODE_FILTER, _FLAG_SPEC_ALLOW, ctypes.byref(described))
