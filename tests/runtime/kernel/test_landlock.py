"""Landlock: the files and ports that are left, in real processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from invocations.runtime.kernel import landlock
from tests.runtime.kernel.bare import run

pytestmark = pytest.mark.skipif(landlock.abi() == 0, reason="this kernel offers no Landlock")


def test_only_named_files_can_be_read_and_written(tmp_path: Path) -> None:
    for name in ("readable", "writable", "hidden"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    told = run(
        """
        from kernel import landlock
        base = sys.argv[1]
        landlock.restrict(["/usr", "/lib", "/lib64", "/nowhere", base + "/readable"], [base + "/writable"])
        answer({
            "read readable": outcome(open, base + "/readable/file"),
            "write readable": outcome(open, base + "/readable/file", "w"),
            "make in readable": outcome(open, base + "/readable/new", "w"),
            "read writable": outcome(open, base + "/writable/file"),
            "write writable": outcome(open, base + "/writable/file", "w"),
            "make in writable": outcome(os.mkdir, base + "/writable/folder"),
            "remove in writable": outcome(os.rmdir, base + "/writable/folder"),
            "truncate in writable": outcome(os.truncate, base + "/writable/file", 0),
            "truncate readable": outcome(os.truncate, base + "/readable/file", 0),
            "list hidden": outcome(os.listdir, base + "/hidden"),
            "read hidden": outcome(open, base + "/hidden/file"),
            "rename out": outcome(os.rename, base + "/writable/file", base + "/hidden/stolen"),
        })
        """,
        str(tmp_path),
    )
    refused = {name for name, result in told.items() if result != "done"}
    assert refused == {
        "write readable",
        "make in readable",
        "truncate readable",
        "list hidden",
        "read hidden",
        "rename out",
    }


@pytest.mark.skipif(landlock.abi() < 4, reason="TCP ports need Landlock ABI 4")
def test_only_named_tcp_ports_can_be_used() -> None:
    told = run(
        """
        from kernel import landlock
        servers = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
        open_port, closed_port = (server.getsockname()[1] for server in servers)
        with socket.create_server(("127.0.0.1", 0)) as spare:
            free_port = spare.getsockname()[1]
        landlock.restrict(tcp_connect_ports=[open_port], tcp_bind_ports=[])
        answer([
            outcome(socket.create_connection, ("127.0.0.1", open_port)),
            outcome(socket.create_connection, ("127.0.0.1", closed_port)),
            outcome(socket.create_server, ("127.0.0.1", free_port)),
            outcome(open, "/etc/passwd"),
        ])
        """
    )
    assert told == ["done", "EACCES", "EACCES", "done"]


@pytest.mark.skipif(landlock.abi() < 6, reason="scopes need Landlock ABI 6")
def test_abstract_sockets_and_signals_stay_inside() -> None:
    told = run(
        """
        import signal, subprocess
        from kernel import landlock
        outside = subprocess.Popen(["sleep", "30"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        name = "\\0lambdaplay-test-%d" % os.getpid()
        server = socket.socket(socket.AF_UNIX)
        server.bind(name)
        server.listen()
        restricted = os.fork()
        if restricted == 0:
            landlock.restrict()
            own = os.fork()
            if own == 0:
                signal.pause()
            answer([
                outcome(socket.socket(socket.AF_UNIX).connect, name),
                outcome(os.kill, outside.pid, 9),
                outcome(os.kill, own, 9),
            ])
            os._exit(0)
        os.waitpid(restricted, 0)
        outside.kill()
        outside.wait()
        """
    )
    assert told == ["EPERM", "EPERM", "done"]


def test_what_it_started_is_restricted_too() -> None:
    told = run(
        """
        import subprocess
        from kernel import landlock
        landlock.restrict(["/usr", "/lib", "/lib64", "/bin"])
        done = subprocess.run(["/bin/cat", "/etc/passwd"], capture_output=True)
        answer([done.returncode, done.stdout.decode()])
        """
    )
    assert told == [1, ""]
