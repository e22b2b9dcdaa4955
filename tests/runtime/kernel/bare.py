"""Runs a few lines in `python -I -S`, where the kernel package must work, and takes what they answer."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[3] / "invocations" / "runtime"

_HEAD = f"""
import json, os, socket, sys
sys.path.insert(0, {str(FOLDER)!r})
def answer(value):
    os.write(1, json.dumps(value).encode())
def outcome(work, *arguments):
    import errno
    try:
        work(*arguments)
    except OSError as error:
        return errno.errorcode[error.errno]
    return "done"
"""


def run(code: str, *arguments: str) -> Any:
    """What the code gives to `answer(...)`. Raises AssertionError with its output when it fails."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _HEAD + textwrap.dedent(code), *arguments],
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)
