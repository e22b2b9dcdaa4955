"""Functions and packages for tests that talk to the endpoint of this process."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

ROLE = "arn:aws:iam::000000000000:role/any"
ARN = "arn:aws:lambda:us-east-1:000000000000:"


def zipped(files: Mapping[str, str]) -> bytes:
    """Zip these files, every one executable, with one date: equal files are equal bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name)
            entry.create_system, entry.external_attr = 3, 0o100755 << 16
            archive.writestr(entry, text)
    return file.getvalue()


def create(api: Any, name: str = "fn", **more: Any) -> dict[str, Any]:
    code = {"ZipFile": zipped({"app.py": "def handler(event, context): return event\n"})}
    settings = {"Runtime": "python3.12", "Role": ROLE, "Handler": "app.handler", "Code": code, **more}
    answer: dict[str, Any] = api.create_function(FunctionName=name, **settings)
    return answer


def refused(call: Any, **arguments: Any) -> tuple[str, int, str]:
    """The error's code, status and text."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    text = answer["Error"].get("Message") or answer.get("message", "")
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"], text
