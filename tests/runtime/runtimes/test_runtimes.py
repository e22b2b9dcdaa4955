"""Which runtime runs how on this machine, found by running real programs on a PATH of our own."""

from __future__ import annotations

import os
import platform
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from invocations.errors import InvalidRuntime
from invocations.runtime import runtimes
from invocations.runtime.runtimes import base, nodejs, python

OWN = f"python3.{sys.version_info.minor}"
OTHER_MINOR = 12 if sys.version_info.minor != 12 else 13
OTHER = f"python3.{OTHER_MINOR}"

Program = Callable[[str, str], Path]


@pytest.fixture(autouse=True)
def _found_anew() -> None:
    for cached in (python._own, python._others, nodejs._installed, nodejs._sdk_folder):
        cached.cache_clear()


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Program]:
    """PATH is an empty folder and /bin; write executables into the folder."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}")
    monkeypatch.setenv("HOME", str(tmp_path))

    def write(name: str, text: str) -> Path:
        path = folder / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    yield write
    for cached in (python._own, python._others, nodejs._installed, nodejs._sdk_folder):
        cached.cache_clear()


def pretended(executable: str, version: list[int], prefix: str, maps: str = "") -> str:
    return (
        f"""echo '{{"executable": "{executable}", "version": {version}, "prefixes": ["{prefix}"], "maps": "{maps}"}}'"""
    )


def test_the_servers_own_version_is_a_fork_under_its_plain_name() -> None:
    launch = runtimes.launch(OWN)
    assert (launch.kind, launch.argv, launch.display) == ("python-fork", None, f"python:3.{sys.version_info.minor}")
    assert launch.reserved_variables == {"AWS_EXECUTION_ENV": f"AWS_Lambda_{OWN}"}


def test_a_missing_version_runs_on_the_servers_own_and_says_so(program: Program) -> None:
    launch = runtimes.launch(OTHER)
    assert launch.kind == "python-fork"
    assert launch.display == f"python:3.{OTHER_MINOR} (runs on CPython {platform.python_version()})"
    assert launch.reserved_variables == {"AWS_EXECUTION_ENV": f"AWS_Lambda_{OTHER}"}


def test_strict_runtimes_refuse_the_nearest_by_name(program: Program, settings: Any) -> None:
    settings.LAMBDAPLAY_STRICT_RUNTIMES = True
    with pytest.raises(InvalidRuntime, match=f"cannot run {OTHER}: there is no {OTHER} on PATH"):
        runtimes.launch(OTHER)
    assert runtimes.unrunnable(OWN) is None


def test_an_exact_interpreter_on_path_is_executed_with_its_real_prefix(program: Program, tmp_path: Path) -> None:
    real = program("real", "true")
    program(
        OTHER,
        pretended(
            str(real), [3, OTHER_MINOR, 4], "/opt/pythons/it", f"7f00-7f01 r-xp 0 00:00 1 {tmp_path}/lib/libssl.so.3"
        ),
    )
    launch = runtimes.launch(OTHER)
    assert launch.kind == "exec"
    assert launch.argv == (str(real), "-s", "-S", "{runtime}/bootstrap_main.py")
    assert launch.display == f"python:3.{OTHER_MINOR}"
    assert {"/opt/pythons/it", f"{tmp_path}/lib", f"{tmp_path}/bin"} <= set(runtimes.prefixes())


def test_a_shim_that_fails_lies_or_names_another_version_is_not_believed(program: Program) -> None:
    program(OTHER, "echo 'command not found' >&2; exit 127")
    program("python3", "echo hello")
    program("python3.10" if sys.version_info.minor != 10 else "python3.11", pretended("/x", [3, 8, 1], "/x"))
    assert python._others() == {}
    assert runtimes.launch(OTHER).kind == "python-fork"


def test_the_second_candidate_on_path_is_used_when_the_first_fails(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(OTHER, "exit 1")
    second = tmp_path / "second"
    second.mkdir()
    working = program("tmp", pretended("/bin/sh", [3, OTHER_MINOR, 0], "/usr"))
    working.rename(second / OTHER)
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:{second}")
    assert runtimes.launch(OTHER).kind == "exec"


def test_a_version_managers_shim_counts_only_when_its_version_is_selected(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "manager"
    for folder in ("shims", "versions/a/bin", "versions/b/bin"):
        (root / folder).mkdir(parents=True)
    program("shim", "exit 127").rename(root / "shims" / OTHER)
    program("it", pretended("/bin/sh", [3, OTHER_MINOR, 0], "/usr")).rename(root / "versions/b/bin" / OTHER)
    monkeypatch.setenv("PATH", f"{root}/shims")
    (root / "version").write_text("a\n")
    assert runtimes.launch(OTHER).kind == "python-fork"
    python._others.cache_clear()
    (root / "version").write_text("a\nb\n")
    assert runtimes.launch(OTHER).kind == "exec"


@pytest.mark.parametrize(
    ("variables", "kind"),
    [
        ({}, "python-fork"),
        ({"STAGE": "dev", "PYTHONPATH": "/var/task/lib"}, "python-fork"),
        ({"PYTHONUNBUFFERED": "1"}, "python-fork"),
        ({"PYTHONHASHSEED": "0"}, "exec"),
        ({"LD_LIBRARY_PATH": "/var/task/lib"}, "exec"),
        ({"AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrapper"}, "exec"),
    ],
)
def test_variables_that_act_only_at_process_start_need_a_fresh_process(variables: dict[str, str], kind: str) -> None:
    assert runtimes.launch(OWN, variables).kind == kind


def test_an_exec_wrapper_is_given_the_command_it_wraps() -> None:
    launch = runtimes.launch(OWN, {"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/wrap"})
    assert launch.argv is not None
    assert launch.argv[0] == "{task}/wrap"
    assert launch.argv[1] == python._own().executable
    assert not launch.argv[1].startswith(sys.prefix + os.sep), "never the server's virtual environment"


def test_node_is_refused_by_name_when_there_is_none(program: Program) -> None:
    assert (
        runtimes.unrunnable("nodejs22.x")
        == "This machine cannot run nodejs22.x: there is no Node.js 18 or newer on PATH."
    )
    with pytest.raises(InvalidRuntime):
        runtimes.launch("nodejs22.x")


def test_a_node_that_is_too_old_is_as_good_as_none(program: Program) -> None:
    program("node", pretended("/old/bin/node", [16, 20, 0], "/old"))
    assert runtimes.unrunnable("nodejs20.x") is not None


def test_the_nearest_node_is_taken_and_named(program: Program, settings: Any) -> None:
    program("node", pretended("/n/20/bin/node", [20, 9, 0], "/n/20"))
    program("node24", pretended("/n/24/bin/node", [24, 1, 0], "/n/24"))
    exact, near = runtimes.launch("nodejs20.x", {}, 1024), runtimes.launch("nodejs26.x", {}, 1024)
    assert exact.argv == (
        "/n/20/bin/node",
        "--max-old-space-size=921",
        "--max-http-header-size=81920",
        "{clients}/node/index.mjs",
    )
    assert exact.display == "nodejs:20"
    assert near.display == "nodejs:26 (runs on Node.js 24.1.0)"
    assert exact.variables["NODE_PATH"].startswith("{opt}/nodejs/node20/node_modules:{opt}/nodejs/node_modules:")
    assert {"/n/20", "/n/24"} <= set(runtimes.prefixes())
    settings.LAMBDAPLAY_STRICT_RUNTIMES = True
    assert "Node.js 26 is not on PATH" in str(runtimes.unrunnable("nodejs26.x"))


def test_a_globally_installed_sdk_joins_the_module_path_and_the_jail(program: Program, tmp_path: Path) -> None:
    program("node", pretended(f"{tmp_path}/bin/node", [20, 9, 0], "/usr"))
    assert "npm install -g" in next(each.cost for each in runtimes.discover() if each.family == "nodejs")
    (tmp_path / ".npmrc").write_text("prefix=${HOME}/npm\n")
    (tmp_path / "npm/lib/node_modules/@aws-sdk").mkdir(parents=True)
    nodejs._sdk_folder.cache_clear()
    modules = f"{tmp_path}/npm/lib/node_modules"
    assert modules in runtimes.launch("nodejs20.x").variables["NODE_PATH"].split(":")
    assert modules in runtimes.prefixes()


def test_a_custom_runtime_is_its_bootstrap_and_gets_no_execution_environment_name() -> None:
    launch = runtimes.launch("provided.al2023")
    assert launch.argv == ("{task}/bootstrap",)
    assert (launch.display, dict(launch.reserved_variables)) == ("provided:al2023", {})


@pytest.mark.parametrize(
    ("runtime", "named"),
    [("java21", "Java"), ("java8.al2", "Java"), ("dotnet8", ".NET"), ("ruby3.4", "Ruby"), ("cobol", "not known")],
)
def test_a_runtime_that_nobody_wrote_is_refused_by_name(runtime: str, named: str) -> None:
    reason = runtimes.unrunnable(runtime)
    assert reason is not None
    assert reason.startswith(f"This machine cannot run {runtime}: ")
    assert named in reason


def test_every_family_tells_what_was_found_and_what_is_lost_without() -> None:
    told = {each.family: each for each in runtimes.discover()}
    assert set(told) == {"python", "nodejs", "provided"}
    assert platform.python_version() in told["python"].versions
    assert all(each.found or each.cost for each in told.values())


def test_folders_that_every_jail_has_are_not_bound_again() -> None:
    assert base._outermost(["/usr", "/usr/lib/x", "/lib/y", "/a/b", "/a", "/a/bc", "/ab"]) == ("/a", "/ab")
