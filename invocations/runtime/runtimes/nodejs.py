"""nodejs*.x: a small runtime client of ours, in the Node.js that is on this machine."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from django.conf import settings

from invocations.runtime.runtimes.base import Discovery, Interpreter, Launch, Layered, candidates, examine, wrapped

_NAME = re.compile(r"nodejs(\d{2})\.x")
_LOWEST = 18  # the client's modules are written for it
_SDK = "@aws-sdk"

_TELL = """
const fs = require("fs");
console.log(JSON.stringify({
  executable: process.execPath,
  version: process.versions.node.split(".").map(Number),
  prefixes: [require("path").dirname(require("path").dirname(fs.realpathSync(process.execPath)))],
  maps: fs.readFileSync("/proc/self/maps", "utf8"),
}));
"""
_HEAP_SHARE = 0.9  # of the function's memory: V8's own limit comes before ours and names itself


@cache
def _installed() -> Mapping[int, Interpreter]:
    """Major version -> the first Node.js of it on PATH that works and is new enough."""
    names = ["node", "nodejs", *(f"node{major}" for major in range(_LOWEST, 40, 2))]
    found: dict[int, Interpreter] = {}
    for interpreter in examine([candidate, "-e", _TELL] for candidate in candidates(names)):
        if interpreter.version[0] >= _LOWEST:
            found.setdefault(interpreter.version[0], interpreter)
    return found


@cache
def _sdk_folder() -> str | None:
    """The folder of globally installed modules that holds the AWS SDK for JavaScript v3; None: not installed."""
    folders = [Path(each.executable).parents[1] / "lib/node_modules" for each in _installed().values()]
    for folder in (*_npm_prefix(), *folders, Path("/usr/local/lib/node_modules"), Path("/usr/lib/node_modules")):
        if (folder / _SDK).is_dir():
            return str(folder)
    return None


def _npm_prefix() -> list[Path]:
    """What `npm root -g` says when the user chose a place of their own, without npm's half a second."""
    try:
        lines = (Path.home() / ".npmrc").read_text().splitlines()
    except (OSError, RuntimeError, UnicodeDecodeError):
        return []
    values = [line.split("=", 1)[1].strip() for line in lines if re.match(r"\s*prefix\s*=", line)]
    home = str(Path.home())
    return [Path(value.replace("${HOME}", home).replace("~", home, 1), "lib/node_modules") for value in values]


class NodeJs:
    name = "nodejs"

    def runs(self, runtime: str) -> bool:
        return _NAME.fullmatch(runtime) is not None

    def unrunnable(self, runtime: str) -> str | None:
        wanted = self._major(runtime)
        if not _installed():
            return f"This machine cannot run {runtime}: there is no Node.js {_LOWEST} or newer on PATH."
        if wanted not in _installed() and settings.LAMBDAPLAY_STRICT_RUNTIMES:
            return (
                f"This machine cannot run {runtime}: Node.js {wanted} is not on PATH, and LAMBDAPLAY_STRICT_RUNTIMES=1 "
                f"refuses the nearest, {self._nearest(wanted).version_text}."
            )
        return None

    def launch(self, runtime: str, variables: Mapping[str, str], memory_mb: int, layered: Layered) -> Launch:
        major = self._major(runtime)
        node = self._nearest(major)
        heap = f"--max-old-space-size={int(memory_mb * _HEAP_SHARE)}"
        argv = wrapped((node.executable, heap, "--max-http-header-size=81920", "{clients}/node/index.mjs"), variables)
        exact = node.version[0] == major
        display = f"nodejs:{major}" if exact else f"nodejs:{major} (runs on Node.js {node.version_text})"
        return Launch(
            argv,
            display,
            variables={"NODE_PATH": self._module_path(major)},
            reserved_variables={"AWS_EXECUTION_ENV": f"AWS_Lambda_{runtime}"},
        )

    def _module_path(self, major: int) -> str:
        layers = [f"{{opt}}/nodejs/node{major}/node_modules", "{opt}/nodejs/node_modules"]
        sdk = _sdk_folder()
        return os.pathsep.join([*layers, *([] if sdk is None else [sdk]), "{task}"])

    def discovery(self) -> Discovery:
        known = [_installed()[major] for major in sorted(_installed())]
        found = ", ".join(f"Node.js {each.version_text} ({each.executable})" for each in known)
        if not known:
            return Discovery(self.name, "", (), "nodejs functions are refused; install Node.js 18 or newer.")
        cost = ""
        if _sdk_folder() is None:
            cost = (
                "Functions cannot import the AWS SDK for JavaScript v3 unless they bundle it; "
                "npm install -g @aws-sdk/client-s3 (and the like) changes that."
            )
        return Discovery(self.name, found, tuple(each.version_text for each in known), cost)

    def prefixes(self) -> tuple[str, ...]:
        folders = [folder for each in _installed().values() for folder in each.folders]
        sdk = _sdk_folder()
        if sdk is not None and not sdk.startswith("/usr/"):
            folders.append(sdk)
        return tuple(dict.fromkeys(folders))

    @staticmethod
    def _nearest(major: int) -> Interpreter:
        return _installed()[min(_installed(), key=lambda each: (abs(each - major), -each))]

    @staticmethod
    def _major(runtime: str) -> int:
        match = _NAME.fullmatch(runtime)
        return int(match.group(1)) if match else -1


FAMILY = NodeJs()
