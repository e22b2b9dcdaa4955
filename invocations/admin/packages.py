"""What is in a stored code package, for the editor and the file list."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from invocations.decisions.source_files import kind_of
from invocations.models import FunctionVersion
from invocations.runtime.code import task_folder

EDITOR_BYTES = 48 * 1024  # larger files are not sent with every page
FILES_SHOWN = 200


@dataclass(frozen=True)
class PackageFile:
    path: str
    size: int


@dataclass(frozen=True)
class Package:
    """`source` is the text of a package that is one editable file, else None."""

    files: Sequence[PackageFile]
    more: bool
    source: str | None
    present: bool = True


def look_into(version: FunctionVersion) -> Package:
    folder = task_folder(version.code_sha256)
    if not folder.is_dir():
        return Package((), False, None, present=False)
    files = _files(folder)
    shown = files[:FILES_SHOWN]
    return Package(shown, len(files) > FILES_SHOWN, _source(folder, shown, version.runtime))


def _files(folder: Path) -> list[PackageFile]:
    """The files in order of path; one more than is shown at most, so that a large package costs no more."""
    found: list[PackageFile] = []
    for base, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(base, name)
            found.append(PackageFile(path.relative_to(folder).as_posix(), path.lstat().st_size))
            if len(found) > FILES_SHOWN:
                return found
    return found


def _source(folder: Path, files: Sequence[PackageFile], runtime: str) -> str | None:
    if len(files) != 1 or kind_of(runtime) is None or files[0].size > EDITOR_BYTES:
        return None
    try:
        text = (folder / files[0].path).read_bytes().decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text
