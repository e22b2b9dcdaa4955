"""What a function cannot reach, tried from inside a function at each sandbox level, and looked at from outside."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.conf import settings

from invocations.runtime.host.settings import FUNCTION_UID
from invocations.values import Outcome
from tests.runtime.hosts import Host

# In a function: run some Python given in the event and return its value, or the error's type and number.
TRIES = """
import ctypes, errno, os, signal, socket, subprocess, sys, tempfile, threading, time
def handler(event, context):
    found = {}
    for name, text in event.items():
        try:
            found[name] = eval(text)
        except OSError as error:
            found[name] = f"refused: {errno.errorcode.get(error.errno, error.errno)}"
        except subprocess.SubprocessError as error:
            found[name] = f"refused: {error}"
    return found
"""


def tried(host: Host, /, **expressions: str) -> dict[str, Any]:
    answer: dict[str, Any] = host.call(host.function(TRIES), expressions)
    return answer


def refused(answer: dict[str, Any]) -> None:
    passed = {name: value for name, value in answer.items() if not str(value).startswith("refused")}
    assert passed == {}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start functions as somebody else")
def test_no_process_of_an_environment_runs_as_root_or_as_the_server(host: Host) -> None:
    host.call(host.function("def handler(event, context): return 1"))
    seen = []
    for process in host.tree()[1:]:
        with contextlib.suppress(psutil.NoSuchProcess):
            seen.append({*process.uids(), *process.gids()})
    assert len(seen) > 2
    assert set().union(*seen) == {FUNCTION_UID}


def test_the_servers_files_cannot_be_read(host: Host) -> None:
    home = settings.LAMBDAPLAY_HOME
    home.database.touch()
    places: list[str | Path] = [
        home.database,
        home.root / "secrets.json",
        home.run / "host.json",
        "/etc/shadow",
        __file__,
    ]
    assert all(Path(place).exists() for place in places)
    refused(tried(host, **{str(place): f"open({str(place)!r}).read()" for place in places}))


def test_nothing_of_the_servers_can_be_written(host: Host) -> None:
    home = settings.LAMBDAPLAY_HOME
    places: list[str | Path] = [home.root, home.code, home.libraries, home.run, "/", "/usr", "/etc", "/var"]
    refused(tried(host, **{str(place): f"open({str(place) + '/planted'!r}, 'w').close()" for place in places}))
    assert not [place for place in places if Path(place, "planted").exists()]


def test_the_code_is_read_only(host: Host) -> None:
    answer = tried(
        host,
        change="open(os.environ['LAMBDA_TASK_ROOT'] + '/app.py', 'a').close()",
        add="open(os.environ['LAMBDA_TASK_ROOT'] + '/more.py', 'w').close()",
        remove="os.unlink(os.environ['LAMBDA_TASK_ROOT'] + '/app.py')",
        libraries="open(os.environ['LAMBDA_RUNTIME_DIR'] + '/boto3/__init__.py', 'a').close()",
    )
    refused(answer)


def test_another_functions_code_cannot_be_read(host: Host) -> None:
    other = host.function("SECRET = 1\ndef handler(event, context): return __file__\n")
    place = host.call(other).replace(other.code_sha256, "{}")
    hidden = [place.format(other.code_sha256), f"/.code/{other.code_sha256}/task/app.py"]
    hidden += [f"{settings.LAMBDAPLAY_HOME.code}/{other.code_sha256}/task/app.py"]
    answer = tried(host, **{path: f"open({path!r}).read()" for path in hidden})
    assert not [text for text in answer.values() if "SECRET" in text]


def test_devices_and_the_private_tmp_can_be_written(host: Host) -> None:
    answer = tried(
        host,
        null="open('/dev/null', 'w').write('x')",
        tmp="open(tempfile.gettempdir() + '/mine', 'w').write('x')",
        folder="os.mkdir(tempfile.gettempdir() + '/folder')",
        random="len(open('/dev/urandom', 'rb').read(4))",
    )
    assert answer == {"null": 1, "tmp": 1, "folder": None, "random": 4}


def test_tmp_is_each_environments_own(host: Host) -> None:
    write = "import tempfile\ndef handler(e, c):\n open(tempfile.gettempdir() + '/x', 'w').write('secret')\n"
    writer = host.function(write + " return tempfile.gettempdir()")
    place = host.call(writer)
    answer = tried(host, own="os.listdir(tempfile.gettempdir())", other=f"open({place + '/x'!r}).read()")
    assert answer["own"] == []
    refused({"other": answer["other"]})


SPELLS_TMP = """
import os, pathlib, shutil, sys, tempfile, zipfile
def handler(event, context):
    with open("/tmp/a", "w") as file: file.write("1")
    path = pathlib.Path("/tmp/folder/deep")
    path.mkdir(parents=True)
    (path / "b").write_bytes(b"22")
    os.rename("/tmp/a", b"/tmp/folder/c".decode())
    shutil.copy2("/tmp/folder/c", "/tmp/d")
    with zipfile.ZipFile("/tmp/e.zip", "w") as archive: archive.write("/tmp/d", "d")
    seen = sorted(name for _, folders, files in os.walk("/tmp") for name in [*folders, *files])
    same = sorted(os.listdir(tempfile.gettempdir())) == sorted(os.listdir("/tmp"))
    size = os.path.getsize("/tmp/folder/deep/b")
    shutil.rmtree("/tmp/folder")
    return [seen, same, size, os.path.exists("/tmp/folder"), os.path.exists("/tmp/d")]
"""


def test_tmp_may_be_spelled_out(host: Host) -> None:
    names = ["b", "c", "d", "deep", "e.zip", "folder"]
    assert host.call(host.function(SPELLS_TMP)) == [names, True, 2, False, True]
    assert not Path("/tmp/e.zip").exists()


@contextmanager
def listening(family: int, address: Any) -> Iterator[socket.socket]:
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.bind(address)
        listener.listen(1)
        try:
            yield listener
        finally:
            if isinstance(address, str) and address.startswith("/"):
                os.unlink(address)


def test_servers_on_the_machine_cannot_be_reached(host: Host) -> None:
    path = str(settings.LAMBDAPLAY_HOME.run / "broker.sock")
    with (
        listening(socket.AF_INET, ("127.0.0.1", 0)) as tcp,
        listening(socket.AF_INET6, ("::1", 0)) as tcp6,
        listening(socket.AF_UNIX, path),
        listening(socket.AF_UNIX, "\0lambdaplay-test"),
    ):
        kinds = "socket.AF_UNIX, socket.SOCK_STREAM"
        answer = tried(
            host,
            tcp=f"socket.create_connection(('127.0.0.1', {tcp.getsockname()[1]}), 1)",
            tcp6=f"socket.create_connection(('::1', {tcp6.getsockname()[1]}), 1)",
            unix=f"socket.socket({kinds}).connect({path!r})",
            abstract=f"socket.socket({kinds}).connect('\\0lambdaplay-test')",
            lender="socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET).connect("
            f"{str(settings.LAMBDAPLAY_HOME.host_socket)!r})",
        )
    refused(answer)


def test_no_datagram_leaves(host: Host) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as heard:
        heard.bind(("127.0.0.1", 0))
        heard.setblocking(False)
        answer = tried(
            host,
            udp=f"socket.socket(2, socket.SOCK_DGRAM).sendto(b'secret', ('127.0.0.1', {heard.getsockname()[1]}))",
            out="socket.socket(2, socket.SOCK_DGRAM).sendto(b'secret', ('192.0.2.1', 53))",
        )
        with pytest.raises(BlockingIOError):
            heard.recv(10)
    refused({"out": answer["out"]})


READS_NEXT = """
import socket, time
def handler(event, context):
    host, port = event["api"].split(":")
    try:
        with socket.create_connection((host, int(port)), 1) as thief:
            thief.sendall(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
            thief.settimeout(0.3)
            return thief.recv(100000).decode()
    except OSError as error:
        return repr(error)
"""


def test_one_function_cannot_fetch_anothers_events(host: Host) -> None:
    victim = host.function("import os\ndef handler(e, c): return os.environ['AWS_LAMBDA_RUNTIME_API']")
    thief = host.function(READS_NEXT)
    api = host.call(victim)
    loot: list[str] = []
    thread = threading.Thread(target=lambda: loot.append(host.call(thief, {"api": api})))
    thread.start()
    while thread.is_alive():
        assert host.call(victim, {"password": "sesame"}) == api
    assert "sesame" not in loot[0]
    assert "403" in loot[0] or "Error" in loot[0]


def test_other_processes_show_nothing_of_themselves(host: Host) -> None:
    other = host.process.pid
    answer = tried(
        host,
        environment=f"open('/proc/{other}/environ').read()",
        arguments=f"open('/proc/{other}/cmdline').read()",
        memory=f"open('/proc/{other}/mem', 'rb')",
        first="open('/proc/1/environ').read() and '/proc/1 was read'",
        parent="open(f'/proc/{os.getppid()}/environ').read() and 'the parent was read'",
    )
    assert [value for value in answer.values() if value and not value.startswith("refused")] == []


def test_the_functions_own_variables_are_all_it_has(host: Host) -> None:
    answer = tried(host, names="sorted(os.environ)", block="open('/proc/self/environ').read()")
    assert not [name for name in answer["names"] if name.startswith(("LAMBDAPLAY", "DJANGO", "PYTEST", "VIRTUAL"))]
    assert answer["block"] == ""


# Signals, each tried in a child, which is itself within their reach.
KILLS = """
import os, signal
def handler(event, context):
    for target in (0, -1, 1, os.getppid(), *event["pids"]):
        child = os.fork()
        if child == 0:
            os.setsid() if target == 0 and event["apart"] else None
            try:
                os.kill(target, signal.SIGKILL)
            finally:
                os._exit(0)
        os.waitpid(child, 0)
"""


@pytest.mark.parametrize("apart", [True, False])
def test_signals_stay_inside_the_environment(host: Host, apart: bool) -> None:
    counts = "n = 0\ndef handler(event, context):\n    global n\n    n += 1\n    return n\n"
    neighbour = host.function(counts)
    assert host.call(neighbour) == 1
    parent, *_ = host.process_children()
    pids = [os.getpid(), *(process.pid for process in host.tree())]
    host.run(host.function(KILLS, timeout_seconds=5), {"pids": pids, "apart": apart})
    assert host.call(neighbour) == 2
    assert host.process_children()[0] == parent
    assert parent.is_running()


def test_no_namespaces_mounts_or_tracing(host: Host) -> None:
    libc = "ctypes.CDLL(None, use_errno=True)"
    answer = tried(
        host,
        user=f"{libc}.unshare(0x10000000)",
        mount=f"{libc}.mount(b'x', b'/mnt', b'tmpfs', 0, None)",
        trace=f"{libc}.ptrace(16, os.getppid(), 0, 0)",
        setuid="os.setuid(0)",
        chroot="os.chroot('/')",
        packet="socket.socket(17, socket.SOCK_RAW)",
    )
    assert {value for value in answer.values() if not str(value).startswith("refused")} == {-1}


def test_set_uid_programs_give_nothing(host: Host) -> None:
    answer = tried(host, flag="open('/proc/self/status').read().split('NoNewPrivs:')[1].split()[0]")
    assert answer == {"flag": "1"}


def test_threads_children_and_event_loops_work(host: Host) -> None:
    source = """
import asyncio, multiprocessing, os, subprocess, sys, threading
def handler(event, context):
    found = []
    thread = threading.Thread(target=found.append, args=(1,))
    thread.start(); thread.join()
    found.append(asyncio.run(asyncio.sleep(0, 2)))
    found.append(subprocess.run(["/bin/sh", "-c", "echo 3"], capture_output=True, text=True).stdout.strip())
    here, there = multiprocessing.get_context("fork").Pipe()
    child = multiprocessing.get_context("fork").Process(target=there.send, args=(4,))
    child.start(); child.join()
    return [*found, here.recv()]
"""
    assert host.call(host.function(source)) == [1, 2, "3", 4]


def test_memory_over_the_limit_ends_the_environment(host: Host) -> None:
    hog = host.function(
        "import time\ndef handler(event, context):\n  kept = [b'x' * (1 << 20) for _ in range(300)]\n  time.sleep(3)"
    )
    execution = host.run(hog)
    assert execution.outcome == Outcome.OUT_OF_MEMORY
    assert execution.max_memory_mb == 128
