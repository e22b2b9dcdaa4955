"""Zip archives: unpacked with suspicion, made from a folder or a source text.

An archive is hostile until proven plain. Its directory is read through a window of fixed size, every name is rebuilt
from its parts, every byte is counted while it is inflated, and nothing that the archive says of itself is believed.
"""

from __future__ import annotations

import errno
import io
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from invocations import limits
from invocations.errors import InvalidParameterValue, InvalidZipFile

Parts = tuple[str, ...]

BROKEN = "Could not unzip uploaded file. Please check your file, then try to upload again."
EMPTY = "Uploaded file must be a non-empty zip"
TOO_LARGE = f"Unzipped size must be smaller than {limits.UNZIPPED_BYTES} bytes"

# zipfile reads the whole directory in one piece and makes an object per entry: a million entries cost half a gigabyte.
# So one read may take this much, which is 300 bytes for each of the entries that we accept.
_LONGEST_READ = limits.ZIP_ENTRIES * 300
_CHUNK = 256 * 1024
_DEEPEST = 64  # folders in folders; making deep ones costs the disk quadratically
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # what AWS takes; the others inflate without a bound
_ENCRYPTED = 0x1 | 0x40
_UNIX = 3
_BAD_NAME = (errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ, errno.ENOTDIR, errno.EISDIR, errno.EEXIST)


class _Window(io.BytesIO):
    """The archive's bytes, handed out in pieces of bounded size."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > _LONGEST_READ:
            raise InvalidZipFile(_too_many())
        return super().read(size)


def _too_many() -> str:
    return f"{BROKEN} (lambdaplay unpacks at most {limits.ZIP_ENTRIES} files and folders)"


def unpack(zip_bytes: bytes, folder: Path) -> None:
    """Unpack into an empty folder: folders 0755, files 0644, or 0755 when the archive says executable.

    Raises InvalidZipFile, or InvalidParameterValue for an empty archive and for one that unpacks to too much. What was
    written by then is for the caller to remove.
    """
    try:
        with zipfile.ZipFile(_Window(zip_bytes)) as archive:
            _Unpacking(archive, folder).run()
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise InvalidZipFile(BROKEN) from error
    except (ValueError, OverflowError) as error:  # names that are not text, numbers that are no positions
        raise InvalidZipFile(BROKEN) from error
    except OSError as error:
        if error.errno not in _BAD_NAME:
            raise
        raise InvalidZipFile(BROKEN) from error


class _Unpacking:
    def __init__(self, archive: zipfile.ZipFile, folder: Path) -> None:
        self.archive = archive
        self.folder = folder
        self.written = 0

    def run(self) -> None:
        """Judge the whole directory before the first byte is written."""
        entries = self.archive.infolist()
        if not entries:
            raise InvalidParameterValue(EMPTY)
        if len(entries) > limits.ZIP_ENTRIES:
            raise InvalidZipFile(_too_many())
        # An honest bomb ends here; a lying one is caught by counting and by the checksum.
        if sum(entry.file_size for entry in entries) > limits.UNZIPPED_BYTES:
            raise InvalidParameterValue(TOO_LARGE)
        files: dict[Parts, zipfile.ZipInfo] = {}  # of two entries with one name the later counts, as for unzip
        folders: dict[Parts, None] = {}  # parents first
        for entry in entries:
            _check_kind(entry)
            parts = _parts(entry)
            inner = parts if entry.is_dir() else parts[:-1]
            folders.update((parts[:depth], None) for depth in range(1, len(inner) + 1))
            if not entry.is_dir():
                files[parts] = entry
            if len(files) + len(folders) > limits.ZIP_ENTRIES:
                raise InvalidZipFile(_too_many())  # one name may ask for a hundred folders
        if files.keys() & folders.keys():
            raise InvalidZipFile(BROKEN)
        self._write_all(files, folders)

    def _write_all(self, files: Mapping[Parts, zipfile.ZipInfo], folders: Iterable[Parts]) -> None:
        for parts in ((), *folders):
            path = self.folder.joinpath(*parts)
            path.mkdir(exist_ok=not parts)
            os.chmod(path, 0o755)  # noqa: S103 - the functions' own user reads it
        for parts, entry in files.items():
            self._write(entry, self.folder.joinpath(*parts))

    def _write(self, entry: zipfile.ZipInfo, target: Path) -> None:
        size = 0
        with self.archive.open(entry) as source, open(target, "xb") as file:
            while chunk := source.read(_CHUNK):
                size += len(chunk)
                self.written += len(chunk)
                if self.written > limits.UNZIPPED_BYTES:
                    raise InvalidParameterValue(TOO_LARGE)
                file.write(chunk)
        if size != entry.file_size:
            raise InvalidZipFile(BROKEN)
        os.chmod(target, 0o755 if _executable(entry) else 0o644)


def _parts(entry: zipfile.ZipInfo) -> Parts:
    """Return the path's parts; a name that would leave the folder is refused, not bent."""
    name = entry.filename
    parts = tuple(part for part in name.split("/") if part not in ("", "."))
    if not name or name.startswith("/") or ".." in parts or "\\" in name or "\0" in entry.orig_filename:
        raise InvalidZipFile(BROKEN)
    if len(parts) > _DEEPEST or not (parts or entry.is_dir()):
        raise InvalidZipFile(BROKEN)
    return parts


def _check_kind(entry: zipfile.ZipInfo) -> None:
    if entry.flag_bits & _ENCRYPTED or entry.compress_type not in _METHODS:
        raise InvalidZipFile(BROKEN)
    kind = stat.S_IFMT(entry.external_attr >> 16) if entry.create_system == _UNIX else 0
    if kind == stat.S_IFLNK:
        shown = repr(entry.filename[:200])
        raise InvalidZipFile(f"{BROKEN} ({shown} is a symbolic link, which lambdaplay does not unpack)")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise InvalidZipFile(BROKEN)


def _executable(entry: zipfile.ZipInfo) -> bool:
    return entry.create_system == _UNIX and bool((entry.external_attr >> 16) & 0o111)


# --- making -----------------------------------------------------------------------------------------------------------

_LEFT_OUT = {"__pycache__", ".git", ".venv"}
_OLDEST = (1980, 1, 1, 0, 0, 0)  # fixed, so that equal content gives an equal checksum


def from_folder(path: Path) -> bytes:
    """Zip a folder's files: equal content gives equal bytes. Links are followed to files; caches and .git left out.

    Raises InvalidParameterValue when there is nothing to pack, or too much.
    """
    if not path.is_dir():
        raise InvalidParameterValue(f"{path} is not a folder.")
    files = [(file.relative_to(path).as_posix(), file) for file in _files(path)]
    if not files:
        raise InvalidParameterValue(f"{path} holds no files.")
    if sum(file.stat().st_size for _, file in files) > limits.UNZIPPED_BYTES:
        raise InvalidParameterValue(TOO_LARGE)
    return _zip((name, file.read_bytes(), os.access(file, os.X_OK)) for name, file in sorted(files))


def state_of(path: Path) -> frozenset[object]:
    """What tells whether a file, or what `from_folder` would pack of a folder, has changed since."""
    found: set[object] = set()
    for file in _files(path) if path.is_dir() else [path]:
        try:
            status = file.stat()
        except OSError:
            continue  # gone meanwhile
        found.add((str(file), status.st_mtime_ns, status.st_size, status.st_mode))
    return frozenset(found)


def from_source(filename: str, text: str) -> bytes:
    """Zip one source file, as the console's editor makes it; `bootstrap` becomes executable."""
    return _zip([(filename, text.encode(), filename == "bootstrap")])


def _files(path: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(path):
        folders[:] = [name for name in folders if name not in _LEFT_OUT]
        for name in names:
            file = Path(folder, name)
            if file.is_file():
                yield file


def _zip(files: Iterable[tuple[str, bytes, bool]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content, executable in files:
            entry = zipfile.ZipInfo(name, _OLDEST)
            entry.create_system = _UNIX
            entry.external_attr = (stat.S_IFREG | (0o755 if executable else 0o644)) << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
