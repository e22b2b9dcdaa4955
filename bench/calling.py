"""Requests as AWS clients sign them, and calls made with them."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import uuid
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


def signed(port: int, path: str, invocation_type: str = "RequestResponse", method: str = "POST") -> list[bytes]:
    """Raw requests to POST events to a path (or to GET it), signed for Lambda a moment ago."""
    bodies = (event(number) if method == "POST" else b"" for number in range(REQUESTS))
    return [_signed(method, port, path, body, invocation_type) for body in bodies]


def _signed(method: str, port: int, path: str, body: bytes, invocation_type: str) -> bytes:
    headers = {
        "Host": f"127.0.0.1:{port}",
        "User-Agent": "Boto3/1.0 md/Botocore#1.0",
        "Content-Type": "application/json",
        "Amz-Sdk-Invocation-Id": str(uuid.uuid4()),  # as SDKs send it: signed, and never the same
    }
    if invocation_type != "RequestResponse":
        headers["X-Amz-Invocation-Type"] = invocation_type
    request = AWSRequest(method, f"http://127.0.0.1:{port}{path}", headers, body)
    SigV4Auth(Credentials("test", "test"), "lambda", "us-east-1").add_auth(request)
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in request.headers.items())]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


def load(
    port: int,
    path: str,
    callers: int,
    seconds: float,
    *,
    invocation_type: str = "RequestResponse",
    status: int = 200,
    pause: float = 0.0,
    method: str = "POST",
) -> dict[str, Any]:
    """Call a server with so many callers; return rate (calls/s), p50_ms, p99_ms and calls. A failed call raises."""
    requests = [base64.b64encode(request).decode() for request in signed(port, path, invocation_type, method)]
    job = {"port": port, "callers": callers, "seconds": seconds, "pause": pause, "status": str(status)}
    job["requests"] = requests
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
