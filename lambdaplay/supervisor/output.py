"""What the parts print: each line goes to the terminal with the part's name before it, and to a file of the part."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

LONGEST_LINE = 64 * 1024
FILE_BYTES = 5 * 1024 * 1024  # then the file is put aside as .1, replacing the one before


class Output:
    def __init__(self, name: str, folder: Path, *, aloud: bool) -> None:
        self.aloud = aloud  # False: to the file only
        self._name = name
        self._path = folder / f"{name}.log"
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """Take what a part wrote; whole lines are passed on at once."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            lines.append(self._rest)
            self._rest = b""
        self._write(lines)

    def finish(self) -> None:
        """Pass on a last line that had no end."""
        if self._rest:
            self._write([self._rest])
            self._rest = b""

    def _write(self, lines: list[bytes]) -> None:
        if not lines:
            return
        text = b"\n".join(lines) + b"\n"
        with contextlib.suppress(OSError):  # a full disk must not end the house
            self._keep(text)
        for line in lines if self.aloud else []:
            tell(self._name, line.decode(errors="replace"))

    def _keep(self, text: bytes) -> None:
        if self._path.exists() and self._path.stat().st_size > FILE_BYTES:
            os.replace(self._path, self._path.with_suffix(".log.1"))
        with open(os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as file:
            file.write(text)


def tell(name: str, line: str) -> None:
    """Print a line to the terminal; one that is gone is no reason to fail."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"{name:<9} | {line}\n")
        sys.stderr.flush()
