"""The libraries that stand beside a Python function: AWS's runtime client over ours, and boto3 with what it needs.

Taken from the server's own virtual environment, pure Python only (a compiled part is kept when its file name says for
which interpreter it is), so that any CPython 3.10 or newer can import the folder. Functions see nothing else of the
virtual environment.
"""

from __future__ import annotations

import compileall
import hashlib
import json
import os
import py_compile
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path, PurePosixPath

from invocations.runtime import runtimes
from lambdaplay.home import Home

ROOTS = ("awslambdaric", "boto3")
OUR_CLIENT = Path(__file__).parent / "clients" / "python"
NODE_CLIENT = Path(__file__).parent / "clients" / "node"

_NAME = re.compile(r"[A-Za-z0-9._-]+")
# awslambdaric's C++ module, which ours replaces, would win over a .py of the same name.
_REPLACED = re.compile(r"runtime_client\b")
_TAGGED = re.compile(r"\.cpython-\d+[a-z]*-[\w-]+\.so$")
_USELESS = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}
_BROKEN_BY_LAYOUT = ("__pycache__", "..")


def prepare(home: Home) -> Path:
    """The folder to put in front of Python functions, made on first use (some seconds) and after upgrades.

    World-readable inside, because functions run as another user; its parents may be private. Safe to call from several
    processes at once.
    """
    found = list(_closure())

    others = runtimes.other_pythons()

    def fill(folder: Path) -> None:
        _fill(folder, found)
        _compile(folder)
        for executable in others:
            compile_for(folder, executable)

    return _made_once(home.libraries, "python", _fingerprint(found, others), fill)


def prepare_clients(home: Home) -> Path:
    """The folder of our clients for other languages (`node/`), readable whatever the checkout's modes are."""
    files = sorted(path for path in NODE_CLIENT.iterdir() if path.suffix == ".mjs")
    digest = hashlib.sha256(b"\0".join(path.name.encode() + b"\0" + path.read_bytes() for path in files))

    def fill(folder: Path) -> None:
        (folder / NODE_CLIENT.name).mkdir()
        for path in files:
            shutil.copyfile(path, folder / NODE_CLIENT.name / path.name)

    return _made_once(home.libraries, "clients", digest.hexdigest()[:16], fill)


def _made_once(parent: Path, kind: str, fingerprint: str, fill: Callable[[Path], None]) -> Path:
    """`parent/<kind>-<fingerprint>`, filled aside and renamed when it is not there; other versions of it go."""
    folder = parent / f"{kind}-{fingerprint}"
    if folder.is_dir():
        return folder
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(dir=parent, prefix=".building-"))
    try:
        fill(building)
        _open_to_readers(building)
        with suppress(OSError):  # another process was faster: its folder is the same
            os.rename(building, folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    for other in parent.glob(f"{kind}-*"):
        if other != folder:
            shutil.rmtree(other, ignore_errors=True)
    return folder


def compile_for(folder: Path, executable: str) -> None:
    """Add compiled files for another interpreter: inside the jail it could not keep its own."""
    command = [executable, "-I", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", str(folder)]
    subprocess.run(command, check=False, capture_output=True)  # noqa: S603  an interpreter we discovered
    _open_to_readers(folder)


def versions() -> dict[str, str]:
    """Distribution name -> version of everything that is put beside a function."""
    return {found.metadata["Name"]: found.version for found in _closure()}


def _closure() -> Iterator[Distribution]:
    """ROOTS and all they require, extras left out, each once."""
    waiting, seen = list(ROOTS), set()
    while waiting:
        name = waiting.pop(0)
        key = name.lower().replace("_", "-")
        if key in seen:
            continue
        seen.add(key)
        try:
            found = distribution(name)
        except PackageNotFoundError:
            if name in ROOTS:
                raise
            continue  # required for another Python version only
        yield found
        for requirement in found.requires or []:
            match = _NAME.match(requirement)
            if match and "extra ==" not in requirement:
                waiting.append(match.group())


def _fingerprint(found: list[Distribution], others: tuple[str, ...]) -> str:
    facts = {
        "versions": sorted(f"{each.metadata['Name']}=={each.version}" for each in found),
        "client": [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(OUR_CLIENT.glob("*.py"))],
        "interpreters": [sys.implementation.cache_tag, *others],
    }
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def _wanted(path: PurePosixPath) -> bool:
    if any(part in _BROKEN_BY_LAYOUT for part in path.parts) or path.is_absolute():
        return False
    if path.suffix == ".so":
        return bool(_TAGGED.search(path.name)) and not _REPLACED.match(path.name)
    return path.name not in _USELESS and path.suffix not in (".pyc", ".exe", ".pth")


def _fill(target: Path, found: list[Distribution]) -> None:
    for each in found:
        for file in each.files or []:
            if _wanted(PurePosixPath(file)):
                _place(Path(str(file.locate())), target / file)
    for path in OUR_CLIENT.glob("*.py"):
        shutil.copyfile(path, target / path.name)


def _place(source: Path, target: Path) -> None:
    """Link where one file can serve both (30 MB of service models), else copy."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        if source.stat().st_mode & 0o444 == 0o444:
            os.link(source, target)
            return
    except OSError:
        pass  # another file system, or linking is not allowed
    shutil.copyfile(source, target)
    target.chmod(0o644)


def _compile(folder: Path) -> None:
    """Compiled once and trusted: the folder is read-only for functions, so no source can change behind its back."""
    compileall.compile_dir(folder, quiet=2, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)


def _open_to_readers(folder: Path) -> None:
    for root, _, files in os.walk(folder):
        os.chmod(root, 0o755)  # noqa: S103  functions run as another user
        for name in files:
            path = os.path.join(root, name)
            if os.stat(path).st_mode & 0o444 != 0o444:
                os.chmod(path, 0o644)
