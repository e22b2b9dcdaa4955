"""The two handlers that everything is measured with."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

PLAIN = "def handler(event, context):\n    return event\n"
BOTO3 = "import boto3\n\n\ndef handler(event, context):\n    return event\n"
SOURCES = {"plain": PLAIN, "boto3": BOTO3}


def package(source: str) -> bytes:
    """A zip with this source as app.py."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("app.py", source)
    return buffer.getvalue()


def folder(parent: Path, kind: str) -> Path:
    """A folder with this handler as app.py."""
    made = parent / kind
    made.mkdir(exist_ok=True)
    (made / "app.py").write_text(SOURCES[kind])
    return made
