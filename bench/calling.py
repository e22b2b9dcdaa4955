"""Requests as AWS clients sign them, and calls made with them."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

# Distinct requests in a round: a server that remembered signatures would gain nothing by it.
REQUESTS = 256
_LOAD = Path(__file__).with_name("load.py")


def invoke_path(function: str) -> str:
    return f"/2015-03-31/functions/{function}/invocations"


def event(number: int) -> bytes:
    """About 1 KB of JSON."""
    return json.dumps({"number": number, "text": "x" * 1000}).encode()


def signed(port: int, path: str) -> list[bytes]:
    """Raw requests to POST events to a path, signed for Lambda a moment ago."""
    return [_signed(port, path, event(number)) for number in range(REQUESTS)]


def _signed(port: int, path: str, body: bytes) -> bytes:
    headers = {
        "Host": f"127.0.0.1:{port}",
        "User-Agent": "Boto3/1.0 md/Botocore#1.0",
        "Content-Type": "application/json",
    }
    request = AWSRequest("POST", f"http://127.0.0.1:{port}{path}", headers, body)
    SigV4Auth(Credentials("test", "test"), "lambda", "us-east-1").add_auth(request)
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in request.headers.items())]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


def load(port: int, path: str, callers: int, seconds: float) -> dict[str, Any]:
    """Call a server with so many callers; return rate (calls/s), p50_ms, p99_ms and calls. A failed call raises."""
    requests = [base64.b64encode(request).decode() for request in signed(port, path)]
    job = {"port": port, "callers": callers, "seconds": seconds, "requests": requests}
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(_LOAD)],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        timeout=seconds + 60,
    )
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
