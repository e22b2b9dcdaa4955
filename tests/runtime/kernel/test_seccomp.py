"""The system call filter: what it refuses, and that ordinary programs do not notice it."""

from __future__ import annotations

import os
import struct
from typing import Any

import pytest

from invocations.runtime.kernel import seccomp
from tests.runtime.kernel.bare import run

X86 = os.uname().machine == "x86_64"

# Tried with and without the filter: name -> outcome ("done", or the errno's name).
TRY = """
import ctypes, fcntl, threading
from kernel import seccomp, syscalls
if sys.argv[1] == "filtered":
    seccomp.install()
libc = ctypes.CDLL(None, use_errno=True)
column = 0 if os.uname().machine == "x86_64" else 1
def call(number, *arguments):
    given = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    if libc.syscall(ctypes.c_long(number), *given) == -1:
        raise OSError(ctypes.get_errno(), "")
def child(flags):
    pid = libc.syscall(ctypes.c_long((56, 220)[column]), ctypes.c_long(flags | 17), 0, 0, 0, 0)
    if pid == 0:
        os._exit(0)
    if pid == -1:
        raise OSError(ctypes.get_errno(), "")
    os.waitpid(pid, 0)
def fast_open():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        client.sendto(b"x", 0x20000000, server.getsockname())
def type_into_terminal():
    master, slave = os.openpty()
    fcntl.ioctl(master, 0x5412, b"x")
def in_child(work, *arguments):
    # What succeeds must not change this process for the attempts after it.
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(writing, outcome(work, *arguments).encode())
        os._exit(0)
    os.close(writing)
    text = os.read(reading, 99).decode()
    os.close(reading)
    status = os.waitpid(pid, 0)[1]
    return text or f"died of {os.WTERMSIG(status)}"
attempts = {
    name: (call, numbers[column], -1, 0, 0, 0, 0)
    for table in (seccomp._REFUSED, seccomp._ABSENT) for name, numbers in table.items()
    if numbers[column] is not None and name not in ("reboot", "vhangup", "sethostname", "acct", "swapoff", "iopl")
}
attempts.update({
    "unshare user": (syscalls.unshare, syscalls.CLONE_NEWUSER),
    "unshare files": (syscalls.unshare, 0x400),
    "clone user": (child, syscalls.CLONE_NEWUSER),
    "clone": (child, 0),
    "netlink": (socket.socket, 16, socket.SOCK_RAW, 0),
    "vsock": (socket.socket, 40, socket.SOCK_STREAM, 0),
    "packet": (socket.socket, 17, socket.SOCK_RAW, 0),
    "mptcp": (socket.socket, socket.AF_INET, socket.SOCK_STREAM, 262),
    "icmp": (socket.socket, socket.AF_INET, socket.SOCK_DGRAM, 1),
    "sctp pair": (socket.socketpair, socket.AF_UNIX, socket.SOCK_STREAM, 132),
    "unix pair": (socket.socketpair,),
    "tcp": (socket.socket, socket.AF_INET, socket.SOCK_STREAM, 6),
    "udp6": (socket.socket, socket.AF_INET6, socket.SOCK_DGRAM, 17),
    "fast open": (fast_open,),
    "terminal": (type_into_terminal,),
    "terminal size": (lambda: os.get_terminal_size(os.openpty()[0]),),
})
if column == 0:
    attempts["x32 getpid"] = (call, 0x40000000 + 39)
answer({name: in_child(*attempt) for name, attempt in attempts.items()})
"""


@pytest.fixture(scope="module")
def filtered() -> Any:
    return run(TRY, "filtered")


@pytest.fixture(scope="module")
def free() -> Any:
    return run(TRY, "free")


def _column(table: dict[str, tuple[int | None, int | None]]) -> set[str]:
    return {name for name, numbers in table.items() if numbers[0 if X86 else 1] is not None}


def test_every_listed_call_is_refused(filtered: Any) -> None:
    tried = _column(seccomp._REFUSED) & set(filtered)
    assert len(tried) > 35
    assert {name: filtered[name] for name in tried} == dict.fromkeys(tried, "EPERM")


def test_calls_that_hide_their_arguments_seem_not_to_exist(filtered: Any) -> None:
    assert {filtered[name] for name in _column(seccomp._ABSENT)} == {"ENOSYS"}


@pytest.mark.parametrize(
    ("attempt", "refusal"),
    [
        ("unshare user", "EPERM"),
        ("clone user", "EPERM"),
        ("netlink", "EAFNOSUPPORT"),
        ("vsock", "EAFNOSUPPORT"),
        ("packet", "EAFNOSUPPORT"),
        ("mptcp", "EPROTONOSUPPORT"),
        ("icmp", "EPROTONOSUPPORT"),
        ("sctp pair", "EPROTONOSUPPORT"),
        ("fast open", "ENOTSUP"),
        ("terminal", "EPERM"),
    ],
)
def test_dangerous_arguments_are_refused(filtered: Any, attempt: str, refusal: str) -> None:
    assert filtered[attempt] == refusal


@pytest.mark.parametrize("attempt", ["unshare files", "clone", "unix pair", "tcp", "udp6", "terminal size"])
def test_the_same_calls_with_ordinary_arguments_pass(filtered: Any, attempt: str) -> None:
    assert filtered[attempt] == "done"


def test_without_the_filter_the_kernel_would_answer_otherwise(free: Any, filtered: Any) -> None:
    unaffected = {name for name in free if free[name] == filtered[name]}
    assert not unaffected & {"clone3", "netlink", "fast open", "kcmp", "pidfd_getfd", "keyctl", "add_key"}
    assert free["unshare files"] == free["tcp"] == "done"


@pytest.mark.skipif(not X86, reason="x32 is a matter of x86_64")
def test_x32_calls_do_not_exist(filtered: Any) -> None:
    assert filtered["x32 getpid"] == "ENOSYS"


def test_a_foreign_architectures_call_ends_the_process() -> None:
    """Run the program by hand: no machine here can make such a call."""
    assert _decide(struct.pack("=IIQ6Q", 0, 0x40000003, 0, 0, 0, 0, 0, 0, 0)) == seccomp._KILL_PROCESS


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_every_jump_lands_inside_the_program(machine: str) -> None:
    program = seccomp.instructions(machine)
    assert len(program) < 4096
    for at, (code, if_true, if_false, _) in enumerate(program):
        if code not in (seccomp._LOAD, seccomp._RETURN):
            assert at + 1 + max(if_true, if_false) < len(program)
    assert program[-1] == (seccomp._RETURN, 0, 0, seccomp._ALLOW)


def test_aarch64_refuses_by_its_own_numbers() -> None:
    def decide(number: int, *arguments: int) -> int:
        given = [*arguments, *[0] * (6 - len(arguments))]
        return _decide(struct.pack("=IIQ6Q", number, 0xC00000B7, 0, *given), "aarch64")

    refused = seccomp._ERRNO | 1
    assert decide(117) == refused  # ptrace
    assert decide(97, 0x10000000) == refused  # unshare(CLONE_NEWUSER)
    assert decide(220, 17) == seccomp._ALLOW  # clone as fork does it
    assert decide(198, 2, 1, 6) == seccomp._ALLOW  # socket: TCP
    assert decide(198, 2, 1, 262) != seccomp._ALLOW  # socket: MPTCP
    assert decide(63) == seccomp._ALLOW  # read


def _decide(data: bytes, machine: str = "x86_64") -> int:
    program, at, loaded = seccomp.instructions(machine), 0, 0
    while True:
        code, if_true, if_false, operand = program[at]
        at += 1
        if code == seccomp._RETURN:
            return operand
        if code == seccomp._LOAD:
            loaded = struct.unpack_from("=I", data, operand)[0]
            continue
        holds = {
            seccomp._JUMP_EQUAL: loaded == operand,
            seccomp._JUMP_AT_LEAST: loaded >= operand,
            seccomp._JUMP_BITS: bool(loaded & operand),
        }[code]
        at += if_true if holds else if_false


def test_threads_subprocesses_names_and_connections_still_work() -> None:
    told = run(
        """
        import multiprocessing, subprocess, threading, urllib.request, http.server
        from kernel import seccomp
        seccomp.install()
        seen = []
        thread = threading.Thread(target=seen.append, args=("thread",))
        thread.start(); thread.join()
        seen.append(subprocess.run(["/bin/echo", "child"], capture_output=True).stdout.decode().strip())
        seen.append(socket.getaddrinfo("localhost", 80, socket.AF_INET)[0][4][0])
        server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
        threading.Thread(target=server.handle_request, daemon=True).start()
        server.RequestHandlerClass.log_message = lambda *_: None
        seen.append(urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/").status)
        reading, writing = multiprocessing.Pipe()
        process = multiprocessing.get_context("fork").Process(target=writing.send, args=("process",))
        process.start(); process.join()
        seen.append(reading.recv())
        answer(seen)
        """
    )
    assert told == ["thread", "child", "127.0.0.1", 200, "process"]
