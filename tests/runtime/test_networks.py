"""The three settings of a function's network, and what a function that lacks it is told."""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fcntl import ioctl
from pathlib import Path

import pytest

from invocations.decisions.addresses import is_public
from invocations.runtime.host import forwarder
from invocations.runtime.kernel import flags, syscalls
from invocations.runtime.network_hint import network_hint
from invocations.values import Outcome
from tests.runtime.conftest import demand
from tests.runtime.hosts import Host

CONNECTS = """
import socket, urllib.request
def handler(event, context):
    with socket.create_connection(("127.0.0.1", event), 2) as there:
        return there.recv(100).decode()
"""
ASKS_PROXY = """
import os, socket
from urllib.parse import urlsplit
def handler(event, context):
    proxy = urlsplit(os.environ["HTTPS_PROXY"])
    with socket.create_connection((proxy.hostname, proxy.port), 2) as there:
        there.sendall(f"{event} HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n".encode())
        return there.recv(1000).decode().splitlines()[0]
"""


@contextmanager
def greeting_server(address: str = "127.0.0.1") -> Iterator[int]:
    """Says hello to whoever connects; yields its port."""
    with socket.create_server((address, 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(b"hello")

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)


def test_the_machines_own_network(host: Host) -> None:
    spec = host.function(CONNECTS, network="host")
    with greeting_server() as port:
        first, second = host.run(spec, port), host.run(spec, port)
    assert (first.payload, second.payload) == (b'"hello"', b'"hello"')
    assert first.environment_id == second.environment_id


def test_names_are_found_on_the_machines_own_network(host: Host) -> None:
    source = "def handler(event, context): return [open(p).read() for p in ('/etc/resolv.conf', '/etc/hosts')]"
    shown = host.call(host.function(source, network="host"))
    assert shown == [Path(path).read_text() for path in ("/etc/resolv.conf", "/etc/hosts")]


def test_a_shared_network_does_not_open_files_or_processes(host: Host) -> None:
    source = """
import os
def handler(event, context):
    found = []
    for path in event:
        try:
            found.append(open(path).read())
        except OSError:
            pass
    return found
"""
    spec = host.function(source, network="host")
    assert host.call(spec, ["/etc/shadow", f"/proc/{host.process.pid}/environ", __file__]) == []


@pytest.mark.parametrize(
    "target", ["127.0.0.1:{port}", "localhost:{port}", "[::1]:{port}", "10.0.0.1:80", "169.254.169.254:80"]
)
def test_the_way_to_the_internet_leads_to_no_inner_address(host: Host, target: str) -> None:
    spec = host.function(ASKS_PROXY, network="internet")
    with greeting_server() as port:
        for request in ("CONNECT " + target, "GET http://" + target + "/"):
            assert host.call(spec, request.format(port=port)) == "HTTP/1.1 403 Forbidden"


def test_the_way_to_the_internet_is_not_there_for_others(host: Host) -> None:
    source = "import os\ndef handler(event, context): return sorted(n for n in os.environ if 'proxy' in n.lower())"
    assert host.call(host.function(source)) == []
    direct = host.function(CONNECTS, network="internet")
    with greeting_server() as port:
        assert host.run(direct, port).outcome == Outcome.FUNCTION_ERROR


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2600::1", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("fd00::1", False),
        ("fe80::1", False),
        ("ff02::1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
    ],
)
def test_what_counts_as_the_internet(address: str, public: bool) -> None:
    assert is_public(address) is public


def in_a_network_with_the_address(address: str, work: Callable[[], bytes]) -> bytes:
    """What `work` returns, in a process whose network is a loopback interface that has this address too."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            syscalls.unshare(flags.CLONE_NEWNET | (flags.CLONE_NEWUSER if os.geteuid() else 0))
            syscalls.bring_loopback_up()
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
                request = struct.pack("16sHH4s8x", b"lo:1", socket.AF_INET, 0, socket.inet_aton(address))
                ioctl(control, 0x8916, request)  # SIOCSIFADDR
            os.write(writing, work())
        except BaseException as error:
            os.write(writing, repr(error).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        answer = file.read()
    os.waitpid(pid, 0)
    return answer


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize(
    ("request_line", "answer"),
    [
        ("CONNECT 8.8.8.8:{port} HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 Connection established\r\n\r\nhello"),
        ("GET http://8.8.8.8:{port}/x HTTP/1.1\r\nHost: 8.8.8.8\r\n\r\n", b"hello"),
    ],
)
def test_a_public_address_is_reached_through_the_forwarder(request_line: str, answer: bytes) -> None:
    demand("L2")

    def ask() -> bytes:
        with greeting_server("8.8.8.8") as port:
            ours, theirs = socket.socketpair()
            threading.Thread(target=forwarder.serve, args=(theirs,), daemon=True).start()
            ours.sendall(request_line.format(port=port).encode())
            found = b""
            while data := ours.recv(1000):
                found += data
            return found

    assert in_a_network_with_the_address("8.8.8.8", ask) == answer


@pytest.mark.parametrize(
    "attempt",
    [
        "socket.create_connection(('192.0.2.1', 443), 2)",
        "urllib.request.urlopen('http://192.0.2.1/', timeout=2)",
        "urllib.request.urlopen('https://example.com/', timeout=2)",
        "__import__('boto3').client('s3', endpoint_url='https://s3.example.com').list_buckets()",
    ],
)
def test_a_function_without_network_is_told_which_setting_gives_it(host: Host, attempt: str) -> None:
    source = f"import socket, urllib.request\ndef handler(event, context):\n    return {attempt}\n"
    execution = host.run(host.function(source, timeout_seconds=20))
    assert execution.outcome == Outcome.FUNCTION_ERROR
    [line] = [line for line in execution.log.decode().splitlines() if line.startswith("lambdaplay: ")]
    assert "this function's network is 'endpoint'" in line
    assert "'internet'" in line


@pytest.mark.parametrize(
    ("network", "outcome", "message", "log", "told"),
    [
        ("endpoint", Outcome.FUNCTION_ERROR, "[Errno 101] Network is unreachable", b"", "'internet'"),
        ("endpoint", Outcome.FUNCTION_ERROR, "getaddrinfo EAI_AGAIN example.com", b"", "'internet'"),
        ("endpoint", Outcome.EXITED, "", b"curl: (6) Could not resolve host: example.com", "'internet'"),
        ("endpoint", Outcome.INIT_ERROR, "<urlopen error [Errno -2] Name or service not known>", b"", "'internet'"),
        ("internet", Outcome.FUNCTION_ERROR, "[Errno 101] Network is unreachable", b"", "'host'"),
        ("host", Outcome.FUNCTION_ERROR, "[Errno 101] Network is unreachable", b"", None),
        ("endpoint", Outcome.SUCCESS, "", b"Network is unreachable, but I cope", None),
        ("endpoint", Outcome.TIMEOUT, "Task timed out", b"", None),
        ("endpoint", Outcome.FUNCTION_ERROR, "division by zero", b"[ERROR] ZeroDivisionError", None),
        ("endpoint", Outcome.FUNCTION_ERROR, "[Errno 13] Permission denied: '/x'", b"", None),
    ],
)
def test_who_is_told_what(network: str, outcome: Outcome, message: str, log: bytes, told: str | None) -> None:
    hint = network_hint(network, outcome, message, log)
    assert hint is None if told is None else hint is not None and told in hint.decode()
