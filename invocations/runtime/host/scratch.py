"""Level L0: `/tmp/...`, as Python code so often spells it, leads to the environment's own folder.

Without a mount namespace the real /tmp is everybody's and closed to functions. Programs ask TMPDIR; Python code that
names /tmp itself is led there by the functions of `os` and `open`. What C code opens by itself (sqlite3), and what
other programs open, is not: they get "permission denied" and must use TMPDIR.
"""

from __future__ import annotations

import builtins
import functools
import io
import os
from collections.abc import Callable, Sequence
from typing import Any

_TMP = "/tmp"  # noqa: S108 - the very name this is about
_ONE_PATH = (
    *("open", "stat", "lstat", "access", "listdir", "scandir", "mkdir", "rmdir", "unlink", "remove", "chmod", "chown"),
    *("lchown", "utime", "truncate", "readlink", "chdir", "mkfifo", "statvfs", "getxattr", "setxattr", "listxattr"),
)
_TWO_PATHS = ("rename", "replace", "link", "symlink")
_SETS = (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks, os.supports_effective_ids)


def redirect(folder: str, known: Sequence[str]) -> None:
    """From now on, in this process, paths below /tmp mean paths below `folder`.

    Except in `folder` itself and the `known` folders, which may lie below the real /tmp.
    """
    inside = tuple(f"{each}/" for each in (folder, *known))

    def moved(path: Any) -> Any:
        if isinstance(path, int) or path is None:
            return path
        try:
            text = os.fsdecode(path)
        except TypeError:
            return path  # the function itself says what is wrong with it
        if f"{text}/".startswith(inside) or not f"{text}/".startswith(_TMP + "/"):
            return path
        text = folder + text.removeprefix(_TMP)
        return os.fsencode(text) if isinstance(path, bytes) else text

    def leading(function: Callable[..., Any], paths: int) -> Callable[..., Any]:
        @functools.wraps(function)
        def led(*arguments: Any, **named: Any) -> Any:
            return function(*map(moved, arguments[:paths]), *arguments[paths:], **named)

        for each in _SETS:
            if function in each:
                each.add(led)
        return led

    for names, paths in ((_ONE_PATH, 1), (_TWO_PATHS, 2)):
        for name in names:
            setattr(os, name, leading(getattr(os, name), paths))
    builtins.open = io.open = leading(builtins.open, 1)
