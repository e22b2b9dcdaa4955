"""What a runtime family tells about itself, and how an interpreter on this machine is examined."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

# Bound into every jail anyway, so nothing below them needs a bind of its own.
_ALWAYS_THERE = ("/usr/", "/lib/", "/lib64/", "/bin/")
_EXAMINATION_SECONDS = 10

EXEC_WRAPPER = "AWS_LAMBDA_EXEC_WRAPPER"


@dataclass(frozen=True)
class Launch:
    """How an environment of one runtime is started.

    `argv` is None when a fork of the warm Python parent does it. Else it is executed, after `{task}`, `{opt}`,
    `{runtime}` and `{clients}` in its parts are replaced by the folders of the code, the layers, the Python libraries
    and the other clients.
    """

    argv: tuple[str, ...] | None
    display: str  # for INIT_START and the console: "python:3.12 (runs on CPython 3.11.7)"
    variables: Mapping[str, str] = field(default_factory=dict)  # the function's own may override them
    reserved_variables: Mapping[str, str] = field(default_factory=dict)  # never overridden

    @property
    def kind(self) -> str:
        return "python-fork" if self.argv is None else "exec"


@dataclass(frozen=True)
class Discovery:
    """What this machine has of a family, for people: doctor and console."""

    family: str
    found: str  # "" when nothing was found
    versions: tuple[str, ...]
    cost: str  # what does not work without it


@dataclass(frozen=True)
class Layered:
    """What a function's layers bring that decides how it is started."""

    libraries: bool = False  # shared libraries in /opt/lib: only a loader that starts with LD_LIBRARY_PATH finds them
    bootstrap: bool = False  # /opt/bootstrap is there, and /var/task/bootstrap is not


NO_LAYERS = Layered()


class Family(Protocol):
    """One kind of runtime. Found by the registry under `name`."""

    name: str

    def runs(self, runtime: str) -> bool:
        """Whether the identifier belongs to this family."""

    def unrunnable(self, runtime: str) -> str | None:
        """Why this machine cannot run it, as one sentence; None: it can."""

    def launch(self, runtime: str, variables: Mapping[str, str], memory_mb: int, layered: Layered) -> Launch:
        """How to start it. Only asked when unrunnable() is None."""

    def discovery(self) -> Discovery:
        """What was found on this machine."""

    def prefixes(self) -> tuple[str, ...]:
        """Folders that must be readable inside a jail under the same path."""


@dataclass(frozen=True)
class Interpreter:
    """An interpreter that was run and answered."""

    executable: str
    version: tuple[int, ...]
    folders: tuple[str, ...]  # its prefix and those of its libraries, where a jail does not have them anyway

    @property
    def version_text(self) -> str:
        return ".".join(map(str, self.version))


def candidates(names: Iterable[str]) -> list[str]:
    """Every executable of one of these names on PATH, in PATH's order for each name.

    The same file under the same name is listed once (/bin is a link to /usr/bin nearly everywhere). Under two names it
    may be two things: some version managers are one program that looks at the name it was called by.
    """
    found: dict[tuple[str, str], str] = {}
    for name in names:
        for folder in os.get_exec_path():
            for candidate in _behind_shim(os.path.join(folder, name)):
                if os.path.isfile(candidate) and os.access(candidate, os.X_OK):
                    found.setdefault((os.path.realpath(candidate), name), candidate)
    return list(found.values())


def _behind_shim(path: str) -> list[str]:
    """What pyenv's shim would run: those of the versions it has selected. Any other path is itself.

    A shim is a shell program that takes a tenth of a second to say no, and there is one for each version.
    """
    folder, name = os.path.split(path)
    root = os.path.dirname(folder)
    if os.path.basename(folder) != "shims" or not os.path.isdir(f"{root}/versions"):
        return [path]
    try:
        with open(f"{root}/version") as file:
            selected = file.read().split()
    except OSError:
        selected = []
    return [f"{root}/versions/{version}/bin/{name}" for version in selected]


def examine(commands: Iterable[list[str]]) -> list[Interpreter]:
    """Run each command (all at once) and keep what proves to be an interpreter.

    A command prints one JSON object: executable, version (list), prefixes (list), maps (its /proc/self/maps). Whatever
    fails, hangs or prints something else (a version manager's shim for a version that is switched off) is left out.
    """
    started = [_start(command) for command in commands]
    found: dict[str, Interpreter] = {}
    for process in started:
        interpreter = _result(process) if process is not None else None
        if interpreter is not None:
            found.setdefault(interpreter.executable, interpreter)
    return list(found.values())


def _start(command: list[str]) -> subprocess.Popen[bytes] | None:
    try:
        return subprocess.Popen(  # noqa: S603  an interpreter on the operator's PATH
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    except OSError:
        return None


def _result(process: subprocess.Popen[bytes]) -> Interpreter | None:
    try:
        output, _ = process.communicate(timeout=_EXAMINATION_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return None
    try:
        told = json.loads(output)
        executable = os.path.realpath(told["executable"])
        libraries = [os.path.dirname(line.split(None, 5)[5]) for line in told["maps"].splitlines() if ".so" in line]
        folders = _outermost([*told["prefixes"], os.path.dirname(executable), *libraries])
        return Interpreter(executable, tuple(told["version"]), folders)
    except (ValueError, KeyError, TypeError, IndexError):
        return None


def _outermost(folders: Iterable[str]) -> tuple[str, ...]:
    """Those that a jail lacks, each once, without those inside another."""
    missing = sorted({each for each in folders if each != "/usr" and not each.startswith(_ALWAYS_THERE)})
    kept: list[str] = []
    for each in missing:
        if not any(each == outer or each.startswith(outer + os.sep) for outer in kept):
            kept.append(each)
    return tuple(kept)


def wrapped(argv: tuple[str, ...], variables: Mapping[str, str]) -> tuple[str, ...]:
    """Put the function's AWS_LAMBDA_EXEC_WRAPPER, if it names one, in front. A missing one ends with status 127."""
    wrapper = variables.get(EXEC_WRAPPER)
    if not wrapper:
        return argv
    for folder, place in (("/var/task/", "{task}/"), ("/opt/", "{opt}/")):
        if wrapper.startswith(folder):
            wrapper = place + wrapper.removeprefix(folder)
    return (wrapper, *argv)
