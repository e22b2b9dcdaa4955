"""python3.x: AWS's awslambdaric, in a fork of the warm parent or in a fresh interpreter of the very version."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Mapping
from functools import cache

from django.conf import settings

from invocations.runtime.runtimes.base import (
    EXEC_WRAPPER,
    Discovery,
    Interpreter,
    Launch,
    Layered,
    candidates,
    examine,
    wrapped,
)

_NAME = re.compile(r"python3\.(\d{1,2})")
# awslambdaric's lowest, and the highest that is looked for.
_MINORS = range(10, 20)
# Read by an interpreter or its loader while it starts, so a fork cannot obey them. PYTHONPATH it can.
_READ_AT_START = re.compile(r"PYTHON(?!PATH$).*|LD_.*|GLIBC_TUNABLES|MALLOC_.*")
# These only repeat what holds anyway.
_HARMLESS = {"PYTHONUNBUFFERED", "PYTHONIOENCODING", "PYTHONUTF8", "PYTHONDONTWRITEBYTECODE"}

# Run by the examined interpreter. ssl is imported for the folders of the libraries behind it.
_TELL = """
import json, os, ssl, sys
maps = "/proc/self/maps"
print(json.dumps({
    "executable": getattr(sys, "_base_executable", None) or sys.executable,
    "version": sys.version_info[:3],
    "prefixes": [sys.base_prefix, sys.base_exec_prefix] if sys.implementation.name == "cpython" else None,
    "maps": open(maps).read() if os.path.exists(maps) else "",
}))
"""


@cache
def _own() -> Interpreter:
    """The interpreter that the server and the warm parent run in."""
    found = examine([[sys.executable, "-I", "-c", _TELL]])
    if found:
        return found[0]
    return Interpreter(os.path.realpath(sys.executable), tuple(sys.version_info[:3]), (sys.base_prefix,))


@cache
def _others() -> Mapping[int, Interpreter]:
    """Minor version -> the first CPython on PATH of a version that the server does not run in itself."""
    names = [f"python3.{minor}" for minor in _MINORS if minor != sys.version_info.minor]
    found: dict[int, Interpreter] = {}
    for interpreter in examine([candidate, "-I", "-c", _TELL] for candidate in candidates(["python3", *names])):
        minor = interpreter.version[1]
        if minor in _MINORS and minor != sys.version_info.minor:
            found.setdefault(minor, interpreter)
    return found


def _exact(minor: int) -> Interpreter | None:
    return _own() if minor == sys.version_info.minor else _others().get(minor)


class Python:
    name = "python"

    def runs(self, runtime: str) -> bool:
        return _NAME.fullmatch(runtime) is not None

    def unrunnable(self, runtime: str) -> str | None:
        if not settings.LAMBDAPLAY_STRICT_RUNTIMES or self._minor(runtime) == sys.version_info.minor:
            return None
        if _exact(self._minor(runtime)) is not None:
            return None
        return (
            f"This machine cannot run {runtime}: there is no {runtime} on PATH, and LAMBDAPLAY_STRICT_RUNTIMES=1 "
            f"refuses the nearest, CPython {platform.python_version()}."
        )

    def launch(self, runtime: str, variables: Mapping[str, str], memory_mb: int, layered: Layered) -> Launch:
        minor = self._minor(runtime)
        fresh = layered.libraries or _needs_fresh(variables)
        if minor == sys.version_info.minor and not fresh:
            return self._described(None, runtime, tuple(sys.version_info[:3]))
        interpreter = _exact(minor)
        if interpreter is None and not fresh:
            return self._described(None, runtime, tuple(sys.version_info[:3]))
        interpreter = interpreter or _own()
        # -s -S: nothing but the code, layers and the runtime's libraries. The function's PYTHON* variables act.
        argv = wrapped((interpreter.executable, "-s", "-S", "{runtime}/bootstrap_main.py"), variables)
        return self._described(argv, runtime, interpreter.version)

    def _described(self, argv: tuple[str, ...] | None, runtime: str, version: tuple[int, ...]) -> Launch:
        minor = self._minor(runtime)
        actual = ".".join(map(str, version))
        display = f"python:3.{minor}" if version[1] == minor else f"python:3.{minor} (runs on CPython {actual})"
        return Launch(argv, display, reserved_variables={"AWS_EXECUTION_ENV": f"AWS_Lambda_{runtime}"})

    def discovery(self) -> Discovery:
        known = [_own(), *(interpreter for _, interpreter in sorted(_others().items()))]
        found = ", ".join(f"CPython {each.version_text} ({each.executable})" for each in known)
        others = "are refused" if settings.LAMBDAPLAY_STRICT_RUNTIMES else f"run on CPython {_own().version_text}"
        versions = tuple(sorted({each.version_text for each in known}, key=_sortable))
        return Discovery(self.name, found, versions, f"Functions for other Python versions {others}.")

    def prefixes(self) -> tuple[str, ...]:
        every = [_own(), *_others().values()]
        return tuple(dict.fromkeys(folder for each in every for folder in each.folders))

    def executables(self) -> tuple[str, ...]:
        """The interpreters, besides the server's own, that functions may be started with."""
        return tuple(each.executable for each in _others().values())

    @staticmethod
    def _minor(runtime: str) -> int:
        match = _NAME.fullmatch(runtime)
        return int(match.group(1)) if match else -1


def _needs_fresh(variables: Mapping[str, str]) -> bool:
    """Whether only an interpreter that is started with these variables can obey them."""
    return EXEC_WRAPPER in variables or any(
        _READ_AT_START.fullmatch(name) and name not in _HARMLESS for name in variables
    )


def _sortable(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


FAMILY = Python()
