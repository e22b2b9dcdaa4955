"""Code packages on disk: one folder below Home.code per SHA-256 of the zip, unpacked once, shared by every version.

    <Home.code>/<sha256>/package.zip   the bytes as they were uploaded
    <Home.code>/<sha256>/task/         the files, as a function sees them below /var/task, or below /opt

Layers are packages too. Several of them together are one more folder, named by a checksum over theirs: the files that a
function sees below /opt, linked and not copied.

A package appears by one rename, whole, or not at all. Nobody writes to it afterwards. What no version refers to is
removed by `discard` (a refused request takes back what it stored) or by `sweep`.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from invocations import clock, limits
from invocations.errors import InvalidParameterValue, RequestEntityTooLarge
from invocations.models import FunctionVersion, LayerVersion
from invocations.runtime.archive import from_folder, from_source, unpack

__all__ = [
    "CodePackage",
    "code_sha256_base64",
    "discard",
    "extensions",
    "from_folder",
    "from_source",
    "overlay",
    "package_path",
    "release",
    "store",
    "sweep",
    "task_folder",
    "unzipped_bytes",
]

_UNFINISHED = ".unpacking-"
_LOCK = ".lock"
SWEEP_AFTER_SECONDS = 3600


@dataclass(frozen=True)
class CodePackage:
    """A stored package. `pin_ns` marks the store that brought it; 0 when it was there already."""

    sha256: str  # hex
    sha256_base64: str  # AWS's CodeSha256
    zipped_bytes: int  # AWS's CodeSize
    pin_ns: int = 0


def store(zip_bytes: bytes, *, zipped_limit: int = limits.ZIPPED_BYTES) -> CodePackage:
    """Check, unpack and keep a zip; storing the same bytes again is cheap.

    Raises RequestEntityTooLarge (zipped), InvalidParameterValue (unzipped, empty) and InvalidZipFile, with AWS's texts;
    nothing is left on disk then.
    """
    if not zip_bytes:
        raise InvalidParameterValue("Uploaded file must be a non-empty zip")
    if len(zip_bytes) > zipped_limit:
        raise RequestEntityTooLarge(f"Zipped size must be smaller than {zipped_limit} bytes")
    digest = hashlib.sha256(zip_bytes)

    def fill(folder: Path) -> None:
        unpack(zip_bytes, folder / "task")
        (folder / "package.zip").write_bytes(zip_bytes)

    pin = 0 if _mark_used(digest.hexdigest()) else _publish(fill, digest.hexdigest())
    return CodePackage(digest.hexdigest(), base64.b64encode(digest.digest()).decode(), len(zip_bytes), pin)


def overlay(checksums: Sequence[str]) -> str:
    """Put stored layers over each other, later ones over earlier, and return the name of the folder; "" for none."""
    for sha256 in checksums:
        _mark_used(sha256)
    if len(checksums) < 2:
        return "".join(checksums)
    name = hashlib.sha256(" ".join(("layers", *checksums)).encode()).hexdigest()

    def fill(folder: Path) -> None:
        for sha256 in checksums:
            _link_over(task_folder(sha256), folder / "task")

    if not _mark_used(name):
        _publish(fill, name)
    return name


def _link_over(source: Path, target: Path) -> None:
    for folder, folders, files in os.walk(source):
        here = target / Path(folder).relative_to(source)
        for name in folders:
            if (here / name).is_file():
                (here / name).unlink()
            (here / name).mkdir(exist_ok=True)
            os.chmod(here / name, 0o755)  # noqa: S103 - the functions' own user reads it
        for name in files:
            if (here / name).is_dir():
                shutil.rmtree(here / name)
            (here / name).unlink(missing_ok=True)
            os.link(Path(folder, name), here / name)


def unzipped_bytes(sha256: str) -> int:
    """Return the size of a stored package's files."""
    return sum(Path(folder, name).stat().st_size for folder, _, names in os.walk(task_folder(sha256)) for name in names)


def extensions(sha256: str) -> list[str]:
    """Return the names of the external extensions that stored layers bring; "" for no layers."""
    folder = task_folder(sha256) / "extensions"
    return sorted(path.name for path in folder.iterdir() if path.is_file()) if sha256 and folder.is_dir() else []


def task_folder(sha256: str) -> Path:
    """Return the folder of a stored package's files; it is to be read only."""
    return _home() / sha256 / "task"


def package_path(sha256: str) -> Path:
    """Return the path of a stored package's zip, as it was uploaded."""
    return _home() / sha256 / "package.zip"


def code_sha256_base64(sha256: str) -> str:
    """Turn the hex checksum that names a package into AWS's CodeSha256."""
    return base64.b64encode(bytes.fromhex(sha256)).decode()


def discard(package: CodePackage) -> bool:
    """Take back what one store brought, unless a version refers to it or somebody stored it again since.

    A package that was there before stays: an environment may still run on it. The sweep takes it in time.
    """
    with _locked():
        if not package.pin_ns or _pinned_at(package.sha256) != package.pin_ns or _referenced({package.sha256}):
            return False
        condemned = _set_aside(_home() / package.sha256)
    shutil.rmtree(condemned, ignore_errors=True)
    return True


def release(checksums: Iterable[str]) -> None:
    """Tell that versions are about to stop referring to these: whatever runs on them still has an hour to end."""
    for sha256 in checksums:
        _mark_used(sha256)


def sweep() -> int:
    """Remove what crashes left and packages that no version refers to, both unused for an hour; return how many."""
    before = int((clock.real().timestamp() - SWEEP_AFTER_SECONDS) * 1e9)
    condemned: list[Path] = []
    with _locked():
        old = [path for path in _home().iterdir() if path.is_dir() and _age_mark(path) < before]
        unfinished = [path for path in old if path.name.startswith(_UNFINISHED)]
        packages = {path.name for path in old} - {path.name for path in unfinished}
        unwanted = packages - _referenced(packages)
        condemned = unfinished + [_set_aside(_home() / name) for name in unwanted]
    for path in condemned:
        shutil.rmtree(path, ignore_errors=True)
    return len(condemned)


def _home() -> Path:
    return Path(settings.LAMBDAPLAY_HOME.code)


@contextmanager
def _locked() -> Iterator[None]:
    """Hold the folder's lock, between threads and processes, for the moments in which packages come and go."""
    handle = os.open(_home() / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _age_mark(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _pinned_at(sha256: str) -> int:
    """Return the mark of the latest use of this package; 0 when it is not there."""
    return _age_mark(_home() / sha256)


def _mark_used(sha256: str) -> bool:
    """Mark a package as used just now; False when it is not there."""
    with _locked():
        return bool(_mark(sha256))


def _mark(sha256: str) -> int:
    present = _pinned_at(sha256)
    if not present:
        return 0
    mark = max(int(clock.real().timestamp() * 1e9), present + 1000)
    os.utime(_home() / sha256, ns=(mark, mark))
    return _pinned_at(sha256)


def _publish(fill: Callable[[Path], None], sha256: str) -> int:
    """Make a package's folder aside and rename it into place; return its mark, 0 when somebody else was quicker."""
    work = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=_home()))
    try:
        (work / "task").mkdir()
        os.chmod(work / "task", 0o755)  # noqa: S103 - the functions' own user reads it once mounted
        fill(work)
        os.chmod(work, 0o755)  # noqa: S103 - its parent is private; the functions' own user reads it once mounted
        if settings.LAMBDAPLAY_DURABILITY == "power":
            os.sync()
        with _locked():
            if _mark(sha256):
                return 0
            os.rename(work, _home() / sha256)
            return _mark(sha256)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _set_aside(path: Path) -> Path:
    """Rename a package away, so that it is gone at once and can be removed without the lock."""
    aside = path.with_name(f"{_UNFINISHED}{path.name}")
    shutil.rmtree(aside, ignore_errors=True)
    os.rename(path, aside)
    return aside


def _referenced(checksums: set[str]) -> set[str]:
    columns = ((FunctionVersion, "code_sha256"), (FunctionVersion, "opt_sha256"), (LayerVersion, "code_sha256"))
    found: set[str] = set()
    for model, column in columns:
        few = {f"{column}__in": checksums} if len(checksums) < 500 else {}
        found.update(model.objects.filter(**few).values_list(column, flat=True).distinct())
    return found & checksums
