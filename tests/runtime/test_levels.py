"""Which sandbox level is used, that each works, and that none is used in silence. Also as an ordinary user."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from invocations.runtime import client, command, lender, libraries
from invocations.runtime.host.settings import FUNCTION_UID, HostSettings
from invocations.runtime.kernel import probe
from lambdaplay.home import Home
from tests.runtime import hosts
from tests.runtime.conftest import demand, findings
from tests.runtime.hosts import Host

pytestmark = pytest.mark.xdist_group("sandbox-levels")

USER = 12345
TELLS = """
import ctypes, os
def handler(event, context):
    unshared = ctypes.CDLL(None).unshare(0x10000000)
    with open(os.environ["TMPDIR"] + "/x", "w") as file:
        file.write("x")
    task = os.environ["LAMBDA_TASK_ROOT"]
    assert "app.py" in os.listdir(task), task
    return [task == "/var/task", unshared]
"""


@pytest.fixture(scope="session")
def ready_libraries() -> Iterator[Path]:
    """The libraries that stand beside functions, where another user reaches them: making them takes seconds."""
    with tempfile.TemporaryDirectory(prefix="lpl-") as folder:
        os.chmod(folder, 0o755)
        made = libraries.prepare(settings.LAMBDAPLAY_HOME)
        yield Path(shutil.copytree(made, Path(folder, made.name), copy_function=os.link))


@pytest.fixture
def place(ready_libraries: Path, settings: Any) -> Iterator[Home]:
    """A state folder of this test's own, so that the shared host is left alone."""
    own = Home(Path(tempfile.mkdtemp(prefix="lpl-")))
    own.make()
    (own.libraries / ready_libraries.name).symlink_to(ready_libraries)
    settings.LAMBDAPLAY_HOME = own
    lender.hang_up()
    yield own
    lender.hang_up()
    shutil.rmtree(own.root)


@pytest.mark.parametrize(("level", "jailed", "unshared"), [("L1", True, 0), ("none", False, 0)])
def test_weaker_levels_run_functions_too(place: Home, tmp_path: Path, level: str, jailed: bool, unshared: int) -> None:
    demand(level)
    with hosts.host(level, tmp_path / "log") as host:
        assert client.state().sandbox == level
        assert host.call(host.function(TELLS)) == [jailed, unshared]


def test_the_strongest_level_is_taken_by_itself(place: Home, tmp_path: Path) -> None:
    best, reason = probe.level(findings())
    with hosts.host("auto", tmp_path / "log"):
        state = client.state()
        assert state.sandbox == best
        assert state.findings["level"] == reason
        assert state.findings["seccomp"] == findings()["seccomp"]


def test_a_level_that_is_not_built_is_refused_in_a_sentence(place: Home, tmp_path: Path) -> None:
    settings.LAMBDAPLAY_SANDBOX = "L3"
    ended = subprocess.run(
        command.host_command(), env=command.host_environment(), capture_output=True, text=True, timeout=30
    )
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == (
        "LAMBDAPLAY_SANDBOX=L3 (gVisor) is not built; set it to auto, L2, L1 or L0."
    )


@pytest.mark.parametrize(
    ("changes", "level"),
    [
        ({}, "L2"),
        ({"seccomp": "no"}, "L1"),
        ({"user namespace": "Operation not permitted"}, "L0"),
        ({"proc mount": "Operation not permitted"}, "L0"),
        ({"user namespace": "no", "landlock": "ABI 3; 4 is needed, which restricts TCP ports"}, None),
        ({"user namespace": "no", "seccomp": "no"}, None),
    ],
)
def test_what_is_missing_decides_the_level(changes: dict[str, str], level: str | None) -> None:
    everything = dict.fromkeys(probe.FINDINGS, probe.YES)
    found, reason = probe.level({**everything, **changes})
    assert found == level
    assert all(text in reason for text in changes.values())
    if level is None:
        assert "LAMBDAPLAY_SANDBOX=none" in reason


# --- an ordinary user -------------------------------------------------------------------------------------------------


def python_for_everybody() -> str:
    """An interpreter of our version that another user may run."""
    name = f"python3.{sys.version_info.minor}"
    for folder in ("/usr/bin", "/usr/local/bin", *os.get_exec_path()):
        candidate = os.path.join(folder, name)
        command = [candidate, "-c", "import ssl, ctypes, json"]
        if os.access(candidate, os.X_OK) and subprocess.run(command, user=USER, capture_output=True).returncode == 0:
            return os.path.realpath(candidate)
    pytest.skip(f"no {name} that another user may run")


def give(folder: Path) -> None:
    for root, folders, files in os.walk(folder):
        if "libraries" in folders:
            folders.remove("libraries")  # everybody may read it
        for name in (*folders, *files):
            os.chown(os.path.join(root, name), USER, USER, follow_symlinks=False)
    os.chown(folder, USER, USER)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else; without root every test is this one")
@pytest.mark.parametrize("level", ["L2", "L0", "none"])
def test_everything_works_for_an_ordinary_user(place: Home, level: str) -> None:
    demand(level)
    python = python_for_everybody()
    clients = place.root / "clients"
    shutil.copytree(command.host_settings().clients, clients)
    told = dataclasses.replace(command.host_settings(), sandbox=level, python=python, clients=str(clients), prefixes=())
    log = place.root / "log"
    with running_as_user(place, told, python, log) as host:
        spec = host.function(TELLS)
        give(place.code)
        assert host.call(spec) == [level == "L2", -1 if level != "none" else 0]
        assert {process.uids().real for process in host.tree()} == {USER}
        if level != "none":
            assert attempts(host, place) == []
        # Again, to prove that a reset and its /tmp work as well.
        exits = host.function("import os\ndef handler(event, context):\n    os._exit(3)\n")
        give(place.code)
        assert [host.run(exits).error_type for _ in range(2)] == ["Runtime.ExitError"] * 2


def attempts(host: Host, place: Home) -> list[str]:
    """What a function got of the files and processes of its own user."""
    secret = place.root / "secrets.json"
    secret.write_text("{}")
    give(place.root)
    source = """
import os
def handler(event, context):
    got = []
    for path in event["paths"]:
        try:
            open(path).read()
            got.append(path)
        except OSError:
            pass
    try:
        os.kill(event["pid"], 9)
        got.append("kill")
    except OSError:
        pass
    return got
"""
    spec = host.function(source)
    give(place.code)
    pid = host.process.pid
    paths = [str(secret), f"/proc/{pid}/environ", f"/proc/{pid}/cmdline", str(place.run / "host.json")]
    found: list[str] = host.call(spec, {"paths": paths, "pid": pid})
    return found


@contextmanager
def running_as_user(place: Home, told: HostSettings, python: str, log: Path) -> Iterator[Host]:
    path = place.run / "host.json"
    path.write_text(told.to_json())
    give(place.root)
    os.chown(place.libraries, USER, USER)
    program = f"import sys; sys.path.insert(0, {str(settings.BASE_DIR)!r}); "
    program += "from invocations.runtime.host.main import main; main()"
    with open(log, "wb") as output:
        process = subprocess.Popen(
            [python, "-I", "-S", "-c", program, str(path)],
            env=command.host_environment(),
            stderr=output,
            user=USER,
            group=USER,
            extra_groups=[],
        )
    try:
        hosts.await_host(process, log)
        yield Host(told.sandbox, process, log)
    finally:
        process.kill()
        process.wait()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts functions as somebody else")
def test_the_functions_uid_is_nobodys(place: Home) -> None:
    with open("/etc/passwd") as file:
        assert FUNCTION_UID not in {int(line.split(":")[2]) for line in file}
