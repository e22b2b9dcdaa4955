"""The handlers that everything is measured with."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

PLAIN = "def handler(event, context):\n    return event\n"
BOTO3 = "import boto3\n\n\ndef handler(event, context):\n    return event\n"
STAMP = "import time\n\n\ndef handler(event, context):\n    return time.time()\n"
QUIET = "def handler(event, context):\n    return None\n"
TENTH = "import time\n\n\ndef handler(event, context):\n    time.sleep(0.1)\n"
FAILING = "def handler(event, context):\n    raise ValueError\n"
PAUSING = "import time\n\n\ndef handler(event, context):\n    time.sleep(event['seconds'])\n"
ANSWERING = 'def handler(event, context):\n    return {"statusCode": 200, "body": "ok"}\n'
SOURCES = {
    "plain": PLAIN,
    "boto3": BOTO3,
    "stamp": STAMP,
    "quiet": QUIET,
    "tenth": TENTH,
    "failing": FAILING,
    "pausing": PAUSING,
    "answering": ANSWERING,
}
# Node.js: each chunk says when it was written.
STREAMING = """
const now = () => `${(performance.timeOrigin + performance.now()) / 1000}\\n`;
export const handler = awslambda.streamifyResponse(async (event, stream) => {
  for (let chunk = 0; chunk < 20; chunk += 1) {
    stream.write(now());
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  stream.end();
});
"""


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
